"""A tiny network, data and a planted device, under which every measure can be taken in a test."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.devices import Model
from archspec.measures import Settings, Stage, _device, _timing, _training
from archspec.measures import _case as cases
from archspec.measures._case import Case
from archspec.network import Network
from archspec.predictor import write_table
from archspec.predictor.calibration import fill, table_of
from archspec.predictor.turns import Turns
from archspec.record import Record
from tests.predictor.planted import PlantedDevice
from tests.train.tiny import RECIPE, Blocks, spec

FROZEN = "freeze: backbone\ncache_features: {views: 2}\n"


class Known(dict[str, Record]):
    """A ledger in memory."""

    def add(self, records: Iterable[Record]) -> None:
        self.update({record.key: record for record in records})


class Heard(list[tuple[str, str]]):
    """What the ladder tells."""

    def __call__(self, stage: Stage) -> None:
        self.append((stage.metric, stage.state))

    def of(self, state: str) -> list[str]:
        return [metric for metric, said in self if said == state]


def settings(folder: Path) -> Settings:
    """Everything tiny: recipes of six steps, a device that answers at once. To be used under `planted`."""
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "heads.yaml").write_text(RECIPE + FROZEN)
    device, reference = PlantedDevice(), Model("reference", _device.reference().content)
    table = table_of(device, None, reference, 1)
    table = fill(device, table, [Network(spec())], operator_turns=Turns(1, 2), reference=reference)
    write_table(folder / "table.json", table)
    recipe = str(folder / "recipe.yaml")
    recipes = dict.fromkeys(("short_miou", "miou", "naswot", "grad_norm"), recipe)
    return Settings(
        (),
        device="planted",
        data=("blocks",),
        recipes={**recipes, "proxy_miou": str(folder / "heads.yaml")},
        latency_table=str(folder / "table.json"),
        output=str(folder / "runs"),
    )


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings under which `blocks` and `planted` are there."""
    data = Blocks()
    for module in (cases, _training):
        monkeypatch.setattr(module, "opened", lambda reference: data)
    for module in (_device, _timing):
        monkeypatch.setattr(module, "device_of", lambda name: PlantedDevice())
    for cached in (_device._predictor, _device._asked):
        cached.cache_clear()
    return settings(tmp_path)


def case(under: Settings, *lines: str, **changes: object) -> Case:
    """The tiny network under these settings, changed."""
    return Case(spec(*lines), replace(under, **changes))  # type: ignore[arg-type]


def refuse_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed."""
    for name in [*sys.modules]:
        if name.split(".")[0] in ("tensorflow", "keras") or name.startswith("archspec.lower"):
            monkeypatch.delitem(sys.modules, name)
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, None)
