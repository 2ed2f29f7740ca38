"""Random networks for hypothesis: the bundled specs changed in every way a user may, and lists of steps out of nothing.

`spec_texts()` gives YAML text (hypothesis prints the one that failed: paste it into a file), `networks()` and
`graphs()` what that text expands and traces to. `output="logits"` fixes what the network gives back; `largest`
bounds the input size, for tests that run what they build.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from hypothesis import strategies as st

from archspec.catalog import Catalog
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import ExpandedSpec, expand, parse

Draw = st.DrawFn
Step = dict[str, Any]
Kind = Literal["any", "bundled", "steps"]

BUNDLED = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")
SHUFFLENET_WIDTHS = (0.5, 1.0, 1.5, 2.0)
LARGEST = 225
RATES = (1, 3, 6, 9, 12, 15, 18, 21)  # the published space of dense prediction cells
GRIDS = (1, 2, 4, 8)


@cache
def catalog() -> Catalog:
    """The bundled blocks and parts."""
    return Catalog()


def graph_of(text: str) -> Graph:
    """A spec's text, all the way to its graph."""
    return trace(expand(parse(text)), catalog())


def networks(
    kind: Kind = "any", *, output: str | None = None, largest: int = LARGEST
) -> st.SearchStrategy[ExpandedSpec]:
    """Expanded specs; `archspec.graph.trace.trace` makes a graph of each."""
    return spec_texts(kind, output=output, largest=largest).map(lambda text: expand(parse(text)))


def graphs(kind: Kind = "any", *, output: str | None = None, largest: int = LARGEST) -> st.SearchStrategy[Graph]:
    """Traced specs."""
    return spec_texts(kind, output=output, largest=largest).map(graph_of)


def spec_texts(kind: Kind = "any", *, output: str | None = None, largest: int = LARGEST) -> st.SearchStrategy[str]:
    """Valid specs as YAML (JSON is YAML); `bundled` ones are deep, a `steps` backbone has at most ten steps."""
    kinds = {"bundled": _bundled(output, largest), "steps": _from_steps(output, largest)}
    found = st.one_of(kinds["steps"], kinds["steps"], kinds["bundled"]) if kind == "any" else kinds[kind]
    return found.map(json.dumps)


@st.composite
def dpc_cells(draw: Draw) -> list[Step]:
    """Any cell of the dense prediction space: one to five branches, each on the features or on an earlier branch."""
    return [draw(_branches(index)) for index in range(draw(st.integers(1, 5)))]


@st.composite
def _branches(draw: Draw, index: int) -> Step:
    source = draw(st.integers(-1, index - 1))
    which = draw(st.sampled_from(["1×1", "3×3", "3×3", "pooling"]))
    if which == "1×1":
        return {"op": "conv", "kernel": 1, "input": source}
    if which == "3×3":
        rate = [draw(st.sampled_from(RATES)), draw(st.sampled_from(RATES))]
        return {"op": "conv", "kernel": 3, "rate": rate, "input": source}
    grid = [draw(st.sampled_from(GRIDS)), draw(st.sampled_from(GRIDS))]
    return {"op": "pyramid_pooling", "grid_size": grid, "input": source}


@st.composite
def _common(draw: Draw, output: str | None, largest: int) -> Step:
    """What every spec has: size, preprocessing, classes, what comes out."""
    side = st.integers(33, largest)
    dtype = draw(st.sampled_from(["float32", "float32", "uint8"]))
    preprocess = ["symmetric", "unit", "imagenet", *(["none"] if dtype == "float32" else [])]
    decoder = draw(st.sampled_from(["bilinear", {"bilinear": {"align_corners": False}}, "none"]))
    return {
        "name": "drawn",
        "input": {
            "size": draw(st.one_of(side, st.tuples(side, side))),
            "preprocess": draw(st.sampled_from(preprocess)),
            "dtype": dtype,
        },
        "classes": draw(st.integers(2, 30)),
        "output_stride": draw(st.sampled_from([8, 16, 32])),
        "classifier": draw(st.sampled_from(["classifier", {"classifier": {"dropout": 0.2}}])),
        "decoder": decoder,
        "output": output or draw(st.sampled_from(["argmax", "softmax", "logits"])),
    }


