"""The spec language: YAML text to a checked value (`Spec`), and that to a network of steps.

`load` and `parse` check everything that can be told without choosing a width; `expand` resolves selectors and gives
the steps. Everything wrong is told together in one `UserError`, each fault with file, line, column, path and remedy.
"""

from typing import TYPE_CHECKING, Any

from archspec.spec.document import Spec
from archspec.spec.expanded import ExpandedSpec, Section, Step, WeightsFile
from archspec.spec.expansion import expand
from archspec.spec.sources import load, override, parse
from archspec.spec.spec_text import dump, dump_expanded, dump_plain
from archspec.spec.special_values import Choice

if TYPE_CHECKING:
    from archspec.catalog import Catalog


def json_schema(catalog: "Catalog | None" = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec, made from the signatures and docstrings of the catalog's blocks and parts."""
    from archspec.spec import schema  # not needed on the way to a cost

    return schema.json_schema(catalog)


__all__ = [
    "Choice",
    "ExpandedSpec",
    "Section",
    "Spec",
    "Step",
    "WeightsFile",
    "dump",
    "dump_expanded",
    "dump_plain",
    "expand",
    "json_schema",
    "load",
    "override",
    "parse",
]
