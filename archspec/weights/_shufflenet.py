"""A ShuffleNetV2 backbone by PyTorch's names, as torchvision, NanoDet and FastestDet write it, into our own.

ShuffleNetV2 has two layouts that are one function, up to the order of channels. Megvii's code sends every second
channel through a unit and concatenates; torchvision sends the second half through and interleaves. A channel's number
does not matter, only through which units it goes: channels that are born together and worked on in the same unit can
change places, if the kernels that make and read them change with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archspec.arrays import Array
from archspec.errors import Problem
from archspec.weights._contents import Placing

Channel = tuple[int, int]  # the branch that makes it (0: the shortcut; 1 + k: the main branch of unit k), its number
Channels = list[Channel]
STAGES = {"stage2": 4, "stage3": 8, "stage4": 4}
WIDTHS = {48: "0.5", 116: "1.0", 176: "1.5", 244: "2.0"}  # of stage 2
PYTORCH_EPSILON = 1e-5
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
PYTORCH_SETTINGS = ("backbone.padding=symmetric", "backbone.bottleneck=half", "backbone.layout=torchvision")


@dataclass(frozen=True)
class Layout:
    """How a stage starts from its two branches, splits `(passing, worked on)`, and joins again."""

    start: Callable[[Channels, Channels], Channels]
    split: Callable[[Channels], tuple[Channels, Channels]]
    join: Callable[[Channels, Channels], Channels]


def _interleaved(one: Channels, other: Channels) -> Channels:
    return [channel for both in zip(one, other, strict=True) for channel in both]


TORCHVISION = Layout(_interleaved, lambda x: (x[: len(x) // 2], x[len(x) // 2 :]), _interleaved)
EVEN_ODD = Layout(lambda one, other: one + other, lambda x: (x[0::2], x[1::2]), lambda one, other: one + other)


@dataclass(frozen=True)
class StageOrders:
    """Position `i` of the new layout holds number `order[i]` of the old one: of what each branch gives (the shortcut,
    then the main branch of each unit), of what each main branch behind the first reads, and of the stage's result."""

    branches: tuple[tuple[int, ...], ...]
    reads: tuple[tuple[int, ...], ...]
    result: tuple[int, ...]


