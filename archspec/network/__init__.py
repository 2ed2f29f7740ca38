"""A spec with everything that can be asked of it, each worked out once; and two fixed networks to measure with."""

from archspec.network.network import (
    FRESH,
    InputDtype,
    Network,
    Route,
    ShuffleMode,
    hold_weights,
    import_weights,
    spec_weights,
)
from archspec.network.reference import REFERENCE_NAME, REFERENCE_SPEC, probe_model, reference_model

__all__ = [
    "FRESH", "REFERENCE_NAME", "REFERENCE_SPEC", "InputDtype", "Network", "Route", "ShuffleMode", "hold_weights",
    "import_weights", "probe_model", "reference_model", "spec_weights",
]  # fmt: skip
