"""The priors of a study as networks: looked up in its space, named in its results, shown beside its front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archspec.errors import Fault, Problem, UserError, user_error
from archspec.network import Network
from archspec.search.candidates import Candidate, Genome
from archspec.search.priors import NO_PRIORS, Prior, Priors
from archspec.search.progress import SearchResult
from archspec.search.space import Space
from archspec.search.space.lookup import found_in
from archspec.search.study.result import Finalist
from archspec.search.study.study import Study
from archspec.spec import Spec


def priors_of(study: Study, space: Space) -> Priors:
    """The priors as candidates; a spec that is no point of the space has an empty genome.

    Raises `UserError` with all that cannot be built.
    """
    if not study.priors.networks:
        return NO_PRIORS
    found: list[Prior] = []
    faults: list[Fault] = []
    for name, one in study.priors.networks.items():
        try:
            candidate = _candidate(name, one, space)
            inside = found_in(space, candidate.network) if isinstance(one, Spec) else None
            found.append(Prior(name, inside or candidate))
        except UserError as error:
            faults.extend(error.faults)
    if faults:
        raise UserError(faults)
    return Priors(tuple(found), study.priors.share)


def prior_names(study: Study, space: Space) -> Mapping[str, str]:
    """Key of a trial -> the name of its prior, without looking anything up. Raises `UserError`."""
    networks = study.priors.networks
    return Priors(tuple(Prior(name, _candidate(name, one, space)) for name, one in networks.items())).names


def _candidate(name: str, one: Genome | Spec, space: Space) -> Candidate:
    """A prior as it is written. Raises `UserError` for one that cannot be built."""
    try:
        if not isinstance(one, Spec):
            return space.candidate(one)
        network = Network(one)
        return Candidate({}, network, network.candidate_key)
    except Problem as problem:
        raise user_error(problem.fact, problem.remedy, f"priors.{name}") from problem


def describe_outsiders(priors: Priors) -> list[str]:
    """A line for each prior that is no point of the space."""
    return [
        f"prior '{one.name}' is no point of the space: it is tried first, and nothing is proposed around it"
        for one in priors.networks
        if not one.candidate.genome
    ]


def prior_finalists(
    study: Study, names: Mapping[str, str], result: SearchResult, front: Sequence[Finalist]
) -> list[Finalist]:
    """The priors that were evaluated and are neither among those of the front nor named beside it."""
    shown, beside = {one.trial for one in front}, {Network(spec).variant_hash for spec in study.beside.values()}
    found = []
    for trial in result.trials:
        name = names.get(trial.key)
        if name is None or trial.number in shown or trial.state not in ("done", "paused"):
            continue
        network = Network.of_text(trial.spec, file=f"<trial {trial.number}>", catalog=study.space.catalog)
        if network.variant_hash in beside:
            continue  # it stands there under its name
        label = f"{name} (prior)" if name in study.beside else name
        precision, values = study.target.precision, dict(trial.values)
        found.append(Finalist(label, network, trial.number, values, {}, precision, prior=name, on_front=False))
    return found


def prior_notes(names: Mapping[str, str], result: SearchResult) -> list[str]:
    """What became of priors that were not evaluated."""
    return [
        f"prior '{names[trial.key]}' {trial.state}: {trial.reason}"
        for trial in result.trials
        if trial.key in names and trial.state in ("rejected", "failed")
    ]
