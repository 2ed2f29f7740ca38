"""What a network costs, in pure Python: parameters, multiply-adds, memory, file size; by layer, block, line, total.

Multiply-adds (MACs) are those of convolutions, of dense layers, and of products of two activations (`matmul`: an
attention's queries by keys, and shares by values). The last are in the total and told apart in the sheet: counters that
only look at layers with weights leave them out.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec.cost.layers import Group, LayerCost, block_named, group, layer_costs
from archspec.cost.sheet import CostSheet, price

if TYPE_CHECKING:
    from archspec.cost.diagram import diagram_of, drawing_of
    from archspec.cost.features import graph_features
    from archspec.cost.lines import COSTS, Line, Lines, by_line_table, lines_of, lines_table, lines_text, times_margin
    from archspec.cost.tables import CONVENTIONS, detail_json, detail_table, mermaid, sheets_table, tree, tree_table

__all__ = [
    "CONVENTIONS", "COSTS", "CostSheet", "Group", "LayerCost", "Line", "Lines", "block_named", "by_line_table",
    "detail_json", "detail_table", "diagram_of", "drawing_of", "graph_features", "group", "layer_costs", "lines_of",
    "lines_table", "lines_text", "mermaid", "price", "sheets_table", "times_margin", "tree", "tree_table",
]  # fmt: skip

# Imported when they are asked for: who prices thousands of candidates shows none of them.
_HOMES = {
    "diagram": ("diagram_of", "drawing_of"),
    "features": ("graph_features",),
    "lines": ("COSTS", "Line", "Lines", "by_line_table", "lines_of", "lines_table", "lines_text", "times_margin"),
    "tables": ("CONVENTIONS", "detail_json", "detail_table", "mermaid", "sheets_table", "tree", "tree_table"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
