"""ShuffleSeg and RTSeg as TensorFlow 1 graphs compute them: `tf.nn` calls on raw arrays, each group by itself.

Written after the published code, not after our blocks: VALID convolutions on padded maps, transposed convolutions
into a given output shape, skips padded by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archspec.lower.framework import tf

Array = np.ndarray[Any, Any]
Weights = dict[str, Array]
ONE_AFTER = [[0, 0], [0, 1], [0, 1], [0, 0]]
AROUND = [[0, 0], [1, 1], [1, 1], [0, 0]]


class Original:
    """A network's weights by our names, and the original's layers."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def norm(self, x: Any, name: str, epsilon: float = 1e-3) -> Any:
        mean, variance, beta, gamma = (
            self.weights[f"{name}.bn/{part}"] for part in ("moving_mean", "moving_variance", "beta", "gamma")
        )
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)

    def conv(self, x: Any, name: str, stride: int = 1, padding: str = "SAME", rate: int = 1) -> Any:
        kernel, bias = self.weights[f"{name}.conv/kernel"], self.weights[f"{name}.conv/bias"]
        return tf.nn.conv2d(x, kernel, stride, padding, dilations=rate) + bias

    def grouped(self, x: Any, name: str, groups: int) -> Any:
        kernel, bias = self.weights[f"{name}.conv/kernel"], self.weights[f"{name}.conv/bias"]
        size, filters = x.shape[-1] // groups, kernel.shape[-1] // groups
        sides = [
            tf.nn.conv2d(
                x[..., group * size : (group + 1) * size],
                kernel[..., group * filters : (group + 1) * filters],
                1,
                "VALID",
            )
            for group in range(groups)
        ]
        return self.norm(tf.concat(sides, -1) + bias, name, 1e-5)

    def depthwise(self, x: Any, name: str, stride: int, padding: str, rate: int = 1) -> Any:
        kernel, bias = self.weights[f"{name}.dw/kernel"], self.weights[f"{name}.dw/bias"]
        y = tf.nn.depthwise_conv2d(x, kernel, [1, stride, stride, 1], padding, dilations=[rate, rate])
        return self.norm(y + bias, name)

    def deconv(self, x: Any, name: str, size: Any, factor: int, norm: bool = True) -> Any:
        kernel, bias = self.weights[f"{name}.deconv/kernel"], self.weights[f"{name}.deconv/bias"]
        shape = [x.shape[0], *size, kernel.shape[2]]
        y = tf.nn.conv2d_transpose(x, kernel, shape, factor, "SAME") + bias
        return self.norm(y, name) if norm else y

    # --- encoders -----------------------------------------------------------------------------------------------------
    def unit(self, x: Any, name: str, groups: int, first: bool, stage: int, rate: int) -> Any:
        if first and stage == 2:
            y = tf.nn.relu(self.norm(self.conv(x, f"{name}.bottleneck", padding="VALID"), f"{name}.bottleneck"))
        else:
            y = tf.nn.relu(self.grouped(x, f"{name}.bottleneck", groups))
            n, h, w, c = y.shape
            y = tf.reshape(tf.transpose(tf.reshape(y, [n, h, w, groups, c // groups]), [0, 1, 2, 4, 3]), [n, h, w, c])
        if rate > 1:
            y = self.depthwise(y, f"{name}.depthwise", 1, "SAME", rate)
        else:
            y = self.depthwise(tf.pad(y, AROUND), f"{name}.depthwise", 2 if first else 1, "VALID")
        y = self.grouped(y, f"{name}.gconv", groups)
        if not first:
            return tf.nn.relu(x + y)
        return tf.nn.relu(tf.concat([x if rate > 1 else tf.nn.avg_pool2d(x, 3, 2, "SAME"), y], -1))

    def shufflenet(self, pixels: Array, groups: int = 3, dilated: bool = False) -> dict[str, Any]:
        red, green, blue = tf.split(pixels, 3, axis=3)
        x = tf.concat([(blue - 73.29132098) / 255, (green - 83.04442645) / 255, (red - 72.5238962) / 255], 3)
        x = tf.nn.relu(self.norm(self.conv(x, "backbone.conv1", 2, "VALID"), "backbone.conv1"))
        found = {"conv1": x}
        x = found["max_pool"] = tf.nn.max_pool2d(tf.pad(x, ONE_AFTER), 3, 2, "VALID")
        for stage, units in ((2, 4), (3, 8), (4, 4)):
            for number in range(units):
                rate = 2 ** (stage - 2) if dilated and number == 0 else 1
                x = self.unit(x, f"backbone.stage{stage}.{number}", groups, number == 0, stage, rate)
            found[f"stage{stage}"] = x
        return found

    def separable(self, x: Any, name: str, stride: int, activation: Any) -> Any:
        x = activation(self.depthwise(x, f"{name}.depthwise", stride, "SAME"))
        return activation(self.norm(self.conv(x, f"{name}.pointwise"), f"{name}.pointwise"))

    def mobilenet(self, pixels: Array, dilated: bool = False, last: int = 14) -> dict[int, Any]:
        red, green, blue = tf.split(pixels, 3, axis=3)
        x = tf.concat([(blue - 73.29132098) / 255, (green - 83.04442645) / 255, (red - 72.5238962) / 255], 3)
        x = tf.nn.relu6(self.norm(self.conv(x, "backbone.conv_1", 2), "backbone.conv_1"))
        found = {1: x}
        for unit in range(2, last + 1):
            name = f"backbone.conv_ds_{unit}"
            if not dilated or unit < 7:
                x = self.separable(x, name, 2 if unit in (3, 5, 7, 13) else 1, tf.nn.relu6)
            elif unit in (7, 13):
                x = tf.nn.relu(self.norm(self.conv(x, f"{name}_dil", rate=2 if unit == 7 else 4), f"{name}_dil"))
            else:
                x = self.separable(x, f"{name}_dil", 1, tf.nn.relu)
            found[unit] = x
        return found

    # --- decoders -----------------------------------------------------------------------------------------------------
    def skipnet(self, x: Any, feeds: list[Any], size: tuple[int, int]) -> Any:
        x = self.conv(x, "decoder.score_fr")
        for number, feed in enumerate(feeds, 1):
            x = self.deconv(x, f"decoder.upscore{2 * number}", feed.shape[1:3], 2)
            name = f"decoder.score_feed{number}"
            x = self.norm(self.conv(feed, name), name) + x
        return self.deconv(x, "decoder.upscore8", size, 8, norm=False)

    def unet(self, x: Any, skips: list[Any], size: tuple[int, int]) -> Any:
        for number, skip in enumerate(skips, 1):
            x = self.norm(self.conv(x, f"decoder.expand{number}_1"), f"decoder.expand{number}_1")
            x = self.deconv(x, f"decoder.upscale{number}", skip.shape[1:3], 2) + skip
            x = self.norm(self.conv(x, f"decoder.expand{number}_2"), f"decoder.expand{number}_2")
        x = self.deconv(x, "decoder.upscale5", size, 2)
        x = self.norm(self.conv(x, "decoder.expand5"), "decoder.expand5")
        return self.conv(x, "decoder.fscore")

    def dilation(self, x: Any, size: tuple[int, int], norm: bool, share: int) -> Any:
        x = self.conv(x, "decoder.score_fr")
        x = self.norm(x, "decoder.score_fr") if norm else x
        labels = size[0] // share, size[1] // share
        return self.deconv(x, "decoder.upscore8", labels, 8 // share, norm=False)


def logits(name: str, weights: Weights, pixels: Array) -> Array:
    """What the published network of that name gives for images `(N, H, W, 3)`."""
    net, size = Original(weights), (pixels.shape[1], pixels.shape[2])
    share = 4 if "4s" in name else 1
    if name == "shuffleseg_skipnet":
        found = net.shufflenet(pixels)
        y = net.skipnet(found["stage4"], [found["stage3"], found["stage2"]], size)
    elif name == "shuffleseg_unet":
        found = net.shufflenet(pixels)
        padded = [tf.pad(found[key], ONE_AFTER) for key in ("max_pool", "conv1")]
        y = net.unet(found["stage4"], [found["stage3"], found["stage2"], *padded], size)
    elif name == "skipnet_mobilenet":
        units = net.mobilenet(pixels)
        y = net.skipnet(units[14], [units[7], units[5]], size)
    elif name == "unet_mobilenet":
        units = net.mobilenet(pixels, last=13)
        y = net.unet(units[13], [units[unit] for unit in (12, 6, 4, 2)], size)
    elif "mobilenet" in name:
        y = net.dilation(net.mobilenet(pixels, dilated=True)[14], size, True, share)
    else:
        y = net.dilation(net.shufflenet(pixels, dilated=True)["stage4"], size, False, share)
    return np.asarray(y)
