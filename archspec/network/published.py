"""What papers publish of networks that are bundled here, read from YAML, beside what we compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog, members
from archspec.cost import CostSheet
from archspec.errors import NOWHERE, Place
from archspec.graph import Range
from archspec.network.network import Network
from archspec.spec import (
    SIZE,
    TOP_KINDS,
    DocumentReader,
    Items,
    Kind,
    ListKind,
    LiteralKind,
    MappingKind,
    Node,
    NumberKind,
    RecordKind,
    Scalar,
    Table,
    TextKind,
    bundled_catalog,
    from_plain,
    load_named,
    override,
)

TOLERANCE = 0.02  # of the published figure
METRICS: dict[str, Callable[[CostSheet], float]] = {
    "gflops": lambda sheet: sheet.gflops,
    # Of published graphs that make layers which nothing reads (ours keep them for their weights): those too.
    "gflops_unread_too": lambda sheet: 2 * sum(node.layer.macs(node) for node in sheet.graph.nodes) / 1e9,
    "gmacs": lambda sheet: sheet.gmacs,
    # As PyTorch's counters (fvcore, mmcv) have it: two operations an element of each batch norm.
    "gmacs_and_batch_norm": lambda sheet: sheet.gmacs + 2 * _batch_norm_elements(sheet) / 1e9,
    "params_m": lambda sheet: sheet.params / 1e6,
    "params_total_m": lambda sheet: sheet.params_total / 1e6,
    "params_float16_mib": lambda sheet: 2 * sheet.params / 2**20,
    "tflite_mb": lambda sheet: sheet.tflite_bytes["float32"] / 1e6,
}
NOT_COMPUTED = ("latency_ms",)
_VALUES = MappingKind(NumberKind(real=True, limits=Range(gt=0)), "a mapping of networks to figures", "{enet: 3.83}")
_CLAIM: dict[str, Kind] = {
    "where": TextKind(),
    "metric": LiteralKind((*METRICS, *NOT_COMPUTED)),
    "convention": TextKind(),
    "input_size": SIZE,
    "classes": TOP_KINDS["classes"],
    "values": _VALUES,
    "decimals": NumberKind(limits=Range(ge=0, le=6)),
    "not_reproducible": TextKind(),
}
_OPTIONAL = ("decimals", "not_reproducible")
_CLAIMS = ListKind(RecordKind(_CLAIM, required=tuple(key for key in _CLAIM if key not in _OPTIONAL)))
_FILE = RecordKind({"paper": TextKind(), "claims": _CLAIMS}, required=("claims",))


@dataclass(frozen=True, slots=True)
class Claim:
    """One published number: of which network, at which size, by which convention; `reason` why it cannot be had.

    `decimals` are those it is printed with, where they say less than two per cent.
    """

    paper: str
    where: str
    network: str
    metric: str
    published: float
    convention: str
    input_size: tuple[int, int]
    classes: int
    reason: str = ""
    place: Place = NOWHERE
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim beside our number; None where only a measurement could give one."""

    claim: Claim
    computed: float | None

    @property
    def difference(self) -> float | None:
        """(ours - published) / published."""
        return None if self.computed is None else self.computed / self.claim.published - 1

    @property
    def reproduced(self) -> bool:
        """Within two per cent, or equal to the decimals that are printed."""
        if self.computed is None or self.difference is None:
            return False
        decimals = self.claim.decimals
        printed = decimals is not None and round(self.computed, decimals) == self.claim.published
        return printed or abs(self.difference) <= TOLERANCE

    @property
    def verdict(self) -> str:
        """`reproduced`, `explained` where the claim has a reason why it cannot be, else `DIFFERS`."""
        if self.reproduced:
            return "reproduced"
        return "explained" if self.claim.reason else "DIFFERS"

    @property
    def holds(self) -> bool:
        """Reproduced, or known not to be and said why."""
        return self.reproduced or bool(self.claim.reason)


def _batch_norm_elements(sheet: CostSheet) -> int:
    kinds = ((node, type(node.layer).__name__) for node in sheet.graph.nodes)
    return sum(node.output.elements for node, kind in kinds if kind == "BatchNormalization")


def bundled_claims() -> list[Path]:
    """The bundled files of published figures."""
    return list(members("published").values())


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of one file. Raises `UserError` with all faults of its form."""
    return _ClaimsReader(path, bundled_catalog()).load()


class _ClaimsReader(DocumentReader[tuple[Claim, ...]]):
    """Reads one file of published figures."""

    def value(self, document: Table) -> tuple[Claim, ...] | None:
        found = self.read(_FILE, document, "")
        if self.faults:
            return None
        entries = document.get("claims")
        nodes = entries.items if isinstance(entries, Items) else ()
        return tuple(
            claim
            for written, node in zip(found["claims"], nodes, strict=True)
            for claim in _claims(found.get("paper", ""), written, node)
        )


def _claims(paper: str, written: dict[str, Any], node: Node) -> Iterator[Claim]:
    values = node.get("values") if isinstance(node, Table) else None
    for network, published in written["values"].items():
        yield Claim(
            paper=paper,
            where=written["where"],
            network=network,
            metric=written["metric"],
            published=published,
            convention=written["convention"],
            input_size=written["input_size"],
            classes=written["classes"],
            reason=written.get("not_reproducible", ""),
            place=values.entries[network].place if isinstance(values, Table) else node.place,
            decimals=written.get("decimals"),
        )


def find(claims: tuple[Claim, ...], catalog: Catalog) -> Iterator[Finding]:
    """Each claim beside our number, one network priced once a size.

    Nothing is computed of a network that is not bundled, if the claim says why. Raises `UserError` if it does not.
    """
    sheets: dict[tuple[str, tuple[int, int], int], CostSheet] = {}
    for claim in claims:
        if claim.metric in NOT_COMPUTED or (claim.reason and claim.network not in catalog.specs()):
            yield Finding(claim, None)
            continue
        key = claim.network, claim.input_size, claim.classes
        if key not in sheets:
            sheets[key] = _price(claim, catalog)
        yield Finding(claim, METRICS[claim.metric](sheets[key]))


def _price(claim: Claim, catalog: Catalog) -> CostSheet:
    spec = load_named(Scalar(claim.network, claim.place), Path(), "values", catalog)
    changes = {"input.size": list(claim.input_size), "classes": claim.classes}
    return Network(override(spec, {path: from_plain(value, claim.place) for path, value in changes.items()})).cost
