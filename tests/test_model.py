"""Models: names, shapes, saving; what they refuse."""

import json
import re
import zipfile

import numpy as np
import pytest

import minixai as mx
from minixai import ops, zoo
from minixai.graph import Node, history
from minixai.layers import (
    Activation,
    Add,
    AveragePool2D,
    BatchNorm,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Function,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    Layer,
    MaxPool2D,
    Reshape,
    Upsample2D,
    ZeroPad2D,
)
from minixai.model import Model, load_model, shape_hint
from minixai.preprocessing import UNIT, as_preprocessing
from minixai.training import SGD


def everything(dtype=np.float64):
    """A network with every kind of layer, a shared one, a residual sum and a concatenation."""
    shared = Conv2D(4, 3, padding="same", groups=2, activation="gelu")
    model = Model(
        [
            ZeroPad2D(((1, 0), (0, 2))),
            Conv2D(4, (3, 2), stride=(1, 2), dilation=(2, 1), bias=False),
            BatchNorm(),
            Activation("leaky_relu"),
            ("shared", shared),
            shared,
            ("sum", Add(), ["shared-2", "activation1"]),
            MaxPool2D(3, 2, "same"),
            AveragePool2D(2, 1, "same"),
            Upsample2D((6, 5)),
            ("both", Concatenate(), ["upsample1", "upsample1"]),
            Dropout(0.5),
            ("mean", GlobalAveragePool2D()),
            ("max", GlobalMaxPool2D(), "both"),
            ("joined", Concatenate(), ["mean", "max"]),
            Reshape((4, 4)),
            Flatten(),
            Dense(3),
        ],
        (9, 10, 2),
        classes=["a", "b", "c"],
        dtype=dtype,
        seed=2,
    )
    rng = np.random.default_rng(3)
    model.set_weights({name: abs(w + rng.normal(0, 0.1, w.shape)) for name, w in model.weights.items()})
    return model


@pytest.fixture(scope="module")
def model():
    return everything()


@pytest.fixture
def x():
    return np.random.default_rng(4).random((5, 9, 10, 2))


def test_names(model):
    names = [e.name for e in model.layers]
    assert names[:8] == ["input", "pad1", "conv1", "norm1", "activation1", "shared", "shared-2", "sum"]
    assert [node.name for node in history(model(Node(np.zeros((1, 9, 10, 2))))) if node.name] != []


def test_every_layer_is_a_named_node_of_the_shape_it_says(model, x):
    nodes = {node.name: node for node in history(model(Node(x))) if node.name}
    for e in model.layers:
        assert nodes[e.name].shape == (5, *e.shape)


def test_an_activation_makes_two_nodes_and_the_layer_is_the_second():
    model = Model([("c", Conv2D(2, 3, activation="relu")), Flatten(), Dense(1)], (4, 4, 1))
    node = next(n for n in history(model(Node(np.ones((1, 4, 4, 1))))) if n.name == "c")
    assert type(node.op).__name__ == "Relu"


def test_two_models_may_not_rename_one_anothers_nodes():
    model = Model([("one", Add(), ["input"]), ("two", Add(), ["one"])], (3,))
    names = [node.name for node in history(model(Node(np.zeros((1, 3)))))]
    assert names == ["input", "one", "two"]


def test_a_shared_layer_has_its_weights_once(model):
    assert "shared/kernel" in model.weights
    assert "shared-2/kernel" not in model.weights
    line = next(line for line in model.summary().splitlines() if "shared-2" in line)
    assert line.split()[-1] == "0"


def test_scores_probabilities_classes(model, x):
    scores = model.scores(x)
    assert scores.shape == (5, 3)
    np.testing.assert_allclose(model.probabilities(x).sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(x), scores.argmax(axis=1))
    np.testing.assert_allclose(model.scores(x, batch=2), scores, rtol=1e-12)
    np.testing.assert_array_equal(scores, model(Node(x)).value)


