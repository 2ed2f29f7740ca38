"""The point of a space that is a given network, however that is written; none where it is no point of it.

Decision by decision, parents first, the option is taken with which the point agrees with the network in most: in the
values of their specs, and where that does not lead to it, in the layers of their graphs, which know every default. What
is found is that network by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from archspec.errors import Problem, UserError
from archspec.network import Network
from archspec.search.candidates import Candidate, Genome
from archspec.search.space.space import Space
from archspec.spec import Spec

MOST_OPTIONS = 1000  # of a decision are tried
ROUNDS = 3
Score = tuple[float, ...]
Agreement = Callable[[Genome], Score]


def found_in(space: Space, network: Network) -> Candidate | None:
    """The candidate that is this network. Raises `UserError` for a network that cannot be built."""
    key = network.candidate_key
    genome: Genome = space.completed({})
    for agreement in (_of_values(space, network.spec), _of_layers(space, network)):
        for _ in range(ROUNDS):
            before, genome = genome, _climbed(space, genome, agreement)
            candidate = _candidate(space, genome)
            if candidate is not None and candidate.key == key:
                return candidate
            if genome == before:
                break
    return None


def _climbed(space: Space, genome: Genome, agreement: Agreement) -> Genome:
    """The genome with each decision in turn taken as agrees most; of equal options what was taken stays."""
    best = agreement(genome)
    for decision in space.decisions:
        for option in decision.options[:MOST_OPTIONS] if decision.name in genome else ():
            other = space.changed(genome, decision.name, option)
            value = agreement(other)
            if value > best:
                best, genome = value, other
    return genome


def _candidate(space: Space, genome: Genome) -> Candidate | None:
    try:
        return space.candidate(genome)
    except (UserError, Problem):
        return None


def _of_values(space: Space, spec: Spec) -> Agreement:
    """How many values stand in both specs at the same place."""
    wanted = dict(_leaves(spec.values, ""))

    def agreement(genome: Genome) -> Score:
        try:
            values = space.closed(genome).values
        except (UserError, Problem):
            return (-1.0,)
        return (float(sum(path in wanted and wanted[path] == value for path, value in _leaves(values, ""))),)

    return agreement


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every scalar with its path; of a word that may have arguments (`dpc`, `{dpc: {…}}`) the word, too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", True
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        yield f"{path}.{value}", True
    else:
        yield path, value


def _of_layers(space: Space, network: Network) -> Agreement:
    """How much layers of one name have in common, over all names of both; then how many values stand in both specs."""
    wanted, of_values = _layers(network), _of_values(space, network.spec)

    def agreement(genome: Genome) -> Score:
        try:
            own = _layers(space.network(genome))
        except (UserError, Problem):
            return (-1.0,)
        common = sum(_in_common(own[name], wanted[name]) for name in own.keys() & wanted.keys())
        return common / len(own.keys() | wanted.keys()), *of_values(genome)

    return agreement


def _layers(network: Network) -> dict[str, dict[str, Any]]:
    """Name -> all that is known of a layer, its arguments and where it stands."""
    return {
        node.name: {
            **node.layer.config,
            "layer": type(node.layer).__name__,
            "inputs": [tensor.node.name for tensor in node.inputs],
            "shape": node.outputs[0].shape,
        }
        for node in network.graph.nodes
    }


def _in_common(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The share of what is equal, from a half: a layer of that name is there."""
    equal = sum(1 for key in one if key in other and other[key] == one[key])
    return 0.5 + 0.5 * equal / len(one.keys() | other.keys())
