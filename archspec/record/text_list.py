"""Text files of one entry a line: class names, label names, the names of a split's images."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import Place, user_error

MOST_BYTES = 16_000_000


def read_text_list(path: Path, what: str, remedy: str) -> tuple[tuple[int, str], ...]:
    """`(line number from 1, text)` of every line that is not blank, without the spaces around it.

    One byte order mark at the beginning, which editors on Windows write, is dropped. Raises `UserError` that begins
    with `what` (`cannot be read`) for no file, a pipe or device, a file that is too large, and text that is not UTF-8.
    """
    place = Place(str(path))
    try:
        if path.exists() and not path.is_file():
            raise user_error(f"{what} (not a file)", remedy, place=place)
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise user_error(f"{what} ({getattr(error, 'strerror', None) or error})", remedy, place=place) from error
    if len(data) > MOST_BYTES:
        raise user_error(f"{what} (larger than {MOST_BYTES:,} bytes)", remedy, place=place)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise user_error("not UTF-8 text", remedy, place=place) from error
    return tuple((number, line.strip()) for number, line in enumerate(lines, 1) if line.strip())