def test_a_single_score_has_the_sigmoid():
    model = Model([Dense(1)], (2,), dtype=np.float64)
    x = np.ones((1, 2))
    np.testing.assert_allclose(model.probabilities(x), 1 / (1 + np.exp(-model.scores(x))))


def test_save_and_load(model, x, tmp_path):
    model.save(tmp_path / "m.npz")
    again = zoo.load(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.scores(x), model.scores(x))
    assert again.summary() == model.summary()
    assert again.classes == ("a", "b", "c")
    assert again.dtype == np.float64
    assert repr(again) == repr(model)
    assert list(tmp_path.iterdir()) == [tmp_path / "m.npz"]  # and no half-written neighbour
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        assert json.loads(str(archive["architecture"]))["format"] == "minixai model 1"


def test_astype_is_a_copy(model, x):
    single = model.astype(np.float32)
    assert single.scores(x).dtype == np.float32
    assert model.scores(x).dtype == np.float64
    np.testing.assert_allclose(single.scores(x), model.scores(x), rtol=1e-4)
    single.set_weights({"dense1/bias": np.full(3, 7.0)})
    assert not (model.weights["dense1/bias"] == 7).any()


def test_seeds():
    one, same, other = (Model([Dense(3)], (4,), seed=s).weights["dense1/kernel"] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()


def test_initial_kernels_keep_the_size_of_what_passes():
    """He initialisation: after conv and ReLU the mean square is that of the input."""
    model = Model([Conv2D(64, 3, activation="relu"), Flatten(), Dense(1)], (20, 20, 32), dtype=np.float64)
    x = Node(np.random.default_rng(0).normal(size=(4, 20, 20, 32)))
    hidden = next(n for n in history(model(x)) if n.name == "conv1")
    assert (hidden.value**2).mean() == pytest.approx(1, rel=0.15)


def residual(x):
    h = ops.relu(x @ np.full((3, 3), 0.5)).named("h")
    return ops.concatenate([x + h, h])


def test_a_function_of_nodes_is_a_model():
    model, x = Model(residual, (3,), dtype=np.float64), np.array([[1.0, -2.0, 4.0]])
    np.testing.assert_allclose(model.scores(x), [[2.5, -0.5, 5.5, 1.5, 1.5, 1.5]])
    assert model.predict(x) == [2]
    np.testing.assert_array_equal(mx.deep_lift(model, x, 2).values, mx.deep_lift(residual, x, 2).values)
    assert mx.gradient(model, x, 3, layer="h").values.tolist() == [[1, 0, 0]]
    assert model.astype(np.float32).scores(x).dtype == np.float32


def test_but_not_one_to_save(tmp_path):
    class Odd(Layer):
        def forward(self, x, w, training):
            return x * 2

    for model, words in ((Model([Odd()], (3,)), "Odd is not a layer of"), (Model(residual, (3,)), "Function is not a")):
        with pytest.raises(TypeError, match=f"{words}.*keep its Python code"):
            model.save(tmp_path / "never.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        ([Conv2D(3, 11), Flatten(), Dense(2)], (9, 9, 1), "layer 'conv1': a window of .11, 11.*does not fit"),
        (
            [Conv2D(3, 3, groups=2), Flatten(), Dense(2)],
            (9, 9, 3),
            "layer 'conv1': 2 groups must divide the 3 channels",
        ),
        ([Conv2D(3, 3)], (9,), "layer 'conv1': Conv2D takes images"),
        ([Conv2D(3, 3, activation="rellu"), Flatten(), Dense(2)], (9, 9, 1), "unknown activation 'rellu'"),
        ([Conv2D(3, 3, padding="full"), Flatten(), Dense(2)], (9, 9, 1), "unknown padding 'full'"),
        ([Dense(3)], (2, 2), "ends with one score for each class"),
        ([], (3,), "ends with one score for each class"),
        ([Dense(3, activation="softmax")], (2,), "before softmax"),
        ([Dense(3), Activation("softmax")], (2,), "before softmax"),
        ([("a", Dense(3), "inptu")], (2,), "unknown input 'inptu', did you mean 'input'"),
        ([("a", Dense(3)), ("a", Dense(3))], (2,), "cannot be called 'a'"),
        ([("input", Dense(3))], (2,), "cannot be called 'input'"),
        ([("a/b", Dense(3))], (2,), "cannot be called 'a/b'"),
        ([("a", Dense(3)), ("b", Dense(2)), ("c", Add(), ["a", "b"])], (2,), "Add needs inputs of one shape"),
        ([("a", Dense(3)), ("b", Dense(2), ["a", "input"])], (2,), "Dense takes one input, got 2"),
        ([Dropout(1.5), Dense(2)], (2,), "rate is in"),
        ([Reshape((5,)), Dense(2)], (2,), "cannot be reshaped"),
    ],
)
def test_what_does_not_fit(layers, shape, words):
    with pytest.raises(ValueError, match=words) as caught:
        Model(layers, shape)
    assert "\n" not in str(caught.value)


