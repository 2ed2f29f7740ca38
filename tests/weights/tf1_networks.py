"""The papers' networks as TensorFlow 1 graphs, written from their description, with the published variable names.

`tf.compat.v1` and `tf.nn` alone: nothing here knows our blocks. Every variable is made by `variable`, under the name
that the released checkpoints have; values are random, batch norms as if trained.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
Array = np.ndarray[Any, Any]
Pair = tuple[int, int]


def variable(name: str, shape: tuple[int, ...], kind: str) -> Any:
    """A variable whose random value depends on its name alone."""
    draw = np.random.default_rng(np.frombuffer(name.encode(), np.uint8))
    low, high = {"gamma": (0.6, 1.4), "beta": (-0.2, 0.7), "moving_mean": (-0.3, 0.3),
                 "moving_variance": (0.4, 1.6), "bias": (-0.3, 0.3)}.get(kind, (0.0, 0.0))  # fmt: skip
    if kind == "kernel":
        fan_in = shape[0] * shape[1] * (shape[2] if shape[3] != 1 else 1)
        value = draw.standard_normal(shape) * (2.0 / fan_in) ** 0.5
    else:
        value = draw.uniform(low, high, shape)
    return v1.get_variable(name, initializer=value.astype(np.float32))


def norm(x: Any, scope: str, epsilon: float) -> Any:
    parts = {
        part: variable(f"{scope}/{part}", (x.shape[-1],), part)
        for part in ("moving_mean", "moving_variance", "beta", "gamma")
    }
    return tf.nn.batch_normalization(x, parts["moving_mean"], parts["moving_variance"], parts["beta"], parts["gamma"],
                                     epsilon)  # fmt: skip


class Deeplab:
    """What mobile-segmentation's graphs have in common; `batch_norm` is the scope its backbone calls its norms."""

    def __init__(self, batch_norm: str, activation: Callable[[Any], Any]) -> None:
        self.batch_norm, self.activation = batch_norm, activation

    def conv(self, x: Any, scope: str, filters: int, kernel: int = 1, stride: int = 1, act: bool = True) -> Any:
        weights = variable(f"{scope}/weights", (kernel, kernel, x.shape[-1], filters), "kernel")
        x = norm(tf.nn.conv2d(x, weights, stride, "SAME"), f"{scope}/{self.batch_norm}", 1e-3)
        return self.activation(x) if act else x

    def depthwise(self, x: Any, scope: str, stride: int, rate: int = 1, act: bool = False) -> Any:
        weights = variable(f"{scope}/depthwise_weights", (3, 3, x.shape[-1], 1), "kernel")
        y = tf.nn.depthwise_conv2d(x, weights, [1, stride, stride, 1], "SAME", dilations=[rate, rate])
        y = norm(y, f"{scope}/{self.batch_norm}", 1e-3)
        return self.activation(y) if act else y


