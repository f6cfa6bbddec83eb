"""The book as a reader has it: every page in a browser, every link, exercise, prediction and slider."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from minixai.lesson import every_lesson, judged, shipped_home

pytestmark = pytest.mark.slow
LESSONS = [each.path.stem for each in every_lesson(shipped_home())]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


class Page(HTMLParser):
    """The links, the identifiers and the images of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.images = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "img":
            self.images.append(given)
        self.links += [given[name] for name in ("href", "src") if given.get(name)]


@pytest.fixture(scope="module")
def pages(site):
    found = {path: Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    assert {path.stem for path in found} >= {
        *LESSONS,
        "index",
        "glossary",
        "references",
        "gallery",
        "ledger",
    }
    return found


@pytest.fixture
def open_page(browser, site):
    """open_page(name, **context) -> (page, what went wrong)"""
    contexts = []

    def open_it(name, **options):
        context = browser.new_context(**{"viewport": DESK} | options)
        contexts.append(context)
        page, wrong = context.new_page(), []
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("pageerror", lambda problem: wrong.append(str(problem)))
        page.on(
            "request",
            lambda asked: asked.url.startswith((f"file://{site}", "data:", "blob:")) or wrong.append(asked.url),
        )
        page.goto((site / name).as_uri())
        return page, wrong

    yield open_it
    for context in contexts:
        context.close()


def test_it_is_small_and_quickly_built(site, built):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6
    assert all(path.stat().st_size < 3e6 for path in files if path.suffix == ".html")
    assert built[1] is None or built[1] < 2 * 360, "more than 6 minutes on two processors"


def test_links_and_anchors_lead_somewhere(pages):
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = unquote(link.split("?")[0]).partition("#")
            there = (path.parent / file).resolve() if file else path
            if not there.exists() or (anchor and there in pages and anchor not in pages[there].ids):
                wrong.append((path.name, link))
    assert not wrong


LOADED = r"""(?:src|srcset)=["'](https?:[^"']+)|url\(["']?(https?:[^"')]+)|@import ["'](https?:[^"']+)"""
LOADED += r"""|<link[^>]+rel=["'](?:stylesheet|preload|icon)["'][^>]+href=["'](https?:[^"']+)"""


def test_nothing_is_loaded_from_elsewhere(site):
    """Links lead out, in a; what a page loads does not: scripts, styles, fonts, images."""
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(LOADED, text)
        assert not loaded, path


def test_every_image_is_described(pages):
    for path, page in pages.items():
        for image in page.images:
            assert len(image.get("alt") or "") > 8, (path.name, image.get("src", "")[:80])


def test_every_page_opens_without_an_error_at_a_desk_and_on_a_phone(pages, site, open_page):
    for path in pages:
        name = str(path.relative_to(site))
        page, wrong = open_page(name)
        page.evaluate("document.querySelectorAll('.predict-gate button').forEach(each => each.click())")
        broken = "Array.from(document.images).filter(i => i.complete && !i.naturalWidth && i.loading !== 'lazy').length"
        assert page.evaluate(broken) == 0, name
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, size)
        assert not wrong, (name, wrong)
        page.context.close()


def typed(value):
    """Data of an answer as a reader types it."""
    if isinstance(value, str):
        return value
    return ", ".join(map(typed, value)) if isinstance(value, list) else value["number"]


