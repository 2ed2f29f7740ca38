"""The few layers that Keras lacks, as real Keras layers: one file for each, found by its stem; all are serialisable."""

from __future__ import annotations

import re
from typing import Any

from archspec.catalog import load, members


def stem(class_name: str) -> str:
    """`ChannelShuffle` -> `channel_shuffle`, `Conv2D` -> `conv2d`: the file that holds the layer."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9]D)(?=[A-Z])", "_", class_name).lower()


def own_layer(class_name: str) -> Any:
    """The Keras layer class of that name. Raises `KeyError` when there is no file for it."""
    if class_name not in _CLASSES:
        raise KeyError(class_name)
    return _CLASSES[class_name]


def _load_all() -> dict[str, Any]:
    """Every file of the folder: Keras can only load a saved model whose layers are registered."""
    found: dict[str, Any] = {}
    for file in members("keras_layers"):
        module = load("keras_layers", file)
        found |= {name: item for name, item in vars(module).items() if stem(name) == file}
    return found


_CLASSES = _load_all()
