"""Trained weights that a candidate takes over from one that differs in few decisions (LEMONADE, arXiv:1804.09081).

What is the same layer of the same shapes in both begins with the parent's weights, by graph path; the rest begins as
ever. The candidate's spec says so under `weights`, which are part of what identifies its training.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.errors import Problem, UserError, user_error
from archspec.files import is_file
from archspec.graph import Graph, beginnings, is_within, weight_specs
from archspec.measures import Case, Settings
from archspec.measures._training import order_of
from archspec.network import Network
from archspec.search.candidates import Candidate, Genome
from archspec.search.fidelity import Fidelity
from archspec.search.space import Space
from archspec.search.study.study import Study
from archspec.search.trials import Trial
from archspec.train import Run

FARTHEST = 3  # decisions that a child of a candidate may have taken otherwise


@dataclass(frozen=True)
class Lineage:
    """Who inherits from whom. `metric` is the one whose training leaves the weights, under `settings`."""

    settings: Settings
    metric: str
    fidelity: Fidelity | None = None

    def text(self, candidate: Candidate, trials: Iterable[Trial]) -> str:
        """The spec of a new candidate, with the weights of the nearest trained one that has any for it."""
        for parent in nearest(candidate.genome, trials):
            try:
                child = self._child(candidate.network, parent)
            except (UserError, Problem):
                continue  # the file is gone, or does not fit
            if child is not None:
                return child.text
        return candidate.network.text

    def _child(self, network: Network, parent: Trial) -> Network | None:
        settings = self.settings
        if self.fidelity is not None:
            steps = self.fidelity.steps[max(0, len(parent.rungs) - 1)]
            settings = replace(settings, training_steps=steps, training_decay=self.fidelity.decay)
        trained = Network.of_text(parent.spec, file=f"<trial {parent.number}>", catalog=network.catalog)
        order = order_of(Case(trained, settings), self.metric)
        file = Run(Path(settings.output) / order.name).weights
        if not is_file(file):
            return None
        before = Network(order.trained_spec)
        after = network.changed({"classes": before.spec.values["classes"]})  # as both are trained
        layers = inherited_layers(before.graph, after.graph)
        own = set() if after.imported is None else {key.rpartition("/")[0] for key in after.imported.arrays}
        only = prefixes(layers, _arrays(before.graph).keys() | _arrays(after.graph).keys())
        if not only or not own <= layers:
            return None  # what begins with published weights now would begin with none
        weights = {"weights": {"file": str(file), "only": only}}
        _ = after.changed(weights).imported
        return network.changed(weights)


def check_lineage(study: Study) -> None:
    """Raises `UserError` where candidates of a study have nothing to inherit, or could not find it."""
    if not study.inherit:
        return
    if not study.inherited_by:
        fact = "no metric of the study trains by a recipe that it names"
        raise user_error(f"nothing can be inherited: {fact}", "Name one, such as miou, or leave inherit out")
    if study.pretrain is not None:
        fact = "inherit and pretrain both say what a candidate begins with"
        raise user_error(fact, "Leave one of them out")


def searched_network(trial: Trial, space: Space) -> Network:
    """The network of a trial, with the weights that it began with."""
    return Network.of_text(trial.spec, file=f"<trial {trial.number}>", catalog=space.spec.catalog)


def inherits(trial: Trial, space: Space) -> bool:
    """Whether a trial began with weights of another: its spec names others than the space does."""
    named: bool = searched_network(trial, space).spec.values["weights"] != space.closed(trial.genome).values["weights"]
    return named


def describe_inheritance(trials: Iterable[Trial], space: Space) -> tuple[str, ...]:
    """A line about those of a front that were found with inherited weights, if any."""
    found = [str(trial.number) for trial in trials if inherits(trial, space)]
    if not found:
        return ()
    began = f"of the front, trial {', '.join(found)} began with inherited weights"
    why = "the search's numbers of it are of a longer training, those measured afterwards of one that begins as all do"
    return (f"{began}: {why}",)


def nearest(genome: Genome, trials: Iterable[Trial]) -> list[Trial]:
    """The trained ones that few decisions lie between, the nearest first; of equals the longest trained, the oldest."""
    trained = [trial for trial in trials if trial.state == "done" or trial.rungs]
    distances = [(changed_decisions(genome, trial.genome), -len(trial.rungs), trial.number) for trial in trained]
    by_number = {trial.number: trial for trial in trained}
    return [by_number[number] for distance, _, number in sorted(distances) if distance <= FARTHEST]


def changed_decisions(one: Genome, other: Genome) -> int:
    """How many decisions two genomes take differently; one that only one of them has counts, too."""
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


def inherited_layers(parent: Graph, child: Graph) -> set[str]:
    """Names of the layers of the child that are layers of the parent, too, of one class and with equal arrays."""
    before, after = _arrays(parent), _arrays(child)
    return {name for name, arrays in after.items() if before.get(name) == arrays}


def _arrays(graph: Graph) -> dict[str, tuple[object, ...]]:
    found: defaultdict[str, tuple[object, ...]] = defaultdict(tuple)
    for _, node, spec in weight_specs(graph):
        found[node.name] += (type(node.layer).__name__, spec.name, spec.shape)
    return dict(found)


def prefixes(chosen: Collection[str], names: Collection[str]) -> list[str]:
    """The shortest dotted beginnings that name all of `chosen` and nothing else of `names`."""
    found: list[str] = []
    for name in sorted(chosen):
        if is_within(name, found):
            continue
        beginning = next(
            (one for one in beginnings(name) if all(other in chosen for other in names if is_within(other, (one,)))), ""
        )
        if beginning:
            found.append(beginning)
    return found
