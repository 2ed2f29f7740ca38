"""Ablations: a base network, changes of it, and an honest table of what each change costs and brings."""

from archspec.ablation.ablation import Ablation, Row
from archspec.ablation.choosing import chosen
from archspec.ablation.reading import ablation_names, load_ablation, parse_ablation

__all__ = ["Ablation", "Row", "ablation_names", "chosen", "load_ablation", "parse_ablation"]