def test_weights_are_checked_when_they_are_replaced(model, x):
    with pytest.raises(ValueError, match="unknown weight 'zz/kernel'"):
        model.set_weights({"zz/kernel": np.zeros(3)})
    with pytest.raises(ValueError, match="unknown weight 'dense1/biass', did you mean 'dense1/bias'"):
        model(Node(x), weights={"dense1/biass": np.zeros(3)})
    with pytest.raises(ValueError, match=r"weight dense1/bias has the shape \(3,\), and \(4,\) cannot replace it"):
        model.set_weights({"dense1/bias": np.zeros(4)})


@pytest.mark.parametrize("dtype", [int, bool, complex, "U3"])
def test_weights_are_floats(dtype, model):
    with pytest.raises(ValueError, match="give a float dtype"):
        Model([Dense(3)], (2,), dtype=dtype)
    with pytest.raises(ValueError, match="give a float dtype"):
        model.astype(dtype)


def test_shapes_of_rows():
    for shape, words in (((), "rows with at least one axis"), ((0,), "at least 1, got 0"), ((2.5,), "got 2.5")):
        with pytest.raises(ValueError, match=words):
            Model([Dense(3)], shape)


def test_a_single_layer_is_a_model():
    assert Model(Dense(3), (4,)).summary() == Model([Dense(3)], (4,)).summary()


def test_other_refusals(model, x):
    for item in (("a", Dense(3), []), ("a",), ("a", Dense(3), "input", 4)):
        with pytest.raises(TypeError, match="a model is made of layers"):
            Model([item], (2,))
    with pytest.raises(TypeError, match="layer 'function1' returned NoneType"):
        Model(lambda x: None, (2,))
    for layer, words in ((Conv2D(2, 3, groups=0), "groups is"), (Conv2D(0, 3), "filters is"), (Dense(0), "units is")):
        with pytest.raises(ValueError, match=words):
            Model([layer, Flatten(), Dense(1)], (4, 4, 1) if isinstance(layer, Conv2D) else (4,))
    for seed in (-1, 1.5, True):
        with pytest.raises(ValueError, match=f"seed is a whole number, at least 0, got {seed}"):
            Model([Dense(1)], (4,), seed=seed)
    with pytest.raises(TypeError, match=r"use model.scores\(x\) for an array"):
        model(x)
    with pytest.raises(ValueError, match=r"a node \(1, 3\) does not fit"):
        model(Node(np.zeros((1, 3))))
    with pytest.raises(TypeError, match="made of layers"):
        Model(["conv"], (3,))
    with pytest.raises(ValueError, match="2 class names for 3 scores"):
        Model([Dense(3)], (2,), classes=["a", "b"])
    with pytest.raises(ValueError, match=r"x\[..., None\]"):
        Model([Flatten(), Dense(2)], (4, 4, 1)).scores(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="holds inf"):
        Model([Dense(3)], (2,)).scores([[1e300, 0]])


# -- files that are no models ------------------------------------------------------------------------


