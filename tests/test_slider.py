"""A figure with controls: the frames it holds, the strip it writes, and the page it is in."""

import json
import re
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from minixai import plots
from minixai.plots.slider import Slider, as_rgb_bytes

SMALL = [np.full((4, 4, 3), level) for level in (0.0, 0.5, 1.0)]


def data_of(page: str) -> dict[str, Any]:
    """The data that lies in a page."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def picture(x: float) -> Figure:
    figure = Figure((3, 2))
    figure.subplots().plot([0, x])
    return figure


def product_of_two() -> Slider:
    template = Figure((4, 2))
    template.text(0.5, 0.5, "{a·b} <is> the product")
    frames = lambda a, b: {"a·b": a * b}  # noqa: E731
    return plots.slider(frames, {"a": [1, 2, 3], "b": [-0.5, 4]}, template=template, start=(2, 4), alt="a product")


def test_a_page_holds_every_frame_once_and_needs_nothing_else() -> None:
    page = plots.slider([*SMALL, SMALL[0]], "level", [0, 1, 2, 3], alt="grey", start=1)._repr_html_()
    data = data_of(page)
    assert [frame[0] for frame in data["frames"]] == [0, 1, 2, 0]
    assert len(data["images"]) == 3
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert f'src="{data["images"][1]}" alt="grey: level\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}1"' in page
    assert '<label>level <input type="range" data-k="0" min="0" max="3" step="1" value="1"' in page


def test_small_pictures_lose_nothing() -> None:
    import base64
    from io import BytesIO

    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    (uri,) = data_of(plots.slider([pixels], "one")._repr_html_())["images"]
    decoded = Image.open(BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB")
    np.testing.assert_array_equal(np.asarray(decoded), pixels)


def test_numbers_are_those_of_python() -> None:
    made = product_of_two()
    data = data_of(made._repr_html_())
    assert [frame[1] for frame in data["frames"]] == [["−0.5"], ["4"], ["−1"], ["8"], ["−1.5"], ["12"]]
    assert data["shape"] == [3, 2]
    assert data["texts"] == ["{a·b} <is> the product"]
    assert "8 &lt;is&gt; the product</text>" in made._repr_html_()
    assert made.template.texts[0].get_text() == "{a·b} <is> the product"


def test_words_are_picked_and_boxes_ticked() -> None:
    page = plots.slider([{"sum": 1}, {"sum": 2}], "method", ["one", "</two>"], start="</two>")._repr_html_()
    assert '<option value="1" selected>&lt;/two&gt;</option>' in page
    assert page.count("</script>") == 2
    boxes = plots.slider(lambda a, b: {"worth": a + b}, {"legs": [False, True], "beak": [False, True]})
    assert '<input type="checkbox" data-k="1"> beak' in boxes._repr_html_()
    assert [boxes.caption(at) for at in ((0, 0), (0, 1), (1, 1))] == ["none", "beak", "all"]


def test_a_strip_computes_only_what_it_shows(tmp_path: Any) -> None:
    asked: list[int] = []

    def frame(x: int) -> Figure:
        asked.append(x)
        return picture(x)

    made = plots.slider(frame, "x", range(100), strip=[3, 97])
    made.savefig(tmp_path / "strip.png")
    assert sorted(set(asked)) == [3, 97]
    titles = [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in made.figure().texts]
    assert titles == ["x = 3", "x = 97"]
    assert made.figure().get_figwidth() == 7.0


def test_a_strip_writes_tables_beneath_its_pictures() -> None:
    made = plots.slider([(p, {"mean": p.mean()}) for p in SMALL], "level")
    figure = made.figure()
    assert [text.get_text() for text in figure.texts][1::2] == ["mean: 0", "mean: 0.5", "mean: 1"]
    assert len(figure.axes) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plots.slider(SMALL, "x", [1, 2]), "3 frames were given for 2 values"),
        (lambda: plots.slider([], "x"), "1 to 1024 frames, these controls have 0"),
        (lambda: plots.slider(picture, "x"), "give values="),
        (lambda: plots.slider(SMALL, "x", start=7), "'x' has no value 7: it has 0, 1, 2"),
        (lambda: plots.slider(SMALL, "x", strip=[(1, 2)]), "2 values for 1 controls"),
        (lambda: plots.slider(SMALL, "x", strip=0), "how many frames the strip shows, is a whole number, at least 1"),
        (lambda: plots.slider(SMALL, "x", strip=[]), "strip is empty: give how many frames"),
        (
            lambda: plots.slider([{"a": 1}, {"b": 1}], "x")._repr_html_(),
            r"table at x.=.1 names \['b'\], not \['a'\]: give every frame the same names",
        ),
        (lambda: as_rgb_bytes(np.full((2, 2), 7.0)), "from 0 to 1"),
        (lambda: as_rgb_bytes(np.zeros((2, 2, 4))), r"\(H, W\) or \(H, W, 3\), not \(2, 2, 4\)"),
    ],
)
def test_errors_say_what_to_do(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_strip_of_more_frames_than_there_are_shows_each_once() -> None:
    assert [len(plots.slider(SMALL, "x", strip=n).shown) for n in (np.int64(2), 3, 10**12)] == [2, 3, 3]


@pytest.mark.slow
def test_a_browser_moves_it(tmp_path: Any) -> None:
    """Two figures on one page; each control changes its own figure."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no chromium")
    pictures = plots.slider([(p, {"mean": p.mean()}) for p in SMALL], "level", alt="grey")
    move = """<script>document.querySelectorAll('[data-k]').forEach(function (input) {
      input.value = 1; input.dispatchEvent(new Event('input')); });
      document.querySelectorAll('script').forEach(function (s) { s.remove(); });</script>"""
    page = f"<!doctype html><meta charset=utf-8>{product_of_two()._repr_html_()}{pictures._repr_html_()}{move}"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", str(tmp_path / "page.html")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "8 &lt;is&gt; the product</text>" in shown
    assert "<td>0.5</td>" in shown
    assert 'alt="grey: level&nbsp;=&nbsp;1"' in shown
    assert data_of(pictures._repr_html_())["images"][1] in shown
