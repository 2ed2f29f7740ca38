"""Whether a network reads the images that data sets and photos are: RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.errors import NOWHERE, user_error
from archspec.spec.nodes import Table

if TYPE_CHECKING:
    from archspec.spec import Spec

CHANNELS = 3


def check_reads_rgb(spec: Spec) -> None:
    """Raises `UserError`, with the line of the spec, for a network whose image has not three channels."""
    channels = spec.values["input"].get("channels")
    if not isinstance(channels, int) or channels == CHANNELS:
        return
    image = spec.document.get("input")
    node = image.get("channels") if isinstance(image, Table) else None
    fact = f"the network reads images of {channels} channel{'' if channels == 1 else 's'}, and the images have 3 (RGB)"
    remedy = "Write channels: 3; other images are read for int8 ranges (--representative) only"
    raise user_error(fact, remedy, "input.channels", node.place if node is not None else NOWHERE)
