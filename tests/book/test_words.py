"""Glossary and references: every term and every work that a lesson sets in italics has its entry."""

import re

import pytest

from minixai.book.words import (
    EMPHASIS,
    GlossaryEntry,
    glossary_page,
    glossary_terms,
    make_linker,
    normal_form,
    read_glossary,
    read_works,
    references_page,
)
from minixai.lesson import every_lesson, shipped_home

HOME = shipped_home()
ENTRIES, WORKS = read_glossary(HOME / "glossary.md"), read_works(HOME / "references.toml")
STRESSED = {
    *("this", "its", "is", "which", "now", "what", "where", "other", "another", "and", "should", "every", "both"),
    *("all", "not", "no", "any", "one", "only", "at", "before", "after", "was", "does", "more", "less", "fall"),
    *("raises", "peak", "sign", "size", "sizes", "measure", "change", "smooth", "means", "pooling", "between", "exact"),
    *("up", "down", "how", "why", "that", "those", "these", "has", "each", "lowers"),
    *("at the baseline", "at baseline", "on average", "this network", "more light", "brighter", "darker", "one class"),
    *("number that comes back", "what would raise the score"),
}
"""Words that lessons stress; they are no terms."""


def italics(lesson):
    for cell in lesson.cells:
        if cell.prose:
            text = re.sub(r"`[^`]*`", "", re.sub(r"\*\*.+?\*\*", "", cell.text, flags=re.DOTALL))
            yield from (normal_form(match[1]) for match in EMPHASIS.finditer(text))


def test_a_plural_leads_to_its_term():
    entries = [GlossaryEntry([name], "", "", "1") for name in ("loss", "entropy", "kink")]
    plurals = {plural: term for plural, term in glossary_terms(entries).items() if plural not in {"loss", "kink"}}
    assert {"losses": "loss", "entropies": "entropy", "kinks": "kink"}.items() <= plurals.items()


@pytest.mark.parametrize("lesson", every_lesson(HOME), ids=lambda lesson: lesson.path.stem)
def test_every_term_in_italics_has_an_entry(lesson):
    known = set(glossary_terms(ENTRIES)) | {normal_form(work.title) for work in WORKS.values()} | STRESSED
    missing = [words for words in italics(lesson) if words not in known]
    assert not missing, f"write them into lessons/glossary.md (or references.toml): {missing}"


def test_no_term_is_set_in_italics_before_the_lesson_that_introduces_it():
    first = {normal_form(name): min(map(int, each.lesson.split(","))) for each in ENTRIES for name in each.english}
    early = {
        (lesson.number, words, first[words])
        for lesson in every_lesson(HOME)
        for words in italics(lesson)
        if lesson.number < first.get(words, 0)
    }
    assert not early, f"(lesson, term, lesson that lessons/glossary.md names): {sorted(early)}"


def test_every_work_that_a_lesson_reads_on_is_in_the_references():
    titles = {normal_form(work.title) for work in WORKS.values()}
    for lesson in every_lesson(HOME):
        reading = lesson.cells[-1].text.split("## To read on")[-1]
        items = [" ".join(item.split()) for item in re.split(r"^- ", reading, flags=re.M)[1:]]
        for item in items:
            if re.search(r"\b(19|20)\d\d\b", item.split("*")[0]):
                found = [normal_form(match[1]) for match in EMPHASIS.finditer(item)]
                assert found, f"{lesson.path.name} names a work without its title: {item}"
                assert found[0] in titles, f"{lesson.path.name}: write {item!r} into lessons/references.toml"


def test_every_author_and_year_in_the_code_is_in_the_references():
    """ "(Bach et al. 2015, eq. 58)" and the like, in docstrings and comments."""
    root = HOME.parent / "minixai"
    if not root.is_dir():
        pytest.skip("in a clone only")
    known = {(work.authors.casefold(), work.year) for work in WORKS.values()}
    missing = set()
    for path in root.rglob("*.py"):
        text = " ".join(path.read_text(encoding="utf-8").split())
        for name, year in re.findall(r"([A-Z][\w]+)(?: et al\.| (?:&|and) [A-Z]\w+)?,? \(?((?:19|20)\d\d)\b", text):
            own = [authors for authors, there in known if there == int(year)]
            if re.search(rf"{name} (et al\.|&|and [A-Z])", text) and not any(name.casefold() in a for a in own):
                missing.add((path.name, name, year))
    assert not missing


def test_entries_are_whole_and_no_term_has_two():
    names = [normal_form(name) for entry in ENTRIES for name in entry.english]
    assert len(names) == len(set(names))
    first = [entry.english[0].casefold() for entry in ENTRIES]
    assert first == sorted(first)
    numbers = {str(each.number) for each in every_lesson(HOME)}
    for entry in ENTRIES:
        assert entry.french
        assert entry.meaning
        assert set(re.split(r",\s*", entry.lesson)) <= numbers, entry


def test_a_row_that_is_no_entry_is_told_with_its_line(tmp_path):
    (tmp_path / "glossary.md").write_text("| English | French | what | lesson |\n|---|---|---|---|\n| a | b | c |\n")
    with pytest.raises(ValueError, match="line 3, has 3 cells"):
        read_glossary(tmp_path / "glossary.md")


def test_addresses_are_addresses():
    for work in WORKS.values():
        assert work.url.startswith("https://") or work.key == "roussel", work.key


def test_terms_and_titles_become_links_and_code_does_not():
    link = make_linker(ENTRIES, WORKS)
    assert link("the *multipliers* of `a *gap* b`") == "the {term}`multipliers <multiplier>` of `a *gap* b`"
    assert link("**not this** but *this*") == "**not this** but *this*"
    cited = link("Smilkov 2017, *SmoothGrad: removing noise\nby adding noise*.")
    assert 'href="../references.html#smilkov2017"' in cited


def test_pages_have_every_entry():
    page = glossary_page(ENTRIES, {"6": "06_deeplift"})
    assert "\nmultiplier\n  how far" in page
    assert "[lesson 6](lessons/06_deeplift.md)" in page
    page = references_page(WORKS, {"bach2015": [("lesson 6", "lessons/06_deeplift.md")]})
    assert all(f'id="{key}"' in page for key in WORKS)
    assert "<https://doi.org/10.1371/journal.pone.0130140> Named in [lesson 6](lessons/06_deeplift.md)." in page