@pytest.mark.parametrize("name", LESSONS)
def test_every_exercise_answers_as_check_does(name, open_page):
    page, _ = open_page(f"lessons/{name}.html")
    page.evaluate("document.querySelectorAll('.predict-gate button').forEach(each => each.click())")
    forms = page.locator("form.exercise")
    assert forms.count() == len(every_lesson(shipped_home())[LESSONS.index(name)].answers)
    for k in range(forms.count()):
        form = forms.nth(k)
        exercise = json.loads(form.get_attribute("data-exercise"))

        def answer(words, form=form):
            form.locator("input").fill(words)
            form.locator("button").click()
            return form.get_attribute("data-state"), form.locator("output").inner_text()

        assert exercise["why"]
        assert answer(typed(exercise["right"])) == ("right", f"Right: {exercise['why']}")
        for why, trap in exercise["traps"]:
            assert answer(typed(trap)) == ("wrong", f"Not yet: {why}")
        assert answer("12345.678")[0] == answer("nonsense")[0] == "wrong"
        answer(typed(exercise["right"]))
    page.reload()
    assert [forms.nth(k).get_attribute("data-state") for k in range(forms.count())] == ["right"] * forms.count()


THIRD = ("0.33", ".333", "1/3", "0.3", "33 %", "33.3%", "0.34", "-0.33", "third", "0.33, 0.33", "")
PAIR = ("0.8, 0.2", "(.8; .2)", "0.2 0.8", "0.875, 0.125", "0.87 0.13", "0.8", "−0.8 −0.2", "4/5, 20 %")
CASES = [
    *[(got, 1 / 3) for got in THIRD],
    *[(got, 752_640) for got in ("752640", "752641", "250880", "251000", "7.5264e5")],
    *[(got, (0.8, 0.2)) for got in PAIR],
    *[(got, 1 / 15) for got in ("0.07", "0.06", "0.067", "6.7 %", "7%", "0")],
    *[(got, "beak") for got in ("beak", "The beak.", "'Beak'", "legs", "3", "a beak")],
    *[(got, 62) for got in ("62", "61", "62.4", "63", "60", "064")],
]
TRAPS = {"pairs": (0.875, 0.125), "three": 250_880, "legs": "the legs", "sixty": 60, "quarter": 0.25, "lost": np.inf}


def test_pages_judge_as_python_does(open_page):
    from minixai.lesson import Outcome, exercise_data

    page, _ = open_page(f"lessons/{LESSONS[1]}.html")
    for got, right in CASES:
        traps = {why: trap for why, trap in TRAPS.items() if isinstance(trap, str) == isinstance(right, str)}
        data = exercise_data(Outcome("a", "", "", right, traps, 1e-3))
        state, said = page.evaluate("([text, data]) => minixaiJudge(text, data)", [got, data])
        if not got:
            assert state == "open"
            continue
        value = float(got) if isinstance(right, str) and got.isdecimal() else got
        expected, words = judged(value, right, traps, 1e-3)
        assert (state, said) == (expected, words.split(" is not it: ")[-1]), (got, right)


@pytest.mark.parametrize("name", LESSONS)
def test_predictions_are_revealed_on_a_click_and_stay_so(name, open_page):
    page, _ = open_page(f"lessons/{name}.html")
    gates = page.locator(".predict-gate button")
    assert gates.count() >= 1
    assert page.locator(".predict-hidden").count() > 0
    for _ in range(gates.count()):
        gates.first.focus()
        page.keyboard.press("Enter")
    assert page.locator(".predict-hidden").count() == 0
    page.reload()
    assert page.locator(".predict-gate button").count() == page.locator(".predict-hidden").count() == 0


def test_a_link_into_a_hidden_part_reveals_it(open_page, site):
    page, _ = open_page(f"lessons/{LESSONS[6]}.html")
    hidden = page.evaluate("document.querySelector('h2.predict-hidden').parentElement.id")
    page.goto((site / f"lessons/{LESSONS[6]}.html").as_uri() + f"#{hidden}")
    assert page.locator(".predict-hidden").count() == 0


