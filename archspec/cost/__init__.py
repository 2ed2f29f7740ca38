"""What a network costs, in pure Python: parameters, multiply-adds, memory, file size; by layer, block, line, total."""

from archspec.cost.layers import Group, LayerCost, group, layer_costs
from archspec.cost.sheet import CostSheet, price
from archspec.cost.tables import CONVENTIONS

__all__ = ["CONVENTIONS", "CostSheet", "Group", "LayerCost", "group", "layer_costs", "price"]
