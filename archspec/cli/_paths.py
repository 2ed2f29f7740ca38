"""Types of options that are paths: what cannot be used is refused when the command line is read, before any work.

Only what was written on the command line is checked here; a command checks its defaults itself, where it uses them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

WORDS = "archspec.words"
"""In a context's `meta`: the words of the command line from the command on."""
_MISSING = (FileNotFoundError, NotADirectoryError)  # the command refuses these itself and says what it needs


class OutputFolder(click.Path):
    """A folder that is there or can be made, in which files can be written."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path. Raises `UserError`."""
        if isinstance(value, str):
            from archspec.record import check_folder

            check_folder(value, _remedy(param))
        return Path(value)


class OutputFile(click.Path):
    """A file that can be written."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path. Raises `UserError`."""
        if isinstance(value, str):
            from archspec.record import check_file

            check_file(value, _remedy(param))
            _check_not_read(value, param, ctx)
        return Path(value)


class InputPath(click.Path):
    """A file or folder to be read. One that is missing is left to the command, which knows what it wants."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path. Raises `UserError` for one that the system refuses, or that may not be looked into."""
        from archspec.errors import Place, user_error
        from archspec.files import reason_of

        try:
            if Path(value).is_dir():
                next(Path(value).iterdir(), None)
            else:
                Path(value).stat()
        except _MISSING:
            pass
        except (OSError, ValueError) as error:
            raise user_error(f"cannot be read ({reason_of(error)})", _remedy(param), place=Place(str(value))) from error
        return Path(value)


class DatabasePlace(click.ParamType[str]):
    """A database's URL, or the path of a file that is made with its folder where it is missing."""

    name = "database"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it is written. Raises `UserError` for a path at which no database can be."""
        from archspec.record import check_file

        if value and "://" not in value:
            check_file(value, _remedy(param), with_folder=True)
        return value


def _check_not_read(value: str, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Raise `UserError` where the file to be written is another word of the command line too, which is to be read."""
    words = [] if ctx is None else [word.rpartition("=")[2].lstrip("@") for word in ctx.meta.get(WORDS, ())]
    if os.path.isfile(value) and sum(_is_same(word, value) for word in words) > 1:  # noqa: PTH113
        from archspec.errors import Place, user_error

        raise user_error("is to be read too, and would be written over", _remedy(param), place=Place(value))


def _is_same(word: str, file: str) -> bool:
    try:
        return os.path.samefile(word, file)  # noqa: PTH121
    except (OSError, ValueError):
        return False


def _remedy(param: click.Parameter | None) -> str:
    return (
        "Name another" if param is None or not param.opts[0].startswith("-") else f"Name another with {param.opts[0]}"
    )
