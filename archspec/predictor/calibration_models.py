"""What a calibration measures: sampled networks, the operators that these lack, and one operator as a model.

Sampled networks are as a search would propose them: backbones, widths, output strides, sizes, heads, dense prediction
cells. The further operators are those of every bundled spec and of every further layer, so that a table knows at least
something of whatever the exporter can write, and a prediction is never refused for want of one operator.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from math import prod

import numpy as np

from archspec.arrays import Array
from archspec.catalog import Catalog
from archspec.export.flatbuffer import encode
from archspec.export.int8_plan import MOVES_VALUES
from archspec.export.model import Model, ModelOperation, ModelTensor, Quantization
from archspec.export.precision import quantised
from archspec.graph import Graph, layers
from archspec.graph.layers.activation import NAMES as ACTIVATIONS
from archspec.graph.program import build_program
from archspec.network import Network
from archspec.predictor.prediction import ENOUGH_ENTRIES
from archspec.predictor.signature import COMPUTED, Operand, Signature, family, signatures
from archspec.predictor.table import TablePrecision

SPEC = "shufflenetv2_basic"  # what the overrides are laid on
MOST_MACS = 0.8e9
WIDTHS = {
    "shufflenet_v2": (0.5, 1.0, 1.5, 2.0),
    "mobilenet_v2": (0.35, 0.5, 0.75, 1.0),
    "mobilenet_v1": (0.25, 0.5, 0.75),
    "mobilenet_v3_small": (0.75, 1.0),
}
SIZES = (160, 192, 224, 256)
RATES = (1, 3, 6, 9, 12, 15, 18, 21)
GRIDS = (1, 2, 4)
SEED = 0
BYTE_SCALE = Quantization((1 / 255,), (0,))  # of uint8: DEQUANTIZE asks for one, its value does not matter
INT8_OPERATORS = MOVES_VALUES | {
    "ADD", "ARG_MAX", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MEAN",
    "MUL", "RELU", "RELU6", "SOFTMAX", "SUB", "TANH", "TRANSPOSE_CONV",
}  # fmt: skip
"""What int8 networks compute in int8; the others stand between DEQUANTIZE and QUANTIZE there."""
SHRINKINGS = (4, 8)  # a law of growth needs several sizes, and full-size networks would take too long
STEP = 8  # sizes stay multiples of it, as transposed convolutions need
LAYER_MAPS = ((32, 32, 64), (64, 64, 32), (96, 96, 19), (128, 128, 32))


def sampled_networks(seed: int, least_macs: float = 0, most_macs: float = MOST_MACS) -> Iterator[Network]:
    """Networks of the bundled parts without end, the same for the same seed, within these multiply-adds."""
    draw, catalog = random.Random(seed), Catalog()
    while True:
        network = Network.load(SPEC, _overrides(draw), catalog=catalog)
        if least_macs <= network.cost.macs <= most_macs:
            yield network


def _overrides(draw: random.Random) -> list[str]:
    backbone = draw.choice(tuple(WIDTHS))
    size = draw.choice(SIZES)
    return [
        f"backbone={backbone}",
        f"width_multiplier={draw.choice(WIDTHS[backbone])}",
        f"output_stride={draw.choice((16, 16, 32))}",
        f"input.size=[{size},{size}]",
        f"classes={draw.choice((5, 11, 19))}",
        f"output={draw.choice(('argmax', 'argmax', 'logits'))}",
        f"head={json.dumps(_head(draw))}",
    ]


def _head(draw: random.Random) -> dict[str, object]:
    kind = draw.choice(("basic", "dpc", "dpc", "dpc"))
    filters = draw.choice((64, 96, 128, 192, 256))
    if kind == "basic":
        return {"basic": {"filters": filters}}
    branches = [_branch(draw, index) for index in range(draw.choice((3, 4, 5)))]
    return {"dpc": {"filters": filters, "branches": branches}}


def _branch(draw: random.Random, index: int) -> dict[str, object]:
    source = draw.randrange(-1, index)
    kind = draw.choice(("pointwise", "atrous", "atrous", "atrous", "pooling"))
    if kind == "pooling":
        return {"op": "pyramid_pooling", "grid_size": [draw.choice(GRIDS), draw.choice(GRIDS)], "input": source}
    if kind == "pointwise":
        return {"op": "conv", "kernel": 1, "input": source}
    return {"op": "conv", "kernel": 3, "rate": [draw.choice(RATES), draw.choice(RATES)], "input": source}


def further_operators(known: Iterable[Signature], graphs: Iterable[Graph] | None = None) -> list[Signature]:
    """The operators of these graphs (None: bundled specs and single layers) in families of which `known` has too few
    to interpolate within them."""
    known = set(known)
    found = Counter(map(family, known))
    asked = (one for graph in (_graphs() if graphs is None else graphs) for one in signatures(build_program(graph)))
    return [one for one in dict.fromkeys(asked) if one not in known and found[family(one)] < ENOUGH_ENTRIES]


def _graphs() -> Iterator[Graph]:
    catalog = Catalog()
    for name in catalog.specs():
        for shrinking in SHRINKINGS:
            yield _shrunk(name, catalog, shrinking)
    for shape in LAYER_MAPS:
        yield _every_layer(shape)


def _shrunk(name: str, catalog: Catalog, shrinking: int) -> Graph:
    """A bundled network at a fraction of its height and width."""
    whole = Network.load(name, catalog=catalog)
    sides = [max(4 * STEP, round(side / shrinking / STEP) * STEP) for side in whole.expanded.input_size]
    return whole.changed({"input.size": sides}).graph


def _every_layer(shape: tuple[int, int, int]) -> Graph:
    """Layers that no bundled spec has, each on the same map."""
    graph = Graph("layers")
    image = layers.Input(shape, "uint8", name="image").enter(graph)
    x = layers.MaxPooling2D(2, name="pool")(layers.Rescaling(1 / 255, name="rescaling")(image))
    found = [layers.Activation(name, name=name)(x) for name in ACTIVATIONS]
    found.append(layers.ReLU(name="relu")(x))
    found.append(layers.ReLU(6, name="relu6")(x))
    found.append(layers.ReLU(negative_slope=0.1, name="leaky_relu")(x))
    found.append(layers.Softmax(name="softmax")(layers.ChannelReverse(name="reverse")(x)))
    found.append(layers.Resize(shape[:2], stride=1, interpolation="nearest", name="nearest")(x))
    found.append(layers.Dense(shape[2], name="dense")(layers.Sum(1, name="sum")(x)))
    found.append(layers.LayerNormalization(name="normalised")(layers.Permute((2, 1, 3), name="turned")(x)))
    tokens = layers.Reshape((-1, x.channels), name="tokens")(layers.AveragePooling2D(4, name="pooled")(x))
    found.append(layers.MatMul(transpose_b=True, name="product")([tokens, tokens]))
    found.append(layers.Divide(1.0, name="divided")([x, found[0]]))
    found.append(layers.Maximum(name="larger")([x, found[0]]))
    found.append(layers.Minimum(name="smaller")([x, found[0]]))
    found.append(layers.StridedSlice((0, 0, 0), (None, None, None), (2, 2, 1), name="every_second")(x))
    graph.finish(found)
    return graph


def one_operator(signature: Signature, precision: TablePrecision = "float32") -> bytes:
    """The file: computed operands come in from outside, weights are small random numbers, always the same.

    In int8 the operands, its inputs and outputs too, are as inside an int8 network; an operator that has float32
    kernels only stays as it is. Raises `Problem` for an operator that the exporter has no rule for.
    """
    operands = (*signature.inputs, *signature.outputs)
    places = iter(_places(signature))
    tensors = tuple(_tensor(f"t{number}", one, places) for number, one in enumerate(operands))
    count = len(signature.inputs)
    entrances = tuple(number for number, tensor in enumerate(tensors[:count]) if tensor.data is None)
    exits = tuple(range(count, len(tensors)))
    operation = ModelOperation(signature.code, tuple(range(count)), exits, dict(signature.options))
    names = tuple(tensors[number].name for number in entrances), tuple(tensors[number].name for number in exits)
    model = Model(tensors, (operation,), entrances, exits, *names, description=signature.code)
    if precision == "int8" and signature.code in INT8_OPERATORS:
        computed = [n for n, one in enumerate(operands) if one.content == COMPUTED and one.dtype == "float32"]
        model = quantised(model, dict.fromkeys(computed, (-1.0, 1.0)))
    return encode(model)


def _places(signature: Signature) -> list[list[int]]:
    """Where a SLICE begins (at 0) and how much it takes."""
    shape = signature.outputs[0].shape
    return [[0] * len(shape), list(shape)]


def _tensor(name: str, operand: Operand, places: object) -> ModelTensor:
    content = operand.content
    quantization = BYTE_SCALE if operand.dtype == "uint8" else None
    if content == "computed":
        return ModelTensor(name, operand.shape, operand.dtype, None, quantization)
    if content == "weights":
        return ModelTensor(name, operand.shape, operand.dtype, _weights(operand))
    values = next(places) if content == "place" else content  # type: ignore[call-overload]
    return ModelTensor(name, operand.shape, operand.dtype, np.array(values, operand.dtype).reshape(operand.shape))


def _weights(operand: Operand) -> Array:
    count = prod(operand.shape)
    return _numbers(1 << max(count - 1, 1).bit_length())[:count].reshape(operand.shape).astype(operand.dtype)


@cache
def _numbers(count: int) -> Array:
    return np.random.default_rng(SEED).normal(0, 0.05, count).astype(np.float32)
