"""Checkpoints: the state of a training at a step, in one file, written atomically; the last two are kept."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from archspec.arrays import Array
from archspec.errors import Place, user_error
from archspec.record import write_bytes

KEPT = 2
ABOUT = "__checkpoint__"
ENDING = ".npz"


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a training: `step` updates of the stage (counted from 0) are done; `seconds` of training passed."""

    stage: int
    step: int
    seconds: float = 0.0

    @property
    def place(self) -> tuple[int, int]:
        """Stage and step: a later position has a greater one."""
        return self.stage, self.step


def write_checkpoint(folder: Path, position: Position, state: Mapping[str, Array], kept: int = KEPT) -> Path:
    """Write one and remove all but the last ones."""
    import numpy as np

    buffer = io.BytesIO()
    about = np.array(json.dumps(asdict(position)))
    np.savez(buffer, allow_pickle=False, **{ABOUT: about}, **state)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"stage{position.stage + 1}-step{position.step:07d}{ENDING}"
    write_bytes(path, buffer.getvalue())
    for old in checkpoints(folder)[:-kept]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The complete ones of a run, oldest first."""
    return sorted(folder.glob(f"stage*-step*{ENDING}"), key=position_in_name)


def position_in_name(path: Path) -> tuple[int, int]:
    """The `place` of a checkpoint's position, by its name."""
    stage, step = re.findall("[0-9]+", path.stem)
    return int(stage) - 1, int(step)


def read_checkpoint(path: Path) -> tuple[Position, dict[str, Array]]:
    """Its position, and the state. Raises `UserError` for a file that is damaged."""
    import numpy as np

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:  # NumPy leaves a bad file open
            arrays = {name: file[name] for name in file.files}
        return Position(**json.loads(str(arrays.pop(ABOUT)))), arrays
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        fact = f"the checkpoint cannot be read ({error})"
        raise user_error(fact, "Remove it: the one before is used then", place=Place(str(path))) from error
