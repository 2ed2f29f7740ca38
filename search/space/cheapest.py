"""The cheapest way to write the function of a candidate that single changes of its genome lead to.

A change is tried only where it can help: where the key leaves the cost of this graph open, and between options whose
layers are alike in all that every key sees and that cost less. Which options are alike is looked up once for a
decision, an image size and an output stride; whether a change gives the same function is asked of the key each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archspec.errors import Problem, UserError
from archspec.graph import Census, Leeway, census, leeway
from archspec.network import Network
from archspec.search.candidates import Candidate, Decision, DecisionValue, Genome
from archspec.search.space.space import Cost, Space, cost_of

MOST_OPTIONS = 128  # a decision of more is left as it is


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to take a decision: what every key sees of its network, the windows there, and the cost."""

    seen: object
    windows: object
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a decision: its options that are like another one, the cheapest first, and the names of the
    layers that it touches."""

    options: Mapping[DecisionValue, _Option]
    touched: frozenset[str]


class Cheapest:
    """Finds the cheapest candidate of a function, change by change."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[tuple[object, ...], _Known] = {}

    def __call__(self, candidate: Candidate) -> Candidate:
        """The candidate itself, or one of the same key that costs less and that no single change makes cheaper."""
        while (better := self._cheaper(candidate)) is not None:
            candidate = better
        return candidate

    def _cheaper(self, candidate: Candidate) -> Candidate | None:
        """One of the same key that costs less: of the first decision that has one, the cheapest."""
        left_open = leeway(candidate.network.graph)
        if not any(left_open):
            return None
        cost = cost_of(candidate)
        for genome in self._changes(candidate, left_open):
            try:
                network = self._space.network(genome)
                if network.candidate_key != candidate.key:
                    continue
                other = Candidate(genome, network, candidate.key)
                if cost_of(other) < cost:
                    return other
            except (UserError, Problem):
                continue
        return None

    def _changes(self, candidate: Candidate, left_open: Leeway) -> Iterator[Genome]:
        """Genomes of one change that may be the same function at less, of each decision the cheapest first."""
        network, genome = candidate.network, candidate.genome
        context = (network.graph.inputs[0].shape, network.expanded.output_stride)
        for decision in self._space.decisions:
            if decision.name not in genome or not 1 < len(decision.options) <= MOST_OPTIONS:
                continue
            key = (decision.name, *context)
            if key not in self._known:
                self._known[key] = self._looked_at(decision, genome)
            known = self._known[key]
            own = known.options.get(genome[decision.name])
            maps, windows = left_open.maps & known.touched, left_open.windows & known.touched
            if own is None or not (maps or windows):
                continue
            for value, other in known.options.items():
                if other.seen == own.seen and other.cost < own.cost and (maps or other.windows != own.windows):
                    yield self._space.changed(genome, decision.name, value)

    def _looked_at(self, decision: Decision, genome: Genome) -> _Known:
        """Every option of a decision, with this genome besides."""
        networks: dict[DecisionValue, tuple[Network, Census]] = {}
        for value in decision.options:
            try:
                network = self._space.network(self._space.changed(genome, decision.name, value))
                networks[value] = network, census(network.graph)
            except (UserError, Problem):
                continue
        options = dict(sorted(_alike(networks).items(), key=lambda one: one[1].cost))
        layers = [set(networks[value][1].priced.items()) for value in options]
        touched = frozenset().union(*layers) - frozenset(layers[0]).intersection(*layers) if layers else frozenset()
        return _Known(options, frozenset(name for name, _ in touched))


def _alike(networks: Mapping[DecisionValue, tuple[Network, Census]]) -> dict[DecisionValue, _Option]:
    """The options of which every key sees the same as of another one."""
    groups: dict[object, list[DecisionValue]] = {}
    for value, (_, layers) in networks.items():
        groups.setdefault(layers.seen, []).append(value)
    costs: dict[object, Cost] = {}
    found = {}
    for number, values in enumerate(groups.values()):
        for value in values if len(values) > 1 else ():
            network, layers = networks[value]
            priced = tuple(sorted(layers.priced.items()))
            if priced not in costs:
                costs[priced] = cost_of(Candidate({}, network, ""))
            found[value] = _Option(number, _windows(network), costs[priced])
    return found


def _windows(network: Network) -> tuple[str, ...]:
    """The size of every window, sorted."""
    sizes = (node.layer.config.get("kernel_size") for node in network.graph.nodes)
    return tuple(sorted(repr(size) for size in sizes if size is not None))
