"""The two faces for people who come from shap: its shapes and arguments, without its faults."""

import numpy as np
import pytest

import minixai as mx
from minixai import ops, toys
from minixai.layers import Conv2D, Dense, Flatten
from minixai.model import Model
from minixai.ops import Linear

IMAGES = np.random.default_rng(2).random((7, 6, 6, 2))
X, BACKGROUND = IMAGES[:3], IMAGES[3:]
FACES = [mx.GradientExplainer, mx.DeepExplainer]
each_face = pytest.mark.parametrize("face", FACES)


@pytest.fixture(scope="module")
def model():
    return Model([Conv2D(4, 3, activation="softplus"), Flatten(), Dense(5)], (6, 6, 2), dtype=np.float64, seed=1)


def outputs(x):
    """Outputs (5, −9, 1) at x = 1."""
    return x[:, :1] * np.array([5.0, -9.0, 1.0])


@each_face
def test_shapes(face, model):
    assert face(model, BACKGROUND).shap_values(X).shape == (3, 6, 6, 2, 5)
    assert face(toys.saturation, [[0.0, 0.0]]).shap_values([[1.0, 1.0]]).shape == (1, 2, 1)
    assert face(toys.saturation, [[0.0, 0.0]]).expected_value.shape == (1,)


@each_face
def test_expected_value_is_the_mean_over_the_background(face, model):
    np.testing.assert_allclose(face(model, BACKGROUND).expected_value, model.scores(BACKGROUND).mean(axis=0))
    np.testing.assert_allclose(
        face(model, BACKGROUND, output="probability").expected_value, model.probabilities(BACKGROUND).mean(axis=0)
    )


def test_deep_values_are_those_of_deep_shap_and_add_up(model):
    explainer = mx.DeepExplainer(model, BACKGROUND)
    values = explainer.shap_values(X)
    for k in range(5):
        np.testing.assert_allclose(
            values[..., k], mx.deep_shap(model, X, k, background=BACKGROUND).values, rtol=1e-12, atol=1e-14
        )
    np.testing.assert_allclose(values.sum(axis=(1, 2, 3)), model.scores(X) - explainer.expected_value, atol=1e-12)


