"""DeepLIFT: it adds up, whatever the network, baseline, class or layer; and says so when it cannot."""

from importlib import import_module
from itertools import combinations

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.graph import Op, history
from minixai.ops import Elementwise, Linear
from minixai.ops.arithmetic import Add
from tests.marks import slow_except
from tests.methods.everything import ON_VECTORS, ask

models = pytest.mark.parametrize("name", slow_except(["digits"], ["digits", "digits-paper", "digits-gap"]))


@pytest.fixture(scope="module")
def digits():
    return mx.datasets.digits("test")


@models
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_adds_up_on_digits(name, dtype, bound, count, digits):
    images, labels = digits
    model, labels = mx.load(name).astype(dtype), labels[:count]
    for asked in ({}, {"target": labels, "versus": (labels + 1) % 10}):
        result = mx.deep_lift(model, images[:count], **asked)
        assert (abs(result.gap) / np.maximum(1, abs(result.score - result.reference_score))).max() <= bound
    result = mx.deep_lift(model, images[:count], labels, baseline="noise")  # whose own scores are large
    assert (abs(result.gap) / np.maximum(1, abs(result.score) + abs(result.reference_score))).max() <= bound


@pytest.mark.parametrize("rule", ["reveal-cancel", "genomics"])
@models
def test_with_two_parts_it_adds_up_too(name, rule, digits):
    images, labels = digits[0][:12], digits[1][:12]
    for dtype, bound in ((np.float64, 1e-10), (np.float32, 1e-5)):
        model = mx.load(name).astype(dtype)
        for baseline in ("black", "noise", images[::-1]):
            asked = {"versus": labels ^ 1, "baseline": baseline, "rule": rule, "batch": 7}
            result = mx.deep_lift(model, images, labels, **asked)
            assert (abs(result.gap) / (1 + abs(result.score) + abs(result.reference_score))).max() <= bound
            assert result.values.dtype == dtype
            assert result.cost == (25 if np.ndim(baseline) else 15, 12)


@pytest.mark.parametrize("rule", ["rescale", "reveal-cancel", "genomics"])
def test_adds_up_at_every_layer(rule, digits):
    """A model's layers come one after the other here, so all paths run through each."""
    model, x = mx.load("digits").astype(np.float64), digits[0][:5]
    for layer in model.layers[1:]:
        result = mx.deep_lift(model, x, 3, baseline="noise", rule=rule, layer=layer.name)
        assert result.values.shape == (5, *layer.shape)
        assert abs(result.gap).max() < 1e-12
        delta = at(model, x, layer.name) - at(model, result.baseline, layer.name)
        np.testing.assert_allclose(result.extras["multipliers"] * delta, result.values, rtol=1e-9, atol=1e-12)


def at(model, x, layer):
    """The activations of a layer."""
    return next(n.value for n in history(model(mx.Node(model.prepare(x)))) if n.name == layer)


def test_the_three_rules_differ(digits):
    """On a network with dense layers after convolutions."""
    model, x = mx.load("digits-paper").astype(np.float64), digits[0][:5]
    by_rule = [mx.deep_lift(model, x, rule=rule).values for rule in ("rescale", "genomics", "reveal-cancel")]
    for one, other in combinations(by_rule, 2):
        assert abs(one - other).max() > 1e-3


def test_probabilities_and_reveal_cancel_do_not_go_together(digits):
    model, x = mx.load("digits"), digits[0][:2]
    with pytest.raises(ValueError, match="'reveal-cancel' explains scores: .*rule='rescale'"):
        mx.deep_lift(model, x, rule="reveal-cancel", output="probability")
    assert abs(mx.deep_lift(model, x, rule="genomics", output="probability").gap).max() < 1e-5


def test_parts_take_half_as_many_rows_at_a_time(digits, monkeypatch):
    """They take as much memory again as all that a walk keeps without them."""
    model, rows = mx.load("digits"), []
    monkeypatch.setattr("minixai.model.MEMORY", 4 * model.row_bytes * 12)
    module = import_module("minixai.methods.deep_lift")  # mx.methods.deep_lift is the function
    send = module.multipliers_and_contributions
    monkeypatch.setattr(
        module, "multipliers_and_contributions", lambda batch, table: rows.append(len(batch.x)) or send(batch, table)
    )
    mx.deep_lift(model, digits[0][:20])
    mx.deep_lift(model, digits[0][:20], rule="reveal-cancel")
    assert rows == [12, 8, 6, 6, 6, 2]


