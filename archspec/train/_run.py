"""The folder of a run: what is in it, which state it is in, and that only one process trains in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from archspec.datasets import Dataset
from archspec.errors import Place, user_error
from archspec.files import exists, is_file, read_text
from archspec.record import held, note_plugins, package_versions, timestamp, write_text
from archspec.spec import Spec, dump, override
from archspec.train._order import Order

State = Literal["running", "stopped", "finished", "failed"]
"""`stopped` by an error or Ctrl-C: it goes on from its last checkpoint. Only a killed process leaves `running`."""
FORMAT, VERSION = "archspec-run", 1
PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu")


@dataclass(frozen=True)
class Run:
    """`<root>/<name>-<recipe>-<hash>-s<seed>`, as others read it.

    `run.json` (what it is of and how far it came), `spec.yaml` (the merged spec, which loads the trained weights),
    `recipe.yaml`, `weights.npz`, `model.keras`, `record.json`, `log.csv`, `checkpoints/`, `tensorboard/`.
    """

    folder: Path

    @property
    def weights(self) -> Path:
        """The trained weights, named by graph path."""
        return self.folder / "weights.npz"

    @property
    def model(self) -> Path:
        """The Keras model of `spec.yaml`."""
        return self.folder / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        """The table of losses, rates and scores."""
        return self.folder / "log.csv"

    @property
    def records(self) -> Path:
        """Scores with everything they depend on."""
        return self.folder / "record.json"

    def about(self) -> dict[str, Any]:
        """What `run.json` says; empty where there is none. Raises `UserError` when it is damaged."""
        path = self.folder / "run.json"
        if not is_file(path):
            return {}
        try:
            about = json.loads(read_text(path))
            if about["format"] != FORMAT or about["version"] != VERSION:
                raise ValueError(f"{about['format']} {about['version']}")  # noqa: TRY301 (said below)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise user_error(
                f"not the run.json of a training ({error})", "Name another folder", place=Place(str(path))
            ) from error
        return dict(about)

    def note(self, **changes: Any) -> None:
        """Change `run.json`, whole or not at all."""
        write_text(self.folder / "run.json", json.dumps({**self.about(), **changes}, indent=2) + "\n")

    def begin(self, order: Order, steps: tuple[int, ...]) -> None:
        """Make the folder, and write what it is going to be of. Raises `UserError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fact = f"cannot make the folder {self.folder} ({error.strerror})"
            raise user_error(fact, "Name another with --output") from error
        note_plugins(self.folder, order.spec.catalog.plugins)
        write_text(self.folder / "recipe.yaml", order.recipe.text)
        write_text(self.folder / "spec.yaml", dump(override(order.trained_spec, {"weights": self.weights.name})))
        what = {
            "format": FORMAT,
            "version": VERSION,
            "state": "running",
            "name": order.spec.name,
            "recipe": order.recipe.name,
            "digest": order.digest,
            "seed": order.seed,
            "data": [_reference(dataset) for dataset in order.datasets.values()],
            "fingerprints": order.fingerprints,
            "classes": list(order.final.classes.names),
            "steps": list(steps),
            "spec": dump(_from_anywhere(order.spec)),
            "recipe_digest": order.recipe.digest,
            "start": order.start_said,
            "versions": package_versions(PACKAGES),
            "started": timestamp(),
            "metrics": {},
        }
        write_text(self.folder / "run.json", json.dumps(what, indent=2) + "\n")

    def resume(self) -> None:
        """It goes on."""
        self.note(state="running", error=None)

    def stop(self, error: BaseException) -> None:
        """It was ended early, and may go on."""
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}".strip() or type(error).__name__
        self.note(state="stopped", error=reason)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """It is done."""
        self.note(state="finished", finished=timestamp(), metrics=dict(metrics))

    def fail(self, reason: str, checkpoint: Path | None) -> None:
        """It came apart."""
        last = None if checkpoint is None else checkpoint.relative_to(self.folder).as_posix()
        self.note(state="failed", finished=timestamp(), error=reason, last_good_checkpoint=last)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else trains here meanwhile; a killed process lets go by itself. Raises `UserError`."""
        with held(self.folder / ".lock") as alone:
            if not alone:
                fact = "another process trains here"
                raise user_error(fact, "Wait for it, or stop it", place=Place(str(self.folder)))
            yield


def _reference(dataset: Dataset) -> str:
    """What opens it again from any folder."""
    return dataset.name if dataset.root is None else f"{dataset.name}:{dataset.root.resolve()}"


def _from_anywhere(spec: Spec) -> Spec:
    """The spec with the file of its weights named from the root; a name that is no file stays."""
    weights = spec.values["weights"]
    file = Path(weights["file"] if isinstance(weights, dict) else weights)
    if not exists(file):
        return spec
    whole = str(file.resolve())
    return override(spec, {"weights": {**weights, "file": whole} if isinstance(weights, dict) else whole})
