"""What there is to play with in each lesson, as a page shows it: small, moving, and sound in every frame."""

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from minixai import lesson as course
from minixai.lesson import every_lesson
from minixai.plots.slider import Slider
from tests.test_slider import data_of

LESSONS = every_lesson(Path(__file__).resolve().parents[2] / "lessons")
BUDGET = 3_000_000  # characters of a page


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_every_frame_is_computed_and_the_page_is_small(lesson, monkeypatch):
    """A script computes the few frames of its strip; a page needs all of them."""
    shown = []
    monkeypatch.setattr(course, "save", lambda figure, name: shown.append(figure))
    with redirect_stdout(io.StringIO()):
        lesson.run(figures=False)
    pages = [each._repr_html_() for each in shown if isinstance(each, Slider)]
    assert pages
    assert sum(map(len, pages)) < BUDGET
    for page in pages:
        frames = data_of(page)["frames"]
        assert len({str(frame[:2]) for frame in frames}) > 1, "no control changes anything"
        assert 'alt=""' not in page
        assert 'aria-label=""' not in page
