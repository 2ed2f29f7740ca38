"""Small spaces with analytic objectives, in the place of networks: what samplers and the driver need, and no more."""

import hashlib
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from archspec.errors import Problem
from archspec.measures._settings import Evaluation, Rejection, Settings
from archspec.search.candidates import Candidate, Decision, DecisionValue, Genome, exists


@dataclass(frozen=True)
class FakeSpace:
    """Parameters by hand. `same` names decisions that do not change the function (they fold)."""

    decisions: tuple[Decision, ...]
    same: tuple[str, ...] = ()
    impossible: tuple[tuple[str, DecisionValue], ...] = ()
    macs: Callable[[Genome], int] = lambda genome: 0
    known: Callable[[Genome], dict[str, float]] = lambda genome: {}

    @property
    def size(self) -> int | None:
        if any(not decision.options for decision in self.decisions):
            return None
        if any(decision.parent for decision in self.decisions):
            return sum(1 for _ in self.genomes())
        return math.prod(len(decision.options) for decision in self.decisions)

    def sample(self, generator: random.Random) -> Genome:
        genome: dict[str, DecisionValue] = {}
        for decision in self.decisions:
            if exists(decision, genome):
                genome[decision.name] = drawn(decision, generator)
        return genome

    def genomes(self) -> Iterator[Genome]:
        if any(not p.options for p in self.decisions):
            raise Problem("a range is continuous")
        seen = set()
        for values in itertools.product(*(p.options for p in self.decisions)):
            genome: dict[str, DecisionValue] = {}
            for decision, value in zip(self.decisions, values, strict=True):
                if exists(decision, genome):
                    genome[decision.name] = value
            if (key := tuple(genome.items())) not in seen:
                seen.add(key)
                yield genome

    def mutated(self, genome: Genome, generator: random.Random) -> Genome:
        if not genome:
            return genome
        chosen = generator.choice(sorted(genome))
        child: dict[str, DecisionValue] = {}
        for decision in self.decisions:
            if not exists(decision, child):
                continue
            if decision.name == chosen or decision.name not in genome:
                child[decision.name] = drawn(decision, generator)
            else:
                child[decision.name] = genome[decision.name]
        return child

    def candidate(self, genome: Genome) -> Candidate:
        for name, value in self.impossible:
            if genome.get(name) == value:
                raise Problem(f"{name} cannot be {value}")
        key = ",".join(f"{name}={genome[name]}" for name in sorted(genome) if name not in self.same)
        cost = SimpleNamespace(macs=self.macs(genome), params=0, other_operations={})
        network: Any = SimpleNamespace(cost=cost)
        return Candidate(genome, network, key)

    def features(self, candidate: Candidate) -> dict[str, float]:
        return self.known(candidate.genome)


def drawn(decision: Decision, generator: random.Random) -> DecisionValue:
    if decision.options:
        return generator.choice(decision.options)
    if decision.log:
        return math.exp(generator.uniform(math.log(decision.low), math.log(decision.high)))
    return generator.uniform(decision.low, decision.high)


def text_of(candidate: Candidate) -> str:
    return candidate.key


def grid_96() -> FakeSpace:
    """Width 4 x output stride 2 x head 2 x depth 3 x kernel 2."""
    return FakeSpace(
        (
            Decision("width", (0.5, 1.0, 1.5, 2.0), ordered=True),
            Decision("stride", (16, 32), ordered=True),
            Decision("head", ("basic", "dpc")),
            Decision("depth", (1, 2, 3), ordered=True),
            Decision("kernel", (3, 5), ordered=True),
        )
    )


def accuracy_and_cost(genome: Genome) -> dict[str, float | None]:
    """Two objectives that pull apart, with an interaction, so that the front is a dozen of the 96."""
    width, stride = float(genome["width"]), int(genome["stride"])
    depth, kernel, dpc = int(genome["depth"]), int(genome["kernel"]), genome["head"] == "dpc"
    cost = width**1.6 * (0.6 + 0.3 * depth) * (1.0 if stride == 32 else 1.9) * (1.25 if kernel == 5 else 1.0)
    cost += 0.9 * width * (stride == 16) + 0.35 if dpc else 0.1
    quality = 1 - math.exp(-0.9 * width * (1 + 0.25 * math.log(depth)))
    quality += 0.07 * (stride == 16) + 0.04 * (kernel == 5 and width >= 1.0) + 0.05 * (dpc and stride == 16)
    quality -= 0.03 * (dpc and stride == 32)
    return {"miou": round(quality, 9), "cost": round(cost, 9)}


