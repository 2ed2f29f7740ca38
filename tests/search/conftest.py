"""A file to keep trials in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.search.store import TrialStore, open_store


@pytest.fixture
def trials_file(tmp_path: Path) -> Path:
    return tmp_path / "trials.db"


@pytest.fixture
def store(trials_file: Path) -> Iterator[TrialStore]:
    found = open_store(trials_file)
    yield found
    found.close()
