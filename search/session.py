"""One session of a search: proposes, screens, hands candidates to workers, and writes down what became of each."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from archspec.errors import UserError, user_error
from archspec.experiment.engines import AGAIN_S, Engine, Work, WorkResult
from archspec.measures import Evaluation
from archspec.record import Interruption
from archspec.search.allowance import Allowance
from archspec.search.history import History
from archspec.search.neighbourhood import around
from archspec.search.progress import Progress, SearchResult, Stopped, describe_end
from archspec.search.proposals import Passed, Proposal, Proposals
from archspec.search.samplers import Sampler, Task, make_sampler, promotion_order, say_begun
from archspec.search.store import Study
from archspec.search.trials import Trial, closed, in_its_place

if TYPE_CHECKING:
    from archspec.search.driver import Search

CRASHES, ATTEMPTS = 3, 20
FAILURES_IN_A_ROW = 20
POLL_S = 0.5


class Session:
    """One session of a search: from where it was left to the end, or to an interrupt."""

    def __init__(self, search: Search, study: Study, engine: Engine, interruption: Interruption) -> None:
        self._search, self._study, self._engine = search, study, engine
        self._interruption = interruption
        self._history = History(search.objectives, search.fidelity, lambda trial: trial.key in search.priors.names)
        self._task = task = Task(search.space, search.objectives, study.info.seed, search.settings.limits,
                                 search.fidelity, search.screen)  # fmt: skip
        self._sampler = self._new_sampler()
        self._cheaper: dict[str, Proposal] = {}  # than what is being evaluated, by key
        self._exchanged: set[int] = set()  # numbers of which the sampler has to be told anew
        self._proposals = Proposals(task, self._sampler, self._history, search.patience, search.priors, search.cheapest)
        self._held: dict[int, Trial] = {}
        self._away: dict[int, float] = {}  # numbers of those held whose device is asked again at that time
        self._waits: set[str] = set()  # what waited, and why, as it was said
        self._in_vain = self._failures = 0
        self._allowance = Allowance(search, self._history)
        self._known = study.info
        self._orphans = self._read_what_there_is()
        self._done_before, self._steps_before = self._history.counts["done"], self._history.steps

    def until_stopped(self) -> Stopped:
        """Work until there is a reason to stop."""
        self._search.progress.started(self._progress())
        while True:
            self._interruption.check()
            stopped = self._fill()
            if self._engine.busy or not self._engine.free:  # a cluster may have no room yet
                for ended in self._ended():
                    self._record(ended)
                self._report()
            elif self._away:
                time.sleep(POLL_S)
            elif stopped is not None:
                return stopped

    def _ended(self) -> Iterable[WorkResult]:
        """What has ended; where this process evaluates by itself, an interrupt need not wait for the end of it."""
        if self._search.workers:
            return self._engine.wait(POLL_S)
        with self._interruption.at_once():
            return list(self._engine.wait(POLL_S))

    def result(self, stopped: Stopped) -> SearchResult:
        """Everything that is known now."""
        history, progress = self._history, self._progress()
        found = bool(history.front())
        return SearchResult(
            study=self._search.study, objectives=self._search.objectives, trials=tuple(history.by_number()),
            front=tuple(history.front()), counts=progress.counts, rejects=progress.rejects,
            repeated=progress.repeated, folded=progress.folded, hypervolume=history.hypervolume(),
            reference=history.reference() if found else None, stopped=stopped,
            message=describe_end(stopped, progress, self._search.patience),
            elapsed_s=progress.elapsed_s, steps=history.steps, seconds=history.seconds,
        )  # fmt: skip

    def give_back(self) -> None:
        """Stop the workers; what they were at waits for the next session."""
        self._engine.stop()
        held, self._held = list(self._held.values()), {}
        for trial in held:
            try:
                self._study.change(replace(trial, state="proposed", attempt=trial.attempt - 1, crashes=0))
            except UserError:
                return  # it is begun again even so, and the fault that ended this session is told already

    # --- proposing ------------------------------------------------------------------------------------------------

    def _fill(self) -> Stopped | None:
        """Start work in every free place; why not, where there is none to start."""
        while self._engine.free:
            if self._allowance.late:
                return "budget" if self._allowance.spent and self._search.fidelity is None else "time"
            trial: Trial | Stopped | None = self._due() or self._orphan() or self._promoted()
            if trial is None and self._away:
                return None  # a new one would wait for the device, too
            trial = trial or self._new()
            if not isinstance(trial, Trial):
                stopped, trial = trial, self._promoted(closing=True)
                if trial is None:
                    return stopped
            self._begin(trial)
        return None

    def _due(self) -> Trial | None:
        """A trial whose device did not answer, when it is time to ask it again."""
        due = next((number for number, at in self._away.items() if time.monotonic() >= at), None)
        if due is None:
            return None
        del self._away[due]
        return self._held[due]

    def _orphan(self) -> Trial | None:
        """The next trial that a driver before was at when it ended."""
        while self._orphans:
            orphan = self._orphans.pop(0)
            trial = self._study.begin(replace(orphan, attempt=orphan.attempt + 1))
            if trial.attempt <= ATTEMPTS:
                return trial
            reason = f"given up after {ATTEMPTS} attempts: each time its driver or machine ended"
            self._close(replace(trial, state="failed", reason=reason))
        return None

    def _promoted(self, *, closing: bool = False) -> Trial | None:
        """A candidate that is taken one rung higher now. `closing`: nothing new is begun any more."""
        promotions = self._history.promotions
        if promotions is None:
            return None
        affords, limited = self._allowance.affords, self._allowance.limited
        order = promotion_order(self._sampler)
        trial = promotions.closing(affords, limited, order) if closing else promotions.next(affords, order)
        return None if trial is None else self._study.begin(trial)

    def _new(self) -> Trial | Stopped:
        """Propose until one passes the screen."""
        while True:
            self._interruption.check()
            why_not = self._allowance.nothing_new()
            if why_not is not None:
                return why_not
            proposal = self._proposals.next()
            if proposal is None:
                return "exhausted" if self._proposals.exhausted else "patience"
            if proposal.instead_of is not None:
                exchanged = self._exchange(proposal, self._history.trials[proposal.instead_of])
                if exchanged is not None:
                    return exchanged
                continue
            rejected, passed = self._rejected(proposal), self._counted_passed()
            if rejected is None:
                self._in_vain = 0
                return self._study.add(self._trial(proposal), passed.repeated, passed.folded)
            self._in_vain += 1
            self._note(self._study.add(rejected, passed.repeated, passed.folded))
            if self._in_vain >= self._search.patience:
                return "patience"

    def _exchange(self, proposal: Proposal, known: Trial) -> Trial | None:
        """Let a cheaper candidate stand for `known`: a trial to be evaluated, or None."""
        candidate = proposal.candidate
        self._proposals.passed.folded += 1
        if candidate is None or known.state == "running":
            self._cheaper[proposal.key] = proposal  # for when it is done, or its rung is
            return None
        evaluation, text = self._search.screen(candidate), self._search.spec_text(candidate)
        trial = in_its_place(known, proposal.genome, text, evaluation, self._search.carries, self._search.fidelity)
        if trial is None:
            return None
        passed = self._counted_passed()
        write = self._study.begin if trial.state == "running" else self._study.change
        written = write(trial, passed.repeated, passed.folded)
        self._note(written)
        return written if written.state == "running" else None

    def _counted_passed(self) -> Passed:
        """What came to nothing since the last time, now part of what the store is told and the progress counts."""
        passed, self._proposals.passed = self._proposals.passed, Passed()
        self._known = replace(self._known, repeated=self._known.repeated + passed.repeated,
                              folded=self._known.folded + passed.folded)  # fmt: skip
        return passed

    def _rejected(self, proposal: Proposal) -> Trial | None:
        """The trial of a proposal that goes no further."""
        if proposal.candidate is None:
            evaluation = Evaluation({}, rejected=proposal.rejection)
        else:
            evaluation = self._search.screen(proposal.candidate)
        if evaluation.rejected is None and not evaluation.fault:
            return None
        metric = evaluation.rejected.metric if evaluation.rejected else ""
        reason = evaluation.rejected.reason if evaluation.rejected else evaluation.fault
        return Trial(number=-1, key=proposal.key, genome=proposal.genome, state="rejected", values=evaluation.values,
                     metric=metric, reason=reason)  # fmt: skip

    def _trial(self, proposal: Proposal) -> Trial:
        search, text = self._search, ""
        if proposal.candidate is not None and (search.inherited_text is None or proposal.key in search.priors.names):
            text = search.spec_text(proposal.candidate)
        elif proposal.candidate is not None and search.inherited_text is not None:
            text = search.inherited_text(proposal.candidate, self._history.trials.values())
        steps = 0 if self._search.fidelity is None else self._search.fidelity.added(0)
        return Trial(number=-1, key=proposal.key, genome=proposal.genome, state="running", spec=text, steps=steps)

    def _begin(self, trial: Trial) -> None:
        self._held[trial.number] = trial
        self._history.take(trial)
        say_begun(self._sampler, trial)
        self._engine.start(Work(trial.number, trial.spec, self._search.settings_at(trial.rung), trial.genome))
        self._search.progress.claimed(trial, self._progress())

    # --- recording ------------------------------------------------------------------------------------------------

    def _record(self, ended: WorkResult) -> None:
        """Write down how an evaluation ended; a candidate whose worker died is tried again: it may not be at fault."""
        trial = self._held[ended.number]
        if ended.ended == "away":
            self._away[ended.number] = time.monotonic() + AGAIN_S
            line = f"trial {ended.number} waits: {ended.reason}"
            if line not in self._waits:
                self._search.progress.message(line)
            self._waits.add(line)
            return
        if ended.ended == "crashed":
            trial = replace(trial, crashes=trial.crashes + 1)
        if ended.ended == "lost" or (ended.ended == "crashed" and trial.crashes < CRASHES):
            self._begin(trial)
            return
        if ended.evaluation is not None and self._search.keep is not None:
            self._search.keep(ended.evaluation.records)
        if ended.seconds:  # without the time that it waited for a node
            trial = replace(trial, started_at=time.time() - ended.seconds)
        del self._held[ended.number]
        search = self._search
        self._close(closed(trial, ended, search.objectives, search.fidelity, search.trained))

    def _report(self) -> None:
        """How far the running ones are, and what the engine has to say."""
        for line in self._engine.messages:
            self._search.progress.message(line)
        self._search.progress.at_work({f"trial {one.number}": one for one in self._engine.at_work})

    def _close(self, trial: Trial) -> None:
        self._note(self._study.finish(trial))
        self._failures = self._failures + 1 if trial.state == "failed" else 0
        if self._failures >= FAILURES_IN_A_ROW:
            raise user_error(f"the last {FAILURES_IN_A_ROW} evaluations failed (the last: {trial.reason})",
                             "Mend that and run it again: what is finished is kept")  # fmt: skip

    def _note(self, trial: Trial) -> None:
        """A trial, or a rung, is finished, or another candidate stands in its place: the sampler learns of it."""
        before = self._history.trials.get(trial.number)
        finished = self._history.take(trial)
        another = before is not None and dict(before.genome) != dict(trial.genome)
        if another:
            self._exchanged.add(trial.number)
            self._proposals.forget_cost(trial.key)
        if another or (finished and trial.number in self._exchanged):
            self._learn_anew()
        elif finished:
            for one in self._history.events_since(before, trial):
                self._sampler.tell(one)
        if finished:
            self._search.progress.finished(trial, self._progress())
            cheaper = self._cheaper.pop(trial.key, None)
            if cheaper is not None and trial.state in ("done", "paused"):
                self._exchange(cheaper, trial)

    def _new_sampler(self) -> Sampler:
        """The study's sampler, untold, with the priors around it."""
        search = self._search
        return around(search.priors, self._task, make_sampler(search.sampler, self._task, search.sampler_options))

    def _learn_anew(self) -> None:
        """Samplers cannot unlearn: a new one hears everything as it stands now, as it will when the study goes on."""
        self._sampler = self._new_sampler()
        for trial in self._history.events():
            self._sampler.tell(trial)
        for trial in self._held.values():
            say_begun(self._sampler, trial)
        self._proposals.relearn(self._sampler)

    # --- the state of things --------------------------------------------------------------------------------------

    def _read_what_there_is(self) -> list[Trial]:
        """Everything of the sessions before; what the last one was at, in order."""
        for trial in self._study.trials():
            self._history.take(trial)
        for trial in self._history.events():
            self._sampler.tell(trial)
        return [trial for trial in self._history.by_number() if trial.state in ("running", "proposed")]

    def _progress(self) -> Progress:
        known, passed = self._known, self._proposals.passed
        return Progress(
            self._history, self._search.budget, self._allowance.elapsed_s, known.repeated + passed.repeated,
            known.folded + passed.folded, self._done_before, self._search.most_steps, self._steps_before,
            self._search.priors.names,
        )  # fmt: skip
