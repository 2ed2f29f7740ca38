"""Where new candidates come from when the sampler has none."""

from dataclasses import dataclass, field, replace

from archspec.search.candidates import Decision, Genome
from archspec.search.history import History
from archspec.search.proposals import Proposals
from archspec.search.samplers import Sampler, Task
from archspec.search.trials import Objective, Trial
from tests.search.fake_space import FakeSpace

SPACE = FakeSpace((Decision("depth", tuple(range(50)), ordered=True),))
TASK = Task(SPACE, (Objective("ms"),))


@dataclass
class Stubborn:
    """Always proposes the same."""

    genome: Genome = field(default_factory=lambda: {"depth": 0})
    tries: int = 3
    asked: int = 0

    def propose(self, number: int, attempt: int) -> Genome:
        self.asked += 1
        return self.genome

    def tell(self, trial: Trial) -> None:
        pass


def made(sampler: Sampler, patience: int = 1000) -> tuple[Proposals, History]:
    history = History(TASK.objectives)
    return Proposals(TASK, sampler, history, patience), history


def evaluated(history: History, genome: Genome, key: str) -> None:
    history.take(Trial(history.next_number, key, genome, "done", {"ms": 1.0}))


def test_a_stubborn_sampler_is_helped_until_the_space_is_exhausted() -> None:
    sampler = Stubborn()
    proposals, history = made(sampler)
    found = []
    while (proposal := proposals.next()) is not None:
        found.append(proposal.key)
        evaluated(history, proposal.genome, proposal.key)
    assert sorted(found) == sorted({f"depth={depth}" for depth in range(50)})
    assert proposals.exhausted and proposals.passed.repeated > 0
    asked = sampler.asked
    assert proposals.next() is None and sampler.asked == asked, "it is not asked again"


def test_in_an_endless_space_it_gives_up_after_so_many_known_ones() -> None:
    space = replace(SPACE, decisions=(Decision("rate", low=0.0, high=1.0),), same=("rate",))
    history = History(TASK.objectives)
    proposals = Proposals(Task(space, TASK.objectives), Stubborn({"rate": 0.5}), history, patience=100)
    first = proposals.next()
    assert first is not None
    evaluated(history, first.genome, first.key)
    assert proposals.next() is None and not proposals.exhausted
    assert proposals.passed.folded + proposals.passed.repeated == 101