def test_every_slider_changes_its_picture(open_page, pages, site):
    found = 0
    for path in pages:
        if "mx-slider" not in path.read_text(encoding="utf-8"):
            continue
        page, wrong = open_page(str(path.relative_to(site)))
        page.evaluate("document.querySelectorAll('.predict-gate button').forEach(each => each.click())")
        changed = page.evaluate(
            """() => Array.from(document.querySelectorAll('figure.mx-slider')).map(box => {
                 const frame = box.querySelector('.mx-frame');
                 return Array.from(box.querySelectorAll('[data-k]')).map(input => {
                   const seen = new Set([frame.innerHTML]);
                   const fire = () => { input.dispatchEvent(new Event('input')); seen.add(frame.innerHTML); };
                   if (input.type === 'checkbox') {
                     input.checked = !input.checked;
                     fire();
                     input.checked = !input.checked;
                   } else {
                     const before = input.value, all = input.options ? input.options.length : +input.max + 1;
                     for (let i = 0; i < all; i++) { input.value = i; fire(); }
                     input.value = before;
                   }
                   fire();
                   return seen.size;
                 });
               })"""
        )
        assert changed, path.name
        assert all(size > 1 for sizes in changed for size in sizes), (path.name, changed)
        assert not wrong
        found += len(changed)
        page.context.close()
    if not found:
        pytest.skip("no lesson has a slider")


@pytest.mark.parametrize("name", ["index", f"lessons/{LESSONS[6]}", "methods/index", "api/methods", "methods/gallery"])
def test_dark_and_narrow_pages_can_be_read(name, open_page, tmp_path):
    """Text stands out from its ground by 4.5 to 1 (WCAG 2.1, AA), in the light and in the dark."""
    for scheme in ("light", "dark"):
        page, _ = open_page(f"{name}.html", viewport=PHONE, color_scheme=scheme)
        page.screenshot(path=tmp_path / f"{scheme}.png")
        middle = np.asarray(Image.open(tmp_path / f"{scheme}.png").convert("L"))[-200:, :6]
        assert (np.median(middle) < 60) == (scheme == "dark")
        poor = page.evaluate(CONTRAST)
        assert not poor, (scheme, poor[:5])
        page.context.close()


CONTRAST = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = c => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const ground = el => {
    for (; el; el = el.parentElement) {
      const c = rgb(getComputedStyle(el).backgroundColor);
      if (c.length && (c.length < 4 || c[3] > .9)) return c;
    }
    return [255, 255, 255];
  };
  const poor = [], tags = ['p', 'li', 'td', 'label', 'button', 'a', 'pre'];
  document.querySelectorAll(tags.map(tag => 'article ' + tag).join(',')).forEach(el => {
    if (!el.innerText || !el.innerText.trim() || !el.offsetParent) return;
    const a = light(rgb(getComputedStyle(el).color)), b = light(ground(el));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([ratio.toFixed(2), el.tagName, el.innerText.slice(0, 40)]);
  });
  return poor;
}"""


def test_an_exercise_needs_no_mouse(open_page):
    page, _ = open_page(f"lessons/{LESSONS[1]}.html")
    page.locator("form.exercise input").first.focus()
    page.keyboard.type("1, 1")
    page.keyboard.press("Enter")
    assert page.locator("form.exercise").first.get_attribute("data-state") == "wrong"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"


@pytest.mark.parametrize("name", LESSONS)
def test_every_page_has_its_notebook(name, site, pages):
    """The one that was executed to make the page."""
    notebook = json.loads((site / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert f"start_notebook('{name}')" in "".join(notebook["cells"][1]["source"])
    page = pages[site / "lessons" / f"{name}.html"]
    assert f"../notebooks/{name}.ipynb" in page.links
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = (site / "lessons" / f"{name}.html").read_text(encoding="utf-8")
    assert text.count("highlight-python") >= len(code) - 1


def test_the_gallery_shows_every_method_twice(pages, site):
    from minixai.methods import catalogue

    page = pages[site / "methods" / "gallery.html"]
    shown = [image["src"] for image in page.images]
    for name in catalogue:
        assert sum(f"gallery-{name}-" in each for each in shown) == 2
        assert f"../api/methods.html#minixai.{name}" in page.links
