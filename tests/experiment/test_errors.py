"""Errors cross processes as they are."""

from __future__ import annotations

import pickle

import pytest

from archspec.devices._faults import Unplugged
from archspec.errors import Fault, Place, UserError


@pytest.mark.parametrize(
    "error",
    [
        UserError([Fault("no such file", "Name one", "data", Place("a.yaml", 3, 1)), Fault("unknown metric 'x'")]),
        Unplugged("is not connected", device="pixel"),
    ],
)
def test_an_error_of_another_process_says_the_same(error: UserError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.faults, vars(again)) == (str(error), error.faults, vars(error))
