"""Ablations: a base network, changes of it, and an honest table of what each change costs and brings."""

from archspec.ablation.ablation import Ablation, Row, chosen
from archspec.ablation.ablation_file import ablation_names, load_ablation, parse_ablation

__all__ = ["Ablation", "Row", "ablation_names", "chosen", "load_ablation", "parse_ablation"]
