"""What can be timed: specs, exported in each precision, with and without their tail; and `.tflite` files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from archspec.devices import Model, SetModel
from archspec.errors import Place, Problem, UserError, user_error
from archspec.export import PRECISIONS, Census, Precision, sized, take_census
from archspec.export.provenance import check_file
from archspec.network import Network
from archspec.network.reference import REFERENCE_NAME, reference_model

if TYPE_CHECKING:
    from archspec.catalog import Catalog

Tail = Literal["with", "without"]
TAILS: tuple[Tail, ...] = ("with", "without")
FILE_ENDING = ".tflite"


@dataclass(frozen=True)
class Subject:
    """One `.tflite` to time. `precision` and `tail` are "" for a foreign file, whose makers alone know them.

    `hash` is of the network (of the file, for a foreign one), `spec` its text, `left_out` the layers of the tail that
    are not in it.
    """

    name: str
    data: bytes
    place: Place
    hash: str
    precision: str = ""
    tail: str = ""
    spec: str = ""
    left_out: tuple[str, ...] = ()

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
    model = Model.of(reference_model(), REFERENCE_NAME)
    return Subject(REFERENCE_NAME, model.content, model.place, model.hash, "float32", "with")


def is_file(source: str) -> bool:
    """Whether a word of the command line means a `.tflite`, not a spec."""
    return source.lower().endswith(FILE_ENDING)


def subjects(
    sources: Sequence[str],
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
        if is_file(source):
            if "without" in tails:
                notes.append(f"{source}: not timed without its tail; only a spec's graph can be cut")
            if "with" in tails:
                model = model_of(source, size)
                found.append(Subject(model.name, model.content, model.place, model.hash))
            continue
        for tail in tails:
            made = list(_exports(source, catalog, overrides, precisions, tail))
            if not made:
                notes.append(f"{source}: not timed without its tail; it ends in no upsampling, ArgMax or Softmax")
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
    source: str, catalog: Catalog, overrides: Sequence[str], precisions: Sequence[str], tail: str
) -> Iterator[Subject]:
    whole = Network.load(source, overrides, catalog=catalog)
    network, left_out = whole.without_tail() if tail == "without" else (whole, ())
    if tail == "without" and not left_out:
        return
    for precision in precisions:
        chosen: Precision = next(known for known in PRECISIONS if known == precision)
        yield Subject(
            name=_name(whole.name, precision, tail),
            data=network.to_tflite(precision=chosen).data,
            place=Place(source),
            hash=network.hash,
            precision=precision,
            tail=tail,
            spec=whole.text,
            left_out=left_out,
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
