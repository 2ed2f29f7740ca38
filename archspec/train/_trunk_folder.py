"""Trunks on disk: the state at which a training branched off, for longer trainings of the same network to go on from.

`<root>/trunks/<digest>-s<seed>/` holds one state, the newest, and the log up to there. The digest is of everything that
the trunk depends on, and not of its length.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.arrays import Array
from archspec.errors import UserError
from archspec.graph import canonical_hash
from archspec.record import package_versions
from archspec.train._checkpoint import Position, checkpoints, position_in_name, read_checkpoint, write_checkpoint
from archspec.train._order import PACKAGES, Order, start_of
from archspec.train._progress import Log
from archspec.train._recipe import lasting_stage
from archspec.train._trunk import Trunk

TRUNKS = "trunks"
LOG = "log.csv"
NOT_OF_WEIGHTS = ("name", "validation", "checkpoint_every")  # keys of a stage that weights do not depend on
NOT_OF_TRUNK = ("steps", "epochs", "schedule")  # keys of its last stage: how long it is steady
NOT_OF_NETWORK = ("name", "summary", "source")


@dataclass(frozen=True)
class TrunkFolder:
    """The states of one trunk, of which the newest is kept. A training branches off at `branch`."""

    folder: Path
    branch: Position

    def newest(self, after: Position | None) -> tuple[Position, dict[str, Array]] | None:
        """The newest state that is not past the branch, and later than what is known already (None: nothing is)."""
        for path in reversed(checkpoints(self.folder)):
            place = position_in_name(path)
            if place <= self.branch.place and (after is None or place > after.place):
                with suppress(UserError):  # damaged, or just replaced by a newer one
                    return read_checkpoint(path)
        return None

    def keep(self, position: Position, state: Mapping[str, Array], log: Log) -> None:
        """Keep the state of the branch, and the log until there, where there is none of it or of a later one."""
        if any(position_in_name(path) >= position.place for path in checkpoints(self.folder)):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        Log(self.folder / LOG).replace(log.rows())
        write_checkpoint(self.folder, position, state, kept=1)

    def copy_log(self, position: Position, log: Log) -> None:
        """Make a run's log that of the trunk until a position."""
        log.replace(Log(self.folder / LOG).rows())
        log.cut(position)


def trunk_folder(order: Order, trunk: Trunk | None, root: Path) -> TrunkFolder | None:
    """Where the trunk of an order lies; None for a recipe without one. Raises `UserError`."""
    if trunk is None:
        return None
    folder = root / TRUNKS / f"{trunk_digest(order, trunk)}-s{order.seed}"
    return TrunkFolder(folder, Position(trunk.stage, trunk.steps))


def trunk_digest(order: Order, trunk: Trunk) -> str:
    """16 hexadecimal letters for all that the trunk depends on but the seed and its length. Raises `UserError`."""
    stages = order.recipe.stages[: trunk.stage + 1]
    graphs = [order.graph(stage) for stage in stages]
    start = None if order.imported is None else order.imported.digest
    values = {key: value for key, value in order.trained_spec.values.items() if key not in NOT_OF_NETWORK}
    teachers = [order.teacher(stage) for stage in stages]
    what: Any = [
        values | {"weights": start},
        [[canonical_hash(graph), start_of(graph)] for graph in graphs],
        [_steady(order, number, trunk) for number in range(len(stages))],
        [order.fingerprints[f"{order.dataset(stage)[1].name} {stage.split}"] for stage in stages],
        [None if teacher is None else teacher.digest for teacher in teachers],
        package_versions(PACKAGES),
    ]
    return hashlib.blake2b(json.dumps(what, sort_keys=True).encode(), digest_size=8).hexdigest()


def _steady(order: Order, number: int, trunk: Trunk) -> dict[str, Any]:
    """A stage as its weights depend on it; the trunk's last one without what ends it."""
    left_out = NOT_OF_WEIGHTS + (NOT_OF_TRUNK if number == trunk.stage else ())
    stage = lasting_stage(order.recipe.to_json()["stages"][number])
    return {key: value for key, value in stage.items() if key not in left_out}
