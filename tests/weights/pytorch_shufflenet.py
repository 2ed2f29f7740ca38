"""ShuffleNetV2 as PyTorch's projects compute it, in plain NumPy and float64, from their own tensors.

Written after torchvision's and Megvii's descriptions, not after our blocks: channels first, kernels (out, in, h, w),
zeros padded by hand, one image at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
State = dict[str, Array]
REPEATS = {2: 4, 3: 8, 4: 4}
WIDTHS = {0.5: (48, 96, 192), 1.0: (116, 232, 464)}


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def leaky(x: Array) -> Array:
    return np.where(x > 0, x, 0.1 * x)


class Names:
    """What a project calls the parts of a unit."""

    def __init__(self, stem: str, shortcut: str, main: str) -> None:
        self.stem, self.shortcut, self.main = stem, shortcut, main


TORCHVISION = Names("conv1", "branch1", "branch2")
MEGVII = Names("first_conv", "branch_proj", "branch_main")


def random_state(names: Names, width: float = 0.5, seed: int = 0) -> State:
    """Tensors of a whole backbone as if trained: statistics that are not fresh, numbers that come through."""
    draw = np.random.default_rng(seed)
    state: State = {}

    def conv(name: str, out: int, inside: int, size: int) -> None:
        scale = (2.0 / (inside * size * size)) ** 0.5
        state[f"{name}.weight"] = (draw.standard_normal((out, inside, size, size)) * scale).astype(np.float32)

    def norm(name: str, channels: int) -> None:
        for part, low, high in (("weight", 0.7, 1.3), ("bias", -0.2, 0.6), ("running_mean", -0.3, 0.3),
                                ("running_var", 0.4, 1.6)):  # fmt: skip
            state[f"{name}.{part}"] = draw.uniform(low, high, channels).astype(np.float32)

    conv(f"{names.stem}.0", 24, 3, 3)
    norm(f"{names.stem}.1", 24)
    before = 24
    for stage, filters in zip(REPEATS, WIDTHS[width], strict=True):
        half = filters // 2
        for unit in range(REPEATS[stage]):
            inside = before if unit == 0 else half
            prefix = f"stage{stage}.{unit}"
            if unit == 0:
                conv(f"{prefix}.{names.shortcut}.0", before, 1, 3)
                norm(f"{prefix}.{names.shortcut}.1", before)
                conv(f"{prefix}.{names.shortcut}.2", half, before, 1)
                norm(f"{prefix}.{names.shortcut}.3", half)
            conv(f"{prefix}.{names.main}.0", half, inside, 1)
            norm(f"{prefix}.{names.main}.1", half)
            conv(f"{prefix}.{names.main}.3", half, 1, 3)
            norm(f"{prefix}.{names.main}.4", half)
            conv(f"{prefix}.{names.main}.5", half, half, 1)
            norm(f"{prefix}.{names.main}.6", half)
        before = filters
    return state


def conv2d(x: Array, kernel: Array, stride: int = 1) -> Array:
    """`x (C, H, W)`, as many zeros on every side; a kernel of one input channel is depthwise."""
    size = kernel.shape[2]
    side = size // 2
    padded = np.pad(x, ((0, 0), (side, side), (side, side)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    if kernel.shape[1] == 1 and x.shape[0] == kernel.shape[0]:
        return np.einsum("chwij,cij->chw", windows, kernel[:, 0].astype(np.float64), optimize=True)
    return np.einsum("chwij,ocij->ohw", windows, kernel.astype(np.float64), optimize=True)


def max_pool(x: Array) -> Array:
    """3 × 3, stride 2, one row and column on every side that are never the largest."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2].max((3, 4))


class Backbone:
    """Image `(C, H, W)`, already scaled, to the features of stage 4."""

    def __init__(self, state: State, names: Names, act: Callable[[Array], Array], even_odd: bool) -> None:
        self.state, self.names, self.act, self.even_odd = state, names, act, even_odd

    def norm(self, x: Array, name: str) -> Array:
        weight, bias, mean, variance = (
            self.state[f"{name}.{part}"].astype(np.float64)[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias

    def main(self, x: Array, name: str, stride: int) -> Array:
        x = self.act(self.norm(conv2d(x, self.state[f"{name}.0.weight"]), f"{name}.1"))
        x = self.norm(conv2d(x, self.state[f"{name}.3.weight"], stride), f"{name}.4")
        return self.act(self.norm(conv2d(x, self.state[f"{name}.5.weight"]), f"{name}.6"))

    def shortcut(self, x: Array, name: str) -> Array:
        x = self.norm(conv2d(x, self.state[f"{name}.0.weight"], 2), f"{name}.1")
        return self.act(self.norm(conv2d(x, self.state[f"{name}.2.weight"]), f"{name}.3"))

    def unit(self, x: Array, stage: int, number: int) -> Array:
        prefix = f"stage{stage}.{number}"
        main = f"{prefix}.{self.names.main}"
        if number == 0:
            both = [self.shortcut(x, f"{prefix}.{self.names.shortcut}"), self.main(x, main, 2)]
        elif self.even_odd:
            both = [x[0::2], self.main(x[1::2], main, 1)]
        else:
            half = len(x) // 2
            both = [x[:half], self.main(x[half:], main, 1)]
        y = np.concatenate(both)
        if self.even_odd:
            return y
        return y.reshape(2, -1, *y.shape[1:]).transpose(1, 0, 2, 3).reshape(y.shape)

    def __call__(self, x: Array) -> Array:
        x = self.act(self.norm(conv2d(x, self.state[f"{self.names.stem}.0.weight"], 2), f"{self.names.stem}.1"))
        x = max_pool(x)
        for stage, units in REPEATS.items():
            for number in range(units):
                x = self.unit(x, stage, number)
        return x


def as_keras(state: State) -> State:
    """Kernels as (h, w, in, out), depthwise ones (h, w, channels, 1): how the .npz files hold them."""
    found = dict(state)
    for name, array in state.items():
        if array.ndim == 4:
            depthwise = array.shape[1] == 1
            found[name] = array.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    return found


def as_pytorch(state: State) -> State:
    """The way back."""
    found = dict(state)
    for name, array in state.items():
        if array.ndim == 4:
            depthwise = array.shape[3] == 1
            found[name] = array.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
    return found
