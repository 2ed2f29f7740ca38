"""Of candidates that compute the same function the cheapest that single changes lead to is evaluated."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from archspec.graph import leeway
from archspec.network import Network
from archspec.search.candidates import Candidate, Genome
from archspec.search.driver import Search
from archspec.search.history import History
from archspec.search.proposals import Proposals
from archspec.search.samplers import Task
from archspec.search.space import Space
from archspec.search.space.cheapest import Cheapest
from archspec.search.space.space import Cost, cost_of
from archspec.search.store import TrialStore
from archspec.spec import load
from tests.search.fake_space import Analytic, all_feasible
from tests.search.test_equivalents import OBJECTIVES, SETTINGS, SPACE, text
from tests.search.test_proposals import Stubborn

Written = tuple[tuple[str, object], ...]
CELL = {"branches": 2, "rates": [6], "grids": [1, 2, 4]}


@cache
def cells() -> Space:
    """Cells on the 4 × 4 positions of 64 × 64 pixels: a grid of 4 repeats the map, a grid of 1 makes it flat."""
    dpc = {"dpc": {"filters": 8, "branches": {"dpc_cell": CELL}}}
    return Space.of(load("shufflenetv2_dpc", {"width_multiplier": 0.5, "input.size": [64, 64], "head": dpc}))


@cache
def every() -> Mapping[Written, tuple[str, Cost]]:
    """Key and cost of each genome."""
    found = {}
    for genome in cells().genomes():
        candidate = cells().candidate(genome)
        found[tuple(genome.items())] = candidate.key, cost_of(candidate)
    return found


def least_nearby(genome: Genome) -> Cost:
    """By brute force: the cheapest step among all single changes, as long as one costs less."""
    key, cost = every()[tuple(genome.items())]
    while True:
        steps = [{**genome, one.name: option} for one in cells().decisions for option in one.options]
        known = [(every()[tuple(step.items())], step) for step in steps]
        cheaper = [(price, at) for at, ((other, price), _) in enumerate(known) if other == key and price < cost]
        if not cheaper:
            return cost
        cost, at = min(cheaper)
        genome = known[at][1]


def test_everything_ends_as_cheap_as_single_changes_make_it() -> None:
    cheapest = Cheapest(cells())
    classes: dict[str, list[Cost]] = {}
    for key, cost in every().values():
        classes.setdefault(key, []).append(cost)
    assert sum(len(set(costs)) > 1 for costs in classes.values()) > 10  # else nothing is tested
    moved = 0
    for written in list(every())[::2]:
        candidate = cells().candidate(dict(written))  # type: ignore[arg-type]
        found = cheapest(candidate)
        assert found.key == candidate.key == cells().candidate(found.genome).key
        assert cost_of(found) == least_nearby(candidate.genome) == min(classes[found.key])
        moved += found is not candidate
    assert moved > 20


@pytest.mark.parametrize("size", [32, 64])
def test_a_kernel_that_sees_only_its_centre_is_made_small(size: int) -> None:
    """On 1 × 1 positions a 5×5 kernel reads one number, as a 3×3 does; on 2 × 2 both read their neighbours."""
    stages = {"mobile_stages": {"stem": {"filters": [8]}, "stages": [
        {"filters": [8], "stride": 16, "kernel": [3, 5], "expansion": [1], "repeat": [1]},
        {"filters": [8], "kernel": [3, 5], "expansion": [1], "repeat": [1]},
    ]}}  # fmt: skip
    changes = {"input.size": [size, size], "output_stride": 32, "backbone": stages, "head.basic.filters": 8}
    space = Space.of(load("shufflenetv2_basic", changes))
    name = next(one.name for one in space.decisions if "stage2" in one.name)
    large = space.candidate(space.changed(space.completed({}), name, 5))
    found = Cheapest(space)(large)
    assert found.key == large.key
    assert found.genome[name] == 3


def test_where_the_key_sees_everything_nothing_is_tried() -> None:
    assert not any(leeway(Network.load("shuffleseg_unet").graph))
    assert leeway(Network.load("shufflenetv2_dpc").graph).windows


def test_what_is_claimed_is_the_cheapest_and_the_rest_is_folded(store: TrialStore, tmp_path: Path) -> None:
    def small_kernel(candidate: Candidate) -> Candidate:
        return SPACE.candidate({**candidate.genome, "kernel": 3}) if candidate.genome["kernel"] == 5 else candidate

    history = History(OBJECTIVES)
    fifth = Stubborn({"width": 0.5, "stride": 16, "head": "dpc", "depth": 1, "kernel": 5})
    proposals = Proposals(Task(SPACE, OBJECTIVES), fifth, history, cheapest=small_kernel)
    proposal = proposals.next()
    assert proposal is not None and proposal.genome["kernel"] == 3 and proposals.passed.folded == 1
    log = tmp_path / "log"
    search = Search(SPACE, all_feasible, Analytic(log=str(log)), SETTINGS, OBJECTIVES, store, "study", 30,
                    sampler="random", workers=0, spec_text=text, cheapest=small_kernel)  # fmt: skip
    result = search.run()
    evaluated = log.read_text().splitlines()
    assert len(evaluated) == 30 and all("('kernel', 3)" in line for line in evaluated)
    assert result.folded > 0 and result.counts == {"done": 30}
    whole = replace(search, study="whole", budget=96).run()
    assert whole.counts == {"done": 48} and whole.stopped == "exhausted"