@pytest.mark.parametrize("baseline", ["black", "white", "mean", "blur", "noise", 0.3])
def test_adds_up_from_every_baseline(baseline, digits):
    model = mx.load("digits").astype(np.float64)
    result = mx.deep_lift(model, digits[0][:5], baseline=baseline)
    assert abs(result.gap).max() < 1e-12
    np.testing.assert_allclose(
        result.reference_score, model.scores(np.broadcast_to(result.baseline, (5, 28, 28, 1)))[range(5), result.target]
    )


def test_overlapping_pools_add_their_credit_up():
    """Kernel 2, stride 1, x = (1, 5, 2): both windows go to the 5, and both count."""
    network = lambda x: ops.max_pool(x, (1, 2), 1).sum()  # noqa: E731
    x = np.array([1.0, 5.0, 2.0]).reshape(1, 1, 3, 1)
    assert mx.deep_lift(network, x).values.ravel().tolist() == [0, 10, 0]


@pytest.mark.parametrize(
    ("x", "reference", "expected"),
    [
        ((3, 1), (0, 2), (1, 0)),
        ((1, 1.5), (0, 2), (0, -0.5)),
        ((3, 1), (0, 0), (3, 0)),
        ((3, 2), (1, 2), (1, 0)),
    ],
)
def test_credit_of_a_maximum(x, reference, expected):
    for network in (lambda x: x.max(), lambda x: ops.max_pool(x.reshape(1, 2, 1), (1, 2)).sum()):
        assert mx.deep_lift(network, [x], baseline=[reference]).values.tolist() == [list(expected)]


def test_the_original_librarys_pool_does_not_add_up_and_says_so():
    network = lambda x: x.max()  # noqa: E731
    result = mx.deep_lift(network, [[3.0, 1.0]], baseline=[0.0, 2.0], pool="gradient")
    assert result.values.tolist() == [[3, 0]]
    assert result.gap is None


def test_of_equals_the_first_or_the_one_that_will_win():
    """From a black image every entry ties; only `first` lets position decide."""
    network = lambda x: x.max()  # noqa: E731
    assert mx.deep_lift(network, [[-3.0, -1.0]], pool="first").values.tolist() == [[-1, 0]]
    assert mx.deep_lift(network, [[-3.0, -1.0]]).values.tolist() == [[0, -1]]


def test_multipliers_and_contributions(digits):
    model = mx.load("digits")
    result = mx.deep_lift(model, digits[0][:3], baseline=0.2)
    np.testing.assert_array_equal(result.extras["multipliers"] * (digits[0][:3] - np.float32(0.2)), result.values)


def test_at_its_own_baseline_an_image_has_no_contributions_but_the_gradient_as_multipliers(digits):
    model, x = mx.load("digits"), digits[0][:3]
    result = mx.deep_lift(model, x, baseline=x)
    assert not result.values.any()
    np.testing.assert_array_equal(result.extras["multipliers"], mx.gradient(model, x).values)


def test_baselines_by_array(digits):
    model, x = mx.load("digits"), digits[0][:3]
    one, many = mx.deep_lift(model, x, baseline=x[1]), mx.deep_lift(model, x, baseline=x[[1, 1, 1]])
    np.testing.assert_allclose(one.values, many.values, atol=1e-5)
    assert one.baseline.shape == (1, 28, 28, 1)
    assert one.cost == (5, 3)
    assert many.cost == (5, 3)  # the same for all is asked once
    np.testing.assert_array_equal(mx.deep_lift(model, x, baseline=np.uint8(x * 255)).baseline.dtype, np.float32)


@pytest.mark.parametrize(
    ("baseline", "error", "words"),
    [
        ("blak", ValueError, "unknown baseline 'blak', did you mean 'black'"),
        (
            np.zeros((27, 28, 1)),
            ValueError,
            r"baseline of shape \(27, 28, 1\) does not fit x of shape \(2, 28, 28, 1\)",
        ),
        (np.zeros((3, 28, 28, 1)), ValueError, "does not fit"),
        (np.full((28, 28, 1), np.nan), ValueError, "baseline holds nan"),
        (np.nan, ValueError, "finite number"),
        (None, ValueError, "finite number"),
        (np.zeros((28, 28, 1), int), TypeError, "baseline holds int64"),
    ],
)
def test_baselines_that_do_not_fit(baseline, error, words, digits):
    with pytest.raises(error, match=words):
        mx.deep_lift(mx.load("digits"), digits[0][:2], baseline=baseline)


