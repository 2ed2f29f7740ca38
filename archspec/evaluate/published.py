"""What papers publish of networks that are bundled here, read from YAML, beside what we compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.catalog import Catalog, bundled_folder
from archspec.cost import CostSheet, price
from archspec.errors import Fault, Place, UserError, nearest
from archspec.graph.trace import trace
from archspec.spec import expand, load
from archspec.spec.nodes import plain
from archspec.spec.reading import read_file

TOLERANCE = 0.02  # of the published figure
METRICS: dict[str, Callable[[CostSheet], float]] = {
    "gflops": lambda sheet: sheet.gflops,
    # Of published graphs that make layers which nothing reads (ours keep them for their weights): those too.
    "gflops_unread_too": lambda sheet: 2 * sum(node.layer.macs(node) for node in sheet.graph.nodes) / 1e9,
    "gmacs": lambda sheet: sheet.gmacs,
    "params_m": lambda sheet: sheet.params / 1e6,
    "params_total_m": lambda sheet: sheet.params_total / 1e6,
    "params_float16_mib": lambda sheet: 2 * sheet.params / 2**20,
    "tflite_mb": lambda sheet: sheet.tflite_bytes["float32"] / 1e6,
}
NOT_COMPUTED = ("latency_ms",)
KEYS = ("where", "metric", "convention", "input_size", "classes", "values", "not_reproducible")


@dataclass(frozen=True, slots=True)
class Claim:
    """One published number: of which network, at which size, by which convention; `reason` why it cannot be had."""

    paper: str
    where: str
    network: str
    metric: str
    published: float
    convention: str
    input_size: tuple[int, int]
    classes: int
    reason: str = ""


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
        """Within two per cent."""
        return self.difference is not None and abs(self.difference) <= TOLERANCE

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


def bundled_claims() -> list[Path]:
    """The bundled files of published figures."""
    return sorted((bundled_folder("specs") / "published").glob("*.yaml"))


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of one file. Raises `UserError` with all faults of its form."""
    faults: list[Fault] = []
    root = read_file(path, faults)
    document: dict[str, Any] = plain(root) if root is not None else {}
    place = Place(str(path), 1, 1)
    claims: list[Claim] = []
    for number, entry in enumerate(document.get("claims") or []):
        where = f"claims[{number}]"
        unknown = [key for key in entry if key not in KEYS]
        faults += [Fault(f"unknown key '{key}'", nearest(key, KEYS), where, place) for key in unknown]
        missing = [key for key in KEYS[:-1] if key not in entry]
        faults += [Fault(f"missing key '{key}'", f"Write {key}: …", where, place) for key in missing]
        known = (*METRICS, *NOT_COMPUTED)
        if not missing and entry["metric"] not in known:
            faults.append(Fault(f"unknown metric '{entry['metric']}'", nearest(entry["metric"], known), where, place))
        if not missing and not unknown:
            claims += _claims(str(document.get("paper", "")), entry)
    if faults:
        raise UserError(faults)
    return tuple(claims)


def _claims(paper: str, entry: dict[str, Any]) -> Iterator[Claim]:
    for network, published in entry["values"].items():
        yield Claim(
            paper=paper,
            where=entry["where"],
            network=network,
            metric=entry["metric"],
            published=float(published),
            convention=entry["convention"],
            input_size=(entry["input_size"][0], entry["input_size"][1]),
            classes=entry["classes"],
            reason=entry.get("not_reproducible", ""),
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
    height, width = claim.input_size
    overrides = [f"input.size=[{height},{width}]", f"classes={claim.classes}"]
    network = expand(load(claim.network, overrides, catalog=catalog))
    return price(trace(network, catalog), classes=network.classes, output_stride=network.output_stride)
