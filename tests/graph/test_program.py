"""Which operators a phone gets: folded, fused, dilated in one, shuffles followed or written out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

from archspec.graph import Graph, Tensor, layers
from archspec.graph.program import Operation, Program, build_program
from archspec.graph.program.program import ShuffleMode
from archspec.graph.weights import initialise
from tests.graph import nets
from tests.graph.random_nets import Move, build, moves

MODES: tuple[ShuffleMode, ...] = ("follow", "transpose")


def codes(program: Program) -> Counter[str]:
    return Counter(operation.code for operation in program.operations)


def only(program: Program, code: str) -> Operation:
    (found,) = [operation for operation in program.operations if operation.code == code]
    return found


# ShuffleNetV2: stem, 3 first units of three 1×1 convolutions and two depthwise, 13 others of two and one; 13 shuffles.
# MobileNetV2: stem, one unit without expansion, 16 with; 10 of them add. Heads and classifier: 4 or 7 convolutions.
SHUFFLENET = {"CONV_2D": 1 + 3 * 3 + 13 * 2, "DEPTHWISE_CONV_2D": 3 * 2 + 13, "MAX_POOL_2D": 1}
MOBILENET = {"CONV_2D": 1 + 1 + 16 * 2, "DEPTHWISE_CONV_2D": 17, "ADD": 10}
HEADS = {
    "basic": {"CONV_2D": 4, "MEAN": 1, "RESIZE_BILINEAR": 2, "CONCATENATION": 1},
    "dpc": {"CONV_2D": 7, "DEPTHWISE_CONV_2D": 5, "RESIZE_BILINEAR": 1, "CONCATENATION": 1},
}
ENDS = {"MUL": 1, "SUB": 1, "ARG_MAX": 1}
WRITTEN_OUT = {"RESHAPE": 26, "TRANSPOSE": 13, "SPLIT": 13, "CONCATENATION": 16}


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_the_literal_form(name: str) -> None:
    backbone, head = name.split("_")
    parts = [SHUFFLENET, WRITTEN_OUT] if backbone == "shufflenetv2" else [MOBILENET]
    expected: Counter[str] = Counter(ENDS)
    for part in (*parts, HEADS[head]):
        expected.update(part)
    assert codes(build_program(nets.of_bundled(name), "transpose")) == expected


@pytest.mark.parametrize("name", nets.BUNDLED)
def test_followed_shuffles_leave_no_trace_but_copies(name: str) -> None:
    followed = codes(build_program(nets.of_bundled(name), "follow"))
    literal = codes(build_program(nets.of_bundled(name), "transpose"))
    assert not {"RESHAPE", "TRANSPOSE", "SPLIT", "GATHER"} & set(followed)
    moving = ("RESHAPE", "TRANSPOSE", "SPLIT", "CONCATENATION", "SLICE")
    assert followed - Counter(dict.fromkeys(moving, 999)) == literal - Counter(dict.fromkeys(moving, 999))
    if name.startswith("mobilenet"):
        assert followed == literal


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", [0.5, 1.0, 1.5, 2.0])
def test_concatenations_fit_the_delegate(width: float, mode: ShuffleMode) -> None:
    program = build_program(nets.of_bundled("shufflenetv2_dpc", f"width_multiplier={width}"), mode)
    assert max(len(one.inputs) for one in program.operations if one.code == "CONCATENATION") <= 5


@settings(max_examples=60)
@given(moves())
def test_programs_are_in_order_and_whole(steps: list[Move]) -> None:
    graph = build(steps)
    for mode in MODES:
        program = build_program(graph, mode)
        ready = set(program.inputs) | {at for at, tensor in enumerate(program.tensors) if tensor.constant is not None}
        for operation in program.operations:
            assert set(operation.inputs) <= ready
            assert not set(operation.outputs) & ready
            ready |= set(operation.outputs)
            if operation.code == "CONCATENATION":
                assert 2 <= len(operation.inputs) <= 5
        assert set(program.outputs) <= ready
        names = [tensor.name for tensor in program.tensors]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(("dilation", "stride"), [((1, 1), 1), ((6, 21), 1), ((1, 1), 2)])
def test_a_convolution_is_one_operator(dilation: tuple[int, int], stride: int) -> None:
    x = nets.image()
    for index, layer in enumerate(
        (
            layers.Conv2D(4, 3, stride, "same", dilation, use_bias=False, name="full"),
            layers.DepthwiseConv2D(3, stride, "same", 1, dilation, use_bias=False, name="dw"),
        )
    ):
        x = layer(x)
        x = layers.BatchNormalization(name=f"bn{index}")(x)
        x = layers.ReLU(max_value=6, name=f"relu{index}")(layers.Dropout(0.1, name=f"dropout{index}")(x))
    program = build_program(nets.finish(x))
    assert [operation.code for operation in program.operations] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    for operation in program.operations:
        assert (operation.options["dilation_h_factor"], operation.options["dilation_w_factor"]) == dilation
        assert (operation.options["stride_h"], operation.options["padding"]) == (stride, "SAME")
        assert operation.options["fused_activation_function"] == "RELU6"
    # a tensor is called after the last layer that lives in it
    assert [program.tensors[one.outputs[0]].name for one in program.operations] == ["relu0", "relu1"]


def conv(x: Tensor, name: str = "conv") -> Tensor:
    return layers.Conv2D(4, 1, name=name)(x)


def batch_norm_twice(x: Tensor) -> list[Tensor]:
    return [layers.BatchNormalization(name="b")(layers.BatchNormalization(name="a")(conv(x)))]


def batch_norm_with_two_readers(x: Tensor) -> list[Tensor]:
    y = conv(x)
    return [layers.Add(name="add")([y, layers.BatchNormalization(name="bn")(y)])]


def relu_of_an_output(x: Tensor) -> list[Tensor]:
    y = conv(x)
    return [y, layers.ReLU(name="relu")(y)]


def batch_norm_after_relu(x: Tensor) -> list[Tensor]:
    return [layers.BatchNormalization(name="bn")(layers.ReLU(name="relu")(conv(x)))]


def sum_and_relu(x: Tensor) -> list[Tensor]:
    return [layers.ReLU(name="relu")(layers.Add(name="add")([x, x, x]))]


def two_relus(x: Tensor) -> list[Tensor]:
    return [layers.ReLU(name="b")(layers.ReLU(max_value=6, name="a")(conv(x)))]


def leaky(x: Tensor) -> list[Tensor]:
    return [layers.ReLU(negative_slope=0.1, name="leaky")(conv(x))]


def lonely_batch_norm(x: Tensor) -> list[Tensor]:
    return [layers.ReLU(name="relu")(layers.BatchNormalization(name="bn")(layers.MaxPooling2D(2, name="pool")(x)))]


FOLDS = [
    (batch_norm_twice, ["CONV_2D/NONE", "MUL/NONE", "ADD/NONE"]),
    (batch_norm_with_two_readers, ["CONV_2D/NONE", "MUL/NONE", "ADD/NONE", "ADD/NONE"]),
    (relu_of_an_output, ["CONV_2D/NONE", "RELU"]),
    (batch_norm_after_relu, ["CONV_2D/RELU", "MUL/NONE", "ADD/NONE"]),
    (sum_and_relu, ["ADD/NONE", "ADD/RELU"]),
    (two_relus, ["CONV_2D/RELU6", "RELU"]),
    (leaky, ["CONV_2D/NONE", "LEAKY_RELU"]),
    (lonely_batch_norm, ["MAX_POOL_2D/NONE", "MUL/NONE", "ADD/RELU"]),
]


@pytest.mark.parametrize(("network", "expected"), FOLDS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_folds_and_what_may_not(network: object, expected: list[str]) -> None:
    assert callable(network)
    program = build_program(nets.finish(*network(nets.image())))
    found = [f"{one.code}/{one.options.get('fused_activation_function', '')}".rstrip("/") for one in program.operations]
    assert found == expected


def test_folding_is_the_textbook_formula() -> None:
    x = layers.Conv2D(2, 1, name="conv")(nets.image(1, 1, 2))
    program = build_program(nets.finish(layers.BatchNormalization(epsilon=0.5, name="bn")(x)))
    weights = {
        "conv/kernel": np.array([[[[1.0, 2.0], [3.0, 4.0]]]]),
        "conv/bias": np.array([10.0, 20.0]),
        "bn/gamma": np.array([6.0, -1.0]),
        "bn/beta": np.array([0.5, 0.25]),
        "bn/moving_mean": np.array([4.0, 8.0]),
        "bn/moving_variance": np.array([8.5, 3.5]),  # with epsilon 9 and 4: deviations of 3 and 2
    }
    _, kernel, bias = only(program, "CONV_2D").inputs
    recipes = [program.tensors[one].constant for one in (kernel, bias)]
    found = [one(weights) for one in recipes if callable(one)]
    np.testing.assert_allclose(found[0], [[[[2.0, 6.0]]], [[[-1.0, -2.0]]]])  # columns times 6/3 and -1/2
    np.testing.assert_allclose(found[1], [(10 - 4) * 2 + 0.5, (20 - 8) * -0.5 + 0.25])


def stage(units: int, channels: int) -> Graph:
    text = f"""
    input: {{size: 16}}
    output_stride: 8
    backbone:
    - conv_bn: {{filters: 8, stride: 4}}
    - shuffle_unit: {{filters: {channels}, stride: 2}}
      repeat: {units}
    output: logits
    """
    return nets.of_text(text)


def test_one_shuffle_costs_one_gather_and_no_more() -> None:
    """Two units: the second reads every other channel of two tensors of 29, in the order they lie in memory."""
    program = build_program(stage(2, 58))
    moved = codes(program)
    literal = codes(build_program(stage(2, 58), "transpose"))
    assert literal["TRANSPOSE"] == 1
    assert literal["RESHAPE"] == 2
    assert "TRANSPOSE" not in moved
    kept = [program.tensors[one].shape[-1] for one in only_slices(program)]
    assert sum(kept) == 58  # each channel is copied at most once


def only_slices(program: Program) -> list[int]:
    return [operation.outputs[0] for operation in program.operations if operation.code == "SLICE"]


def test_reshapes_of_a_written_out_shuffle_have_four_axes() -> None:
    """The phone's delegates take no more than four."""
    program = build_program(stage(3, 58), "transpose")
    assert max(len(tensor.shape) for tensor in program.tensors) == 4


