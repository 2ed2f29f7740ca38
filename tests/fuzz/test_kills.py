"""A few of the kills of `python -m tests.fuzz.kills`, and that they find what they look for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.killed_commands import COMMANDS, Ablate, Recorded
from tests.fuzz.kills import Campaign

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of Linux")


@pytest.mark.parametrize("name", ["ablate", "merge"])
def test_killed_anywhere_it_ends_as_if_never_killed(name: str, tmp_path: Path) -> None:
    tally = Campaign(COMMANDS[name], tmp_path, seed=0).run(kills=4)
    assert (tally.kills, tally.faults) == (4, [])


@pytest.mark.slow
def test_a_training_killed_anywhere_ends_as_if_never_killed(tmp_path: Path) -> None:
    tally = Campaign(COMMANDS["train"], tmp_path, seed=0).run(kills=3)
    assert (tally.kills, tally.faults) == (3, [])


class Littering(Ablate):
    """Leaves a file behind, and forgets a number that was recorded."""

    def recorded(self, folder: Path) -> Recorded:
        (folder / "runs").mkdir(exist_ok=True)
        (folder / "runs" / ".half.tmp").touch() if folder.name == "1" else None
        return {} if folder.name == "1" else super().recorded(folder)


class Elsewhere(Ablate):
    """Records in another place than the one that is looked at."""

    arguments = (*Ablate.arguments, "--ledger", "elsewhere.db")


def test_what_is_left_behind_lost_or_repeated_is_found(tmp_path: Path) -> None:
    faults = Campaign(Littering(), tmp_path, seed=0).run(kills=1).faults
    assert any("left behind: runs/.half.tmp" in fault for fault in faults)
    assert any("another result than of a run that nobody killed" in fault for fault in faults)
    with pytest.raises(AssertionError, match="nothing was recorded"):
        Campaign(Elsewhere(), tmp_path / "elsewhere", seed=0)
    said = "7 numbers measured, the others from runs/ledger.db"
    assert Ablate().repeated({"a": 1}, {"a": 1, "b": 2}, said) == "7 numbers were measured, and 1 were lacking"
    assert Ablate().repeated({"a": 1}, {"a": 1}, said.replace("7", "0")) == ""
