"""Backbones that a study trains itself, once each, where there are no weights to download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archspec.datasets import open_dataset
from archspec.errors import user_error
from archspec.record import turn
from archspec.search.study.study import Pretrain
from archspec.spec import Spec, override
from archspec.train import Order, load_recipe

SECTION = "backbone"


@dataclass(frozen=True)
class Backbones:
    """Where the backbones of a study come from. Plain: it crosses into workers."""

    pretrain: Pretrain
    data: tuple[str, ...]
    seed: int
    output: str

    def order(self, spec: Spec) -> Order:
        """The training that gives a candidate its backbone; candidates of one backbone have one. Raises `UserError`."""
        network = override(spec, {**dict(self.pretrain.changes), "name": f"{spec.name}_backbone"})
        datasets = {reference: open_dataset(reference) for reference in self.data}
        return Order(network, load_recipe(self.pretrain.recipe), datasets, self.seed)

    def prepared(self, spec: Spec) -> Spec:
        """The candidate with the weights of its backbone, which is trained now where nobody did before.

        Other processes that want the same wait meanwhile. Raises `UserError` where the training came apart.
        """
        order = self.order(spec)
        root = Path(self.output)
        with turn(root / f".{order.name}.lock"):
            from archspec.train import Training

            outcome = Training(order, root).train()
        if outcome.state != "finished":
            fact = f"the backbone could not be trained ({outcome.about.get('error')})"
            raise user_error(fact, f"Change the recipe {self.pretrain.recipe}")
        return override(spec, {"weights": {"file": str(outcome.run.weights), "only": [SECTION]}})
