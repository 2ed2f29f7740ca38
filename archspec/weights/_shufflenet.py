"""A ShuffleNetV2 backbone by PyTorch's names, as torchvision, NanoDet and FastestDet write it, into our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec.weights._channel_orders import EVEN_ODD, TORCHVISION, stage_orders
from archspec.weights._placing import Placing

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

STAGES = {"stage2": 4, "stage3": 8, "stage4": 4}
WIDTHS = {48: "0.5", 116: "1.0", 176: "1.5", 244: "2.0"}  # of stage 2
PYTORCH_EPSILON = 1e-5
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
PYTORCH_SETTINGS = ("backbone.padding=symmetric", "backbone.bottleneck=half", "backbone.layout=torchvision")


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