def test_missing_file_and_unknown_name():
    with pytest.raises(ValueError, match="there is no file 'nowhere.npz'"):
        zoo.load("nowhere.npz")
    with pytest.raises(ValueError, match="unknown model 'digts', did you mean 'digits'"):
        zoo.load("digts")


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "m.npz"
    Model([("d", Dense(3))], (2,)).save(path)
    return path


def test_text_and_folders_and_foreign_archives(tmp_path):
    text, foreign, pickled = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "c.npz"
    text.write_text("hello")
    np.savez(foreign, images=np.zeros(3))
    np.savez(pickled, architecture=np.array({"format": 1}, dtype=object))
    for path, words in (
        (text, "not an .npz file"),
        (foreign, "'architecture' is missing"),
        (pickled, "cannot be read as a model"),
        (tmp_path, "is a folder: give a file"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            load_model(path)
        assert "\n" not in str(caught.value)


def test_damaged_files(saved):
    whole = saved.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:-30], whole[:100] + bytes(60) + whole[160:], b""):
        saved.write_bytes(broken)
        with pytest.raises(ValueError, match="m.npz.*(cannot be read as a model|holds no)") as caught:
            load_model(saved)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.update(format="other"), "its format is 'other'"),
        (lambda a: a["layers"][0].update(kind="Exec"), "unknown kind of layer 'Exec'"),
        (lambda a: a["layers"][0].update(kind="a" * 10**5), "unknown kind of layer 'aaa"),
        (lambda a: a["layers"][0]["config"].update(activation="a" * 10**5), "unknown activation 'aaa"),
        (lambda a: a["layers"][0].update(config={"unit": 3}), "unit"),
        (lambda a: a["layers"][0].update(config={"units": 4}), "kernel has the shape"),
        (lambda a: a.pop("layers"), "'layers' is missing"),
        (lambda a: a.update(layers=3), "holds no valid model"),
        (lambda a: a.update(dtype="U5"), "holds no valid model"),
        (lambda a: a["layers"][0].update(inputs=[]), "a model is made of layers"),
        (
            lambda a: a["layers"][0].update(kind="Conv2D", config={"filters": 1, "kernel": 1, "groups": 0}),
            "takes images",
        ),
        (lambda a: a["layers"][0].update(config={"units": 10**13}), "kernel has the shape"),
        (lambda a: a.update(input_shape=[0]), "at least 1, got 0"),
        (lambda a: a.update(layers={}), "ends with one score"),
    ],
)
def test_architectures_that_make_no_sense(change, words, saved):
    with np.load(saved) as archive:
        arrays = dict(archive)
    architecture = json.loads(str(arrays.pop("architecture")))
    change(architecture)
    np.savez(saved, architecture=json.dumps(architecture), **arrays)
    with pytest.raises(ValueError, match=words) as problem:
        load_model(saved)
    assert len(str(problem.value)) < 600


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"d/kernel": np.zeros((2, 3))}, "layer 'd': its bias is missing"),
        (
            {"d/kernel": np.zeros((2, 3)), "d/bias": np.zeros(3), "e/bias": np.zeros(3)},
            "do not belong together: e/bias",
        ),
        ({"d/kernel": np.full((2, 3), np.nan), "d/bias": np.zeros(3)}, "weight d/kernel holds nan"),
        ({"d/kernel": np.zeros((3, 2)), "d/bias": np.zeros(3)}, "kernel has the shape"),
    ],
)
def test_weights_that_do_not_belong(weights, words, saved):
    with np.load(saved) as archive:
        architecture = archive["architecture"]
    np.savez(saved, architecture=architecture, **weights)
    with pytest.raises(ValueError, match=words):
        load_model(saved)


def test_a_nest_of_brackets(saved):
    np.savez(saved, architecture="[" * 100_000)
    with pytest.raises(ValueError, match="holds no valid model"):
        load_model(saved)


def test_a_file_needs_a_name():
    with pytest.raises(ValueError, match="cannot write '': give the name of a file"):
        Model([Dense(3)], (2,)).save("")


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path, monkeypatch):
    model = Model([Dense(3)], (2,))
    with pytest.raises(ValueError, match="cannot write .*No such file"):
        model.save(tmp_path / "nowhere" / "m.npz")
    target = tmp_path / "m.npz"
    target.write_text("kept")

    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fails)
    with pytest.raises(ValueError, match="No space left"):
        model.save(target)
    assert target.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [target]


