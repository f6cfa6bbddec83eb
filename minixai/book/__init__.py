"""The book: the lessons and the pages beside them, as a static site.

`source` writes what Sphinx reads, `build` runs Sphinx on it.  The percent scripts in lessons/ are the only source of
the lessons: `notebooks` makes a notebook of each, a kernel executes it, and `lesson_pages` makes a page of what came
out.  Everything here needs the extra `book`, except `notebooks` and `guide`.
"""
