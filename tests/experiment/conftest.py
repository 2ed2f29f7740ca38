"""A Ray cluster for the tests of a session that need one; it is started when the first asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.experiment.ray_cluster import RayCluster, cluster_of, disconnect
from tests.needs import needed


@pytest.fixture(scope="session")
def standing_cluster() -> Iterator[RayCluster]:
    """Four nodes of one processor each; `two` and `one` are resources of so many of them, two share a GPU each."""
    needed("ray")
    with cluster_of({"two": 1, "one": 1}, {"two": 1}, {"GPU": 1}, {"GPU": 1}) as cluster:
        yield cluster


@pytest.fixture
def cluster(standing_cluster: RayCluster) -> Iterator[RayCluster]:
    """The cluster, from which this process is disconnected afterwards."""
    yield standing_cluster
    disconnect()
