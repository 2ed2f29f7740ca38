"""The folder of `archspec train`: scores by class, curves, conditions, and the commands that repeat it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.files import DATA_BYTES, is_file, read_text
from archspec.ledger import read_records_today
from archspec.record import TrainingRun, shell_command
from archspec.report._subject import Subject, read_object
from archspec.reporters.page import Curve, Curves
from archspec.scoring import describe_missing
from archspec.spec import plain, read_mapping

CURVES = (
    ("loss", "loss", 1.0),
    ("val_miou", "val mIoU (%)", 100.0),
    ("val_top1", "val top-1 (%)", 100.0),
    ("learning_rate", "learning rate", 1.0),
)


def recognises(path: Path) -> bool:
    """A folder with the `run.json` of a training."""
    return is_file(path / "run.json") and is_file(path / "recipe.yaml")


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its files. Raises `UserError` when one is damaged."""
    about, facts = read_object(path / "run.json", "run.json of a training"), TrainingRun(path).facts()
    records = read_records_today(path / "record.json") if is_file(path / "record.json") else ()
    iou = {str(one.conditions["class"]): one.value for one in records if one.metric == "val_iou"}
    scores = {name: float(value) for name, value in iou.items() if isinstance(value, int | float)}
    recipe = str(about.get("recipe", ""))
    state = "" if facts.state == "finished" else f" This run is {facts.state}."
    return Subject(
        name=path.resolve().name,
        kind="training run",
        path=path,
        plugins=plugins,
        spec=_text(path / "spec.yaml"),
        records=records,
        curves=_curves(path / "log.csv"),
        class_iou={name: scores.get(name) for name in facts.classes} if scores else {},
        class_names=facts.classes,
        data=facts.data,
        facts=_facts(about),
        commands={
            "Train it again": _training(path, about),
            "Score it": shell_command("evaluate", path, "--data", facts.data, "--split", "val"),
            "Build its .tflite": shell_command("build", path / "spec.yaml"),
        },
        lead=f"{about.get('name', '')}, trained on {facts.data.partition(':')[0]} with the recipe {recipe}.{state}",
    )


def _text(file: Path) -> str:
    return read_text(file) if is_file(file) else ""


def _training(path: Path, about: Mapping[str, Any]) -> str:
    """From the beginning: the spec that lies there loads what was trained, so the first weights are named."""
    data = [word for one in about.get("data", []) for word in ("--data", one)]
    words = (path / "spec.yaml", "--set", f"weights={_first_weights(about)}", "--recipe", path / "recipe.yaml")
    return shell_command("train", *words, *data, "--seed", about.get("seed", 0))


def _first_weights(about: Mapping[str, Any]) -> str:
    """What the spec named before the training, as a value after --set."""
    document = read_mapping(str(about.get("spec", "")), "run.json", [])
    node = None if document is None else document.get("weights")
    weights = "none" if node is None else plain(node)
    return weights if isinstance(weights, str) else json.dumps(weights)


def _facts(about: dict[str, Any]) -> dict[str, str]:
    found = {
        "recipe": f"{about.get('recipe', '')} (digest {about.get('recipe_digest', '')})",
        "seed": str(about.get("seed", "")),
        "steps": ", ".join(map(str, about.get("steps", []))),
        "weights at the start": str(about.get("start", "")),
        "started": str(about.get("started", "")),
        "finished": str(about.get("finished", "")),
    }
    iou = about.get("metrics", {}).get("val_iou", {})
    partial = describe_missing(tuple(iou.values()), tuple(iou)) if isinstance(iou, dict) else ""
    if partial:
        found["val mIoU"] = partial
    versions = about.get("versions", {})
    if isinstance(versions, dict):
        found["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    return found


def _curves(file: Path) -> Curves | None:
    """Over the steps of all stages, one after the other; rows that are torn are left out."""
    if not is_file(file):
        return None
    found: dict[str, list[tuple[float, float]]] = {column: [] for column, _, _ in CURVES}
    stage, before, last = 1, 0.0, 0.0
    for row in csv.DictReader(io.StringIO(read_text(file, most_bytes=DATA_BYTES))):
        try:
            here, step = int(row["stage"]), float(row["step"])
            values = {column: float(text) for column, _, _ in CURVES if (text := row.get(column))}
        except (KeyError, TypeError, ValueError):
            continue
        if here != stage:
            stage, before = here, last
        last = before + step
        for column, value in values.items():
            found[column].append((last, value))
    curves = tuple(
        Curve(title, tuple((step, factor * value) for step, value in found[column]))
        for column, title, factor in CURVES
        if len(found[column]) > 1
    )
    return Curves("step", curves) if curves else None
