"""The examples of the public functions and of `Network` run as they stand."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "archspec" / "api"
MODULES = (*(f"archspec.api.{file.stem}" for file in sorted(ROOM.glob("[a-z]*.py"))), "archspec.network.network")


def examples() -> list[doctest.DocTest]:
    found = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    return [one for some in found for one in some if one.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.name.rpartition(".")[2])
def test_example(example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(example, out=said.append)
    assert not said, "".join(said)
