"""The few layers that Keras lacks, as real Keras layers: one file for each, found by its stem; all are serialisable."""

from __future__ import annotations

from typing import Any

from archspec.catalog import load, members


def stem(class_name: str) -> str:
    """`ChannelShuffle` -> `channel_shuffle`: the file that holds the layer."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in class_name).removeprefix("_")


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
