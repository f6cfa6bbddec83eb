"""Networks built by Keras here and now, saved and loaded: the same scores, as .keras, as .h5 and as TensorFlow.js.

Without Keras, which may not be installable beside other libraries, these tests are skipped.
"""

import numpy as np
import pytest

import minixai as mx
from tests.zoo.test_keras import LOGITS, NETWORKS, as_tensorflow_js, close

torch = pytest.importorskip("torch", reason="it is Keras's backend here")
networks = pytest.importorskip("tests.peers.keras_networks", reason="Keras makes the networks")  # it names the backend
keras, BUILDERS, network = networks.keras, networks.NETWORKS, networks.network

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's own, such as that .h5 is of old


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", BUILDERS)
def test_scores_and_gradient(name, suffix, tmp_path):
    network_of_keras, x = network(name)
    path = tmp_path / f"net.{suffix}"
    network_of_keras.save(path)
    model = mx.load(path)
    rows = x.reshape(2, *model.input_shape)
    expected = network_of_keras.predict(x, verbose=0)
    label = int(model.is_binary)  # Keras gives the second of two classes
    close(model.scores(rows) if name in LOGITS else model.probabilities(rows)[:, label:], expected)
    there = torch.tensor(x, requires_grad=True)
    (gradient,) = torch.autograd.grad(network_of_keras(there)[:, 0].sum(), there)
    output = "score" if name in LOGITS else "probability"
    got = mx.gradient(model.astype(np.float64), rows, label, output=output).values
    theirs = gradient.numpy().reshape(got.shape)
    # theirs is in float32, and the last softmax or sigmoid is part of it
    assert np.max(abs(got - theirs)) <= 1e-4 * np.max(abs(theirs))


def test_the_frozen_files_are_those_of_this_keras(tmp_path):
    """Frozen scores are what Keras makes of its own files today."""
    for name, case in NETWORKS.items():
        path = tmp_path / f"{name}.keras"
        path.write_bytes(bytes(case["keras"]))
        close(keras.models.load_model(path).predict(case["x"], verbose=0), case["scores"])


APPLICATIONS = [
    *("MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "ResNet50", "ResNet50V2"),
    *("DenseNet121", "InceptionV3", "Xception", "VGG16"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_networks_of_keras_applications(name, tmp_path):
    """With weights drawn by chance and images of the smallest size."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    built = getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3), classes=10)
    x = np.random.default_rng(0).random((1, 96, 96, 3), np.float32)
    for suffix in ("keras", "h5"):
        built.save(tmp_path / f"net.{suffix}")
        model = mx.load(tmp_path / f"net.{suffix}")
        close(model.probabilities(x), built.predict(x, verbose=0))
    as_js = as_tensorflow_js(tmp_path / "net.h5", tmp_path / "js")
    close(mx.load(as_js).probabilities(x), built.predict(x, verbose=0))
