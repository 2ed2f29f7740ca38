"""One network up the ladder: cheapest measures first, stopped at the first limit that is broken."""

from archspec.evaluate.ladder.contract import RUNGS, SCREEN, Evaluation, Limit, Rejection, Settings

__all__ = ["RUNGS", "SCREEN", "Evaluation", "Limit", "Rejection", "Settings"]