def test_a_reader_that_cannot_follow_gets_its_own_order_back() -> None:
    x = conv(nets.image())
    y = layers.ChannelShuffle(2, name="shuffle")(x)
    program = build_program(nets.finish(layers.Softmax(name="out")(y)))
    assert "SOFTMAX" in codes(program)
    twice = layers.ChannelShuffle(2, name="s2")(layers.ChannelShuffle(2, name="s1")(conv(nets.image())))
    assert codes(build_program(nets.finish(layers.Softmax(name="out")(twice)))) == Counter(CONV_2D=1, SOFTMAX=1)


def test_channels_used_twice_are_gathered_from_where_they_lie() -> None:
    x = layers.Conv2D(24, 1, name="a")(nets.image())
    twice = layers.Concatenate(name="twice")([layers.ChannelShuffle(2, name="shuffle")(x), x])
    program = build_program(nets.finish(conv(twice, "b")))
    assert codes(program) == Counter(CONV_2D=2, GATHER=1)
    assert program.tensors[only(program, "GATHER").outputs[0]].shape == (1, 8, 9, 48)


def test_input_dtype_of_the_program() -> None:
    graph = nets.of_bundled("shufflenetv2_dpc")
    plain, as_bytes = build_program(graph), build_program(graph, input_dtype="uint8")
    assert [plain.tensors[one].dtype for one in plain.inputs] == ["float32"]
    held = as_bytes.tensors[as_bytes.inputs[0]]
    assert (held.dtype, held.shape) == ("uint8", (1, 224, 224, 3))
    assert held.scale == pytest.approx(2 / 255)
    assert codes(as_bytes) - codes(plain) == Counter(DEQUANTIZE=1)
    assert codes(plain) - codes(as_bytes) == Counter(MUL=1)


def test_recipes_give_the_declared_shapes() -> None:
    graph = nets.of_bundled("shufflenetv2_basic", "width_multiplier=0.5")
    weights = initialise(graph, statistics="random")
    program = build_program(graph)
    made = [tensor for tensor in program.tensors if callable(tensor.constant)]
    assert len(made) == 2 * (40 + 19)
    for tensor in made:
        assert callable(tensor.constant)
        assert tensor.constant(weights).shape == tensor.shape
