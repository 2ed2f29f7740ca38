"""Folding, proved by numbers: equal keys are equal functions of equal weights, and other keys are others."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest

from archspec.graph import Graph
from archspec.graph.identity import canonical_hash
from archspec.graph.weights import initialise
from archspec.search.candidates import Candidate, Genome
from archspec.search.space import Folding, Space
from archspec.spec import parse
from tests.graph.evaluation import evaluate
from tests.graph.oracle import Array

# A map of 7 × 7: rates of 9 reach past it, a grid of 8 makes windows of one position, a grid of 1 a constant map.
TEXT = """
output_stride: 8
input: {{size: 56, preprocess: none}}
classes: 2
backbone: [conv_bn: {{filters: 3, stride: 8}}]
head: {{dpc: {{filters: 3, branches: {{dpc_cell: {{branches: 2, rates: {rates}, grids: {grids}}}}}}}}}
output: none
"""
RATES, GRIDS = [1, 4, 5], [1, 2, 8]  # published for stride 16: at 8 they are 2, 8 and 10


def small_cells() -> Space:
    return Space.of(parse(TEXT.format(rates=RATES, grids=GRIDS)))


def chains(space: Space) -> list[Candidate]:
    """Cells whose second branch reads the first: their branches have one order only."""
    return [space.candidate(one) for one in space.genomes() if one["head.dpc.branches[1].input"] == 0]


def weights_of(graph: Graph) -> dict[str, Array]:
    """Of a network that has seen data: shifts after every batch norm, so that a border of zeros shows.

    Positive ones, so that no ReLU is silent everywhere. By name: equally named arrays hold the same numbers.
    """
    found = {}
    for key, value in initialise(graph).items():
        generator = np.random.default_rng([*key.encode()])
        positive = key.endswith(("variance", "beta", "gamma"))
        found[key] = generator.uniform(0.5 if positive else -1, 1.5, value.shape)
    return found


def test_equal_keys_are_equal_functions_and_no_others() -> None:
    """Over all 361 chains: carried from one to another, the same weights give the same scores if the keys are equal."""
    pixels = np.random.default_rng(0).normal(size=(56, 56, 3))
    of_key: dict[str, set[bytes]] = defaultdict(set)
    key_of: dict[bytes, set[str]] = defaultdict(set)
    hashes = set()
    for candidate in chains(small_cells()):
        (scores,) = evaluate(candidate.network.graph, weights_of(candidate.network.graph), pixels)
        assert np.ptp(scores) > 1e-3
        told = np.round(scores / np.abs(scores).max(), 6).tobytes()
        of_key[candidate.key].add(told)
        key_of[told].add(candidate.key)
        hashes.add(canonical_hash(candidate.network.graph))
    assert len(hashes) == 19 * 19  # 1 + 9 + 9 operations
    assert all(len(functions) == 1 for functions in of_key.values())
    assert all(len(keys) == 1 for keys in key_of.values())
    # On the features: 4 kernels, since rates of 8 and 10 read the centre, and 9 windows, of which one position is the
    # 1×1 convolution. Behind a window over the whole of one axis, those along it are one; over both, all are.
    whole_axis, whole_map = 4, 1  # of the 9 windows: 1 × 2, 1 × 8, 2 × 1, 8 × 1; and 1 × 1
    others = 4 + 9 - whole_axis - whole_map
    # A constant axis does show the border's zeros, in either rate that sees it: none of the 4 kernels folds.
    assert len(of_key) == others * 13 + whole_axis * (4 + 3) + whole_map * (4 + 1)


PAIRS = [
    ("a rate past the map reads its centre", ("rate 4x1", "1x1"), ("rate 5x1", "1x1")),
    ("a window of one position is the 1×1 convolution", ("pool 8x8", "rate 1x1"), ("1x1", "rate 1x1")),
    ("any pooling of a constant map is a 1×1 convolution", ("pool 1x1", "pool 2x8"), ("pool 1x1", "1x1")),
    ("of a map that is constant along one axis, along that", ("pool 1x2", "pool 1x2"), ("pool 1x2", "pool 8x2")),
]


@pytest.mark.parametrize(("why", "one", "other"), PAIRS)
def test_pairs_that_fold(why: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (small_cells().candidate(chain(*names)) for names in (one, other))
    assert (first.key == second.key, first.network.cost.hash == second.network.cost.hash) == (True, False), why


NOT = [
    ("3×3 and its centre have a batch norm and a ReLU more than 1×1", ("rate 5x5", "1x1"), ("1x1", "1x1")),
    ("zeros past the border of a constant map do show", ("pool 1x1", "rate 1x1"), ("pool 1x1", "rate 5x5")),
    ("constant along one axis is not along the other", ("pool 1x2", "pool 1x2"), ("pool 1x2", "pool 1x8")),
    ("windows that differ", ("pool 2x2", "1x1"), ("pool 2x8", "1x1")),
]


@pytest.mark.parametrize(("why", "one", "other"), NOT)
def test_pairs_that_do_not_fold(why: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (small_cells().candidate(chain(*names)) for names in (one, other))
    assert first.key != second.key, why


def chain(first: str, second: str) -> Genome:
    return {"head.dpc.branches[0].op": first, "head.dpc.branches[1].op": second, "head.dpc.branches[1].input": 0}


def test_branches_in_another_order_fold_and_compute_the_same() -> None:
    """Both read the features; the projection's weights are exchanged with the branches."""
    space = small_cells()
    first, second = (
        space.candidate({**chain(*names), "head.dpc.branches[1].input": -1})
        for names in (("rate 1x1", "pool 2x1"), ("pool 2x1", "rate 1x1"))
    )
    assert first.key == second.key
    weights = weights_of(first.network.graph)
    moved = {key.replace("branch0", "X").replace("branch1", "branch0").replace("X", "branch1"): value
             for key, value in weights.items()}  # fmt: skip
    (projection,) = (key for key in moved if "concat_projection" in key and key.endswith("/kernel"))
    moved[projection] = np.roll(moved[projection], 3, axis=2)  # two branches of three channels each
    pixels = np.random.default_rng(0).normal(size=(56, 56, 3))
    (a,), (b,) = evaluate(first.network.graph, weights, pixels), evaluate(second.network.graph, moved, pixels)
    np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.slow
