"""Keras's layers by Keras's names, deferred; and the few that Keras lacks. One file for each layer.

A plugin folder adds layers of Keras in files of its own: `layers/group_normalization.py` is `GroupNormalization`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec import catalog

if TYPE_CHECKING:
    from archspec.graph.layers.activation import Activation
    from archspec.graph.layers.adaptive_average_pooling2d import AdaptiveAveragePooling2D
    from archspec.graph.layers.add import Add
    from archspec.graph.layers.arg_max import ArgMax
    from archspec.graph.layers.average import Average
    from archspec.graph.layers.average_pooling2d import AveragePooling2D
    from archspec.graph.layers.bases import Bases
    from archspec.graph.layers.batch_normalization import BatchNormalization
    from archspec.graph.layers.channel_reverse import ChannelReverse
    from archspec.graph.layers.channel_shuffle import ChannelShuffle
    from archspec.graph.layers.channel_split import ChannelSplit
    from archspec.graph.layers.concatenate import Concatenate
    from archspec.graph.layers.conv2d import Conv2D
    from archspec.graph.layers.conv2d_transpose import Conv2DTranspose
    from archspec.graph.layers.cropping2d import Cropping2D
    from archspec.graph.layers.dense import Dense
    from archspec.graph.layers.depth_to_space import DepthToSpace
    from archspec.graph.layers.depthwise_conv2d import DepthwiseConv2D
    from archspec.graph.layers.divide import Divide
    from archspec.graph.layers.dropout import Dropout
    from archspec.graph.layers.flatten import Flatten
    from archspec.graph.layers.global_average_pooling2d import GlobalAveragePooling2D
    from archspec.graph.layers.global_max_pooling2d import GlobalMaxPooling2D
    from archspec.graph.layers.group_normalization import GroupNormalization
    from archspec.graph.layers.input import Input
    from archspec.graph.layers.layer_normalization import LayerNormalization
    from archspec.graph.layers.layer_scale import LayerScale
    from archspec.graph.layers.leaky_relu import LeakyReLU
    from archspec.graph.layers.mat_mul import MatMul
    from archspec.graph.layers.max_pooling2d import MaxPooling2D
    from archspec.graph.layers.max_pooling_with_indices import MaxPoolingWithIndices
    from archspec.graph.layers.max_unpooling import MaxUnpooling
    from archspec.graph.layers.maximum import Maximum
    from archspec.graph.layers.mean import Mean
    from archspec.graph.layers.minimum import Minimum
    from archspec.graph.layers.multiply import Multiply
    from archspec.graph.layers.normalization import Normalization
    from archspec.graph.layers.pad_channels import PadChannels
    from archspec.graph.layers.permute import Permute
    from archspec.graph.layers.position_embedding import PositionEmbedding
    from archspec.graph.layers.prelu import PReLU
    from archspec.graph.layers.relu import ReLU
    from archspec.graph.layers.rescaling import Rescaling
    from archspec.graph.layers.reshape import Reshape
    from archspec.graph.layers.resize import Resize
    from archspec.graph.layers.softmax import Softmax
    from archspec.graph.layers.space_to_depth import SpaceToDepth
    from archspec.graph.layers.spatial_dropout2d import SpatialDropout2D
    from archspec.graph.layers.strided_slice import StridedSlice
    from archspec.graph.layers.subtract import Subtract
    from archspec.graph.layers.sum import Sum
    from archspec.graph.layers.unread import Unread
    from archspec.graph.layers.up_sampling2d import UpSampling2D
    from archspec.graph.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "Activation",
    "AdaptiveAveragePooling2D",
    "Add",
    "ArgMax",
    "Average",
    "AveragePooling2D",
    "Bases",
    "BatchNormalization",
    "ChannelReverse",
    "ChannelShuffle",
    "ChannelSplit",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthToSpace",
    "DepthwiseConv2D",
    "Divide",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Input",
    "LayerNormalization",
    "LayerScale",
    "LeakyReLU",
    "MatMul",
    "MaxPooling2D",
    "MaxPoolingWithIndices",
    "MaxUnpooling",
    "Maximum",
    "Mean",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "PadChannels",
    "Permute",
    "PositionEmbedding",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Resize",
    "Softmax",
    "SpaceToDepth",
    "SpatialDropout2D",
    "StridedSlice",
    "Subtract",
    "Sum",
    "Unread",
    "UpSampling2D",
    "ZeroPadding2D",
]

_FILES = {
    "Activation": "activation",
    "AdaptiveAveragePooling2D": "adaptive_average_pooling2d",
    "Add": "add",
    "ArgMax": "arg_max",
    "Average": "average",
    "AveragePooling2D": "average_pooling2d",
    "Bases": "bases",
    "BatchNormalization": "batch_normalization",
    "ChannelReverse": "channel_reverse",
    "ChannelShuffle": "channel_shuffle",
    "ChannelSplit": "channel_split",
    "Concatenate": "concatenate",
    "Conv2D": "conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "Cropping2D": "cropping2d",
    "Dense": "dense",
    "DepthToSpace": "depth_to_space",
    "DepthwiseConv2D": "depthwise_conv2d",
    "Divide": "divide",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "GlobalAveragePooling2D": "global_average_pooling2d",
    "GlobalMaxPooling2D": "global_max_pooling2d",
    "GroupNormalization": "group_normalization",
    "Input": "input",
    "LayerNormalization": "layer_normalization",
    "LayerScale": "layer_scale",
    "LeakyReLU": "leaky_relu",
    "MatMul": "mat_mul",
    "MaxPooling2D": "max_pooling2d",
    "MaxPoolingWithIndices": "max_pooling_with_indices",
    "MaxUnpooling": "max_unpooling",
    "Maximum": "maximum",
    "Mean": "mean",
    "Minimum": "minimum",
    "Multiply": "multiply",
    "PadChannels": "pad_channels",
    "Permute": "permute",
    "PositionEmbedding": "position_embedding",
    "Normalization": "normalization",
    "PReLU": "prelu",
    "ReLU": "relu",
    "Rescaling": "rescaling",
    "Reshape": "reshape",
    "Resize": "resize",
    "Softmax": "softmax",
    "SpaceToDepth": "space_to_depth",
    "SpatialDropout2D": "spatial_dropout2d",
    "StridedSlice": "strided_slice",
    "Subtract": "subtract",
    "Sum": "sum",
    "Unread": "unread",
    "UpSampling2D": "up_sampling2d",
    "ZeroPadding2D": "zero_padding2d",
}

MOST_NAMED = 12  # of sixty: a message has room for the place behind them


def __getattr__(name: str) -> Any:
    """A layer, imported when it is first asked for: a bundled one, or one of a plugin folder.

    Raises `AttributeError` with the layers nearest to `name`.
    """
    if name in __all__:
        found = globals()[name] = getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
        return found
    wanted = name.lower()
    files = {} if name.startswith("_") else catalog.members("layers")
    for file in files:
        if file.replace("_", "") == wanted and hasattr(found := catalog.load("layers", file), name):
            return getattr(found, name)
    raise AttributeError(f"no layer '{name}'; layers, the nearest first: {', '.join(_nearest_first(name, files))}")


def _nearest_first(name: str, files: Any) -> list[str]:
    from difflib import SequenceMatcher  # only needed once something is already wrong

    plugged = [file.title().replace("_", "") for file, path in files.items() if catalog.origin(path)]
    names = sorted([*__all__, *plugged], key=lambda one: -SequenceMatcher(None, name.lower(), one.lower()).ratio())
    return names[:MOST_NAMED]