def stage_orders(old: Layout, new: Layout, filters: int, units: int) -> StageOrders:
    """The permutations for a stage of `units` units, the one with the stride included.

    Raises `Problem` where no permutation makes the two layouts the same function.
    """
    old_run, new_run = _run(old, filters // 2, units), _run(new, filters // 2, units)
    twin: dict[Channel, Channel] = {}
    for branch in range(units + 1):
        ranked = [_by_fate(run, branch, filters // 2) for run in (old_run, new_run)]
        if [fate for fate, _ in ranked[0]] != [fate for fate, _ in ranked[1]]:
            raise Problem(f"no permutation of {filters} channels turns one layout into the other")
        twin |= {to: came for (_, came), (_, to) in zip(ranked[0], ranked[1], strict=True)}
    branches = tuple(tuple(twin[branch, number][1] for number in range(filters // 2)) for branch in range(units + 1))
    reads = tuple(
        tuple(old_read.index(twin[channel]) for channel in new_read)
        for old_read, new_read in zip(old_run.reads, new_run.reads, strict=True)
    )
    return StageOrders(branches, reads, tuple(old_run.result.index(twin[channel]) for channel in new_run.result))


@dataclass(frozen=True)
class _Run:
    reads: tuple[Channels, ...]
    result: Channels


def _run(layout: Layout, half: int, units: int) -> _Run:
    """Follow every channel through a stage."""
    born = [[(branch, number) for number in range(half)] for branch in range(units + 1)]
    x = layout.start(born[0], born[1])
    reads = []
    for unit in range(1, units):
        passing, worked_on = layout.split(x)
        reads.append(worked_on)
        x = layout.join(passing, born[1 + unit])
    return _Run(tuple(reads), x)


def _by_fate(run: _Run, branch: int, half: int) -> list[tuple[int, Channel]]:
    """The channels of a branch by the unit that works on them; those that no unit does come last."""
    fates = {channel: unit for unit, read in enumerate(run.reads) for channel in read}
    return sorted((fates.get((branch, number), len(run.reads)), (branch, number)) for number in range(half))


@dataclass(frozen=True)
class Style:
    """What one project calls things: the first convolution, the branch that passes by and the main one.

    `even_odd`: its units split even and odd channels. `bgr`: its images are blue, green, red. `factors`: what its
    scale of each image channel (red, green, blue) is to that of the network's preprocessing block.
    """

    stem: str
    shortcut: str
    main: str
    even_odd: bool = False
    bgr: bool = False
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)


def width_setting(tensors: dict[str, Array], style: Style) -> str:
    """`width_multiplier=1.0`, read off the width of stage 2."""
    kernel = tensors.get(f"stage2.0.{style.main}.5.weight")
    filters = 2 * int(max(kernel.shape[0], kernel.shape[-1])) if kernel is not None else 0
    return f"width_multiplier={WIDTHS.get(filters, '1.0')}"


def pointwise_or_dense(array: Array) -> Array:
    """PyTorch's (out, in, h, w) as (h, w, in, out)."""
    return array.transpose(2, 3, 1, 0)


def depthwise(array: Array) -> Array:
    """PyTorch's (channels, 1, h, w) as (h, w, channels, 1)."""
    return array.transpose(2, 3, 0, 1)


def in_keras_order(tensors: dict[str, Array]) -> dict[str, Array]:
    """Every kernel of a PyTorch file as Keras has it."""
    found = dict(tensors)
    for name, array in tensors.items():
        if array.ndim == 4:
            found[name] = depthwise(array) if array.shape[1] == 1 else pointwise_or_dense(array)
    return found


def place_backbone(placing: Placing, style: Style) -> None:
    """Put the whole backbone; its tensors stand as Keras has them."""
    _place_stem(placing, style)
    before: Array | None = None
    for stage, units in STAGES.items():
        before = _place_stage(placing, style, stage, units, before)
    if style.even_odd:
        placing.notes.append("channels permuted from the even and odd split to torchvision's layout: the same function")
    if placing.graph.node("backbone.stem.bn").layer.config["epsilon"] != PYTORCH_EPSILON:
        placing.notes.append(f"batch norm's epsilon {PYTORCH_EPSILON:g} folded into gamma")


def _place_stem(placing: Placing, style: Style) -> None:
    import numpy as np

    def rgb(kernel: Array) -> Array:
        turned: Array = kernel[:, :, ::-1] if style.bgr else kernel
        return np.asarray(turned * np.array(style.factors)[:, None])

    placing.put("backbone.stem.conv/kernel", f"{style.stem}.0.weight", change=rgb)
    _put_batch_norm(placing, "backbone.stem", f"{style.stem}.1")
    if style.bgr:
        placing.notes.append("blue, green, red turned to red, green, blue in the first kernel")


def _place_stage(placing: Placing, style: Style, stage: str, units: int, before: Array | None) -> Array | None:
    """Put one stage, whose input's channels stand in the order `before`; gives back the order of its result."""
    import numpy as np

    orders = None
    if style.even_odd:
        filters = placing.graph.node(f"backbone.{stage}.0.concat").output.channels
        orders = stage_orders(EVEN_ODD, TORCHVISION, filters, units)

    def branch(number: int) -> Array | None:
        return None if orders is None else np.array(orders.branches[number])

    first, shortcut = f"{stage}.0.{style.main}", f"{stage}.0.{style.shortcut}"
    ours = f"backbone.{stage}.0.shortcut"
    _put(placing, f"{ours}.depthwise.dw", f"{shortcut}.0", before, None)
    _put_batch_norm(placing, f"{ours}.depthwise", f"{shortcut}.1", before)
    _put(placing, f"{ours}.after.conv", f"{shortcut}.2", before, branch(0))
    _put_batch_norm(placing, f"{ours}.after", f"{shortcut}.3", branch(0))
    _place_main(placing, f"backbone.{stage}.0", first, before, branch(1))
    for unit in range(1, units):
        reads = None if orders is None else np.array(orders.reads[unit - 1])
        _place_main(placing, f"backbone.{stage}.{unit}", f"{stage}.{unit}.{style.main}", reads, branch(1 + unit))
    return None if orders is None else np.array(orders.result)


def _place_main(placing: Placing, ours: str, theirs: str, reads: Array | None, gives: Array | None) -> None:
    _put(placing, f"{ours}.before.conv", f"{theirs}.0", reads, None)
    _put_batch_norm(placing, f"{ours}.before", f"{theirs}.1")
    _put(placing, f"{ours}.depthwise.dw", f"{theirs}.3", None, None)
    _put_batch_norm(placing, f"{ours}.depthwise", f"{theirs}.4")
    _put(placing, f"{ours}.after.conv", f"{theirs}.5", None, gives)
    _put_batch_norm(placing, f"{ours}.after", f"{theirs}.6", gives)


def _put(placing: Placing, ours: str, theirs: str, reads: Array | None, gives: Array | None) -> None:
    def change(kernel: Array) -> Array:
        kernel = kernel if reads is None else kernel[:, :, reads]
        return kernel if gives is None else kernel[..., gives]

    placing.put(f"{ours}/kernel", f"{theirs}.weight", change=change)


def _put_batch_norm(placing: Placing, ours: str, theirs: str, order: Array | None = None) -> None:
    gamma, beta, mean, variance = (f"{theirs}.{name}" for name in BATCH_NORM)
    placing.put_batch_norm(f"{ours}.bn", (gamma, beta, mean, variance), PYTORCH_EPSILON, order)
