"""NSGA-II of Optuna: a genetic algorithm that keeps the front and spreads along it."""

from __future__ import annotations

from archspec.search.samplers import Sampler, Task


def nsga2(task: Task, population: int = 12) -> Sampler:
    """Optuna's NSGA-II; the first `population` trials are random."""
    from optuna.samplers import NSGAIISampler

    from archspec.search.samplers._optuna_study import OptunaSampler, with_seed

    return OptunaSampler(
        task, with_seed(NSGAIISampler, {"population_size": population}), tries=4, replay=True, enough=population
    )
