"""Code of documents and notebooks, run as a notebook runs it: in order, in one process, the last value shown."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks_of(document: Path) -> list[str]:
    """The Python blocks of a Markdown document."""
    return re.findall(r"^```python\n(.*?)^```$", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def cells_of(notebook: Path) -> list[str]:
    """The code cells of a notebook."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cells(cells: list[str], name: str, shared: dict[str, Any] | None = None) -> list[Any]:
    """The value of each cell's last expression (None without one), shown as a notebook shows it."""
    space = {"__name__": "__main__"} if shared is None else shared
    values = []
    for number, cell in enumerate(cells, 1):
        tree = ast.parse(cell, f"{name}, cell {number}")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{name}, cell {number}", "exec"), space)
        value = (
            None if last is None else eval(compile(ast.Expression(last.value), f"{name}, cell {number}", "eval"), space)
        )
        shown = getattr(value, "_repr_html_", lambda value=value: repr(value))()
        assert isinstance(shown, str)
        values.append(value)
    return values
