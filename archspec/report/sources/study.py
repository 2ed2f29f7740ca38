"""The folder of `archspec search`: the front among all candidates, what became of them, the front's specs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archspec.files import is_file
from archspec.measures import measure_named
from archspec.record import shell_command
from archspec.report._subject import Subject
from archspec.reporters.page import Bar, Bars, Objective, Point, Scatter, Section, Text, Texts
from archspec.search.study import (
    STUDY_FILE,
    Finalist,
    StudyResult,
    agreement_table,
    agreements,
    counts_table,
    front_table,
    paused_table,
    rung_table,
    shown,
    study_in,
)

MOST_POINTS = 5000
MOST_PAUSED = 100


def recognises(path: Path) -> bool:
    """A folder with the study that a search keeps in it."""
    return is_file(path / STUDY_FILE)


def read(path: Path, plugins: tuple[Path, ...]) -> Subject:
    """Its trials and what was measured afterwards. Raises `UserError` when something is damaged or another's."""
    run = study_in(path, plugins=plugins)
    outcome = shown(run)
    study, size = outcome.study, run.space.size
    points = "a continuous space" if size is None else f"a space of {size:,} points"
    goals = ", ".join(one.describe() for one in study.objectives)
    return Subject(
        name=path.resolve().name,
        kind="search",
        path=path,
        plugins=plugins,
        facts={
            "objectives": goals,
            "limits": ", ".join(f"{one.metric} {'≤' if one.at_most else '≥'} {one.bound:g}" for one in study.limits),
            "sampler": f"{study.sampler.name}, seed {study.seed}",
            "priors": study.priors.describe(),
            "budget": study.budget.describe(),
            **({"rungs": study.fidelity.describe()} if study.fidelity is not None else {}),
            "data": ", ".join(one.partition(":")[0] for one in study.data),
            "recipes": ", ".join(f"{metric}: {recipe}" for metric, recipe in study.recipes.items()),
            "device": f"{study.target.name}, {study.target.threads} thread(s), {study.target.precision}",
        },
        commands={"Search it again, or go on": shell_command("search", "--resume", path)},
        sections=tuple(_sections(outcome)),
        lead=f"{study.summary or study.name}: {goals} over {points}.",
    )


def _sections(outcome: StudyResult) -> Iterator[Section]:
    scatter = _scatter(outcome)
    if scatter is not None:
        lead = (
            "Every candidate that was evaluated. No other candidate is better in every objective than one of the front."
        )
        yield Section("scatter", "Candidates", scatter, lead)
    yield Section("table", "Front", front_table(outcome))
    yield from _measured(outcome)
    yield Section("table", "What became of the candidates", counts_table(outcome))
    if outcome.study.fidelity is not None:
        lead = "How far candidates were trained, and how well each rung ranked them as the next and the last did."
        yield Section("table", "Rungs", rung_table(outcome), lead)
        if outcome.result.counts.get("paused"):
            lead = "Candidates that were not trained to the end. They are not on the front, whatever their numbers."
            yield Section("table", "Paused", paused_table(outcome, MOST_PAUSED), lead)
    found = agreements(outcome)
    if found:
        lead = "How well a number that is cheap to have ranks networks as a dear one does."
        yield Section("table", "Rank correlations", agreement_table(found), lead)
    texts = tuple(Text(f"network {one.name}", one.network.text, _said(one), _anchor(one)) for one in outcome.networks)
    if texts:
        yield Section("texts", "Specs of the front", Texts(texts, folded=True))


def _scatter(outcome: StudyResult) -> Scatter | None:
    """The second objective across, the first up, as most name accuracy first."""
    objectives = outcome.study.objectives
    done = [trial for trial in outcome.result.trials if trial.state == "done"][-MOST_POINTS:]
    if len(objectives) < 2 or not done:
        return None
    order = (objectives[1], objectives[0], *objectives[2:])
    axes = tuple(
        Objective(one.name, measure_named(one.name).unit, "low" if one.direction == "minimize" else "high")
        for one in order
    )
    front = {trial.number for trial in outcome.result.front}
    shown_as = {network.trial: network for network in outcome.front}
    names = outcome.names
    points = [
        Point(
            f"trial {trial.number}{f', prior {names[trial.key]}' if trial.key in names else ''}",
            tuple(trial.values.get(one.name) for one in order),
            trial.number in front,
            f"network {shown_as[trial.number].name}" if trial.number in shown_as else "",
            _anchor(shown_as[trial.number]) if trial.number in shown_as else "",
        )
        for trial in done
    ]
    points += [
        Point(
            network.name,
            tuple(network.values.get(one.name) for one in order),
            note=network.found,
            target=_anchor(network),
        )
        for network in outcome.networks
        if network.trial is None
    ]
    return Scatter(axes, tuple(points))


def _measured(outcome: StudyResult) -> Iterator[Section]:
    """Bars of what was measured of the front afterwards, with spread."""
    for metric in outcome.study.front.metrics:
        bars = tuple(
            Bar(one.name, reading.mean, reading.spread or None, one.found if one.trial is None else "")
            for one in outcome.networks
            for reading in (one.measured.get(metric),)
            if reading is not None
        )
        if any(bar.value is not None for bar in bars):
            many = max(
                (len(one.measured[metric].values) for one in outcome.networks if metric in one.measured), default=0
            )
            spread = f"standard deviation over {many} seeds" if many > 1 else "interquartile range of the runs"
            unit = measure_named(metric).unit
            yield Section("bars", f"{metric}, measured", Bars(unit, bars, 4 if not unit else 2), f"±: {spread}.")


def _said(network: Finalist) -> str:
    known = ((metric, value) for metric, value in network.values.items() if value is not None)
    return ", ".join(
        f"{metric} {value:,.0f}" if abs(value) >= 1e4 else f"{metric} {value:.4g}" for metric, value in known
    )


def _anchor(network: Finalist) -> str:
    return f"spec-{network.hash[:8]}-{'b' if network.beside else network.name if network.drawn else network.trial}"
