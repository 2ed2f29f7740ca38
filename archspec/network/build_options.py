"""What may be chosen about a build, beside the spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archspec.export import Precision
from archspec.graph.program.program import ShuffleMode

InputDtype = Literal["float32", "uint8"]
Route = Literal["direct", "tensorflow"]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """`input_dtype` None is the spec's own; `representative` None is the stated synthetic default;
    `latency` names a procedure of archspec.devices, or `none`."""

    precision: Precision = "float32"
    input_dtype: InputDtype | None = None
    shuffle: ShuffleMode = "follow"
    via: Route = "direct"
    seed: int = 0
    representative: Path | None = None
    labels: tuple[str, ...] = ()
    latency: str = "default"
    threads: int = 1
