"""Plain values, bytes and arrays between two processes, over a pipe. Nothing that is read can run anything.

A message is a line of JSON and the raw bytes that it speaks of: two lengths, the lengths of the blobs, the JSON, the
blobs. Arrays are not copied on their way out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any

import numpy as np

MOST_BYTES = 2**33  # of one blob
MOST_BLOBS = 4096
_HEAD = Struct("<II")
_LENGTH = Struct("<Q")
Read = Callable[[int], bytearray]


def message(value: Any) -> Iterator[bytes | memoryview]:
    """The pieces of a message, in their order: None, numbers, text, lists, tuples, dicts of text, bytes and arrays."""
    blobs: list[memoryview] = []
    text = json.dumps(_packed(value, blobs)).encode()
    lengths = b"".join(_LENGTH.pack(blob.nbytes) for blob in blobs)
    yield _HEAD.pack(len(text), len(blobs)) + lengths + text
    yield from blobs


def read_message(read: Read) -> Any:
    """The value of the next message; `read` gives exactly so many bytes. Tuples come as lists.

    Raises `ValueError` for what is none, and whatever `read` raises.
    """
    text_bytes, count = _HEAD.unpack(read(_HEAD.size))
    if count > MOST_BLOBS:
        raise ValueError(f"{count} blobs")
    lengths = [_LENGTH.unpack(read(_LENGTH.size))[0] for _ in range(count)]
    if max((text_bytes, *lengths)) > MOST_BYTES:
        raise ValueError(f"{max((text_bytes, *lengths))} bytes")
    tree = json.loads(read(text_bytes))
    try:
        return _unpacked(tree, [read(length) for length in lengths])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"a message that means nothing ({error!r})") from error


def _packed(value: Any, blobs: list[memoryview]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_packed(one, blobs) for one in value]
    if isinstance(value, dict):
        return {"dict": {str(key): _packed(one, blobs) for key, one in value.items()}}
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value)
        blobs.append(memoryview(flat.reshape(-1).view(np.uint8)))  # type: ignore[arg-type]
        return {"array": len(blobs) - 1, "dtype": flat.dtype.str, "shape": list(value.shape)}
    blobs.append(memoryview(value))
    return {"bytes": len(blobs) - 1}


def _unpacked(tree: Any, blobs: Sequence[bytearray]) -> Any:
    if isinstance(tree, list):
        return [_unpacked(one, blobs) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if "dict" in tree:
        return {key: _unpacked(one, blobs) for key, one in tree["dict"].items()}
    if "array" in tree:
        return np.frombuffer(blobs[tree["array"]], np.dtype(tree["dtype"])).reshape(tree["shape"])
    return bytes(blobs[tree["bytes"]])
