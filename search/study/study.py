"""What a study asks for, as plain frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from archspec.experiment import LOCAL
from archspec.export import Precision
from archspec.measures import Limit, measure_named
from archspec.search.candidates import Genome
from archspec.search.fidelity import Fidelity
from archspec.search.priors import SHARE
from archspec.search.progress import ENDLESS
from archspec.search.trials import Objective
from archspec.spec import Named, Spec, dump, dump_plain

HASH_LETTERS = 10
TRIALS = 100
RANDOM = Named("random")
EQUAL: Final = "equal"


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop: after so many evaluated candidates (rejected and repeated ones are free), or minutes.

    With fidelities `evaluations` are candidates that are begun; `trainings` are as many training steps as so many full
    trainings have, of all rungs together. Without, a candidate is one training.
    """

    evaluations: int | None = None
    minutes: float | None = None
    trainings: float | None = None

    def describe(self) -> str:
        """In words."""
        parts = [] if self.evaluations is None else [f"{self.evaluations:,} evaluations"]
        parts += [] if self.trainings is None else [f"{self.trainings:g} full trainings"]
        parts += [] if self.minutes is None else [f"{self.minutes:g} minutes"]
        return " or ".join(parts) or "no limit"


@dataclass(frozen=True, slots=True)
class Target:
    """What latency is of. `latency_table` '' is the one in the user's cache."""

    name: str = "host"
    threads: int = 1
    precision: Precision = "float32"
    latency_table: str = ""


@dataclass(frozen=True, slots=True)
class Front:
    """What is measured afterwards of the networks on the front: `metrics`, those that train once for each of `seeds`.

    `points`: of how many, spread evenly over the front; None for all. `recipes`: of metrics that train, where that is
    not the study's. `random`: how many random networks of the space are trained as candidates are, so that what is best
    of them is measured, too; `EQUAL` for as many as the search has cost full trainings. `base`: the network beside the
    front that all are compared with.
    """

    metrics: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    points: int | None = None
    recipes: Mapping[str, str] = field(default_factory=dict)
    random: int | Literal["equal"] = 0
    base: str = ""


@dataclass(frozen=True, slots=True)
class Pretrain:
    """Backbones that nobody has weights of: each is trained once by `recipe`, in the network that `changes` make of
    the first candidate that has it (paths and values, as of `--set`), and candidates begin with its weights."""

    recipe: str
    changes: tuple[tuple[str, Any], ...] = (("head", "basic"),)


@dataclass(frozen=True, slots=True)
class Known:
    """Networks that are tried first, by name: points of the space as genomes, others as specs. `share` of what is
    proposed afterwards is drawn near them and near the best."""

    networks: Mapping[str, Genome | Spec] = field(default_factory=dict)
    share: float = SHARE

    def describe(self) -> str:
        """In words; nothing where there are none."""
        if not self.networks:
            return ""
        return f"{', '.join(self.networks)}; up to {self.share:.0%} of the proposals near them and near the best"

    def to_plain(self) -> dict[str, Any]:
        """As in a study file."""
        networks = {name: one.values if isinstance(one, Spec) else dict(one) for name, one in self.networks.items()}
        return {"networks": networks, "share": self.share} if networks else {}


