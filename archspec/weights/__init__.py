"""Trained weights from elsewhere, by the conventions of where they come from, into a network of ours.

A format is a file here with `read(file)`, every tensor by the file's own name, and `held(file, tensors,
output_stride)`, the same by our names and in the conventions of one of our networks. What fits is loaded, converted
where that is exact; the rest is reported. A mismatch is an error, never silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from archspec.arrays import Array
from archspec.catalog import load, members, summary
from archspec.errors import Place, nearest, user_error
from archspec.files import exists, is_file, is_folder
from archspec.reporters import Column, Table
from archspec.weights._contents import Contents, Holding
from archspec.weights._files import TensorShape
from archspec.weights._imported import Imported, fit, imported_table
from archspec.weights._keras_variables import hold_variables
from archspec.weights.archspec_npz import save_weights

if TYPE_CHECKING:
    from archspec.spec import ExpandedSpec

__all__ = [
    "Contents", "Holding", "Imported", "check_weights", "conventions", "fit", "formats", "formats_table",
    "hold_variables", "imported_table", "read_contents", "read_shapes", "read_tensors", "save_weights", "tensors_table",
    "usual_format",
]  # fmt: skip

USUAL = {
    ".npz": "archspec_npz", ".keras": "keras_file", ".h5": "keras_file",  # our own
    ".pth": "torchvision_pth", ".index": "tf1_checkpoint", ".meta": "tf1_checkpoint",  # each has one format
}  # fmt: skip


def formats() -> tuple[str, ...]:
    """The names of all formats, in alphabetical order: the files of this folder, none of them imported."""
    return tuple(members("weights_formats"))


def usual_format(file: str) -> str:
    """The format of one of our own files, of a .pth and of a TensorFlow checkpoint (its prefix or folder), by its name.

    Raises `UserError` for others, and where there is no such file.
    """
    path = Path(file)
    if is_file(f"{file}.index") or (is_folder(path) and any(path.glob("*.index"))):
        return USUAL[".index"]
    found = USUAL.get(path.suffix)
    if found is None:
        fact = "its name does not tell its format" if exists(path) else "no such file"
        raise user_error(fact, f"Name its format: {', '.join(formats())}", place=Place(file))
    return found


def read_tensors(file: str, format_name: str) -> dict[str, Array]:
    """Every tensor of a file by its own name there. Raises `UserError`."""
    return cast("dict[str, Array]", _format(format_name).read(file))


def read_shapes(file: str, format_name: str) -> dict[str, TensorShape]:
    """Shape and type of every tensor of a file by its own name there, of an .npz from the headers alone.

    Raises `UserError`.
    """
    module = _format(format_name)
    if hasattr(module, "shapes"):
        return cast("dict[str, TensorShape]", module.shapes(file))
    return {name: TensorShape(array.shape, array.dtype) for name, array in module.read(file).items()}


def conventions(format_name: str) -> tuple[str, ...]:
    """What is converted, and what the network must be set to, a line each. Raises `UserError`."""
    return cast("tuple[str, ...]", _format(format_name).CONVENTIONS)


def read_contents(file: str, format_name: str, output_stride: int | None = None) -> Holding | Contents:
    """What a file holds, by our names; `Contents` where those are of a bundled network that has to be traced first.

    Raises `UserError`.
    """
    module = _format(format_name)
    return cast("Holding | Contents", module.held(file, module.read(file), output_stride))


def check_weights(network: ExpandedSpec) -> bool:
    """Raise `UserError` for weights of a spec that cannot be had, as far as their name tells and a glance at the file;
    and say whether they can be read without TensorFlow, which takes seconds to load."""
    asked = network.weights
    if asked is None:
        return True
    module = _format(asked.format or usual_format(asked.file))
    if not hasattr(module, "check"):
        return True
    module.check(asked.file)
    return False


def _format(name: str) -> Any:
    """The module of a format; the beginning of a name will do where it is the only one (`tf1`, `torchvision`)."""
    asked = name.lower().replace("-", "_")
    found = [one for one in formats() if one == asked] or [one for one in formats() if asked and one.startswith(asked)]
    if len(found) != 1:
        remedy = f"One of: {', '.join(found)}" if found else nearest(name, formats())
        raise user_error(f"unknown format '{name}'", remedy)
    return load("weights_formats", found[0])


def tensors_table(file: str, format_name: str, tensors: Mapping[str, TensorShape]) -> Table:
    """Every tensor of a file."""
    columns = (Column("name", "tensor"), Column("shape", "shape"), Column("dtype", "type"))
    rows = tuple(
        (name, " x ".join(map(str, array.shape)) or "scalar", str(array.dtype)) for name, array in tensors.items()
    )
    total = sum(array.size for array in tensors.values())
    return Table(f"{file} as {format_name}", columns, rows, (f"{len(rows)} tensors, {total:,} numbers",))


def formats_table() -> Table:
    """Every format with its conventions, a line each."""
    rows = []
    for name, path in members("weights_formats").items():
        rows.append((name, summary(path)))
        rows += [("", line) for line in conventions(name)]
    return Table("", (Column("format", "format"), Column("what", "what it is", wraps=True)), tuple(rows), ())
