"""Random networks of a study's space, as many as its search could have trained: what the search has to be better than.

They are within the same limits as its candidates, and drawn once a study: a longer search adds to them.
"""

from __future__ import annotations

from random import Random

from archspec.errors import Problem, UserError
from archspec.measures import Settings, screen
from archspec.search.candidates import DecisionValue
from archspec.search.progress import SearchResult
from archspec.search.space import Space
from archspec.search.study.result import Finalist
from archspec.search.study.study import EQUAL, Study

TRIES = 1000  # draws for each network that is wanted


def draws_wanted(study: Study, result: SearchResult) -> int:
    """How many: the study's number, or as many full trainings as the search has cost, at least one."""
    wanted = study.front.random
    if wanted == EQUAL:
        return max(1, int(full_trainings(study, result)))
    return int(wanted)


def full_trainings(study: Study, result: SearchResult) -> float:
    """What a search has cost, in full trainings: the steps of all rungs, else whatever was evaluated to the end."""
    if study.fidelity is not None:
        return result.steps / study.fidelity.whole
    return float(result.counts.get("done", 0))


def draw(study: Study, space: Space, settings: Settings, count: int) -> list[Finalist]:
    """At most `count` different networks within the limits that cost nothing to check, with the numbers of these."""
    generator = Random(f"random networks {study.seed}")
    found: dict[str, Finalist] = {}
    looked_at: set[tuple[tuple[str, DecisionValue], ...]] = set()
    for _ in range(TRIES * count):
        if len(found) == count or len(looked_at) == space.size:
            break
        genome = space.sample(generator)
        if (words := tuple(genome.items())) in looked_at:
            continue
        looked_at.add(words)
        try:
            candidate = space.candidate(genome)
        except (UserError, Problem):
            continue
        if candidate.key in found:
            continue
        evaluation = screen(candidate.network, settings)
        if evaluation.rejected is None and not evaluation.fault:
            name = f"random{len(found) + 1}"
            values = dict(evaluation.values)
            found[candidate.key] = Finalist(
                name, candidate.network, None, values, precision=study.target.precision, drawn=True
            )
    return list(found.values())
