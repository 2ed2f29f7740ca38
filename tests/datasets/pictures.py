"""Tiny pictures as files, seeded, written with Pillow alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]


def photo(seed: int, size: tuple[int, int]) -> Array:
    """Noise `(H, W, 3)` uint8: two photos are never alike."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def labels(seed: int, size: tuple[int, int], values: tuple[int, ...]) -> Array:
    """`(H, W)` uint8 in which every value occurs where there is room."""
    found = np.random.default_rng(seed).choice(np.array(values, np.uint8), size)
    found.flat[: len(values)] = values[: found.size]
    return found


def save(path: Path, pixels: Array, **how: Any) -> Path:
    """As the file's name says, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)
    return path


def load(path: Path) -> Array:
    """What Pillow reads."""
    with Image.open(path) as image:
        return np.asarray(image)


def cut(path: Path, share: float = 0.5) -> Path:
    """The file without its end."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
