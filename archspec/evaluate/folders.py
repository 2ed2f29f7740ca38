"""Folders for what is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import user_error

if TYPE_CHECKING:
    from archspec.evaluate.contestants import Contestant


def folders_of(root: Path, contestants: Sequence[Contestant]) -> dict[str, Path]:
    """The folder of each contestant by its name: `root` for one, `root/<name>` for several; they are made.

    Raises `UserError` when one cannot be made.
    """
    if len(contestants) == 1:
        return {contestants[0].name: made(root)}
    return {one.name: made(root / one.name.replace(".", "_")) for one in contestants}  # no folder looks like a model


def made(folder: Path) -> Path:
    """The folder, made with all above it where it is not there. Raises `UserError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"cannot make the folder {folder} ({error.strerror})", "Name another one") from error
    return folder
