"""Small Keras models with one kind of thing each, under random weights; and what Keras and LiteRT make of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from archspec.lower.framework import keras

L, ops = keras.layers, keras.ops
Build = Callable[[Any], Any]


def convolutions(image: Any) -> Any:
    x = L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    x = L.Conv2D(8, (3, 1), padding="same", dilation_rate=2, groups=2, use_bias=False)(x)
    x = L.Conv2D(16, 3, padding="same", groups=8, activation="silu")(x)  # as many groups as channels
    x = L.DepthwiseConv2D(3, padding="valid", depth_multiplier=2, activation="relu6")(x)
    x = L.SeparableConv2D(6, 3, padding="same", activation="tanh")(x)
    x = L.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
    x = L.Conv2DTranspose(4, 2, strides=2, padding="valid", use_bias=False, activation="relu")(x)
    return L.Dense(3, activation="sigmoid")(x)


def activations(image: Any) -> Any:
    x = L.Rescaling(1 / 32, offset=-4.0)(image)
    words = ("relu", "relu6", "leaky_relu", "sigmoid", "tanh", "elu", "gelu", "silu", "swish", "hard_silu",
             "hard_sigmoid", "softplus", "softmax", "linear", "exponential")  # fmt: skip
    found = [L.Activation(word)(x) for word in words]
    found += [L.ReLU(max_value=6)(x), L.ReLU(max_value=3.0)(x), L.ReLU(negative_slope=0.1)(x), L.LeakyReLU(0.2)(x)]
    found += [L.ELU()(x), L.Softmax()(x), L.PReLU(shared_axes=[1, 2])(x)]
    found += [L.Conv2D(2, 1, activation=L.ReLU(max_value=6.0))(x), L.Dense(2, activation=L.LeakyReLU(0.3))(x)]
    return L.Concatenate()(found)


def normalizations(image: Any) -> Any:
    adapted = L.Normalization()
    adapted.adapt(np.random.default_rng(1).normal(100, 30, (8, 16, 16, 3)).astype("float32"))
    x = adapted(image)
    fixed = L.Normalization(mean=[100.0, 110.0, 120.0], variance=[900.0, 1000.0, 1100.0])(image)
    x = L.Concatenate()([x, fixed, L.Rescaling([0.1, 0.2, 0.3], offset=[1.0, 2.0, 3.0])(image)])
    x = L.BatchNormalization(scale=False, epsilon=1e-2)(x)
    x = L.Conv2D(8, 1)(x)
    x = L.BatchNormalization(center=False)(x)
    x = L.LayerNormalization(epsilon=1e-4)(x)
    x = L.GroupNormalization(4)(x)
    x = L.SpatialDropout2D(0.5)(L.Dropout(0.5, noise_shape=(None, 1, 1, 1))(L.GaussianNoise(1.0)(x)))
    return L.LayerNormalization(center=False)(x)


def poolings(image: Any) -> Any:
    x = L.ZeroPadding2D(((1, 2), (3, 0)))(image)
    x = L.MaxPooling2D(3, strides=2, padding="same")(x)
    x = L.AveragePooling2D(2, strides=1, padding="valid")(x)
    x = L.Cropping2D(((1, 0), (0, 1)))(x)
    whole = L.Concatenate()([L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)])
    grid = L.Flatten()(L.AdaptiveAveragePooling2D(2)(L.Resizing(4, 6)(x)))
    up = L.UpSampling2D(2, interpolation="bilinear")(L.Resizing(3, 5, interpolation="nearest")(x))
    mixed = L.Permute((2, 3, 1))(L.UpSampling2D((1, 2))(up))
    return L.Concatenate()([whole, grid, L.Reshape((-1,))(mixed)])


def merging(image: Any) -> Any:
    x, y = L.Conv2D(4, 1)(image), L.Conv2D(4, 1)(image)
    gate = L.Dense(4, activation="sigmoid")(L.GlobalAveragePooling2D()(x))
    found = [L.Add()([x, y, x]), L.Subtract()([x, y]), L.Multiply()([x, y]), L.Maximum()([x, y])]
    found += [L.Minimum()([x, y]), L.Average()([x, y]), L.Multiply()([x, L.Reshape((1, 1, 4))(gate)])]
    found += [x * ops.expand_dims(ops.expand_dims(gate, 1), 1), x + 3.0, 2.0 - x, x * 0.5, x / 4.0, -x, x - 1.5]
    return L.Concatenate(axis=-1)(found)


def operations(image: Any) -> Any:
    x = ops.relu6(L.Conv2D(4, 1)(image) / 16)
    x = ops.concatenate([ops.gelu(x), ops.silu(x), ops.leaky_relu(x), ops.clip(x, 0, 2)], axis=-1)
    x = x * np.linspace(0.5, 2, 16).astype("float32")
    mean, most = ops.mean(x, axis=(1, 2), keepdims=True), ops.max(x, axis=(1, 2), keepdims=True)
    first, second = ops.split(x * (mean + most), 2, axis=-1)
    y = ops.pad(first[:, ::2, 1:13, 2:], ((0, 0), (1, 0), (2, 2), (0, 0)))
    z = ops.image.resize(second, (9, 16))[..., :6]
    tokens = ops.transpose(ops.reshape(ops.squeeze(ops.expand_dims(y + z, 1), 1), (-1, 144, 6)), (0, 2, 1))
    return ops.softmax(ops.matmul(tokens, ops.reshape(y, (-1, 144, 6))), axis=-1)


def attention(image: Any) -> Any:
    x = L.Reshape((64, 6))(L.Conv2D(6, 2, strides=2)(image))
    x = x + L.MultiHeadAttention(2, 4, value_dim=3)(L.LayerNormalization()(x), x)
    x = L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d", activation="gelu")(x)
    return L.Attention()([x, L.Dense(5)(x)])


def nested(image: Any) -> Any:
    """Models in models, one of them used twice, an activation used twice."""
    relu = L.ReLU(name="relu")
    unit = keras.Sequential([L.Conv2D(3, 3, padding="same"), relu, L.BatchNormalization()], name="unit")
    entrance = keras.Input((16, 16, 3))
    whole = keras.Model(entrance, unit(relu(unit(entrance))), name="whole")
    return L.Add()([whole(image), relu(image)])


MODELS: dict[str, Build] = {
    one.__name__: one
    for one in (activations, attention, convolutions, merging, nested, normalizations, operations, poolings)
}


def model_of(build: Build) -> Any:
    """The model, every variable drawn anew."""
    image = keras.Input((16, 16, 3), name="image")
    model = keras.Model(image, build(image))
    generator = np.random.default_rng(7)
    for variable in model.weights:
        if "normalization" in variable.path and variable.name in ("mean", "variance", "count"):
            continue  # of `Normalization`, which computes with copies
        low, high = (0.5, 1.5) if variable.name in ("gamma", "moving_variance") else (-0.4, 0.4)
        variable.assign(generator.uniform(low, high, variable.shape))
    return model