def test_saved_files_are_plain_zip(saved):
    assert zipfile.is_zipfile(saved)


def test_weights_are_replaced_all_or_none():
    model = mx.Model([("a", Dense(2)), ("b", Dense(2))], (3,))
    before = model.weights
    ones = {name: np.ones_like(w) for name, w in before.items()}
    for bad in (np.nan, 1e300):
        with pytest.raises(ValueError, match=r"weight b/kernel, in float32, holds (nan|inf) at \(0, 0\)"):
            model.set_weights(ones | {"b/kernel": np.full((2, 2), bad)})
        for name, w in model.weights.items():
            assert w is before[name] or np.array_equal(w, before[name])


def test_scores_are_numbers():
    model = mx.Model([("a", Dense(2)), ("b", Dense(2))], (3,))
    model.set_weights({name: np.full_like(w, 1e30) for name, w in model.weights.items()})
    for ask in (model.scores, model.probabilities, model.predict):
        with pytest.raises(ValueError, match="what this model makes of weights or inputs that are too large holds"):
            ask(np.ones((1, 3)))


# -- what it takes ------------------------------------------------------------------------------------


def imaging(preprocessing=UNIT, shape=(6, 5, 3), **more):
    layers = [Conv2D(4, 3, activation="relu"), GlobalAveragePool2D(), Dense(3)]
    return Model(layers, shape, dtype=np.float64, preprocessing=preprocessing, **more)


IMAGES = np.random.default_rng(0).random((2, 6, 5, 3))


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (IMAGES > 0.5, TypeError, r"x holds bool from 0 to 1, .*if 1 is white, give x.astype\(np.float32\)"),
        ((IMAGES > 0.5).astype(int), TypeError, r"x holds int64 from 0 to 1, .*if 1 is white, give x.astype\(np.flo"),
        ((IMAGES > 0.5).astype(np.uint8), ValueError, r"x holds uint8 of 0 and 1, .*nearly black.*255 \* x"),
        ((255 * IMAGES).astype(int), TypeError, r"convert it with x.astype\(np.uint8\)"),
        ((999 * IMAGES).astype(int), TypeError, "scale it to floats"),
        (
            255 * IMAGES,
            ValueError,
            "x holds floats from .* to 25[0-9.]+, but this model takes pixels of 0 to 1 .*divide it by 2",
        ),
        (65535 * IMAGES, ValueError, "this model takes pixels of 0 to 1 .*: divide it by its white"),
        (
            [*np.ma.masked_less(IMAGES, 0.5)],
            ValueError,
            "x is a list of arrays with masked entries.*each.filled",
        ),
        (np.ma.masked_less(IMAGES, 0.5), ValueError, r"x is a masked array with \d+ masked entries.*x.filled\(value\)"),
        ((IMAGES, IMAGES), ValueError, r"x is a tuple of 2 arrays, but minixai takes one input: concatenate them"),
        ([IMAGES, IMAGES, IMAGES], ValueError, r"x is a list of 3 arrays, but minixai takes one input: concatenate"),
        ((IMAGES,), ValueError, r"x is a tuple of 1 array, .*: give x\[0\]"),
    ],
)
def test_what_are_no_images(x, error, words):
    with pytest.raises(error, match=words) as caught:
        imaging().scores(x)
    assert "\n" not in str(caught.value)


def test_what_are_images_all_the_same():
    """A list of images; bytes as uint8; black ones; masked arrays without a mask; floats where nobody knows."""
    model = imaging()
    scores = model.scores(IMAGES)
    np.testing.assert_array_equal(model.scores(list(IMAGES)), scores)
    np.testing.assert_array_equal(model.scores(np.ma.masked_greater(IMAGES, 2)), scores)
    bytes_ = (255 * IMAGES).astype(np.uint8)
    np.testing.assert_allclose(model.scores(bytes_), model.scores(bytes_ / 255), rtol=1e-12)
    assert model.scores(np.zeros((1, 6, 5, 3), np.uint8)).shape == (1, 3)
    assert imaging(None).scores(255 * IMAGES).shape == (2, 3)
    assert model.scores(3 * IMAGES - 1).shape == (2, 3)


