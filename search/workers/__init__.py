"""Processes that evaluate candidates: one driver writes, workers measure; a worker that dies takes one candidate along.

`Evaluator` is what crosses into a worker; `WorkerPool` runs several, `SameProcess` none.
"""

from archspec.search.workers.evaluator import Evaluator, Outcome, Work, Workers
from archspec.search.workers.pool import WorkerPool
from archspec.search.workers.same_process import SameProcess

__all__ = ["Evaluator", "Outcome", "SameProcess", "Work", "WorkerPool", "Workers"]
