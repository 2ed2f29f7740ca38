"""What can be timed: specs, exported in each precision, with and without their tail; and `.tflite` files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from archspec.catalog import Catalog
from archspec.devices import Model, SetModel
from archspec.errors import Place, Problem, UserError, user_error
from archspec.export import PRECISIONS, Census, Precision, sized, take_census
from archspec.export.tflite_file import check_file
from archspec.measures._case import Case
from archspec.measures._latency import timed_case
from archspec.measures._settings import Settings
from archspec.measures._timing import Timed
from archspec.network import REFERENCE_NAME, REFERENCE_SPEC, Network, reference_model
from archspec.record import Plain

if TYPE_CHECKING:
    from archspec.devices import Latency

Tail = Literal["with", "without"]
TAILS: tuple[Tail, ...] = ("with", "without")
FILE_ENDING = ".tflite"


@dataclass(frozen=True)
class Subject:
    """One `.tflite` to time. `precision` and `tail` are "" for a foreign file, whose makers alone know them.

    `hash` is of the network (of the file, for a foreign one), `spec` its text, `left_out` the layers of the tail that
    are not in it, `conditions` what its numbers hold under besides the device and the procedure.
    """

    name: str
    data: bytes
    place: Place
    hash: str
    precision: str = ""
    tail: str = ""
    spec: str = ""
    left_out: tuple[str, ...] = ()
    conditions: Mapping[str, Plain] = field(default_factory=dict)

    @cached_property
    def census(self) -> Census:
        """What is in the file. Raises `UserError` for bytes that are not a `.tflite`."""
        try:
            return take_census(self.data)
        except Problem as problem:
            raise UserError(problem.at(self.place)) from problem

    def set_to(self, threads: int, delegate: str) -> SetModel:
        """Itself, to be run with these settings."""
        return SetModel(self.name, self.data, self.place, threads, delegate)


def reference_subject() -> Subject:
    """The bundled network that ratios are taken to where there is nothing else to compare with."""
    network = Network.load(REFERENCE_SPEC, catalog=Catalog())
    timed = timed_case(Case(network, Settings(())))
    return Subject(
        REFERENCE_NAME, reference_model(), Place(REFERENCE_NAME), network.hash, "float32", "with", network.text,
        conditions=timed.conditions,
    )  # fmt: skip


def timed_subject(subject: Subject, model: SetModel) -> Timed:
    """A `.tflite` with its settings, to be timed."""
    return Timed(
        subject.name, subject.hash, lambda: subject.data, subject.conditions, subject.spec, subject.place,
        model.threads, model.delegate, model.name,
    )  # fmt: skip


def compared_to_first(latencies: Sequence[Latency], apart: Collection[int] = ()) -> list[Latency]:
    """Each with its ratio to the first one instead of the reference, round by round.

    `apart` are the indices of those that did not take turns with the first: of them the ratio is the quotient of both
    ratios to the reference.
    """
    if not latencies:
        return []
    first = latencies[0]
    found = []
    for number, one in enumerate(latencies):
        rounds = [own / other for own, other in zip(one.round_ratios, first.round_ratios, strict=False) if other > 0]
        ratios = tuple(rounds) if number not in apart else (one.paired_ratio / (first.paired_ratio or 1.0),)
        found.append(replace(one, reference=first.name, kept_ratios=ratios))
    return found


def is_file(source: str) -> bool:
    """Whether a word of the command line means a `.tflite`, not a spec."""
    return source.lower().endswith(FILE_ENDING)


def subjects(
    sources: Sequence[str | Network],
    catalog: Catalog,
    overrides: Sequence[str] = (),
    precisions: Sequence[str] = ("float32",),
    tails: Sequence[str] = ("with",),
    size: tuple[int, int] | None = None,
) -> tuple[list[Subject], list[str]]:
    """Every `.tflite` that is asked for, and in words what could not be made of which source.

    A spec's weights are its own, else fresh ones. `size` is that of the image for a file that leaves
    it open. Raises `UserError` for a source that cannot be used, and when
    nothing is left to time.
    """
    found: list[Subject] = []
    notes: list[str] = []
    for source in sources:
        if isinstance(source, str) and is_file(source):
            if "without" in tails:
                notes.append(f"{source}: not timed without its tail; only a spec's graph can be cut")
            if "with" in tails:
                model = model_of(source, size)
                found.append(Subject(model.name, model.content, model.place, model.hash))
            continue
        for tail in tails:
            made = list(_exports(source, catalog, overrides, precisions, tail))
            if not made:
                named = source.name if isinstance(source, Network) else source
                notes.append(f"{named}: not timed without its tail; it ends in no upsampling, ArgMax or Softmax")
            found += made
    if not found:
        raise user_error("; ".join(notes) or "nothing to time", "Leave out --tail, or add 'with' to it")
    return found, notes


def model_of(source: str, size: tuple[int, int] | None = None) -> Model:
    """A `.tflite`, checked; of one that leaves the size of its image open a copy of `size`. Raises `UserError`."""
    model = Model.of(source)
    try:
        check_file(model.content)
        return model if size is None else replace(model, content=sized(model.content, size))
    except Problem as problem:
        raise UserError(problem.at(model.place)) from problem


def _exports(
    source: str | Network, catalog: Catalog, overrides: Sequence[str], precisions: Sequence[str], tail: str
) -> Iterator[Subject]:
    whole = source if isinstance(source, Network) else Network.load(source, overrides, catalog=catalog)
    network, left_out = whole.without_tail() if tail == "without" else (whole, ())
    if tail == "without" and not left_out:
        return
    for precision in precisions:
        chosen: Precision = next(known for known in PRECISIONS if known == precision)
        yield Subject(
            name=_name(whole.name, precision, tail),
            data=network.to_tflite(precision=chosen).data,
            place=Place(whole.name if isinstance(source, Network) else source),
            hash=network.hash,
            precision=precision,
            tail=tail,
            spec=whole.text,
            left_out=left_out,
            conditions=timed_case(Case(network, Settings((), precision=chosen))).conditions,
        )


def _name(name: str, precision: str, tail: str) -> str:
    kind = "" if precision == PRECISIONS[0] else f", {precision}"
    return f"{name}{kind}{', no tail' if tail == 'without' else ''}"


def settings(
    found: Sequence[Subject], threads: Sequence[int], delegates: Sequence[str]
) -> list[tuple[Subject, SetModel]]:
    """Every subject with every number of threads and every delegate; names say what differs."""
    rows = []
    for subject in found:
        for count in threads:
            for delegate in delegates:
                marks = [f"{count} threads"] if len(threads) > 1 else []
                marks += [f"delegate {delegate}"] if len(delegates) > 1 else []
                model = subject.set_to(count, delegate)
                rows.append((subject, replace(model, name=", ".join([subject.name, *marks]))))
    return rows