@pytest.mark.parametrize("rseed", [None, 11])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradient_values_are_those_of_expected_gradients(model, rseed, smoothing):
    """Without a seed, our own stream; with one, shap's, begun anew for each class."""
    asked = {"seed": 0} if rseed is None else {"seed": rseed, "rng": "shap"}
    explainer = mx.GradientExplainer(model, BACKGROUND, smoothing)
    values, variances = explainer.shap_values(X, 12, rseed=rseed, return_variances=True)
    for k in range(5):
        result = mx.expected_gradients(
            model, X, k, background=BACKGROUND, samples=12, local_smoothing=smoothing, **asked
        )
        np.testing.assert_allclose(values[..., k], result.values, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(variances[..., k], result.standard_error**2, rtol=1e-9, atol=1e-20)


def test_the_default_is_two_hundred_samples_and_always_the_same(model):
    explainer = mx.GradientExplainer(model, BACKGROUND)
    np.testing.assert_array_equal(explainer.shap_values(X), explainer.shap_values(X, nsamples=200))


@each_face
@pytest.mark.parametrize(("order", "expected"), [("max", [0, 2]), ("min", [1, 2]), ("max_abs", [1, 0])])
def test_ranked_outputs(face, order, expected):
    """By size the first is −9, not the smallest."""
    explainer = face(outputs, [[0.0]])
    values, ranks = explainer.shap_values([[1.0], [1.0]], ranked_outputs=2, output_rank_order=order)
    assert ranks.tolist() == [expected] * 2
    np.testing.assert_allclose(values[:, 0], np.array([[5.0, -9.0, 1.0]] * 2)[:, expected])


@each_face
def test_each_input_has_its_own_ranking(face, model):
    explainer = face(model, BACKGROUND)
    values, ranks = explainer.shap_values(X, ranked_outputs=3)
    np.testing.assert_array_equal(ranks, np.argsort(-model.scores(X), axis=1)[:, :3])
    every = explainer.shap_values(X)
    for n in range(3):
        np.testing.assert_allclose(values[n], every[n][..., ranks[n]], rtol=1e-12, atol=1e-14)


def test_what_is_returned_and_in_which_order(model):
    explainer = mx.GradientExplainer(model, BACKGROUND)
    values, variances, ranks = explainer.shap_values(X, 5, ranked_outputs=2, return_variances=True)
    assert values.shape == variances.shape == (3, 6, 6, 2, 2)
    assert ranks.shape == (3, 2)


@each_face
def test_at_a_layer(face, model):
    explainer = face(model, BACKGROUND, layer="conv1")
    values = explainer.shap_values(X)
    assert values.shape == (3, 4, 4, 4, 5)
    if face is mx.DeepExplainer:
        np.testing.assert_allclose(values.sum(axis=(1, 2, 3)), model.scores(X) - explainer.expected_value, atol=1e-12)


@each_face
def test_one_way_forward_serves_all_classes(face):
    """However many classes are explained, as many rows are sent."""
    sent = 0

    def network(classes):
        w = np.random.default_rng(0).normal(size=(4, classes))

        def run(x):
            nonlocal sent
            sent += len(x)
            return ops.relu(x) @ w

        return run

    rows = []
    for classes in (1, 9):
        explainer, sent = face(network(classes), np.ones((3, 4))), 0
        explainer.shap_values(np.zeros((2, 4)))
        rows.append(sent)
    assert rows[0] == rows[1]


class Wrong(Linear):
    """Its derivative is right, its kind is not."""

    def forward(self, x):
        return x**2

    def vjp(self, i, m, x):
        return 2 * m * x


def test_additivity_is_checked_unless_told_otherwise():
    explainer = mx.DeepExplainer(lambda x: Wrong()(x).sum(), [[0.0]])
    with pytest.raises(ValueError, match="because Wrong"):
        explainer.shap_values([[1.0]])
    assert explainer.shap_values([[1.0]], check_additivity=False).tolist() == [[[2.0]]]


def test_the_check_is_relative():
    """Scores of 10⁸ miss the hundredth that shap allows by rounding alone."""
    w = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32) * 1e8
    x = np.random.default_rng(1).normal(size=(2, 20)).astype(np.float32)
    explainer = mx.DeepExplainer(lambda x: ops.relu(x @ w), x[1:])
    values = explainer.shap_values(x[:1])
    assert abs(values.sum(axis=1)).max() > 1e6


@each_face
@pytest.mark.parametrize(("option", "words"), [
    ({"ranked_outputs": 6}, "ranked_outputs is 6, but there are 5 outputs: give at most 5"),
    ({"ranked_outputs": 0}, "ranked_outputs is a whole number, at least 1"),
    ({"output_rank_order": "largest"}, "unknown output_rank_order 'largest'"),
    ({"x": np.zeros((3, 5, 5, 2))}, "takes .N, 6, 6, 2."),
])  # fmt: skip
def test_what_cannot_be(face, model, option, words):
    with pytest.raises(ValueError, match=words):
        face(model, BACKGROUND).shap_values(**{"x": X} | option)


@each_face
def test_a_background_that_cannot_be(face, model):
    with pytest.raises(ValueError, match="background has the shape .6, 6, 2., .* one image"):
        face(model, BACKGROUND[0])
    with pytest.raises(ValueError, match="background has the shape .3,., but rows come first"):
        face(toys.add_multiply, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="does not fit x"):
        face(toys.saturation, [[0.0, 0.0]]).shap_values([[1.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match="local_smoothing is a finite number"):
        mx.GradientExplainer(model, BACKGROUND, -1)