def test_keras_agrees() -> None:
    """The same of two networks in Keras: logits to float32."""
    from archspec.lower import set_weights, to_keras

    space = small_cells()
    pixels = np.random.default_rng(0).normal(size=(1, 56, 56, 3)).astype(np.float32)
    for _, one, other in PAIRS:
        logits = []
        for names in (one, other):
            graph = space.candidate(chain(*names)).network.graph
            model = to_keras(graph, batch_size=1)
            set_weights(model, {key: value.astype(np.float32) for key, value in weights_of(graph).items()})
            logits.append(np.asarray(model(pixels, training=False)))
        np.testing.assert_allclose(logits[0], logits[1], rtol=1e-4, atol=1e-4 * np.abs(logits[0]).max())


def test_the_cheapest_is_kept_whatever_comes_first() -> None:
    candidates = chains(small_cells())
    groups = defaultdict(list)
    for candidate in candidates:
        groups[candidate.key].append(candidate)
    kept = []
    for seed in range(3):
        random.Random(seed).shuffle(candidates)
        folding = Folding()
        new = [folding.add(candidate) for candidate in candidates]
        assert (folding.seen, len(folding)) == (len(candidates), len(groups))
        assert folding.folded == new.count(False) == len(candidates) - len(groups)
        kept.append({one.key: one.genome for one in folding})
    assert kept[0] == kept[1] == kept[2]
    for key, group in groups.items():
        cheapest = min((one.network.cost.macs, one.network.cost.params) for one in group)
        (mine,) = (one for one in group if one.genome == kept[0][key])
        assert (mine.network.cost.macs, mine.network.cost.params) == cheapest
    pooled = small_cells().candidate(chain("pool 1x1", "1x1")).key
    assert kept[0][pooled] == chain("pool 1x1", "pool 1x1")  # one position instead of 49
