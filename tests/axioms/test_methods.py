"""Every method against every axiom: held where theory says so, and broken where theory says so.

One table says which; the counterexamples are the documents'.  (Sundararajan et al. 2017, §2;
Lundberg & Lee 2017, §2; Ancona et al. 2018)
"""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys

pytestmark = [
    pytest.mark.filterwarnings("ignore:integrated_gradients misses"),  # the kinks are the point
    pytest.mark.filterwarnings("ignore:no op on the way rectifies"),  # not every network here has a ReLU
]
RNG = np.random.default_rng(11)
WEIGHTS = [RNG.normal(size=shape) for shape in ((3, 6), (6, 5), (5, 2))]
X, BASE = RNG.normal(size=(4, 3)), RNG.normal(size=(1, 3))


def network(x, activation=ops.softplus):
    """A dense network (N, 3) -> (N, 2)."""
    h = activation(x @ WEIGHTS[0] + 0.1)
    return activation(h @ WEIGHTS[1] - 0.2) @ WEIGHTS[2]


def piecewise(x):
    return network(x, ops.relu)


def reveal(model, x, target=None, **options):
    return mx.deep_lift(model, x, target, rule="reveal-cancel", **options)


def local(method):
    """A method without a baseline, called like one that has."""
    return lambda model, x, target=None, baseline=0.0, **options: method(model, x, target, **options)


def from_one(method, **fixed):
    """A method with a background, called with a background of one."""

    def asked(model, x, target=None, baseline=0.0, **options):
        rows = np.broadcast_to(np.asarray(baseline, float), (1, np.shape(x)[1]))
        return method(model, x, target, background=rows, **fixed, **options)

    return asked


METHODS = {
    "gradient": local(mx.gradient),
    "input_x_gradient": local(mx.input_x_gradient),
    "guided_backprop": local(mx.guided_backprop),
    "deconvnet": local(mx.deconvnet),
    "smooth_grad": local(mx.smooth_grad),
    "lrp": local(mx.lrp),
    "feature_ablation": mx.feature_ablation,
    "integrated_gradients": mx.integrated_gradients,
    "deep_lift": mx.deep_lift,
    "reveal-cancel": reveal,
    "shapley_values": mx.shapley_values,
    "expected_gradients": from_one(mx.expected_gradients, samples=20),
    "deep_shap": from_one(mx.deep_shap),
}
COMPLETE = {"deep_lift", "reveal-cancel", "shapley_values", "deep_shap"}
"""Exactly; integrated and expected gradients in the limit."""

PATHS = {"integrated_gradients", "expected_gradients"}


def values(name, *args, **options):
    return np.asarray(METHODS[name](*args, **options))


def each(names):
    return pytest.mark.parametrize("name", sorted(names))


# -- completeness: Σφ = f(x) − f(x') -------------------------------------------------------------------


def missing(name, model, x, target, baseline):
    node = lambda v: model(mx.Node(np.broadcast_to(np.asarray(v, float), np.shape(x)))).value.reshape(len(x), -1)  # noqa: E731
    return values(name, model, x, target, baseline=baseline).sum(axis=1) - (node(x) - node(baseline))[:, target]


@each(COMPLETE)
def test_completeness_is_exact(name):
    for model in (network, piecewise):
        assert abs(missing(name, model, X, 1, BASE)).max() < 1e-12


def test_completeness_in_the_limit():
    result = mx.integrated_gradients(network, X, 1, baseline=BASE)
    assert abs(result.gap).max() < 1e-10
    result = mx.expected_gradients(network, X, 1, background=BASE, samples=400)
    assert (abs(result.gap) < 4 * result.gap_standard_error).all()


@each(set(METHODS) - COMPLETE - PATHS - {"lrp"})
def test_completeness_is_broken_by_saturation(name):
    """c1: y goes from 0 to 1, and the values say something else."""
    assert abs(missing(name, toys.saturation, [[1.0, 1.0]], 0, 0.0)) > 0.3


