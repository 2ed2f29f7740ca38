"""The spec language: YAML text to a checked value (`Spec`), and that to a network of steps.

`load` and `parse` check everything that can be told without choosing a width; `expand` resolves selectors and gives
the steps. Everything wrong is told together in one `UserError`, each fault with file, line, column, path and remedy.
"""

from archspec.spec.choices import Choice
from archspec.spec.document import Spec
from archspec.spec.dumping import dump
from archspec.spec.expanding import expand
from archspec.spec.loading import load, override, parse
from archspec.spec.network import Network, Section, Step
from archspec.spec.schema import json_schema

__all__ = [
    "Choice",
    "Network",
    "Section",
    "Spec",
    "Step",
    "dump",
    "expand",
    "json_schema",
    "load",
    "override",
    "parse",
]
