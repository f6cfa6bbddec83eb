"""Diagrams and heat maps: the right numbers, in the right colours, and nothing drawn over anything else."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch

from minixai import plots, toys
from minixai.attribution import Attribution
from minixai.datasets import digits
from minixai.graph import Node, backward
from minixai.ops import (
    MatMul,
    concatenate,
    convolution,
    exp,
    leaky_relu,
    log,
    mean,
    reciprocal,
    relu,
    sigmoid,
    softmax,
)
from minixai.ops.kinds import Elementwise
from minixai.plots.colours import LOWERS, RAISES
from minixai.plots.diagram import COLORS, FORWARD, MAX_EDGES, MAX_NODES
from minixai.plots.labels import node_label
from minixai.plots.layout import layout_graph
from minixai.plots.text import Line, short_number, short_numbers
from minixai.rules import DECONVNET, GRADIENT, GUIDED, RESCALE
from tests.figures import along, assert_legible, attribution, panels, patches, pixels, rendered, written
from tests.marks import slow_except

FOUR = {"gradient": GRADIENT, "DeepLIFT": RESCALE, "guided": GUIDED, "deconvnet": DECONVNET}


# -- graphs -------------------------------------------------------------------------------------------


def given(value: Any, name: str) -> Node:
    return Node(value, reference=0.0).named(name)


def saturation() -> Node:
    i1, i2 = given(1.0, "i1"), given(1.0, "i2")
    return (1 - relu(1 - (i1 + i2))).named("y")


def add_multiply() -> Node:
    a, b, c = given(3.0, "a"), given(1.0, "b"), given(2.0, "c")
    return ((a + b).named("p") * (b + c).named("q")).named("f")


def saturation_of_row() -> Node:
    return toys.saturation(given([[1.0, 1.0]], "x"))


def add_multiply_of_row() -> Node:
    return toys.add_multiply(given([[3.0, 1.0, 2.0]], "x"))


def two_nodes() -> Node:
    return relu(Node(-2.0).named("x"))


def residual() -> Node:
    """Fifteen nodes in a row, with edges past up to thirteen of them."""
    x = given([[1.5, -0.25]], "x")
    h = [x]
    for i in range(6):
        h.append(relu(h[-1]) + h[max(0, i - 3)])
    return (h[-1] + x).sum()


def wide() -> Node:
    xs = [given(i / 3, f"x{i}") for i in range(8)]
    ys = [sigmoid(xs[i] * xs[(3 * i + 1) % 8]) for i in range(8)]
    return sum(ys[1:], start=ys[0])


def long_names() -> Node:
    x = given([[1234.5, -1e-7, 2 / 3]], "an_input_with_a_name_that_does_not_end")
    h = (x @ np.array([[1.0, -1.0], [0.0, 2.0], [3.0, 4.0]])).named("block3_conv1_activation")
    return h.max(1).named("$score_{of}$")


def reused() -> Node:
    x = given(3.0, "x")
    return x * x * x + x


def attention() -> Node:
    x = given([[1.0, -2.0, 0.5]], "x")
    return (softmax(x) * x).sum()


def dense() -> Node:
    h = [given([[1.0]], "x")]
    for _ in range(7):
        h.append(concatenate(h[-4:]).mean(1).reshape(1))
    return h[-1]


def chance(seed: int) -> Node:
    """A random graph of up to 30 nodes."""
    rng = np.random.default_rng(seed)
    nodes = [given(float(rng.normal()), f"x{i}") for i in range(3)]
    output = nodes[0]
    for _ in range(9):
        a = nodes[rng.integers(len(nodes))]
        output = [relu(a) + output, output * a, output - a][rng.integers(3)]
        nodes.append(output)
    return output


GRAPHS: list[Callable[[], Node]] = [
    *(saturation, add_multiply, saturation_of_row, add_multiply_of_row),
    *(two_nodes, residual, wide, long_names, reused, attention, dense),
    *(lambda seed=seed: chance(seed) for seed in range(4)),
    lambda: Node(3.0, reference=1.0).named("alone"),
]


@pytest.mark.parametrize("make", slow_except([saturation, residual, long_names, GRAPHS[-1]], GRAPHS))
def test_a_diagram_is_legible(make: Callable[[], Node]) -> None:
    assert_legible(plots.graph(make(), title="A title of several words, y = 1 − relu(1 − (i1 + i2))"))


@pytest.mark.parametrize("make", slow_except([residual], [saturation, residual, wide]))
def test_a_diagram_of_four_tables_is_legible(make: Callable[[], Node]) -> None:
    figure = plots.graph(make(), FOUR)
    assert_legible(figure)
    assert len({to_hex(t.get_color()) for t in figure.axes[0].texts}) == 2 + len(FOUR)


def test_the_saturated_network_has_gradient_0_and_contributions_a_half() -> None:
    figure = plots.graph(saturation())
    assert written(figure)[:5] == ["i1", "0 → 1", "0", "0.5", "m·Δ = 0.5"]
    for text in ("i2", "+", "× −1", "1 + ·", "relu", "y = 1 + ·"):
        assert text in written(figure)
    assert [t for t in written(figure, COLORS["gradient"]) if len(t) < 3] == [
        "0",
        "0",
        "0",
        "0",
        "0",
        "−1",
        "1",
        "1",
        "■",
    ]
    assert written(figure, COLORS["DeepLIFT"]).count("m·Δ = 0.5") == 2


def test_the_adders_and_their_product() -> None:
    figure = plots.graph(add_multiply(), {"gradient": GRADIENT})
    assert written(figure, FORWARD)[:6] == ["0 → 3", "0 → 1", "0 → 4", "0 → 2", "0 → 3", "0 → 12"]
    assert written(figure, COLORS["gradient"])[:6] == ["3", "7", "3", "4", "4", "1"]
    assert COLORS["DeepLIFT"] not in {to_hex(t.get_color()) for t in figure.axes[0].texts}


def test_one_node_of_several_numbers() -> None:
    texts = written(plots.graph(add_multiply_of_row()))
    for text in ("a = [:, 0]", "b = [:, 1]", "c = [:, 2]", "(3, 7, 4)", "m·Δ = (4.5, 3.5, 4)"):
        assert text in texts


def test_without_a_reference_there_is_only_the_gradient() -> None:
    figure = plots.graph(two_nodes())
    assert written(figure, FORWARD)[:2] == ["−2", "0"]
    assert not written(figure, COLORS["DeepLIFT"])


def test_every_use_of_a_node_is_an_edge_of_its_own() -> None:
    arrows = patches(plots.graph(reused()), FancyArrowPatch)
    paths = {tuple(map(tuple, np.round(along(a), 3))) for a in arrows}
    assert len(paths) == len(arrows) == 6


@pytest.mark.slow
def test_the_same_graph_is_drawn_the_same() -> None:
    first, second = (rendered(plots.graph(dense())) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_figure_grows_with_its_graph() -> None:
    small, large = (plots.graph(make()).get_size_inches() for make in (two_nodes, residual))
    assert small[0] < 4 < large[0]


def test_large_graphs_and_large_values_are_refused() -> None:
    x = h = Node(1.0, reference=0.0)
    for _ in range(MAX_NODES - 1):
        h = relu(h)
    plots.graph(h)
    with pytest.raises(ValueError, match="more than 40 nodes"):
        plots.graph(relu(h))
    with pytest.raises(ValueError, match="784 values, too many to print"):
        plots.graph(Node(np.zeros((1, 28, 28, 1))).sum())
    x = Node([[1.0]])
    with pytest.raises(ValueError, match=f"{MAX_EDGES + 1} edges"):
        plots.graph(concatenate([x] * (MAX_EDGES + 1)))


def test_a_table_without_a_rule_is_an_error() -> None:
    with pytest.raises(TypeError, match="no rule for Add"):
        plots.graph(saturation(), {"half a table": {Elementwise: GRADIENT[Elementwise]}})


def test_labels_say_what_a_node_is() -> None:
    x = Node([[1.0, 2.0]]).named("x")
    w, c = np.ones((2, 5)), np.array([1.0, 2.0])
    image, kernel = Node(np.ones((1, 4, 4, 1))), np.ones((3, 3, 1, 1))
    sums = {"+": x + x, "− 3": x - 3, "+ (1, 2)": x + c, "1 + ·": 1 + x, "− (1, 2)": x - c}
    products = {"×": x * x, "× −1": -x, "2 × ·": 2 * x, "@ 2×5": x @ w, "@ ((1, 1), (1, 1))": x @ w[:, :2]}
    powers = {"1/x": reciprocal(x), "x²": x**2, "√x": x**0.5, "x^1.5": x**1.5}
    parts = {"[:, 1]": x[:, 1], "[:, ..., 1:]": x[:, ..., 1:], "sum": x.sum(), "leaky relu": leaky_relu(x)}
    others = {"x": x, "input": Node(1.0), "y = relu": relu(x).named("y"), "|x|": abs(x), "exp x": exp(x)}
    others |= {"conv 3×3": convolution(image, kernel), "@ 2×5 + (1, 1, 1, 1, 1)": MatMul()(x, w, w[0]), "log x": log(x)}
    for sign, node in (sums | products | powers | parts | others).items():
        assert node_label(node) == sign


def test_short_numbers() -> None:
    assert [short_number(x) for x in (0.0, -0.0, 1 / 3, -2.5, 1500.0, 123456.0, 1e-9, np.inf)] == [
        *("0", "0", "0.333", "−2.5", "1500", "1.23e5", "1e−9", "∞")
    ]
    assert short_numbers(np.array([[-0.0, 1.0]])) == "(0, 1)"
    assert short_numbers(np.zeros((1, 12))) == "array (1, 12)"


def test_lanes_are_straight_and_keep_their_distance() -> None:
    column = [0, 1, 2, 3, 4]
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (0, 3)]
    y, routes = layout_graph(column, edges, [(0.3, 0.5)] * 5, gap=0.2)
    for route in routes[4:]:
        lanes = [y[i] for i in route[1:-1]]
        assert max(lanes) - min(lanes) < 1e-9
    assert abs(y[routes[4][1]] - y[routes[5][1]]) >= 0.2 - 1e-9
    assert not any(y[1] - 0.5 < y[route[1]] < y[1] + 0.7 for route in routes[4:])


def test_a_long_word_is_shortened_to_the_room_there_is() -> None:
    lines = Line("one incomprehensibilities two", 10).wrap(0.8)
    assert [line.text for line in lines][::2] == ["one", "two"]
    assert lines[1].text.endswith("…")
    assert all(line.width <= 0.8 for line in lines)


def test_a_word_of_one_letter_may_begin_a_line() -> None:
    lines = Line("where a b", 10).wrap(Line("where", 10).width)
    assert [line.text for line in lines] == ["where", "a b"]


# -- heat maps ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return digits("test")[0][:3].astype(np.float64)


@pytest.fixture(scope="module")
def results(images: np.ndarray) -> list[Attribution]:
    """Three methods on the digits, through a small random convolution."""
    rng = np.random.default_rng(0)
    x = Node(images, reference=0.0)
    h = relu(convolution(x, rng.normal(size=(5, 5, 1, 4))))
    y = mean(h, (1, 2)) @ rng.normal(size=(4, 1))
    score = y.value[:, 0]
    values = {name: backward(y, rules)[x] for name, rules in FOUR.items()}
    rescale, asked = values["DeepLIFT"] * x.delta, {"score": score, "target": np.full(len(images), 3)}
    return [
        attribution(values["gradient"], "gradient", **asked),
        attribution(rescale, gap=rescale.sum(axis=(1, 2, 3)) - score, **asked),
        attribution(values["guided"], "guided_backprop", **asked),
    ]


def test_maps_of_several_methods_are_legible(results: list[Attribution], images: np.ndarray) -> None:
    figure = plots.show(results, images)
    assert_legible(figure)
    texts = written(figure)
    assert [t for t in texts if t in {"image", "gradient", "deep lift", "guided backprop"}] == [
        *("image", "gradient", "deep lift", "guided backprop")
    ]
    assert texts.count("class 3") == 3
    assert sum(t.startswith("scale ±") for t in texts) == 3
    for drawn, result in zip(np.array(panels(figure)).reshape(3, 3, 28, 28), results, strict=True):
        values = result.values[..., 0]
        np.testing.assert_allclose(drawn, values / abs(values).max())


@pytest.mark.parametrize("size", [0.8, 1.8, 3.0])
def test_captions_have_room(results: list[Attribution], images: np.ndarray, size: float) -> None:
    names = ["nothing", "one", "two", "a plover, common or ringed, in winter"]
    contrast = attribution(results[1].values, gap=np.full(3, -1.5e-9), versus=np.full(3, 3))
    for result in (results[0], contrast, results):
        assert_legible(plots.show(result, images, classes=names, size=size))


def test_red_raises_blue_lowers_white_is_nothing() -> None:
    values = np.zeros((1, 3, 3, 2))
    values[0, 0, 0], values[0, 2, 2], values[0, 1, 1] = (1.0, 1.0), (-1.0, -1.0), (5.0, -5.0)
    map_, bar = pixels(plots.show(values))
    corner, centre, other = (map_[i, i] for i in (5, len(map_) // 2, -5))
    assert to_hex(corner / 255) == RAISES
    assert to_hex(other / 255) == LOWERS
    assert to_hex(centre / 255) == "#ffffff"
    middle = len(bar) // 2
    assert bar[middle, 0, 2] > bar[middle, 0, 0]
    assert bar[middle, -1, 0] > bar[middle, -1, 2]


def test_one_method_shares_its_scale(images: np.ndarray) -> None:
    pair = [attribution(images), attribution(images / 4)]
    figure = plots.show(pair, images)
    assert [p.max() for p in panels(figure)] == [1.0] * 3 + [0.25] * 3
    assert written(figure)[-1] == "attribution; scale ±1"
    apart = plots.show([attribution(images), attribution(images / 4, "gradient")], images)
    assert [p.max() for p in panels(apart)] == [1.0] * 6
    assert "scale ±0.25" in written(apart)
    shared = plots.show([attribution(images), attribution(images / 4, "gradient")], images, scale="shared")
    assert [p.max() for p in panels(shared)] == [1.0] * 3 + [0.25] * 3
    assert [p.max() for p in panels(plots.show(pair, images, scale="method"))] == [1.0] * 3 + [0.25] * 3
    probability = attribution(images / 4, output="probability")
    assert [p.max() for p in panels(plots.show([pair[0], probability]))] == [1.0] * 6


def test_plain_maps_share_a_scale_unless_told(images: np.ndarray) -> None:
    maps = [images, images / 4]
    assert [p.max() for p in panels(plots.show(maps))] == [1.0] * 3 + [0.25] * 3
    assert [p.max() for p in panels(plots.show(maps, scale="method"))] == [1.0] * 6


def test_vmax_and_percentile(images: np.ndarray) -> None:
    (a, *_), texts = panels(f := plots.show(images, vmax=0.5)), written(f)
    np.testing.assert_array_equal(a, np.minimum(2 * images[0, ..., 0], 1))
    assert texts[-1] == "attribution; scale ±0.5"
    values = np.linspace(-1, 1, 201).reshape(1, 3, 67, 1)
    figure = plots.show(values, percentile=50)
    assert " ".join(written(figure)).endswith("attribution; scale ±0.5, percentile 50 of |map|")
    mostly_zero = np.zeros((1, 30, 30, 1))
    mostly_zero[0, 0, 0] = -2.0
    assert panels(plots.show(mostly_zero, percentile=50))[0].min() == -1


def test_maps_of_zeros_are_white_and_say_so(images: np.ndarray) -> None:
    figure = plots.show(np.zeros_like(images), images)
    assert written(figure).count("all zero") == 3
    assert written(figure)[-1] == "attribution; all zero"
    assert all((p[: len(p) // 3] == 255).all() for p in list(pixels(figure))[3:6])
    some = images.copy()
    some[1] = 0
    assert written(plots.show([attribution(some), attribution(0 * some, "x")])).count("all zero") == 5


def test_the_smallest_numbers_have_colours() -> None:
    assert panels(plots.show(np.full((1, 2, 2, 1), 5e-324)))[0].max() == 1
    assert panels(plots.show(np.full((1, 2, 2, 1), 1e300), vmax=1e-300))[0].max() == 1


def test_a_hidden_layer_is_stretched_over_the_image(images: np.ndarray) -> None:
    hidden = attribution(np.ones((3, 7, 5, 16)), layer="conv2")
    figure = plots.show([attribution(images), hidden], images)
    drawn = figure.axes[0].images
    assert {np.shape(i.get_array()) for i in drawn} == {(28, 28), (7, 5), (1, 257)}
    heights = {round(abs(i.get_extent()[3] - i.get_extent()[2]), 6) for i in drawn if len(i.get_array()) > 1}
    assert len(heights) == 1
    assert "at conv2" in written(figure)
    assert written(figure)[-1].startswith("attribution, summed over channels")
    assert_legible(figure)


def test_what_was_asked_is_said_once_or_on_every_row(images: np.ndarray) -> None:
    names = {0: "zero", 1: "one", 2: "two", 7: "seven"}
    rows = attribution(images, versus=np.full(3, 7), gap=np.array([1e-15, 0.25, -0.5]))
    joined = " ".join(written(plots.show(rows, images, classes=names, size=4))).replace("\N{NO-BREAK SPACE}", " ")
    assert "one versus seven: score 0.5, gap 0.2" in joined
    same = attribution(images, target=np.full(3, 2), output="probability")
    texts = written(plots.show(same, images, classes=names))
    assert texts.count("two") == 1
    assert "probability\N{NO-BREAK SPACE}0.5" in texts
    with pytest.raises(ValueError, match="no name for class 2: it names 2 classes"):
        plots.show(same, classes=["zero", "one"])


def test_images_in_grey_colour_and_bytes(images: np.ndarray) -> None:
    colour = np.repeat(images, 3, axis=-1)
    figures = [plots.show(images, given) for given in (images, np.rint(255 * images).astype(np.uint8), colour)]
    first, *others = [next(pixels(f)).astype(int) for f in figures]
    assert all(abs(first - other).max() <= 1 for other in others)


def test_overlay_lets_the_image_show_through(images: np.ndarray) -> None:
    figure = plots.show(attribution(0.1 * images), np.repeat(images, 3, axis=-1), overlay=True)
    _, map_ = (p.astype(int) for p in list(pixels(figure))[2:4])
    assert 200 < map_[5, 5].min() < 230
    assert_legible(figure)


def test_titles(images: np.ndarray) -> None:
    assert "my map" in written(plots.show(images, titles="my map"))
    assert {"a", "b"} <= set(written(plots.show([images, images], titles=["a", "b"])))


def test_what_is_shown_is_left_alone(images: np.ndarray) -> None:
    values, pictures = -images, images.copy()
    values.flags.writeable = pictures.flags.writeable = False
    rendered(plots.show(values, pictures, overlay=True))
    np.testing.assert_array_equal(pictures, images)


@pytest.mark.parametrize(
    ("values", "given", "options", "message"),
    [
        ([], None, {}, "no result"),
        (np.ones((1, 2)), None, {}, r"\(1, 2\) are not maps .* print\(result\).*plots.graph"),
        (np.ones((51, 2, 2, 1)), None, {}, "1 to 50 rows, got 51"),
        (np.ones((0, 2, 2, 1)), None, {}, "1 to 50 rows, got 0"),
        (np.full((1, 2, 2, 1), np.nan), None, {}, "not all finite"),
        ([np.ones((1, 2, 2, 1)), np.ones((2, 2, 2, 1))], None, {}, "results of 1 and 2 rows"),
        (np.ones((2, 8, 8, 1)), np.ones((3, 8, 8, 1)), {}, "2 rows of values for 3 images"),
        (np.ones((2, 3, 8, 8)), np.ones((2, 8, 8, 3)), {}, "maps of 3 × 8 do not fit images of 8 × 8"),
        (np.ones((2, 8, 8, 1)), np.ones((8, 8, 1)), {}, r"images\[None\] adds the row axis"),
        (np.ones((2, 8, 8, 1)), np.ones((2, 8, 8, 4)), {}, "cannot be shown"),
        (np.ones((2, 8, 8, 1)), np.full((2, 8, 8, 1), 255.0), {}, "from 0 to 1"),
        (np.ones((1, 0, 8, 1)), None, {}, r"\(1, 0, 8, 1\) are not maps"),
        (np.ones((2, 8, 8, 1)), None, {"scale": "row"}, '"shared", "method" or "result"'),
        (np.ones((2, 8, 8, 1)), None, {"vmax": 0.0}, "vmax is a number > 0"),
        (np.ones((2, 8, 8, 1)), None, {"percentile": 0}, "percentile"),
        (np.ones((2, 8, 8, 1)), None, {"titles": ["a", "b"]}, "2 titles for 1 results"),
        (np.ones((2, 8, 8, 1)), None, {"size": 180}, "0.8 to 12.0 inches, got 180"),
    ],
)
def test_errors_say_what_to_do(values: Any, given: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plots.show(values, given, **options)


def test_pyplot_is_not_needed() -> None:
    script = "import sys, minixai.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_text_is_not_mathematics() -> None:
    assert "$score_{of}$ = max" in " ".join(written(plots.graph(long_names())))
    rendered(plots.show(np.ones((1, 2, 2, 1)), titles=["a $b^$ c"]))