def test_lrp_is_complete_without_biases_only():
    without = lambda x: ops.relu(x @ WEIGHTS[0]) @ WEIGHTS[1]  # noqa: E731
    assert abs(missing("lrp", without, X, 1, 0.0)).max() < 1e-4
    assert abs(missing("lrp", piecewise, X, 1, 0.0)).max() > 1e-2


# -- sensitivity (a): a single input that changes the output gets something ------------------------------


@each({"feature_ablation", "integrated_gradients", "expected_gradients"} | COMPLETE)
def test_sensitivity(name):
    """c2: f = 1 − relu(1 − x) goes from 0 to 1."""
    assert values(name, toys.one_minus_relu, [[2.0]])[0, 0] > 0.5


@each({"gradient", "input_x_gradient", "guided_backprop"})
def test_sensitivity_is_broken(name):
    assert values(name, toys.one_minus_relu, [[2.0]]) == 0


# -- dummy: an input that the function does not depend on gets nothing -----------------------------------


def nothing(x):
    """F = f − g, identically 0, made of two networks for one function."""
    return toys.invariance_f(x) - toys.invariance_g(x)


DUMMY_BROKEN = {"deep_lift", "deep_shap", "guided_backprop", "deconvnet"}


@each(set(METHODS) - DUMMY_BROKEN - {"reveal-cancel"})
def test_dummy(name):
    assert abs(values(name, nothing, [[3.0, 1.0]])).max() < 1e-12
    ignoring = lambda x: ops.tanh(x[:, 0]) * 2  # noqa: E731
    assert (values(name, ignoring, X)[:, 1:] == 0).all()


@each(DUMMY_BROKEN)
def test_dummy_is_broken(name):
    """c5: a function that is 0 everywhere, and inputs that get something."""
    assert abs(values(name, nothing, [[3.0, 1.0]])).max() > 0.1


# -- implementation invariance: one function, two networks -----------------------------------------------


@each({"gradient", "input_x_gradient", "feature_ablation", "integrated_gradients", "shapley_values", "smooth_grad"})
def test_implementation_invariance(name):
    x = RNG.uniform(0.2, 4, (20, 2))
    np.testing.assert_allclose(
        values(name, toys.invariance_f, x), values(name, toys.invariance_g, x), atol=1e-12, rtol=1e-12
    )


@each({"deep_lift", "deep_shap"})
def test_implementation_invariance_is_broken(name):
    """c4"""
    np.testing.assert_allclose(values(name, toys.invariance_f, [[3.0, 1.0]]), [[1.5, -0.5]])
    np.testing.assert_allclose(values(name, toys.invariance_g, [[3.0, 1.0]]), [[2, -1]])


def test_implementation_invariance_is_broken_by_guided_backprop():
    """c9: −x, and relu(−x) − relu(x)."""
    one, other = (lambda x: -x[:, 0]), (lambda x: ops.relu(-x[:, 0]) - ops.relu(x[:, 0]))
    assert values("guided_backprop", one, [[2.0]]) == -1
    assert values("guided_backprop", other, [[2.0]]) == 0


# -- linearity in the output -------------------------------------------------------------------------------


@each(set(METHODS) - {"guided_backprop", "deconvnet"})
def test_linearity(name):
    """φ of 2f₀ − 3f₁ is 2φ(f₀) − 3φ(f₁)."""
    mixed = lambda x: (lambda s: 2 * s[:, 0] - 3 * s[:, 1])(piecewise(x))  # noqa: E731
    apart = 2 * values(name, piecewise, X, 0) - 3 * values(name, piecewise, X, 1)
    np.testing.assert_allclose(values(name, mixed, X), apart, rtol=1e-9, atol=1e-11)


def test_linearity_is_broken_by_guided_backprop():
    """c10: relu(x) and −relu(x)."""
    assert values("guided_backprop", lambda x: ops.relu(x[:, 0]), [[2.0]]) == 1
    assert values("guided_backprop", lambda x: -ops.relu(x[:, 0]), [[2.0]]) == 0