@st.composite
def _bundled(draw: Draw, output: str | None, largest: int) -> Step:
    spec: Step = draw(_common(output, largest))
    name = draw(st.sampled_from(BUNDLED))
    shufflenet = name.startswith("shufflenet")
    width = (
        st.sampled_from(SHUFFLENET_WIDTHS) if shufflenet else st.integers(7, 28).map(lambda twentieth: twentieth / 20)
    )
    head = draw(_heads(name.partition("_")[2]))
    refused = spec["output_stride"] == 32 and "dpc" in head  # the published code has no such cell
    variant = "paper" if refused else draw(st.sampled_from(["paper", "reference"]))
    return {**spec, "extends": name, "width_multiplier": draw(width), "variant": variant, "head": head}


@st.composite
def _heads(draw: Draw, name: str) -> Step:
    arguments: Step = {"filters": draw(st.integers(1, 48)), "dropout": draw(st.sampled_from([0.0, 0.1]))}
    if name == "dpc":
        arguments["branches"] = draw(dpc_cells())
    return {name: arguments}


@st.composite
def _from_steps(draw: Draw, output: str | None, largest: int) -> Step:
    """Strided steps that multiply to the output stride at least, and others between them, in any order of blocks."""
    spec: Step = draw(_common(output, largest))
    wanted = spec["output_stride"].bit_length() - 1
    strides = [2] * draw(st.integers(wanted, wanted + 2)) + [1] * draw(st.integers(0, 3))
    channels, reached, steps = 3, 1, []
    for index, stride in enumerate(draw(st.permutations(strides))):
        step, channels = draw(_units(channels, stride, free=reached < spec["output_stride"]))
        reached *= stride
        steps.append({**step, "id": f"step{index}"} if draw(st.booleans()) else step)
    tap = draw(st.sampled_from([None, *(step["id"] for step in steps if "id" in step)]))
    head = draw(st.one_of(st.just("none"), _heads("basic"), _heads("dpc"), _head_steps(tap)))
    return {**spec, "backbone": steps, "head": head}


@st.composite
def _head_steps(draw: Draw, tap: str | None) -> list[Step]:
    """Two steps, the first of which may read a step of the backbone."""
    first = {"conv_bn": {"filters": draw(st.integers(1, 24)), "kernel": draw(st.sampled_from([1, 3]))}}
    if tap is not None:
        first["from"] = tap  # type: ignore[assignment]
    rates = [draw(st.sampled_from(RATES)), draw(st.sampled_from(RATES))]
    return [first, {"separable_conv_bn": {"filters": draw(st.integers(1, 24)), "dilation_rate": rates}}]


@st.composite
def _units(draw: Draw, channels: int, stride: int, *, free: bool) -> tuple[Step, int]:
    """One step and the channels it gives. `free`: no stride has become dilation yet, so a rate may be written."""
    names = ["conv_bn", "depthwise_bn", "inverted_residual", "separable_conv_bn", "shuffle_unit", "max_pool"]
    name = draw(st.sampled_from(names))
    filters = draw(st.integers(1, 24))
    arguments: Step = {"stride": stride}
    if name == "max_pool":
        arguments["pool"] = draw(st.integers(1, 4))
        return {name: arguments}, channels
    if name == "shuffle_unit":
        filters = channels if channels % 2 == 0 and draw(st.booleans()) else 2 * filters
    else:
        arguments["kernel"] = draw(st.integers(1, 5))
        if stride == 1 and free and draw(st.booleans()):
            arguments["dilation_rate"] = draw(st.sampled_from([1, 2, 3, [1, 2], [5, 3]]))
    if name == "inverted_residual":
        arguments["expansion"] = draw(st.integers(1, 6))
    if name == "conv_bn":
        arguments |= draw(_conv_bn_extras(channels, filters))
    if name == "depthwise_bn":
        arguments["activation"] = draw(st.sampled_from(["relu", "relu6", "none"]))
        return {name: arguments}, channels
    step: Step = {name: {**arguments, "filters": filters}}
    if arguments.get("groups", 1) == 1 and draw(st.booleans()):
        step["repeat"] = draw(st.integers(2, 3))
    return step, filters


@st.composite
def _conv_bn_extras(draw: Draw, channels: int, filters: int) -> Step:
    groups = [count for count in range(1, 9) if channels % count == 0 and filters % count == 0]
    return {"groups": draw(st.sampled_from(groups)), "activation": draw(st.sampled_from(["relu", "relu6", "none"]))}