def shufflenet_v2(x: Any) -> Any:
    """Output stride 16: stage 4 keeps stride and rate 1, as the released code does."""
    net = Deeplab("batch_norm", tf.nn.relu)
    x = net.conv(x, "ShuffleNetV2/Conv1", 24, 3, 2)
    x = tf.nn.max_pool2d(x, 3, 2, "SAME")
    for stage, filters, units, stride in ((2, 116, 4, 2), (3, 232, 8, 2), (4, 464, 4, 1)):
        scope = f"ShuffleNetV2/Stage{stage}/unit_1"
        main = net.conv(x, f"{scope}/conv1x1_before", x.shape[-1])
        main = net.depthwise(main, f"{scope}/depthwise", stride)
        main = net.conv(main, f"{scope}/conv1x1_after", filters // 2)
        side = net.depthwise(x, f"{scope}/second_branch/depthwise", stride)
        side = net.conv(side, f"{scope}/second_branch/conv1x1_after", filters // 2)
        for unit in range(2, units + 1):
            scope = f"ShuffleNetV2/Stage{stage}/unit_{unit}"
            mixed = tf.stack([side, main], axis=-1)  # a channel of one beside a channel of the other
            mixed = tf.reshape(mixed, [-1, *side.shape[1:3], filters])
            side, main = mixed[..., : filters // 2], mixed[..., filters // 2 :]
            side = net.conv(side, f"{scope}/conv1x1_before", filters // 2)
            side = net.depthwise(side, f"{scope}/depthwise", 1)
            side = net.conv(side, f"{scope}/conv1x1_after", filters // 2)
        x = tf.concat([side, main], -1)
    return x


def mobilenet_v2(x: Any) -> Any:
    """Output stride 16: expanded_conv_13 loses its stride, 14 to 16 have rate 2."""
    net = Deeplab("BatchNorm", tf.nn.relu6)
    x = net.conv(x, "MobilenetV2/Conv", 32, 3, 2)
    number = 0
    for expansion, filters, repeats, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                                (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):  # fmt: skip
        for repeat in range(repeats):
            scope = f"MobilenetV2/expanded_conv{f'_{number}' if number else ''}"
            own_stride, rate = (stride if repeat == 0 else 1), (2 if number >= 14 else 1)
            y = net.conv(x, f"{scope}/expand", int(x.shape[-1]) * expansion) if expansion > 1 else x
            y = net.depthwise(y, f"{scope}/depthwise", 1 if number == 13 else own_stride, rate, act=True)
            y = net.conv(y, f"{scope}/project", filters, act=False)
            x = x + y if own_stride == 1 and x.shape[-1] == filters else y
            number += 1
    return x


def head_conv(x: Any, scope: str, filters: int = 256) -> Any:
    weights = variable(f"{scope}/weights", (1, 1, x.shape[-1], filters), "kernel")
    return tf.nn.relu(norm(tf.nn.conv2d(x, weights, 1, "SAME"), f"{scope}/BatchNorm", 1e-5))


def basic_head(x: Any) -> Any:
    height, width = x.shape[1:3]
    pooled = tf.nn.avg_pool2d(x, [height, width], [1, 1], "VALID")
    pooled = v1.image.resize_bilinear(head_conv(pooled, "image_pooling"), [height, width], align_corners=True)
    return head_conv(tf.concat([pooled, head_conv(x, "aspp0")], -1), "concat_projection")


def dpc_head(x: Any) -> Any:
    branches: list[Any] = []
    for number, (rate, source) in enumerate((((1, 6), -1), ((18, 15), 0), ((6, 3), 1), ((1, 1), 0), ((6, 21), 0))):
        y = x if source < 0 else branches[source]
        scope = f"meta_architecture/branch{number}"
        weights = variable(f"{scope}_depthwise/depthwise_weights", (3, 3, y.shape[-1], 1), "kernel")
        y = tf.nn.depthwise_conv2d(y, weights, [1, 1, 1, 1], "SAME", dilations=list(rate))
        y = tf.nn.relu(norm(y, f"{scope}_depthwise/BatchNorm", 1e-5))
        branches.append(head_conv(y, f"{scope}_pointwise"))
    return head_conv(tf.concat(branches, -1), "meta_architecture/concat_projection")


def deeplab(backbone: Callable[[Any], Any], head: Callable[[Any], Any], classes: int) -> Callable[[Any], Any]:
    def logits(image: Any) -> Any:
        x = head(backbone(image * (2.0 / 255.0) - 1.0))
        weights = variable("logits/semantic/weights", (1, 1, 256, classes), "kernel")
        x = tf.nn.conv2d(x, weights, 1, "SAME") + variable("logits/semantic/biases", (classes,), "bias")
        x = v1.image.resize_bilinear(x, x.shape[1:3], align_corners=True)
        return v1.image.resize_bilinear(x, image.shape[1:3], align_corners=True)

    return logits


class Shuffleseg:
    """TFSegmentation's SkipNet-ShuffleNet."""

    groups = 3
    encoder = "network/shufflenet_encoder"

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def conv(self, x: Any, scope: str, filters: int, kernel: int = 1, stride: int = 1, *, act: bool = False,
             batch_norm: bool = True) -> Any:  # fmt: skip
        weights = variable(f"{scope}/weights", (kernel, kernel, x.shape[-1], filters), "kernel")
        x = tf.nn.conv2d(x, weights, stride, "VALID") + variable(f"{scope}/biases", (filters,), "bias")
        x = norm(x, f"{scope}/batch_normalization", 1e-3) if batch_norm else x
        return tf.nn.relu(x) if act else x

    def grouped(self, x: Any, scope: str, filters: int, act: bool) -> Any:
        name = scope.split("/")[-1]
        parts = [
            self.conv(part, f"{scope}/{name}_{number}", filters // self.groups, batch_norm=False)
            for number, part in enumerate(tf.split(x, self.groups, -1))
        ]
        x = norm(tf.concat(parts, -1), f"{scope}/batch_normalization", 1e-5)
        return tf.nn.relu(x) if act else x

    def unit(self, x: Any, scope: str, filters: int, stride: int, grouped: bool) -> Any:
        inside = int(x.shape[-1])
        out = filters if stride == 1 else filters - inside
        bottleneck = filters // 4 if stride == 1 else out // 4
        if grouped:
            y = self.grouped(x, f"{scope}/Gbottleneck", bottleneck, True)
            height, width = y.shape[1:3]
            y = tf.reshape(y, [-1, height, width, self.groups, bottleneck // self.groups])
            y = tf.reshape(tf.transpose(y, [0, 1, 2, 4, 3]), [-1, height, width, bottleneck])
        else:
            y = self.conv(x, f"{scope}/bottleneck", bottleneck, act=True)
        y = tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]])
        weights = variable(f"{scope}/depthwise/weights", (3, 3, bottleneck, 1), "kernel")
        y = tf.nn.depthwise_conv2d(y, weights, [1, stride, stride, 1], "VALID")
        y = norm(y + variable(f"{scope}/depthwise/biases", (bottleneck,), "bias"),
                 f"{scope}/depthwise/batch_normalization", 1e-3)  # fmt: skip
        y = self.grouped(y, f"{scope}/Gconv1x1", out, False)
        if stride == 1:
            return tf.nn.relu(x + y)
        return tf.nn.relu(tf.concat([tf.nn.avg_pool2d(x, 3, stride, "SAME"), y], -1))

    def deconv(self, x: Any, scope: str, like: Any, kernel: int, stride: int, batch_norm: bool = True) -> Any:
        weights = variable(f"{scope}/weights", (kernel, kernel, self.classes, x.shape[-1]), "kernel")
        shape = [1, like.shape[1], like.shape[2], self.classes]
        x = tf.nn.conv2d_transpose(x, weights, shape, [1, stride, stride, 1], "SAME")
        x = x + variable(f"{scope}/layer_biases", (self.classes,), "bias")
        return norm(x, f"{scope}/batch_normalization", 1e-3) if batch_norm else x

    def __call__(self, image: Any) -> Any:
        red, green, blue = tf.split(image, 3, -1)
        # The means are those of red, green and blue, taken off blue, green and red.
        x = tf.concat([blue - 73.29132098, green - 83.04442645, red - 72.5238962], -1) / 255.0
        x = self.conv(x, f"{self.encoder}/conv1", 24, 3, 2, act=True)
        x = tf.nn.max_pool2d(tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]]), 3, 2, "VALID")
        feeds = []
        for stage, filters, units in ((2, 240, 4), (3, 480, 8), (4, 960, 4)):
            for number in range(units):
                scope, first = f"{self.encoder}/stage{stage}_{number}", number == 0
                x = self.unit(x, scope, filters, 2 if first else 1, not (first and stage == 2))
            feeds.append(x)
        x = self.conv(x, f"{self.encoder}/conv_1c_1x1", self.classes, batch_norm=False)
        for number, feed in ((1, feeds[1]), (2, feeds[0])):
            x = self.deconv(x, f"network/upscore{2 * number}", feed, 4, 2)
            x = x + self.conv(feed, f"network/score_feed{number}", self.classes)
        return self.deconv(x, "network/upscore8", image, 16, 8, batch_norm=False)


NETWORKS: dict[str, Callable[[int], Callable[[Any], Any]]] = {
    "shufflenetv2_basic": lambda classes: deeplab(shufflenet_v2, basic_head, classes),
    "shufflenetv2_dpc": lambda classes: deeplab(shufflenet_v2, dpc_head, classes),
    "mobilenetv2_basic": lambda classes: deeplab(mobilenet_v2, basic_head, classes),
    "mobilenetv2_dpc": lambda classes: deeplab(mobilenet_v2, dpc_head, classes),
    "shuffleseg_skipnet": Shuffleseg,
}


def run(name: str, pixels: Array, classes: int = 19, checkpoint: Path | None = None, training: bool = False) -> Array:
    """The logits for an image `(H, W, 3)`; the graph's variables go to a checkpoint of TensorFlow 1's format.

    With `training` it also has what training leaves there: Adam's slots, moving averages, counters.
    """
    with v1.Graph().as_default(), v1.Session() as session, v1.variable_scope("", use_resource=True):
        image = v1.placeholder(tf.float32, (1, *pixels.shape))
        logits = NETWORKS[name](classes)(image)
        if training:
            _companions()
        session.run(v1.global_variables_initializer())
        if checkpoint is not None:
            v1.train.Saver(write_version=v1.train.SaverDef.V2).save(session, str(checkpoint))
        return np.asarray(session.run(logits, {image: pixels[None]})[0])


def _companions() -> None:
    for one in v1.trainable_variables():
        name = one.op.name
        for slot in ("Adam", "Adam_1", "ExponentialMovingAverage"):
            v1.get_variable(f"{name}/{slot}", initializer=np.full(one.shape, 9.0, np.float32), trainable=False)
    for name in ("global_step", "beta1_power", "beta2_power"):
        v1.get_variable(name, initializer=np.float32(7.0), trainable=False)