# -- symmetry: inputs that play the same part get the same -------------------------------------------------


@each(set(METHODS) - {"guided_backprop", "deconvnet"})
def test_symmetry_on_a_smooth_function(name):
    found = values(name, lambda x: ops.tanh(x[:, 0] + x[:, 1]) * 3 + x[:, 0] * x[:, 1], [[0.7, 0.7]])
    # smooth_grad and its like draw other noise for the two
    assert found[0, 0] == pytest.approx(found[0, 1], rel=0.2 if name == "smooth_grad" else 1e-9)


@each({"shapley_values", "reveal-cancel", "feature_ablation"})
def test_symmetry_at_a_kink(name):
    found = values(name, toys.minimum, [[1.0, 1.0]])
    assert found[0, 0] == pytest.approx(found[0, 1])


@each({"gradient", "input_x_gradient", "integrated_gradients", "deep_lift", "deep_shap"})
def test_symmetry_is_broken_at_a_kink(name):
    """c7: the path of integrated gradients lies on the kink."""
    np.testing.assert_allclose(values(name, toys.minimum, [[1.0, 1.0]]), [[1, 0]], atol=1e-12)


# -- equalities between methods ---------------------------------------------------------------------------


def test_bias_free_nets_from_zero():
    """Linear ops, ReLU and max-pool: x · gradient = IG = Rescale, by positive homogeneity."""
    image = RNG.normal(size=(2, 6, 6, 1))
    w, v = RNG.normal(size=(3, 3, 1, 4)), RNG.normal(size=(16, 3))
    free = lambda x: ops.relu(ops.max_pool(ops.relu(ops.convolution(x, w)), 3, 1)).flatten() @ v  # noqa: E731
    expected = mx.input_x_gradient(free, image, 1).values
    np.testing.assert_allclose(mx.deep_lift(free, image, 1).values, expected, rtol=1e-9, atol=1e-12)
    for quadrature in ("gauss-legendre", "midpoint", "right"):
        found = mx.integrated_gradients(free, image, 1, quadrature=quadrature).values
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_one_hidden_layer_makes_integrated_gradients_rescale():
    """Along the path each ReLU switches once, so its mean slope is its chord."""
    one = lambda x: ops.relu(x @ WEIGHTS[0] + 0.3) @ WEIGHTS[1]  # noqa: E731
    integrated = mx.integrated_gradients(one, X, 1, baseline=BASE, steps=2000, quadrature="midpoint").values
    np.testing.assert_allclose(integrated, mx.deep_lift(one, X, 1, baseline=BASE).values, atol=5e-3)


def test_multilinear_functions_make_integrated_gradients_shapley():
    x, base = [[1.5, -2.0, 0.7]], [0.3, 0.4, -1.0]
    integrated = mx.integrated_gradients(toys.multilinear, x, baseline=base, steps=3).values
    np.testing.assert_allclose(integrated, [[-1.488, -1.968, -9.724]], atol=1e-12)
    np.testing.assert_allclose(mx.shapley_values(toys.multilinear, x, baseline=base).values, integrated, atol=1e-12)


def test_on_a_linear_function_all_differences_are_weight_times_difference():
    w = np.array([1.0, -2.0, 0.5])
    linear = lambda x: (x * w).sum() + 3  # noqa: E731
    for name in sorted({"feature_ablation", "integrated_gradients", "expected_gradients"} | COMPLETE):
        np.testing.assert_allclose(values(name, linear, X, baseline=BASE), w * (X - BASE), rtol=1e-9, atol=1e-12)


def test_deep_shap_is_the_mean_of_deep_lift_over_the_background():
    background = RNG.normal(size=(5, 3))
    apart = np.mean([mx.deep_lift(piecewise, X, 1, baseline=b).values for b in background], axis=0)
    np.testing.assert_allclose(
        mx.deep_shap(piecewise, X, 1, background=background).values, apart, rtol=1e-9, atol=1e-12
    )
