"""archspec: from a YAML spec to a segmentation network that fits a phone.

    net = archspec.load("shufflenetv2_dpc", {"width_multiplier": 0.5})     # net.cost, net.to_keras(), net.to_tflite()
    archspec.space, train, evaluate, search, ablate, latency, profile, predict_latency, report        # docs/api.md

Importing this package imports nothing heavy and never fails: another distribution of the same import name (a CPU
library) is executed by conda at start-up, and ours must be as harmless. So each name is imported when it is asked for.
"""

from __future__ import annotations

import sys as _sys
from pathlib import Path as _Path
from types import ModuleType as _ModuleType

TYPE_CHECKING = False  # for type checkers it is true; `typing` would have to be imported
if TYPE_CHECKING:
    from typing import Any as _Any

    from archspec.api.ablation import ablate as ablate
    from archspec.api.evaluation import evaluate as evaluate
    from archspec.api.latency import latency as latency
    from archspec.api.latency import predict_latency as predict_latency
    from archspec.api.networks import file_cost as file_cost
    from archspec.api.networks import from_keras as from_keras
    from archspec.api.networks import load as load
    from archspec.api.networks import space as space
    from archspec.api.pages import report as report
    from archspec.api.profile import profile as profile
    from archspec.api.profile import sensitivity as sensitivity
    from archspec.api.search import search as search
    from archspec.api.training import train as train
    from archspec.errors import UserError as UserError
    from archspec.network import Network as Network

__version__ = "0.1.0"

# A plain checkout keeps `blocks/` and `search/` at its top level; installed, they are `archspec.blocks`
# and `archspec.search` (package_dir in setup.cfg). This lets the checkout run without being installed.
_root = _Path(__file__).resolve().parent.parent
if (_root / "setup.cfg").is_file() and (_root / "blocks" / "__init__.py").is_file():
    __path__.append(str(_root))

_HOMES = {
    "Network": "network",
    "UserError": "errors",
    "ablate": "api.ablation",
    "evaluate": "api.evaluation",
    "file_cost": "api.networks",
    "from_keras": "api.networks",
    "latency": "api.latency",
    "load": "api.networks",
    "predict_latency": "api.latency",
    "profile": "api.profile",
    "report": "api.pages",
    "search": "api.search",
    "sensitivity": "api.profile",
    "space": "api.networks",
    "train": "api.training",
}
_ROOMS = ("report", "search", "train")  # functions that are called like a room


def _named(name: str) -> _Any:
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


class _CallableRoom(_ModuleType):
    """A room such as `archspec.train` that is called like a function of the API: calling it calls the function.

    The import of a room makes it an attribute of the package, in whose place the function cannot stand then.
    """

    def __call__(self, *arguments: _Any, **options: _Any) -> _Any:
        return _named(self.__name__.rpartition(".")[2])(*arguments, **options)

    @property
    def __signature__(self) -> _Any:
        from inspect import signature

        return signature(_named(self.__name__.rpartition(".")[2]))


class _Package(_ModuleType):
    """This package: it makes a room callable as soon as it is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _ROOMS and isinstance(value, _ModuleType):
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


if not TYPE_CHECKING:  # type checkers know each name, and that there is no other

    def __getattr__(name):
        if name in _ROOMS:
            from importlib import import_module

            return import_module(f"{__name__}.{name}")
        if name in _HOMES:
            return _named(name)
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

    def __dir__():
        return sorted({"__version__", *_HOMES})


_sys.modules[__name__].__class__ = _Package
