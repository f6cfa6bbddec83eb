"""Small networks of Keras, which together have every layer that is read.  The backend is PyTorch, on the CPU."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from keras import layers as L

# Every network has images of this size, but digits, and seven scores
SIZE = (12, 12, 3)


def ends(x, activation="softmax"):
    x = L.GlobalAveragePooling2D(name="pool")(x)
    return L.Dense(7, activation=activation, name="scores")(x)


def sequential():
    return keras.Sequential(
        [
            keras.Input(SIZE),
            L.Rescaling([2.0, 1.5, 1.0], offset=-0.5),
            L.Conv2D(6, 3, activation="relu", padding="same", name="conv1"),
            L.MaxPooling2D(),
            L.Conv2D(8, (3, 2), strides=(2, 1), name="conv2"),
            L.BatchNormalization(name="norm"),
            L.Activation("relu"),
            L.AveragePooling2D(2, strides=1, padding="same"),
            L.Dropout(0.4),
            L.Flatten(),
            L.Dense(7, name="scores"),
            L.Softmax(),
        ]
    )


def mobilenet():
    x = image = keras.Input(SIZE)
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    x = L.BatchNormalization(epsilon=1e-3, name="stem_norm")(x)
    x = L.ReLU(6.0, name="stem_relu")(x)
    for i, stride in enumerate((1, 2)):
        y = L.Conv2D(16, 1, use_bias=False, name=f"expand{i}")(x)
        y = L.Activation("relu6", name=f"relu{i}")(L.BatchNormalization()(y))
        if stride == 2:
            y = L.ZeroPadding2D(((0, 1), (0, 1)))(y)
        y = L.DepthwiseConv2D(3, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False)(y)
        y = L.ReLU(6.0)(L.BatchNormalization(scale=False)(y))
        y = L.BatchNormalization()(L.Conv2D(8, 1, use_bias=False)(y))
        x = L.Add()([x, y]) if stride == 1 else y
    x = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="hard_swish", name="last")(x)
    return keras.Model(image, ends(x))


def squeeze_excite():
    x = image = keras.Input(SIZE)
    x = L.Conv2D(8, 3, activation="swish")(x)
    s = L.GlobalAveragePooling2D(keepdims=True)(x)
    s = L.Conv2D(2, 1, activation="silu")(s)
    s = L.Conv2D(8, 1, activation="hard_sigmoid", name="gate")(s)
    x = L.Multiply()([x, s])
    t = L.Dense(8, activation="sigmoid")(L.GlobalMaxPooling2D()(x))
    t = L.Reshape((1, 1, -1))(t)
    x = L.Multiply()([t, x])
    x = L.SpatialDropout2D(0.2)(x)
    return keras.Model(image, ends(x, "sigmoid"))


def residual():
    x = image = keras.Input(SIZE)
    x = L.Conv2D(8, 3, padding="same")(x)
    for name in ("a", "b"):
        y = L.LayerNormalization(epsilon=1e-4)(x)
        y = L.Conv2D(8, 3, padding="same", dilation_rate=2, activation="gelu", name=f"{name}_conv")(y)
        x = L.Add(name=f"{name}_add")([x, y])
    y = L.Average()([x, L.GaussianNoise(0.3)(x), L.Activation("tanh")(x)])
    x = L.Subtract()([L.Maximum()([x, y]), L.Minimum()([y, L.Activation("softsign")(x)])])
    x = L.GroupNormalization(2)(x)
    x = L.GlobalMaxPooling2D()(x)
    return keras.Model(image, L.Dropout(0.5)(L.Dense(7)(x)))


def separable():
    x = image = keras.Input(SIZE)
    x = L.Cropping2D(((1, 0), (2, 1)))(x)
    x = L.SeparableConv2D(8, 3, strides=2, padding="same", depth_multiplier=2, activation="elu")(x)
    x = L.UpSampling2D((2, 3))(x)
    x = L.SeparableConv2D(6, (2, 3), use_bias=False, activation="softplus")(x)
    x = L.UpSampling2D(2, interpolation="bilinear")(x)
    x = L.Permute((2, 1, 3))(x)
    return keras.Model(image, ends(x))


def inception():
    x = image = keras.Input(SIZE)
    a = L.Conv2D(4, 1, activation="selu")(x)
    b = L.Conv2D(4, 3, padding="same", activation="mish")(x)
    c = L.Conv2D(4, 5, padding="same", groups=1, activation="exponential")(x * 0.1)
    d = L.MaxPooling2D(3, strides=1, padding="same")(x)
    x = L.Concatenate()([a, b, c, d])
    x = L.Conv2D(15, 3, groups=5, activation="leaky_relu", name="grouped")(x)
    x = L.Concatenate(axis=1)([x, 1.0 - x])
    return keras.Model(image, ends(x))


def nested():
    inner = keras.Sequential([L.Conv2D(6, 3, name="conv"), L.BatchNormalization(name="norm"), L.ReLU()], name="first")
    y = start = keras.Input((10, 10, 6))
    y = L.Conv2D(6, 1, name="other")(y)
    y = L.Add()([y, keras.Sequential([L.Conv2D(6, 3, padding="same", name="deep")], name="deeper")(start)])
    block = keras.Model(start, L.BatchNormalization(name="norm")(y), name="block")
    image = keras.Input(SIZE)
    return keras.Model(image, ends(block(inner(image))))


def norms():
    x = image = keras.Input(SIZE)
    normalization = L.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.04, 0.09, 0.06])
    x = normalization(x)
    x = L.Conv2D(8, 3, use_bias=False)(x)
    x = L.BatchNormalization(scale=False)(x)
    x = L.ReLU(max_value=2.0, negative_slope=0.1)(x)
    x = L.BatchNormalization(center=False)(x)
    x = L.BatchNormalization(scale=False, center=False, epsilon=1e-2)(x)
    x = L.LayerNormalization(axis=[1, 2, 3], scale=False)(x)
    x = L.LayerNormalization(axis=[-1, -2], center=False)(x)
    return keras.Model(image, ends(x))


def rectifiers():
    x = image = keras.Input(SIZE)
    x = L.PReLU(shared_axes=[1, 2])(L.Conv2D(6, 3, name="one")(x))
    x = L.LeakyReLU(negative_slope=0.2)(L.Conv2D(6, 3, strides=2)(x))
    x = L.PReLU()(L.Conv2D(6, 1)(x))
    x = L.ELU(alpha=0.7)(x)
    x = L.ReLU(negative_slope=0.3)(x)
    x = L.Conv2D(6, 1, activation=L.LeakyReLU(negative_slope=0.25), name="inside")(x)
    x = L.Multiply()([x, L.Softmax(axis=1)(x)])
    return keras.Model(image, ends(x))


def transposed():
    x = image = keras.Input(SIZE)
    x = L.Conv2DTranspose(5, 3, strides=2, padding="valid", activation="relu")(x)
    x = L.Conv2DTranspose(4, 2, strides=2, padding="same")(x)
    x = L.Resizing(9, 14)(x)
    x = L.Resizing(7, 8, interpolation="nearest")(x)
    return keras.Model(image, ends(x))


def digits():
    """Images without an axis for channels, and one score."""
    return keras.Sequential(
        [keras.Input((6, 5)), L.Reshape((6, 5, 1)), L.Conv2D(3, 3), L.Flatten(), L.Dense(1, activation="sigmoid")]
    )


def arithmetic():
    x = image = keras.Input(SIZE)
    x = L.Conv2D(4, 3)(x) / 2.0 + 3.0
    y = x - 1.0
    x = 2.0 / (L.Activation("softplus")(y) + 1.0) - x * y / (y * y + 1.0)
    return keras.Model(image, ends(x))


NETWORKS = {
    made.__name__: made
    for made in (
        *(sequential, mobilenet, squeeze_excite, residual, separable, inception, nested, norms, rectifiers),
        *(transposed, digits, arithmetic),
    )
}


def network(name):
    """A network whose weights, running averages too, are drawn by chance, and two images."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model, rng = NETWORKS[name](), np.random.default_rng(1)
    for w in model.weights:
        kind, shape = w.path.rsplit("/", 1)[-1], tuple(w.shape)
        if "seed" in w.path or "kernel" in kind:
            continue
        w.assign(rng.uniform(0.5, 1.5, shape) if kind in ("gamma", "moving_variance") else rng.normal(0, 0.3, shape))
    return model, rng.random((2, *model.input_shape[1:]), np.float32)
