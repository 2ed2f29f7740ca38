"""A spec with everything that can be asked of it, each worked out once."""

from archspec.network.network import InputDtype, Network, Route, ShuffleMode

__all__ = ["InputDtype", "Network", "Route", "ShuffleMode"]
