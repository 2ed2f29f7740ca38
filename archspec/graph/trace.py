"""Tracing: the steps of a spec, called as block functions, make the graph. Only here does stride become dilation."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from archspec.errors import Fault, Problem, UserError, nearest
from archspec.graph.layer import Layer
from archspec.graph.layers import Input
from archspec.graph.surgery import LABELLING, check_scores
from archspec.graph.tensor import Graph, Node, Origin, Tensor, collector_paused

if TYPE_CHECKING:
    from archspec.catalog import Catalog
    from archspec.spec import ExpandedSpec, Section, Step
    from archspec.spec.expanded import AuxiliaryHead

Context = dict[str, Any]
USUAL_STRIDES = (8, 16, 32)  # what a spec may ask for


class Ledger:
    """Strides multiplied while tracing a backbone. Past the wanted output stride they turn into dilation.

    The first unit of a stage keeps the rate it found; the units after it get the rate multiplied
    (arXiv:1902.07476 §3.1; DeepLab's rule for every backbone).
    """

    __slots__ = ("_dilate", "_output_stride", "_rate", "_reached")

    def __init__(self, output_stride: int, dilate: bool) -> None:
        self._output_stride = output_stride
        self._dilate = dilate
        self._reached = 1
        self._rate = 1

    def take(self, stride: int) -> tuple[int, int]:
        """`(stride, dilation_rate)` for a unit that asks for `stride`. Raises `Problem` past the output stride."""
        rate = self.rate
        if stride == 1:
            return 1, rate
        if self._reached >= self._output_stride:
            self._rate *= stride
            return 1, rate
        self._reached *= stride
        if self._reached > self._output_stride:
            raise Problem(
                f"a stride of {stride} from {self._reached // stride} passes the output_stride {self._output_stride}",
                "Use an output_stride that the strides multiply to",
            )
        return stride, 1

    @property
    def rate(self) -> int:
        """The dilation of what comes next: strides that were turned into it, multiplied."""
        return self._rate if self._dilate else 1

    def check(self, x: Tensor) -> None:
        """Not of a backbone that was cut: that may end earlier, and then the stride it has reached counts.

        Raises `Problem` when the backbone ended at `x` before the output stride was reached.

        A backbone that is one block may stride inside, unseen by the ledger: then the stride of `x` itself counts.
        """
        reached = max(self._reached, x.stride)
        if reached < self._output_stride:
            raise Problem(
                f"the backbone's strides multiply to {reached}, less than output_stride {self._output_stride}",
                f"Set output_stride to {reached} or add strides" if reached in USUAL_STRIDES else "Add strides",
            )


def trace(network: ExpandedSpec, catalog: Catalog, *, auxiliary: bool = False) -> Graph:
    """The graph of an expanded spec, from the image through its sections in their order.

    With `auxiliary` the scores of the auxiliary heads are further outputs, in the order of the spec.
    Raises `UserError` with the place of the step that cannot be, or of the section that makes no scores of the classes.
    """
    graph = Graph(network.name)
    height, width = network.input_size
    x = Input((height, width, network.channels), network.dtype, name="image").enter(graph)
    taps: dict[str, Tensor] = {"input": x}
    context: Context = {
        "classes": network.classes,
        "input_size": network.input_size,
        "output_stride": network.output_stride,
        "taps": taps,
    }
    with collector_paused():
        for section in network.sections:
            x = _trace_section(graph, section, x, context, catalog)
            taps[section.kind] = x
        check_scores(x, network.classes)
        heads = [_trace_auxiliary(graph, head, context, catalog) for head in network.auxiliary] if auxiliary else []
        graph.taps = taps
        graph.finish((x, *heads))
        check_sizes(graph)
    if network.quantization.keep_float:
        graph.kept_float = _kept_float(graph, network)
    return graph


def _kept_float(graph: Graph, network: ExpandedSpec) -> frozenset[str]:
    from archspec.graph.places import kept_float

    try:
        return kept_float(graph, network.quantization.keep_float)
    except Problem as problem:
        raise UserError(problem.at(network.quantization.place, "quantization.keep_float")) from None


def _trace_section(graph: Graph, section: Section, x: Tensor, context: Context, catalog: Catalog) -> Tensor:
    ledger = Ledger(context["output_stride"], section.dilate) if section.kind == "backbone" else None
    context = {
        **context,
        "dilate": section.dilate,
        "width_multiplier": section.width_multiplier,
        "variant": section.variant,
    }
    for step in section.steps:
        graph.origin = Origin(section.kind, step.path, step.place, section.place)
        try:
            x = _trace_step(step, _step_name(section, step), x, context, catalog, ledger)
            own_strides = catalog.function(step.block).__globals__.get("OWN_STRIDES", False)
            if ledger is not None and step is section.steps[-1] and not own_strides and not section.until:
                ledger.check(x)
        except Problem as problem:
            raise UserError(problem.at(step.place, step.path)) from None
        if step.id is not None:
            context["taps"][step.id] = x
    if section.until:
        graph.cut = (*graph.cut, *_cut_names(section))
    return x


def _cut_names(section: Section) -> Iterator[str]:
    """How the names of the layers begin that the section would have behind the step that it ends with."""
    last = section.steps[-1]
    if last.units is not None:
        yield from (f"{_step_name(section, last)}.{unit}" for unit in range(last.units, last.repeat))
    yield from (_step_name(section, step) for step in section.cut)


def _trace_auxiliary(graph: Graph, head: AuxiliaryHead, context: Context, catalog: Catalog) -> Tensor:
    """The scores of an auxiliary head. Its ids are its own."""
    taps: Mapping[str, Tensor] = context["taps"]
    if head.source not in taps:  # of the ids only the taps can be missing: the spec language knows the others
        fact = f"no step has the tap '{head.source}'"
        raise UserError(Fault(fact, nearest(head.source, taps), f"{head.path}.from", head.place))
    x, context = taps[head.source], {**context, "taps": dict(taps)}
    for section in head.sections:
        x = _trace_section(graph, section, x, context, catalog)
    kind, classes = type(x.node.layer).__name__, context["classes"]
    if kind in LABELLING or x.dtype != "float32":
        fact = f"an auxiliary head ends in scores, and this one in {kind}"
        raise UserError(Fault(fact, "Take that out of the head", head.path, head.place))
    if x.shape[-1] != classes:
        fact = f"this auxiliary head ends with {x.shape[-1]} channels, not with one for each of {classes} classes"
        raise UserError(Fault(fact, "Let its last step be - classifier", head.path, head.place))
    return x


def _step_name(section: Section, step: Step) -> str:
    """A section of one block has the section's name; a step of several its id, or its number and block."""
    if step.id is not None:
        return f"{section.kind}.{step.id}"
    steps = (*section.steps, *section.cut)
    if len(steps) == 1:
        return section.kind
    return f"{section.kind}.{steps.index(step)}_{step.block}"


def _trace_step(step: Step, name: str, x: Tensor, context: Context, catalog: Catalog, ledger: Ledger | None) -> Tensor:
    function = catalog.function(step.block)
    parameters = _parameters(function)
    source = x if not step.inputs else _sources(step, context["taps"])
    call = {key: context[key] for key in parameters if key in context}
    call.update({f"{key}_" if f"{key}_" in parameters else key: one for key, one in step.arguments.items()})
    nominal_stride = step.arguments.get("stride", parameters.get("stride"))
    for index in range(step.repeat if step.units is None else step.units):
        if isinstance(nominal_stride, int):
            _place_stride(call, step, parameters, nominal_stride if index == 0 else 1, ledger)
        call["name"] = name if step.repeat == 1 else f"{name}.{index}"
        x, extra = _split(step.block, _call(step.block, function, source, call))
        source = x
        if step.id is not None:
            context["taps"].update({f"{step.id}.{key}": tensor for key, tensor in extra.items()})
        elif name == "backbone":  # its only step: what it gives further are its stages
            context["taps"].update(extra)
        elif "." not in name:
            context["taps"].update({f"{name}.{key}": tensor for key, tensor in extra.items()})
    return x


def _split(block: str, result: object) -> tuple[Tensor, Mapping[str, Tensor]]:
    """What goes on to the next step, and the further tensors that a block gave back by name."""
    x, extra = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
    if not isinstance(x, Tensor):
        raise Problem(f"block '{block}' gave back {type(result).__name__}, not one tensor")
    if not isinstance(extra, Mapping) or not all(isinstance(tensor, Tensor) for tensor in extra.values()):
        raise Problem(f"block '{block}' gave back {type(result).__name__}, not a tensor and further ones by name")
    return x, extra


def _call(block: str, function: Callable[..., Any], source: Tensor | Sequence[Tensor], arguments: Context) -> object:
    """A block's result. An error inside the block is reported at its own line, without a traceback."""
    try:
        return function(source, **arguments)
    except (Problem, UserError):
        raise
    except Exception as error:
        import traceback  # nothing that works needs it

        frames = traceback.extract_tb(error.__traceback__)
        while len(frames) > 1 and frames[-1].name == "__getattr__":
            del frames[-1]  # of a layer that does not exist: the line that asked for it
        where = f"{frames[-1].filename}:{frames[-1].lineno}"
        raise Problem(f"block '{block}' failed ({type(error).__name__}: {error}; {where})", "Mend the block") from error


def _place_stride(
    call: dict[str, Any], step: Step, parameters: Mapping[str, Any], nominal: int, ledger: Ledger | None
) -> None:
    """Only the first of a repeated step takes the stride; in a backbone the ledger decides what becomes of it."""
    call["stride"], rate = (nominal, 1) if ledger is None else ledger.take(nominal)
    if "nominal_stride" in parameters:
        call["nominal_stride"] = nominal
    if "dilation_rate" not in parameters:
        return
    if rate == 1:
        call["dilation_rate"] = step.arguments.get("dilation_rate", parameters["dilation_rate"])
    elif "dilation_rate" in step.arguments:
        raise Problem(
            f"dilation_rate is written here, and the output_stride asks for a rate of {rate}",
            "Leave dilation_rate out, or give the backbone `dilate: false`",
        )
    else:
        call["dilation_rate"] = rate


def _sources(step: Step, taps: Mapping[str, Tensor]) -> Tensor | Sequence[Tensor]:
    found = []
    for tap in step.inputs:
        if tap not in taps:
            raise Problem(f"no earlier step has the id '{tap}'", nearest(tap, taps))
        found.append(taps[tap])
    return found[0] if len(found) == 1 else found


@cache
def _parameters(function: Any) -> dict[str, Any]:
    """Each keyword parameter of a block with its default."""
    return {parameter.name: parameter.default for parameter in inspect.signature(function).parameters.values()}


MOST_ELEMENTS = 2**31 - 1  # of one tensor: LiteRT counts them in an int32
MOST_WEIGHT_BYTES = 2**31  # of all weights in float32: a flatbuffer ends at 2 GiB
_FLOAT_BYTES = 4


def check_sizes(graph: Graph) -> None:
    """Raises `UserError` with the place of the step whose tensor, or whose weights, no runtime could hold.

    Without a bound a slip of the keyboard (`filters: 1000000000000`) would be priced as if it could be built.
    """
    total, heaviest, most = 0, None, 0
    for node in graph.nodes:
        for tensor in node.outputs:
            if tensor.elements > MOST_ELEMENTS:
                raise _too_large(node, f"makes a tensor of {tensor.elements:,} numbers")
        if type(node.layer).weights is Layer.weights:  # it has none: most have not, and a trace makes hundreds
            continue
        for weight in node.layer.weights(node):
            elements = math.prod(weight.shape)
            if elements > MOST_ELEMENTS:
                raise _too_large(node, f"has an array of {elements:,} weights")
            total += _FLOAT_BYTES * elements
            if elements > most:
                heaviest, most = node, elements
    if total > MOST_WEIGHT_BYTES and heaviest is not None:
        limit = f"a .tflite holds 2 GiB, and the whole network has {total / 2**30:,.1f}"
        raise _too_large(heaviest, f"has {most:,} weights, the most of all", limit)


def _too_large(node: Node, what: str, limit: str = f"a .tflite holds at most {MOST_ELEMENTS:,}") -> UserError:
    origin = node.origin
    remedy = "Write a smaller input.size, fewer filters or a smaller kernel"
    return UserError(Fault(f"'{node.name}' {what}: {limit}", remedy, origin.path, origin.place))
