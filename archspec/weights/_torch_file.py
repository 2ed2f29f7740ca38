"""PyTorch's files of tensors, the zip of today and the stream of before 1.6, by an unpickler that accepts nothing else.

A pickle can name any function to be called. This one may name an ordered dictionary, the kinds of storage and
torch's two ways to rebuild a tensor, all of which stand for functions of this file; anything else is refused.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from archspec.arrays import Array
from archspec.errors import Problem, first_line
from archspec.files import check_archive
from archspec.weights._files import need_file, unreadable

STORAGES = {
    "BoolStorage": "bool", "ByteStorage": "uint8", "CharStorage": "int8", "ShortStorage": "int16",
    "IntStorage": "int32", "LongStorage": "int64", "HalfStorage": "float16", "FloatStorage": "float32",
    "DoubleStorage": "float64",
}  # fmt: skip
STREAM_MAGIC = 0x1950A86A20F9469CFC6C
STREAM_PROTOCOL = 1001
WRAPPERS = ("state_dict", "model")
REMEDY = "Save it as torch.save(model.state_dict(), FILE)"


class _Storage(NamedTuple):
    dtype: str
    key: str
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _State(dict[Any, Any]):
    """An ordered dictionary; what torch hangs on it (`_metadata`) is dropped."""

    def __setstate__(self, state: object) -> None:
        """Nothing is taken over."""


def read_state(file: str) -> dict[str, Array]:
    """The tensors of a state dictionary by name. Raises `UserError` for anything else, and nothing of it is run."""
    need_file(file)
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                check_archive(archive)
                state, raw = _read_zip(archive)
        else:
            with open(file, "rb") as stream:  # noqa: PTH123
                state, raw = _read_stream(stream)
        return {name: _array(tensor, raw) for name, tensor in _tensors(state).items()}
    except Problem as problem:
        raise unreadable(file, problem.fact, problem.remedy) from None
    except Exception as error:  # unpickling a broken file raises anything
        raise unreadable(file, first_line(error), REMEDY) from error


def _read_zip(archive: zipfile.ZipFile) -> tuple[Any, dict[str, bytes]]:
    names = [name for name in archive.namelist() if name.endswith("data.pkl")]
    if len(names) != 1:
        raise Problem("a zip without one data.pkl", REMEDY)
    folder = names[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
        raise Problem("its numbers are big-endian", "Save it on a little-endian machine")
    unpickler = _Unpickler(io.BytesIO(archive.read(names[0])))
    state = unpickler.load()
    return state, {key: _read_storage(archive, f"{folder}data/{key}", one) for key, one in unpickler.seen.items()}


def _read_storage(archive: zipfile.ZipFile, name: str, storage: _Storage) -> bytes:
    """The bytes of a storage. Raises `Problem` where there are more or fewer: a small zip can unpack to anything."""
    size = storage.length * _width(storage)
    if name not in archive.namelist() or archive.getinfo(name).file_size != size:
        raise Problem(f"'{name}' is not the {size} bytes that its tensors need", "Save it again")
    return archive.read(name)


def _read_stream(stream: Any) -> tuple[Any, dict[str, bytes]]:
    if _Unpickler(stream).load() != STREAM_MAGIC or _Unpickler(stream).load() != STREAM_PROTOCOL:
        raise Problem("not a file of torch.save", REMEDY)
    _Unpickler(stream).load()  # about the machine
    unpickler = _Unpickler(stream)
    state = unpickler.load()
    raw = {}
    for key in _Unpickler(stream).load():
        count = int.from_bytes(stream.read(8), "little")
        width = _width(unpickler.seen[str(key)])
        raw[str(key)] = stream.read(count * width)
    return state, raw


def _width(storage: _Storage) -> int:
    import numpy as np

    return np.dtype(storage.dtype).itemsize


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.seen: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What the file may name. Raises `Problem` for the rest."""
        if (module, name) == ("collections", "OrderedDict"):
            return _State
        if module in ("torch", "torch.storage") and name in STORAGES:
            return STORAGES[name]
        known: dict[str, Callable[..., Any]] = {"_rebuild_tensor_v2": _rebuild_tensor, "_rebuild_parameter": _parameter}
        if module == "torch._utils" and name in known:
            return known[name]
        raise Problem(f"it wants to run {module}.{name}, and only tensors are read", REMEDY)

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage, whose numbers stand elsewhere in the file."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or pid[1] not in STORAGES.values():
            raise Problem("it refers to something that is no storage", REMEDY)
        if len(pid) > 5 and pid[5] is not None:
            raise Problem("a storage is a view of another", REMEDY)
        storage = _Storage(str(pid[1]), str(pid[2]), int(pid[4]))
        self.seen[storage.key] = storage
        return storage


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


def _tensors(state: Any) -> dict[str, _Tensor]:
    for wrapper in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict):
        raise Problem("not a dictionary of tensors", REMEDY)
    bad = [name for name, tensor in state.items() if not isinstance(name, str) or not isinstance(tensor, _Tensor)]
    if bad or not state:
        raise Problem(f"not a dictionary of tensors ({bad[0]!r})" if bad else "it holds no tensors", REMEDY)
    return dict(state)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _array(tensor: _Tensor, raw: dict[str, bytes]) -> Array:
    """The numbers of a tensor, copied. Raises `Problem` where it reaches outside its storage."""
    import numpy as np

    numbers = np.frombuffer(raw.get(tensor.storage.key, b""), np.dtype(tensor.storage.dtype).newbyteorder("<"))
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    negative = min((*tensor.shape, *tensor.strides, tensor.offset, reach)) < 0
    if negative or (_count(tensor.shape) and tensor.offset + reach >= len(numbers)):
        raise Problem("a tensor reaches outside its storage", "Save it again")
    if not _count(tensor.shape):
        return np.zeros(tensor.shape, tensor.storage.dtype)
    steps = tuple(stride * numbers.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps, writeable=False)
    return np.array(view, tensor.storage.dtype)
