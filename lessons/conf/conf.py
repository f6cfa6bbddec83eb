"""Sphinx settings of the book; `minixai book` copies them beside the pages it makes."""

import re
from importlib import metadata

project = "minixai"
author = "the maintainers of minixai"
try:
    release = version = metadata.version("minixai")
except metadata.PackageNotFoundError:  # a clone that is not installed
    release = version = ""

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["attrs_block", "attrs_inline", "deflist", "html_image"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["conf"]
highlight_language = "text"
default_role = "literal"  # docstrings write code in single backticks
nitpicky = False
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False
python_display_short_literal_types = True

html_theme = "pydata_sphinx_theme"
html_title = "minixai"
html_static_path = ["conf/static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_extra_path = ["extra"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "minixai"},
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "**": ["sidebar-nav-bs"]}
copyright = "the maintainers of minixai"
html_show_sphinx = False


def escape_marks(line):
    """Stars and bars outside of code as they are: reStructuredText reads *args and |φ| as marks of its own."""
    parts = re.split(r"(`[^`]*`|\*\*?[^*\s][^*]*\*\*?)", line)
    return "".join(part if part[:1] in "`*" and len(part) > 1 else re.sub(r"([*|])", r"\\\1", part) for part in parts)


def keep_columns(app, what, name, obj, options, lines):
    """Keep tables of options that are set in columns ("name    what it is") as they are, and stars as stars."""
    made, block = [], []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
            continue
        columns = [bool(re.search(r"\S {3,}\S|^\s{8,}\S", each)) for each in block]
        if block and sum(columns) == len(block) and not block[0].lstrip().startswith((">>>", "---", "===")):
            made += ["::", "", *(f"    {each}" for each in block), ""]
        else:
            made += [escape_marks(each) for each in block] + [""]
        block = []
    lines[:] = made


def setup(app):
    app.connect("autodoc-process-docstring", keep_columns, priority=900)
