"""The folder of a run: what is in it, which state it is in, what was asked for, and that one process trains in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog
from archspec.datasets import Dataset, open_dataset
from archspec.errors import Place, user_error
from archspec.files import exists
from archspec.network import Network
from archspec.record import Plain, Record, held, make_folder, note_plugins, package_versions, timestamp, write_text
from archspec.spec import Spec, dump, override, parse
from archspec.train._class_validation import AnyScores
from archspec.train._order import PACKAGES, Order
from archspec.train._recipe_file import load_recipe
from archspec.train._run_file import FORMAT, RUN_FILE, VERSION, read_about


class Run:
    """`<root>/<name>-<recipe>-<hash>-s<seed>`, as others read it.

    `run.json` (what it is of and how far it came), `spec.yaml` (the merged spec, which loads the trained weights),
    `recipe.yaml`, `weights.npz` (named by graph path), `model.keras` (of `spec.yaml`), `record.json` (scores with
    everything they depend on), `log.csv` (losses, rates and scores), `checkpoints/`, `tensorboard/`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.weights, self.model = folder / "weights.npz", folder / "model.keras"
        self.records, self.log, self.checkpoints = folder / "record.json", folder / "log.csv", folder / "checkpoints"

    def about(self) -> dict[str, Any]:
        """What `run.json` says; empty where there is none. Raises `UserError` when it is damaged."""
        return read_about(self.folder)

    def note(self, **changes: Any) -> None:
        """Change `run.json`, whole or not at all."""
        write_text(self.folder / RUN_FILE, json.dumps({**self.about(), **changes}, indent=2) + "\n")

    def begin(self, order: Order, steps: tuple[int, ...]) -> None:
        """Make the folder, and write what the run is of. Raises `UserError`."""
        make_folder(self.folder, "Name another with --output")
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
            "start": order.describe_start(),
            **({"teachers": teachers} if (teachers := order.teacher_digests) else {}),
            "versions": package_versions(PACKAGES),
            "started": timestamp(),
            "metrics": {},
        }
        write_text(self.folder / RUN_FILE, json.dumps(what, indent=2) + "\n")

    def resume(self) -> None:
        """Note that it is trained again."""
        self.note(state="running", error=None)

    def stop(self, error: BaseException) -> None:
        """Note that it ended early, with the reason; it can be resumed."""
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{error}".strip() or type(error).__name__
        self.note(state="stopped", error=reason)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Note that it is finished, with its scores."""
        self.note(state="finished", finished=timestamp(), metrics=dict(metrics))

    def fail(self, reason: str, checkpoint: Path | None) -> None:
        """Note that it diverged, and the last good checkpoint."""
        last = None if checkpoint is None else checkpoint.relative_to(self.folder).as_posix()
        self.note(state="failed", finished=timestamp(), error=reason, last_good_checkpoint=last)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process trains in the folder; a killed one releases it. Raises `UserError`."""
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


def training_records(
    order: Order, scores: AnyScores, steps: tuple[int, ...], duration: Mapping[str, Plain]
) -> tuple[Record, ...]:
    """`miou`, as the measure of that name takes it, and the `val_iou` of each class that is there or predicted; of a
    classifier `top1`, `top5` and the `val_accuracy` of each class that has an image. `duration` is what it took."""
    stage, dataset = order.recipe.stages[-1], order.final
    network = Network(order.spec)
    conditions = order.conditions(network)
    circumstances: dict[str, Plain] = {
        "start_said": order.describe_start(),  # it names a file, wherever that lies
        "images": scores.images,
        **scores.describe(),
        "recipe": order.recipe.name,
        "crop": " x ".join(map(str, stage.augmentation.size)),
        "steps": sum(steps),
        **duration,
    }
    time = timestamp()
    spec = dump(order.trained_spec)

    def row(metric: str, value: float, more: dict[str, Plain]) -> Record:
        return Record(
            network.hash, metric, value, "", order.spec.name, spec, {**conditions, **more}, circumstances, time=time
        )

    return tuple(row(*one) for one in scores.rows(dataset.classes.names))


def resumed_order(folder: Path, catalog: Catalog) -> Order:
    """The order of a run. Raises `UserError` when it is none, or when its data or its weights are not the same now."""
    about = Run(folder).about()
    if not about:
        raise user_error("no run.json here", "Name the folder of a run", place=Place(str(folder)))
    spec = parse(about["spec"], file=str(folder / "run.json"), catalog=catalog)
    recipe = load_recipe(folder / "recipe.yaml", name=about["recipe"])
    order = Order(spec, recipe, {one: open_dataset(one) for one in about["data"]}, about["seed"])
    if order.name != folder.resolve().name:
        fact = f"what it was trained with has changed: it would be '{order.name}' now"
        raise user_error(fact, "Bring back its data and weights, or train anew", place=Place(str(folder)))
    return order
