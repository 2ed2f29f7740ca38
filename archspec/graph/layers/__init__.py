"""Keras's layers by Keras's names, deferred; and the few that Keras lacks. One file for each layer.

A plugin folder adds layers of Keras in files of its own: `layers/group_normalization.py` is `GroupNormalization`.
"""

from typing import Any

from archspec import catalog
from archspec.graph.layers.activation import Activation
from archspec.graph.layers.add import Add
from archspec.graph.layers.arg_max import ArgMax
from archspec.graph.layers.average_pooling2d import AveragePooling2D
from archspec.graph.layers.batch_normalization import BatchNormalization
from archspec.graph.layers.channel_reverse import ChannelReverse
from archspec.graph.layers.channel_shuffle import ChannelShuffle
from archspec.graph.layers.channel_split import ChannelSplit
from archspec.graph.layers.concatenate import Concatenate
from archspec.graph.layers.conv2d import Conv2D
from archspec.graph.layers.conv2d_transpose import Conv2DTranspose
from archspec.graph.layers.cropping2d import Cropping2D
from archspec.graph.layers.depthwise_conv2d import DepthwiseConv2D
from archspec.graph.layers.dropout import Dropout
from archspec.graph.layers.global_average_pooling2d import GlobalAveragePooling2D
from archspec.graph.layers.input import Input
from archspec.graph.layers.max_pooling2d import MaxPooling2D
from archspec.graph.layers.max_pooling_with_indices import MaxPoolingWithIndices
from archspec.graph.layers.max_unpooling import MaxUnpooling
from archspec.graph.layers.multiply import Multiply
from archspec.graph.layers.pad_channels import PadChannels
from archspec.graph.layers.prelu import PReLU
from archspec.graph.layers.relu import ReLU
from archspec.graph.layers.rescaling import Rescaling
from archspec.graph.layers.resize import Resize
from archspec.graph.layers.softmax import Softmax
from archspec.graph.layers.spatial_dropout2d import SpatialDropout2D
from archspec.graph.layers.unread import Unread
from archspec.graph.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "Activation",
    "Add",
    "ArgMax",
    "AveragePooling2D",
    "BatchNormalization",
    "ChannelReverse",
    "ChannelShuffle",
    "ChannelSplit",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "DepthwiseConv2D",
    "Dropout",
    "GlobalAveragePooling2D",
    "Input",
    "MaxPooling2D",
    "MaxPoolingWithIndices",
    "MaxUnpooling",
    "Multiply",
    "PReLU",
    "PadChannels",
    "ReLU",
    "Rescaling",
    "Resize",
    "Softmax",
    "SpatialDropout2D",
    "Unread",
    "ZeroPadding2D",
]


def __getattr__(name: str) -> Any:
    """A layer of a plugin folder. Raises `AttributeError` with every layer there is, those nearest to `name` first."""
    wanted = name.lower()
    files = {} if name.startswith("_") else catalog.members("layers")
    for file in files:
        if file.replace("_", "") == wanted and hasattr(found := catalog.load("layers", file), name):
            return getattr(found, name)
    raise AttributeError(f"no layer '{name}'; layers, the nearest first: {', '.join(_nearest_first(name, files))}")


def _nearest_first(name: str, files: Any) -> list[str]:
    from difflib import SequenceMatcher  # only needed once something is already wrong

    plugged = [file.title().replace("_", "") for file, path in files.items() if catalog.origin(path)]
    return sorted([*__all__, *plugged], key=lambda one: -SequenceMatcher(None, name.lower(), one.lower()).ratio())
