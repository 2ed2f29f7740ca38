"""Databases to keep trials in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archspec.search.store import TrialStore, open_store
from tests.search.postgresql import server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'trials.db'}"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture
def store(sqlite_url: str) -> Iterator[TrialStore]:
    found = open_store(sqlite_url)
    yield found
    found.close()
