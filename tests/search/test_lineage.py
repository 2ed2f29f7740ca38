"""Candidates that begin with trained weights of another: who from, which layers, and how that is said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.measures import Case, Settings
from archspec.measures._training import order_of
from archspec.network import Network
from archspec.search.candidates import Candidate
from archspec.search.space import Space
from archspec.search.study import parse_study
from archspec.search.study.conclusion import front_of
from archspec.search.study.lineage import (
    Lineage,
    changed_decisions,
    check_lineage,
    describe_inheritance,
    inherited_layers,
    nearest,
    prefixes,
)  # fmt: skip
from archspec.search.study.study import Study
from archspec.search.trials import Objective, Trial
from archspec.spec import parse
from archspec.weights import save_weights

SPACE = """
name: small
input: {size: [32, 64]}
classes: 3
output_stride: 8
backbone:
- conv_bn: {filters: 4, kernel: 3, stride: 2}
- conv_bn: {filters: {choose: [6, 8]}, kernel: 3, stride: 2}
- conv_bn: {filters: 8, kernel: 3, stride: 2}
head:
- conv_bn: {filters: 5, kernel: 3, dilation_rate: {choose: [1, 2]}}
- conv_bn: {filters: {choose: [5, 7]}, kernel: 1}
decoder: bilinear
"""
RECIPE = """
name: tiny
steps: 2
batch_size: 2
learning_rate: 0.001
augmentation: {crop: [32, 64]}
"""
WIDE, RATE, LAST = "backbone[1].conv_bn.filters", "head[0].conv_bn.dilation_rate", "head[1].conv_bn.filters"


@pytest.fixture
def space() -> Space:
    return Space.of(parse(SPACE, file="small.yaml"))


def trial(space: Space, number: int, genome: dict[str, int], rungs: int = 0, state: str = "done") -> Trial:
    text = space.network(genome).text
    return Trial(number, str(number), genome, state, {"miou": 0.5}, spec=text, rungs=({"miou": 0.5},) * rungs)  # type: ignore[arg-type]


def test_the_parent_is_the_nearest_then_the_longest_trained(space: Space) -> None:
    assert {one.name for one in space.decisions} == {WIDE, RATE, LAST}
    child = {WIDE: 6, RATE: 1, LAST: 5}
    trials = [
        trial(space, 0, {WIDE: 8, RATE: 2, LAST: 7}),
        trial(space, 1, {WIDE: 8, RATE: 1, LAST: 5}, 1, "paused"),
        trial(space, 2, {WIDE: 6, RATE: 2, LAST: 5}, 2, "paused"),
        trial(space, 3, {WIDE: 6, RATE: 1, LAST: 7}, 0, "running"),
    ]
    assert [one.number for one in nearest(child, trials)] == [2, 1, 0]
    assert changed_decisions({"head": "dpc", "rate": 3}, {"head": "basic"}) == 2


def test_layers_of_equal_shapes_are_inherited(space: Space) -> None:
    before, after = (space.network({WIDE: 6, RATE: 1, LAST: last}).graph for last in (5, 7))
    shared = inherited_layers(before, after)
    weighted = {node.name for node in after.nodes if node.layer.weights(node)}
    left = weighted - shared
    assert left and all(name.startswith(("head.1", "classifier")) for name in left)
    assert prefixes(shared, weighted) == [
        "backbone",
        *sorted({f"head.{n.split('.')[1]}" for n in shared if "head" in n}),
    ]


def test_prefixes_name_nothing_else() -> None:
    names = {"a.x", "a.y", "b.x", "b.x.bn", "b.y", "c"}
    assert prefixes({"a.x", "a.y", "b.y"}, names) == ["a", "b.y"]
    assert prefixes({"b.x"}, names) == []  # it cannot be named without b.x.bn


def settings(tmp_path: Path) -> Settings:
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE, "utf-8")
    return Settings(
        ("miou",), data=("synthetic_streets",), recipes={"miou": str(recipe)}, output=str(tmp_path / "runs")
    )


def test_a_child_begins_with_what_it_shares(space: Space, tmp_path: Path) -> None:
    under = settings(tmp_path)
    parent = trial(space, 4, {WIDE: 6, RATE: 1, LAST: 5})
    order = order_of(Case(Network(parse(parent.spec, file="parent.yaml")), under), "miou")
    lineage, candidate = Lineage(under, "miou"), space.candidate({WIDE: 6, RATE: 1, LAST: 7})
    assert lineage.text(candidate, [parent]) == candidate.network.text  # it left no weights

    trained = Network(order.trained_spec)
    weights = {key: np.full_like(array, 0.25) for key, array in trained.weights.items()}
    folder = tmp_path / "runs" / order.name
    folder.mkdir(parents=True)
    save_weights(folder / "weights.npz", weights, trained.graph)
    child = Network(parse(lineage.text(candidate, [parent]), file="child.yaml"))
    begins = order_of(Case(child, under), "miou")
    start = begins.start_weights()
    shared = inherited_layers(trained.graph, begins.graph(begins.recipe.stages[0]))
    for key, array in start.items():
        assert (bool((array == 0.25).all())) == (key.rpartition("/")[0] in shared), key
    plain = order_of(Case(candidate.network, under), "miou")
    assert begins.digest != plain.digest  # another start is another training
    assert begins.conditions(child)["weights_digest"] != plain.conditions(candidate.network)["weights_digest"]

    found = Trial(5, "5", candidate.genome, "done", {"miou": 0.6}, spec=child.text)
    assert describe_inheritance([parent], space) == ()
    assert "trial 5 began with inherited weights" in describe_inheritance([parent, found], space)[0]


def test_published_weights_are_not_given_up(space: Space, tmp_path: Path) -> None:
    """A candidate that names weights inherits only where it gets all of those from its parent, too."""
    under = settings(tmp_path)
    parent, genome = trial(space, 4, {WIDE: 6, RATE: 1, LAST: 5}), {WIDE: 6, RATE: 1, LAST: 7}
    order = order_of(Case(Network(parse(parent.spec, file="parent.yaml")), under), "miou")
    (tmp_path / "runs" / order.name).mkdir(parents=True)
    trained, plain = Network(order.trained_spec), space.network(genome)
    save_weights(tmp_path / "runs" / order.name / "weights.npz", trained.weights, trained.graph)
    save_weights(tmp_path / "own.npz", plain.weights, plain.graph)
    for only, wanted in (("backbone", True), ("head", False)):
        network = plain.changed({"weights": {"file": str(tmp_path / "own.npz"), "only": [only]}})
        text = Lineage(under, "miou").text(Candidate(genome, network, "key"), [parent])
        assert (text != network.text) == wanted


def test_the_front_begins_as_all_others_do(space: Space, tmp_path: Path) -> None:
    genome = {WIDE: 6, RATE: 1, LAST: 7}
    inherited = space.network(genome).changed({"weights": {"file": "runs/parent/weights.npz", "only": ["backbone"]}})
    found = Trial(3, "3", genome, "done", {"miou": 0.6}, spec=inherited.text)
    result: Any = SimpleNamespace(front=[found])
    for inherit in (True, False):
        study = Study("small", space.spec, (Objective("miou", "maximize"),), inherit=inherit)
        (network,) = (one.network for one in front_of(study, result, {}))
        assert (network.text == space.network(genome).text) == inherit


STUDY = """
name: inheriting
spec: camvid_shufflenetv2_05
choices: {width_multiplier: {choose: [0.5, 1.0]}}
objectives: [miou, params]
inherit: true
data: synthetic_streets
recipes: {miou: synthetic_search}
"""


def test_what_cannot_inherit_is_refused_before_anything_is_trained() -> None:
    study = parse_study(STUDY)
    check_lineage(study)
    assert (
        parse_study(study.text).inherit and study.digest() != parse_study(STUDY.replace("inherit: true", "")).digest()
    )
    with pytest.raises(UserError, match="both say"):
        check_lineage(parse_study(STUDY + "pretrain: {recipe: synthetic_search}\n"))
    with pytest.raises(UserError, match="nothing can be inherited"):
        check_lineage(
            parse_study(STUDY.replace("[miou, params]", "[gflops, params]").replace("miou: syn", "top1: syn"))
        )