def sixteen() -> FakeSpace:
    """Width, output stride, and a cell: `measured` overheads are quoted for sixteen parameters."""
    rates = (1, 3, 6, 9, 12, 15, 18, 21)
    cell = [
        decision
        for branch in range(2, 6)
        for decision in (
            Decision(f"b{branch}.input", tuple(range(branch - 1)), ordered=True),
            Decision(f"b{branch}.rate_h", rates, ordered=True),
            Decision(f"b{branch}.rate_w", rates, ordered=True),
        )
    ]
    first = (Decision("width", (0.5, 1.0, 1.5, 2.0), ordered=True), Decision("stride", (16, 32), ordered=True),
             Decision("b1.rate_h", rates, ordered=True), Decision("b1.rate_w", rates, ordered=True))  # fmt: skip
    return FakeSpace((*first, *cell))


def cell_values(genome: Genome) -> dict[str, float | None]:
    """Two objectives over `sixteen`."""
    rates = [float(value) for name, value in genome.items() if "rate" in name]
    spread = sum(abs(rate - 6 - index) for index, rate in enumerate(rates)) / len(rates)
    width = float(genome["width"])
    return {
        "miou": 1 - math.exp(-width) - spread / 50,
        "cost": width**2 * (48 / int(genome["stride"])) + max(rates) / 9,
    }


def all_feasible(candidate: Candidate) -> Evaluation:
    return Evaluation({})


@dataclass(frozen=True)
class Analytic:
    """An evaluator that computes, and notes each evaluation as a line of `log`."""

    values: Any = field(default=accuracy_and_cost, repr=False)  # a function's text is another in each process
    log: str = ""
    sleep_s: float = 0.0
    preload: tuple[str, ...] = ()
    timeout_s: float | None = None
    evaluations_per_process: int = 0

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        if self.sleep_s:
            time.sleep(self.sleep_s)
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as file:
                file.write(spec_text + "\n")
        return Evaluation(self.values(genome))


@dataclass(frozen=True)
class Curves(Analytic):
    """An evaluator of rungs: the fewer of the `whole` steps, the more `noise` is in the quality, the same each time for
    a network and rung. An evaluation is noted as `key@steps`."""

    noise: float = 0.0
    whole: int = 900

    def evaluate(self, spec_text: str, genome: Genome, settings: Settings) -> Evaluation:
        steps = settings.training_steps
        found = super().evaluate(f"{spec_text}@{steps}", genome, settings).values
        share = self.noise * (1 - steps / self.whole)
        return Evaluation({**found, "miou": (found["miou"] or 0.0) + share * wobble(f"{spec_text} {steps}")})


def wobble(text: str) -> float:
    """A number from -0.5 to 0.5 that is any text's own."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32 - 0.5


@dataclass(frozen=True)
class Below:
    """A screen: rejects what costs more than `bound`, and counts nothing else."""

    bound: float
    metric: str = "cost"
    seen: list[str] = field(default_factory=list)

    def __call__(self, candidate: Candidate) -> Evaluation:
        self.seen.append(candidate.key)
        value = accuracy_and_cost(candidate.genome)[self.metric]
        assert value is not None
        if value > self.bound:
            reason = f"{self.metric} {value:g} is over {self.bound:g}"
            return Evaluation({self.metric: value}, rejected=Rejection(self.metric, reason))
        return Evaluation({self.metric: value})


def steep(genome: Genome) -> dict[str, float | None]:
    """Most points are dominated: cost grows with the square of the width, a larger kernel rarely pays."""
    width, depth = float(genome["width"]), int(genome["depth"])
    fine, large, dpc = genome["stride"] == 16, genome["kernel"] == 5, genome["head"] == "dpc"
    cost = width**2 * depth * (2.2 if fine else 1.0) * (1.4 if large else 1.0) + 0.2 * dpc
    quality = 0.5 + 0.1 * math.log2(2 * width) + 0.06 * fine + 0.08 * dpc + 0.03 * math.sqrt(depth)
    return {"miou": quality + 0.02 * large * (1 if depth == 3 else -1), "cost": cost}


def noisy(genome: Genome) -> dict[str, float | None]:
    """As `steep`, with the noise of a training: up to 3 points of quality either way, fixed for each network."""
    found = steep(genome)
    text = repr(sorted(genome.items())).encode()
    noise = int(hashlib.sha256(text).hexdigest()[:8], 16) / 2**32 - 0.5
    return {"miou": (found["miou"] or 0.0) + 0.06 * noise, "cost": found["cost"]}


PROBLEMS = {"wide front": accuracy_and_cost, "steep": steep, "noisy": noisy}
