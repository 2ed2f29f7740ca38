"""A work that leaves this machine: what is known before it goes, its parts, what it takes along, what comes home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from archspec.experiment.engines import Evaluator
from archspec.experiment.engines._parcels import Parcel
from archspec.measures import Evaluation, Settings
from archspec.spec import text_with_files


@dataclass(frozen=True)
class Places:
    """Where the files and data of the driver's machine lie on this one; both go by the paths that the driver has."""

    files: Mapping[str, str]
    data: Mapping[str, str]
    output: str

    def file(self, path: str) -> str:
        """The path of a file on this machine; a name that is no path stays."""
        return self.files.get(path, path)

    def references(self, data: Iterable[str]) -> tuple[str, ...]:
        """The data sets on this machine."""
        return tuple(self.data.get(one, one) for one in data)

    def settings(self, settings: Settings) -> Settings:
        """The same settings with the paths of this machine."""
        return replace(
            settings,
            output=self.output,
            plugins=tuple(map(self.file, settings.plugins)),
            recipes={metric: self.file(one) for metric, one in settings.recipes.items()},
            latency_table=self.file(settings.latency_table),
            device=self.file(settings.device),
            data=self.references(settings.data),
        )

    def spec_text(self, text: str) -> str:
        """The same spec with the paths of this machine. Raises `UserError`."""
        return text_with_files(text, self.files) if self.files and text else text

    def home_text(self, text: str) -> str:
        """A text of this machine with the paths of the driver's."""
        for there, here in self.files.items():
            text = text.replace(here, there)
        return text


@dataclass(frozen=True)
class Leg:
    """A part of a work that runs in one process: `device` is what it times on ('' for none), `node` the resource of the
    machine that the device hangs on ('' for the head of the cluster)."""

    settings: Settings
    device: str = ""
    node: str = ""


@dataclass(frozen=True)
class Trip:
    """`done` is known before it goes; without `legs` that is all. `files` are taken along, by the paths that the spec
    and the settings have; `sent` lies in the output folder when the work begins. `data` are the fingerprints, by split,
    of each reference. `evaluator` is the one that goes."""

    evaluator: Evaluator
    done: Evaluation = field(default_factory=lambda: Evaluation({}))
    legs: tuple[Leg, ...] = ()
    files: Mapping[str, Parcel] = field(default_factory=dict)
    sent: Parcel | None = None
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Traveller(Evaluator, Protocol):
    """An evaluator whose works name files of this machine."""

    def trip(self, spec_text: str, settings: Settings) -> Trip:
        """What a work needs elsewhere. Raises `UserError` for files that are not there."""
        ...

    def moved(self, places: Places) -> Evaluator:
        """The same on a machine where files lie elsewhere."""
        ...

    def folders(self, spec_text: str, settings: Settings) -> tuple[str, ...]:
        """The folders below the output folder that a work leaves and that later ones go on from."""
        ...


def merged(first: Evaluation, second: Evaluation) -> Evaluation:
    """Two parts of one evaluation, the second of which was taken last."""
    return Evaluation({**first.values, **second.values}, (*first.records, *second.records), second.rejected,
                      second.fault)  # fmt: skip


def is_over(evaluation: Evaluation) -> bool:
    """Whether nothing more is to be taken: it is rejected, or a number could not be had."""
    return evaluation.rejected is not None or bool(evaluation.fault) or None in evaluation.values.values()
