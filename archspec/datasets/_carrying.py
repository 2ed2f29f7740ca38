"""A `UserError` through TensorFlow: it knows only messages, so the faults travel in one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from archspec.errors import Fault, Place, UserError

Result = TypeVar("Result")

_MARK = "archspec-faults: "
_FAULTS = re.compile(f"{_MARK}(\\[.*\\])$", re.MULTILINE)


class _Carried(Exception):
    """Its message is the faults of a `UserError`."""


def carried(function: Callable[[int], Result]) -> Callable[[int], Result]:
    """The same function for TensorFlow to call; what a user can mend comes out again in `reading_errors`."""

    def call(number: int) -> Result:
        try:
            return function(int(number))
        except UserError as error:
            rows = [
                (one.message, one.remedy, one.path, one.place.file, one.place.line, one.place.column)
                for one in error.faults
            ]
            raise _Carried(f"\n{_MARK}{json.dumps(rows)}\n") from None

    return call


@contextmanager
def reading_errors() -> Iterator[None]:
    """Around a loop over `training_batches`: a bad file found on the way is a `UserError` with the file's name."""
    try:
        yield
    except Exception as error:
        found = _FAULTS.search(str(error))
        if found is None:
            raise
        rows = json.loads(found.group(1))
        faults = [Fault(message, remedy, path, Place(*place)) for message, remedy, path, *place in rows]
        raise UserError(faults) from None