def test_image_baselines_are_for_images():
    with pytest.raises(ValueError, match="'blur' is for images"):
        mx.deep_lift(toys.saturation, [[1.0, 1.0]], baseline="blur")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"rule": "rescal"}, "unknown rule 'rescal', did you mean 'rescale'"),
        ({"rule": "revealcancel"}, "unknown rule 'revealcancel', did you mean 'reveal-cancel'"),
        ({"pool": "last"}, "unknown pool 'last'"),
    ],
)
def test_unknown_options(option, words):
    with pytest.raises(ValueError, match=words):
        mx.deep_lift(toys.saturation, [[1.0, 1.0]], **option)


class Cube(Elementwise):
    def forward(self, x):
        return x**3

    def slope(self, x):
        return 3 * x**2


def test_a_new_op_is_one_class():
    network = lambda x: Cube()(x).sum()  # noqa: E731
    assert mx.check(network, [[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(mx.deep_lift(network, [[2.0, -1.0]]).values, [[8, -1]])


class Squared(Linear):
    """Its derivative is right, its kind is not."""

    def forward(self, x):
        return x**2

    def vjp(self, i, m, x):
        return 2 * m * x


def test_an_op_that_loses_credit_is_named():
    with pytest.raises(
        ValueError, match=r"row 1 miss its difference in score by .*because Squared .*passes on 72 of 36"
    ):
        mx.deep_lift(lambda x: (Squared()(3 * x) + 1).sum(), [[0.0], [2.0]])


class Doubling(Linear):
    """Its derivative is half of what it does."""

    def forward(self, x):
        return 2 * x

    def vjp(self, i, m, x):
        return m


@pytest.mark.parametrize(("dtype", "remedy"), [
    (np.float32, r"take float64, model.astype\(np.float64\), or for a function x.astype\(np.float64\)"),
    (np.float64, "large numbers cancel in the network, even in float64"),
])  # fmt: skip
def test_nobody_is_told_to_mend_an_op_of_minixai(monkeypatch, dtype, remedy):
    network, x = (lambda x: ops.relu(x).sum()), np.array([[2.0]], dtype)
    monkeypatch.setattr(Add, "vjp", lambda self, i, m, *xs: 2 * m)
    with pytest.raises(
        ValueError, match=f"because Add .* passes on .*, where rounding is the likely cause: {remedy}"
    ) as problem:
        mx.deep_lift(lambda x: network(x + 1), x)
    assert "mend" not in str(problem.value)
    # an op of the user's own is named first, wherever it stands
    with pytest.raises(ValueError, match="because Doubling .*: mend its forward, its vjp, or the rule of its kind"):
        mx.deep_lift(lambda x: network(Doubling()(Doubling()(x)) + 1), x)
    with pytest.raises(ValueError, match="because Add .*, where rounding is the likely cause"):
        mx.deep_shap(lambda x: network(x + 1), x, background=0 * x)


@pytest.mark.parametrize("rule", ["rescale", "reveal-cancel", "genomics"])
def test_it_is_named_where_multipliers_have_two_parts(rule):
    network = lambda x: ops.tanh(Doubling()(ops.relu(x @ [[1.0], [-1.0]]))).sum()  # noqa: E731
    with pytest.raises(ValueError, match=r"because Doubling .*passes on"):
        mx.deep_lift(network, [[2.0, 1.0]], rule=rule)


def test_the_op_is_named_for_a_contrast_too():
    """Class 1 alone adds up; what is lost is lost by class 0."""
    network = lambda x: ops.concatenate([Squared()(x), x])  # noqa: E731
    with pytest.raises(ValueError, match="because Squared"):
        mx.deep_lift(network, [[2.0]], 1, versus=0)


class Sort(Op):
    def forward(self, x):
        return np.sort(x)

    def vjp(self, i, m, x):
        return m


WALKING = [m for m in ON_VECTORS if m.name not in ("feature_ablation", "shapley_values")]


@pytest.mark.parametrize("method", WALKING, ids=[m.name for m in WALKING])
def test_an_op_without_a_rule_is_named_by_every_method_that_walks_back(method):
    with pytest.raises(TypeError, match="no rule for Sort"):
        ask(method, lambda x: Sort()(x).sum(), [[2.0, 1.0]])