@pytest.mark.parametrize(
    "shape",
    [(6, 5, 3), (2, 3, 6, 5), (3, 6, 5), (2, 6, 5, 4), (6, 5, 4), (2, 4, 6, 5), (2, 6, 5, 1), (2, 6, 5), (2, 5, 6, 3)],
)
def test_the_hint_for_a_shape_mends_it(shape):
    """What the sentence says to do is done, and the model takes it."""
    x = np.random.default_rng(0).random(shape)
    with pytest.raises(ValueError, match="but this model takes") as caught:
        imaging().scores(x)
    (remedy,) = re.findall(r"(?:np\.\w+\(x.*|x\[.*)$", str(caught.value))
    assert imaging().scores(eval(remedy, {"np": np, "x": x})).shape[1] == 3


def test_other_hints():
    with pytest.raises(ValueError, match="resize the images to 6 × 5 pixels"):
        imaging().scores(np.zeros((2, 7, 7, 3)))
    with pytest.raises(ValueError, match=r"make them grey, x.mean\(axis=-1, keepdims=True\)"):
        imaging(shape=(6, 5, 1)).scores(IMAGES)
    with pytest.raises(ValueError, match=r"x\[None, ..., None\]"):
        imaging(shape=(6, 5, 1)).scores(IMAGES[0, ..., 0])
    with pytest.raises(ValueError, match=r"x.reshape\(len\(x\), -1\)"):
        Model([Dense(2)], (90,)).scores(IMAGES)


# -- what it gives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["softmax", "sigmoid"])
@pytest.mark.parametrize(
    "layers",
    [
        lambda end: [Dense(3, activation=end)],
        lambda end: [Dense(3), Activation(end)],
        lambda end: [Dense(3), Activation(end), Dropout(0.5)],
        lambda end: [Dense(3), Activation(end), Reshape((3, 1)), Flatten()],
        lambda end: lambda x: getattr(ops, end)(x @ np.ones((4, 3))),
        lambda end: lambda x: getattr(ops, end)(x @ np.ones((4, 3))).reshape(3, 1).flatten(),
    ],
)
def test_a_last_softmax_or_sigmoid_is_found(layers, end):
    with pytest.raises(ValueError, match=f"ends with a {end}: leave the last {end} out and give classifier_activation"):
        Model(layers(end), (4,))


def test_what_is_no_end():
    """A softmax over something else, one that is gone on with, and a gate."""
    for network in (
        lambda x: ops.softmax(x.reshape(2, 2)).flatten(),
        lambda x: ops.softmax(x) * 2.0 + 1.0,
        lambda x: ops.sigmoid(x) * x,
        ops.log_softmax,
    ):
        assert Model(network, (4,)).classes == ("0", "1", "2", "3")


def test_one_score_with_a_sigmoid_has_two_classes(tmp_path):
    """Their scores are −z and z, their probabilities 1 − p and p; all methods see both."""
    model = Model([("z", Dense(1))], (3,), dtype=np.float64, classifier_activation="sigmoid", seed=3)
    x = np.random.default_rng(0).normal(size=(6, 3))
    z = x @ model.weights["z/kernel"][:, 0]
    assert model.classes == ("0", "1")
    np.testing.assert_allclose(model.scores(x), np.stack([-z, z], axis=1))
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(model.probabilities(x), np.stack([1 - p, p], axis=1))
    np.testing.assert_array_equal(model.predict(x), z > 0)
    slope = mx.gradient(model, x, 1)
    np.testing.assert_allclose(slope.values, np.broadcast_to(model.weights["z/kernel"][:, 0], x.shape))
    np.testing.assert_allclose(mx.gradient(model, x, 0), -slope.values)
    np.testing.assert_allclose(mx.deep_lift(model, x, "1", output="probability").score, p)
    np.testing.assert_allclose(mx.deep_lift(model, x, output="probability").gap, 0, atol=1e-12)
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert again.is_binary
    np.testing.assert_array_equal(again.scores(x), model.scores(x))
    assert Model([Dense(1)], (3,), classes=["no", "yes"]).predict(x).max() <= 1
    assert not Model([Dense(1)], (3,)).is_binary  # a number, not classes
    with pytest.raises(ValueError, match="3 class names for 1 scores: give one for each, or two"):
        Model([Dense(1)], (3,), classes=["a", "b", "c"])


