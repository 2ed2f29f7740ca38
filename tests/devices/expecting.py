"""An error of one kind, within a time."""

import time
from collections.abc import Callable

import pytest

from archspec.devices import DeviceError


def expect_within(seconds: float, call: Callable[[], object], kind: type[DeviceError], words: str) -> DeviceError:
    """The error that the call raises: of exactly this kind, with these words and a remedy, in the time it has."""
    start = time.monotonic()
    with pytest.raises(kind, match=words) as caught:
        call()
    assert type(caught.value) is kind
    assert time.monotonic() - start < seconds
    assert caught.value.faults[0].remedy
    return caught.value
