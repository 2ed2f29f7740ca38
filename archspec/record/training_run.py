"""The folder of a training run as those read it who did not train: the files it must have, what it says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from archspec.errors import Place, user_error
from archspec.files import is_file, read_text


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What `run.json` says: `state` is `finished`, `running`, `stopped` or `failed`; `data` names the last data set."""

    state: str = "finished"
    classes: tuple[str, ...] = ()
    data: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """`folder` with `spec.yaml`, `weights.npz` and `run.json`, as archspec/train writes them."""

    folder: Path

    @property
    def spec(self) -> Path:
        """The merged spec."""
        return self.folder / "spec.yaml"

    @property
    def weights(self) -> Path:
        """The trained weights, by graph path."""
        return self.folder / "weights.npz"

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of files without which nothing can be opened."""
        return tuple(file.name for file in (self.spec, self.weights) if not is_file(file))

    def facts(self) -> RunFacts:
        """What it says of itself; the defaults where it has no `run.json`. Raises `UserError` when that is damaged."""
        file = self.folder / "run.json"
        if not is_file(file):
            return RunFacts()
        try:
            about = json.loads(read_text(file))
            classes, data = _texts(about.get("classes", [])), _texts(about.get("data", []))
            return RunFacts(str(about.get("state", "finished")), classes, data[-1] if data else "")
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            fact = f"not the run.json of a training ({error})"
            raise user_error(fact, "Name another run", place=Place(str(file))) from error


def _texts(many: object) -> tuple[str, ...]:
    if not isinstance(many, list):
        raise TypeError(f"{many!r} is no list")
    return tuple(map(str, many))