def test_one_score_learns_two_classes():
    """Cross-entropy is that of the sigmoid: with balanced labels at x = ±1 that overlap, p is their share."""
    model = Model([("z", Dense(1))], (1,), dtype=np.float64, classifier_activation="sigmoid")
    x, labels = np.array([[1.0]] * 4 + [[-1.0]] * 4), [1, 1, 1, 0, 0, 0, 0, 1]
    mx.train(model, x, labels, epochs=300, optimiser=SGD(1.0), batch=8)
    np.testing.assert_allclose(model.probabilities([[1.0], [-1.0]])[:, 1], [0.75, 0.25], atol=1e-3)


def test_several_sigmoids_are_several_labels():
    model = Model([Dense(3)], (2,), dtype=np.float64, classifier_activation="sigmoid")
    x = np.ones((1, 2))
    p = 1 / (1 + np.exp(-model.scores(x)))
    np.testing.assert_allclose(model.probabilities(x), p)
    np.testing.assert_allclose(mx.input_x_gradient(model, x, 1, output="probability").score, p[:, 1])


def test_weights_that_would_stay_random():
    model = Model([("a", Dense(2)), ("b", Dense(2))], (3,))
    with pytest.raises(ValueError, match="b/kernel would stay as drawn at random: give all weights, or partial=True"):
        model.set_weights({"a/kernel": np.ones((3, 2))})
    model.set_weights({"a/kernel": np.ones((3, 2))}, partial=True)
    with pytest.raises(ValueError, match="b/kernel would stay"):
        model.astype(np.float64).set_weights({"a/kernel": np.ones((3, 2))})
    model.set_weights({"b/kernel": np.ones((2, 2))})  # biases are 0, not random
    model.set_weights({"a/bias": np.ones(2)})


def test_classes_by_name():
    model = imaging(classes=["red_fox", "wolf", "wolf"])
    assert model.class_number("red fox") == model.class_number("Red_Fox") == model.class_number(0) == 0
    assert model.class_number("2") == model.class_number(np.int64(2)) == 2
    with pytest.raises(ValueError, match="'wolf' is what the classes 1, 2 are called: give the number of one"):
        model.class_number("wolf")
    with pytest.raises(ValueError, match=r"no class 'red_foxes', did you mean 'red_fox'\? .* 0 to 2 or a name, red_"):
        model.class_number("red_foxes")
    for k in (3, -1):
        with pytest.raises(ValueError, match="there is no class -?[13]: this model has 3"):
            model.class_number(k)
    for k in ("3", "", "\x1b[31m"):
        with pytest.raises(ValueError, match=r"this model has no class '[^\x1b]*give a number from 0 to 2"):
            model.class_number(k)
    for k in (1.0, None, True, b"wolf"):
        with pytest.raises(TypeError, match="a class is given by its name or its number, got"):
            model.class_number(k)


def test_exact_names_come_before_alike_ones_and_numbers():
    model = imaging(classes=["Fox", "fox", "1"])
    assert [model.class_number(each) for each in ("Fox", "fox", "1", 1)] == [0, 1, 2, 1]
    with pytest.raises(ValueError, match="'FOX' is what the classes 0, 1 are called"):
        model.class_number("FOX")


