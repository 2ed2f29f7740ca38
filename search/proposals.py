"""New candidates: the priors, then a sampler's, which repeats itself: known ones are passed over, others help out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from archspec.errors import Problem, UserError
from archspec.measures._settings import Rejection
from archspec.search.candidates import Candidate, Genome, SearchSpace
from archspec.search.history import History
from archspec.search.priors import NO_PRIORS, Priors
from archspec.search.samplers import ENDLESS, Sampler, Task
from archspec.search.space.space import Cost, cost_of
from archspec.search.trials import Trial

NEIGHBOURS, RANDOM_TRIES = 12, 16
ENUMERABLE = 200_000
PATIENCE = 100_000


def as_it_is(candidate: Candidate) -> Candidate:
    """The candidate itself."""
    return candidate


@dataclass(frozen=True)
class Proposal:
    """A candidate whose key is new, or a genome that cannot be built (`rejection`).

    `instead_of` is the number of a trial that computes the same function and costs more; None where the key is new.
    """

    genome: Genome
    key: str
    candidate: Candidate | None = None
    rejection: Rejection | None = None
    instead_of: int | None = None


@dataclass
class Passed:
    """Proposals that came to nothing since it was last emptied: the very genome again, or another of the same key."""

    repeated: int = 0
    folded: int = 0


class Proposals:
    """A source of new candidates over one space. `exhausted` says that there are none left.

    `cheapest` finds the cheapest way to write the function of a candidate; that is proposed instead.
    """

    def __init__(
        self,
        task: Task,
        sampler: Sampler,
        history: History,
        patience: int = PATIENCE,
        priors: Priors = NO_PRIORS,
        cheapest: Callable[[Candidate], Candidate] = as_it_is,
    ) -> None:
        self._task, self._sampler, self._history, self._patience = task, sampler, history, patience
        self._priors, self._cheapest = priors, cheapest
        self._left: Iterator[Genome] | None = None
        self.passed = Passed()
        self.exhausted = self._given_up = False
        self._costs: dict[str, Cost] = {}  # the least of each key that was proposed twice

    def relearn(self, sampler: Sampler) -> None:
        """Go on with a sampler that was told anew."""
        self._sampler = sampler

    def next(self) -> Proposal | None:
        """The next new candidate, or a cheaper way to write a known one (each once), or None: `exhausted`, or
        `patience` proposals in a row were known."""
        for prior in self._priors.networks:
            if prior.key not in self._history.numbers:
                return self._reduced(Proposal(prior.candidate.genome, prior.key, prior.candidate))
        if self.exhausted or self._given_up:
            return None
        number = self._history.next_number
        for tries, genome in enumerate(self._genomes(number)):
            proposal = proposed(self._task.space, genome)
            known = self._history.numbers.get(proposal.key)
            if known is None:
                return self._reduced(proposal)
            if dict(self._history.trials[known].genome) == dict(genome):
                self.passed.repeated += 1
            elif self._is_cheaper(proposal, known):
                return replace(self._reduced(proposal), instead_of=known)
            else:
                self.passed.folded += 1
            if tries >= self._patience and self._sampler.tries < ENDLESS:
                self._given_up = True
                return None
        self.exhausted = True
        return None

    def _reduced(self, proposal: Proposal) -> Proposal:
        """The cheapest way to write it that is found; the way that was proposed is folded."""
        if proposal.candidate is None or not proposal.genome:
            return proposal
        found = self._cheapest(proposal.candidate)
        if found is proposal.candidate:
            return proposal
        self.passed.folded += 1
        if proposal.key in self._costs:
            self._costs[proposal.key] = cost_of(found)
        return replace(proposal, genome=found.genome, candidate=found)

    def forget_cost(self, key: str) -> None:
        """The trial of this key is another now: what it costs is asked again."""
        self._costs.pop(key, None)

    def _is_cheaper(self, proposal: Proposal, number: int) -> bool:
        known = self._history.trials[number]
        if proposal.candidate is None or known.state == "failed":
            return False
        if proposal.key not in self._costs:
            before = self._candidate_of(known)
            if before is None:
                return False
            self._costs[proposal.key] = cost_of(before)
        cost = cost_of(proposal.candidate)
        if cost >= self._costs[proposal.key]:
            return False
        self._costs[proposal.key] = cost
        return True

    def _candidate_of(self, trial: Trial) -> Candidate | None:
        """The network of a trial; None for a genome that cannot be built."""
        if trial.genome:
            return proposed(self._task.space, trial.genome).candidate
        return next((one.candidate for one in self._priors.networks if one.key == trial.key), None)

    def _genomes(self, number: int) -> Iterator[Genome]:
        """The sampler's, then neighbours of these and of the front, then random ones, then all that are left."""
        asked: list[Genome] = []
        while len(asked) < self._sampler.tries:
            genome = self._sampler.propose(number, len(asked))
            if genome is None:
                return
            asked.append(genome)
            yield genome
        generator = self._task.generator(number, 0, "otherwise")
        around = asked[:NEIGHBOURS] + [trial.genome for trial in self._history.front() if trial.genome]
        for step in [1] * NEIGHBOURS + [2] * NEIGHBOURS:
            genome = generator.choice(around)
            for _ in range(step):
                genome = self._task.space.mutated(genome, generator)
            yield genome
        for _ in range(RANDOM_TRIES):
            yield self._task.space.sample(generator)
        size = self._task.space.size
        if size is not None and size <= ENUMERABLE:
            yield from self._rest()
            return
        while True:
            yield self._task.space.sample(generator)

    def _rest(self) -> Iterator[Genome]:
        """Every genome in order; what was passed over once is known for ever, so each is looked at once."""
        if self._left is None:
            self._left = iter(self._task.space.genomes())
        while (genome := next(self._left, None)) is not None:  # `yield from` would close it with this generator
            yield genome


def proposed(space: SearchSpace, genome: Genome) -> Proposal:
    """A genome's candidate; one that cannot be built is known by its genome."""
    try:
        candidate = space.candidate(genome)
    except UserError as error:
        fact = error.faults[0].message
    except Problem as problem:
        fact = problem.fact
    else:
        return Proposal(genome, candidate.key, candidate)
    return Proposal(genome, genome_key(genome), rejection=Rejection("", f"cannot be built: {fact}"))


def genome_key(genome: Genome) -> str:
    """The identity of a genome that is no network."""
    content = json.dumps(dict(genome), sort_keys=True)
    return "genome:" + hashlib.sha256(content.encode()).hexdigest()[:32]
