"""Others' numbers for the rows of an ablation, as its file gives them."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.errors import Fault, nearest
from archspec.spec import Node, Table, one_line, plain, shown

EXAMPLE = "Write published: {gflops: {shufflenetv2_basic: 0.47}}"


def published_of(
    node: Node | None, rows: Sequence[str], metrics: Sequence[str], faults: list[Fault]
) -> dict[str, dict[str, float]]:
    """Metric -> row -> number; what is neither of the table's metrics nor of its rows is a fault."""
    if node is None:
        return {}
    if not isinstance(node, Table):
        faults.append(Fault(f"must be a mapping of metrics ({shown(node)})", EXAMPLE, "published", node.place))
        return {}
    found: dict[str, dict[str, float]] = {}
    for metric, entry in node.entries.items():
        path = f"published.{one_line(metric)}"
        if metric not in metrics:
            fact = f"'{one_line(metric)}' is not among the metrics of the table"
            faults.append(Fault(fact, nearest(metric, metrics), path, entry.place))
        elif not isinstance(entry.node, Table):
            faults.append(Fault(f"must be a mapping of rows ({shown(entry.node)})", EXAMPLE, path, entry.node.place))
        else:
            found[metric] = _by_row(entry.node, rows, path, faults)
    return found


def _by_row(node: Table, rows: Sequence[str], path: str, faults: list[Fault]) -> dict[str, float]:
    found = {}
    for row, entry in node.entries.items():
        where, number = f"{path}.{one_line(row)}", plain(entry.node)
        if row not in rows:
            faults.append(Fault(f"no row is called '{one_line(row)}'", nearest(row, rows), where, entry.place))
        elif isinstance(number, bool) or not isinstance(number, int | float):
            faults.append(Fault(f"must be a number ({shown(entry.node)})", "Write 0.47", where, entry.node.place))
        else:
            found[row] = float(number)
    return found