def test_the_suggestion_stays_with_the_model(tmp_path):
    model = imaging(None)
    model.suggested_preprocessing = "imagenet"
    model.save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz").suggested_preprocessing == "imagenet"
    assert model.astype(np.float32).suggested_preprocessing == "imagenet"


@pytest.mark.parametrize(
    ("name", "text", "x", "y"),
    [
        ("0..1", "0..1, pixels", 0.25, 0.25),
        ("-1..1", "-1..1, (pixels - 0.5) / 0.5", 0.25, -0.5),
        ("keras-tf", "-1..1, (pixels - 0.5) / 0.5", 0.25, -0.5),
        ("0..255", "0..255, pixels * 255", 0.2, 51),
        ("imagenet", "imagenet, (pixels - [0.485 0.456 0.406]) / [0.229 0.224 0.225]", 0.485, 0),
        ("torch", "imagenet, (pixels - [0.485 0.456 0.406]) / [0.229 0.224 0.225]", 0.485, 0),
        ("caffe", "caffe, BGR pixels * 255 - [103.939 116.779 123.68]", 0.0, -103.939),
        ((0.2, (0.1, 0.2, 0.4)), "(pixels - 0.2) / [0.1 0.2 0.4]", 0.25, 0.5),
    ],
)
def test_preprocessing_by_name_and_numbers(name, text, x, y):
    made = as_preprocessing(name, 3)
    assert str(made) == text
    np.testing.assert_allclose(made(Node(np.full((1, 1, 1, 3), x))).value[0, 0, 0, 0], y, atol=1e-12)


def test_keras_alone_says_too_little():
    with pytest.raises(ValueError, match="three ways: give preprocessing='caffe' for VGG"):
        as_preprocessing("keras", 3)
    assert as_preprocessing(None, 3) is None


def test_an_own_operation_says_how_to_keep_it(tmp_path):
    """What the sentence says is done, and the weights come back."""

    def build(seed):
        return Model([("d", Dense(3)), ("own", Function(lambda x: x * x))], (2,), seed=seed)

    model, path = build(1), tmp_path / "w.npz"
    with pytest.raises(
        TypeError, match=r"layer 'own' is code: .*np.savez\(path, \*\*model.weights\) keeps the weights"
    ):
        model.save(path)
    np.savez(path, **model.weights)
    other = build(2)
    with np.load(path) as archive:
        other.set_weights(dict(archive))
    np.testing.assert_array_equal(other.scores(np.ones((1, 2))), model.scores(np.ones((1, 2))))


@pytest.mark.parametrize(
    ("shape", "row", "remedy"),
    [
        ((4, 8, 6), (8, 6, 3), "np.moveaxis(x, 0, -1)[None, ..., :-1]"),
        ((8, 6), (8, 6, 3), "np.repeat(x[None, ..., None], 3, axis=-1)"),
        ((2, 1, 8, 6), (8, 6, 3), "np.repeat(np.moveaxis(x, 1, -1), 3, axis=-1)"),
        ((8, 6, 3), (8, 6, 1), "x.mean(axis=-1, keepdims=True)[None]"),
        ((2, 3, 8, 6), (8, 6, 1), "x.mean(axis=1)[..., None]"),
        ((2, 48), (8, 6, 1), "x.reshape(-1, 8, 6, 1)"),
        ((2, 144), (8, 6, 3), "x.reshape(-1, 8, 6, 3)"),
    ],
)
def test_the_remedy_for_a_wrong_shape_gives_the_right_one(shape, row, remedy):
    hint = shape_hint(shape, row, "x")
    assert hint.endswith(f"give {remedy}" if "mean" not in remedy else remedy)
    assert eval(remedy, {"np": np, "x": np.zeros(shape)}).shape[1:] == row


def test_other_sizes_are_told_with_their_channels():
    assert "np.moveaxis(x, 1, -1), resized to 8 × 6 pixels" in shape_hint((2, 3, 64, 64), (8, 6, 3), "x")
    assert "resize the images to 8 × 6 pixels" in shape_hint((2, 64, 64, 3), (8, 6, 3), "x")
