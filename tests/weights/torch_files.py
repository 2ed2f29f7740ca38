"""Files as torch.save writes them, made by hand: stand-ins carry the names that a real pickle has."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage", "float64": "DoubleStorage"}


@contextmanager
def stand_ins() -> Iterator[types.ModuleType]:
    """A module `torch` with the few names that a state dictionary refers to."""
    torch, inside = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in KINDS.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*arguments: Any) -> None:
        """Only its name is pickled."""

    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", "_rebuild_tensor_v2", "rebuild"
    inside._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    torch._utils = inside  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": inside})
    try:
        yield torch
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class _Tensor:
    """Pickles as a tensor does. `offset` and `strides` count numbers, as torch's do."""

    def __init__(self, key: str, array: Array, torch: types.ModuleType, strides: tuple[int, ...] | None) -> None:
        self.key, self.array, self.torch = key, np.array(array, order="C"), torch
        plain = tuple(step // self.array.itemsize for step in self.array.strides)
        self.shape, self.strides = array.shape, plain if strides is None else strides

    def __reduce__(self) -> tuple[Any, ...]:
        storage = ("storage", self)
        arguments = (storage, 0, self.shape, self.strides, False, OrderedDict())
        return self.torch._utils._rebuild_tensor_v2, arguments


class _Pickler(pickle.Pickler):
    def __init__(self, stream: Any, legacy: bool) -> None:
        super().__init__(stream, protocol=2)
        self.legacy = legacy

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 2 and value[0] == "storage":
            tensor = value[1]
            kind = getattr(tensor.torch, KINDS[str(tensor.array.dtype)])
            found = ("storage", kind, tensor.key, "cpu", tensor.array.size)
            return (*found, None) if self.legacy else found
        return None


def _pickled(state: dict[str, Array], legacy: bool, strides: dict[str, tuple[int, ...]]) -> bytes:
    with stand_ins() as torch:
        tensors: Any = OrderedDict(
            (name, _Tensor(str(key), array, torch, strides.get(name)))
            for key, (name, array) in enumerate(state.items())
        )
        tensors._metadata = OrderedDict({"": {"version": 1}})
        stream = io.BytesIO()
        _Pickler(stream, legacy).dump(tensors)
    return stream.getvalue()


def write_zip(path: Path, state: dict[str, Array], strides: dict[str, tuple[int, ...]] | None = None) -> Path:
    """The format since PyTorch 1.6."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", _pickled(state, False, strides or {}))
        archive.writestr("archive/byteorder", "little")
        for key, array in enumerate(state.values()):
            archive.writestr(f"archive/data/{key}", np.ascontiguousarray(array).tobytes())
        archive.writestr("archive/version", "3\n")
    return path


def write_stream(path: Path, state: dict[str, Array]) -> Path:
    """The format before: pickles one after the other, then the numbers."""
    with path.open("wb") as stream:
        for head in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
            pickle.dump(head, stream, protocol=2)
        stream.write(_pickled(state, True, {}))
        pickle.dump([str(key) for key in range(len(state))], stream, protocol=2)
        for array in state.values():
            stream.write(array.size.to_bytes(8, "little") + np.ascontiguousarray(array).tobytes())
    return path