@dataclass(frozen=True)
class Study:
    """`space` is a spec with choices; `beside` are networks without any, measured like the front and shown beside it;
    `priors` are tried first.

    `recipes`: the recipe (a bundled name or a path) of each metric that trains. `text` is the YAML of it, with
    everything merged, `file` where it came from. `inherit`: a candidate begins with what it shares with one that was
    trained.
    """

    name: str
    space: Spec
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    metrics: tuple[str, ...] = ()
    sampler: Named = RANDOM
    fidelity: Fidelity | None = None
    inherit: bool = False
    budget: Budget = Budget(TRIALS)
    data: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)
    pretrain: Pretrain | None = None
    target: Target = Target()
    workers: int = 1
    engine: Named = LOCAL
    seed: int = 0
    front: Front = Front()
    beside: Mapping[str, Spec] = field(default_factory=dict)
    priors: Known = Known()
    summary: str = ""
    source: str = ""
    file: str = field(default="", compare=False)

    @property
    def searched(self) -> tuple[str, ...]:
        """Every metric that a candidate is asked for: objectives, those of limits, those only recorded."""
        limited = (limit.metric for limit in self.limits)
        return tuple(dict.fromkeys((*(one.name for one in self.objectives), *limited, *self.metrics)))

    @property
    def trained(self) -> tuple[str, ...]:
        """The metrics of a candidate that are of a training, whose steps a rung sets."""
        return tuple(one for one in self.searched if measure_named(one).rung == "training" or one in self.recipes)

    @property
    def inherited_by(self) -> str:
        """The metric whose training leaves the weights that candidates inherit; '' where none does."""
        return next((one for one in self.searched if measure_named(one).trains and one in self.trained), "")

    @property
    def most_candidates(self) -> int:
        """How many candidates may be evaluated (with fidelities: begun)."""
        budget = self.budget
        trainings = None if budget.trainings is None or self.fidelity is not None else int(budget.trainings)
        return min(ENDLESS if one is None else one for one in (budget.evaluations, trainings))

    @property
    def asked(self) -> tuple[str, ...]:
        """Every metric that anything is asked for."""
        return tuple(dict.fromkeys((*self.searched, *self.front.metrics)))

    def to_plain(self) -> dict[str, Any]:
        """All of it as plain dicts, lists and scalars, in the form of a study file that needs no other spec."""
        found: dict[str, Any] = {"name": self.name, "summary": self.summary, "source": self.source}
        found["spec"] = self.space.values
        found["objectives"] = {one.name: one.direction for one in self.objectives}
        found["limits"] = _limits(self.limits)
        found["metrics"] = list(self.metrics)
        found["sampler"] = _named(self.sampler)
        if self.fidelity is not None:
            found["fidelity"] = {**asdict(self.fidelity), "steps": list(self.fidelity.steps)}
        found["budget"] = asdict(self.budget)
        if self.inherit:
            found["inherit"] = True
        found["data"] = list(self.data)
        found["recipes"] = dict(self.recipes)
        if self.pretrain is not None:
            found["pretrain"] = {"recipe": self.pretrain.recipe, "with": dict(self.pretrain.changes)}
        found["device"] = asdict(self.target)
        found |= {"workers": self.workers, "seed": self.seed}
        if self.engine != LOCAL:
            found["engine"] = _named(self.engine)
        front = self.front
        found["front"] = {
            "metrics": list(front.metrics), "seeds": list(front.seeds), "points": front.points,
            "recipes": dict(front.recipes), "random": front.random or None, "base": front.base,
        }  # fmt: skip
        found["beside"] = {name: spec.values for name, spec in self.beside.items()}
        found["priors"] = self.priors.to_plain()
        return _without_nothing(found)

    @property
    def text(self) -> str:
        """`to_plain` as YAML, which `parse_study` reads back."""
        return dump_plain(self.to_plain())

    def digest(self, more: Any = None) -> str:
        """10 hexadecimal letters for what is proposed and how it is judged, and `more` (such as what the data are).

        Not for the budget, the workers, and what is measured afterwards: a study goes on when these change.
        """
        plain = self.to_plain()
        what = {key: plain.get(key) for key in _JUDGED} | {key: plain[key] for key in _JUDGED_LATER if key in plain}
        if self.priors.networks:  # in their order
            what["priors"] = [self.priors.share, *self.priors.to_plain()["networks"].items()]
        text = json.dumps([dump(self.space), what, more], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=HASH_LETTERS // 2).hexdigest()


def _named(one: Named) -> Any:
    arguments = _without_nothing(dict(one.arguments))
    return {one.name: arguments} if arguments else one.name


def _limits(limits: tuple[Limit, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in limits:
        found.setdefault(limit.metric, {})["at_most" if limit.at_most else "at_least"] = limit.bound
    return found


_JUDGED = ("objectives", "limits", "metrics", "sampler", "device", "recipes", "pretrain", "seed")
_JUDGED_LATER = ("fidelity", "inherit")  # only where it is written: studies of before keep their names
_VERBATIM = ("spec", "beside", "with", "networks")


def _without_nothing(table: dict[str, Any]) -> dict[str, Any]:
    """Without keys that say nothing, all the way down but for specs."""
    found = {}
    for key, value in table.items():
        inner = _without_nothing(value) if isinstance(value, dict) and key not in _VERBATIM else value
        if inner not in (None, "", [], {}):
            found[key] = inner
    return found
