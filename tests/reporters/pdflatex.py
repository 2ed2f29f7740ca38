"""A real pdflatex: whether LaTeX compiles, and what stands on its pages."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.needs import needed

PREAMBLE = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"


def faults(folder: Path, body: str) -> list[str]:
    """What pdflatex complains of in a document of `body` with booktabs alone: errors, and characters it left out."""
    (folder / "document.tex").write_text(f"{PREAMBLE}{body}\\end{{document}}\n", "utf-8")
    command = [needed("pdflatex"), "-interaction=nonstopmode", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    log = (folder / "document.log").read_text("utf-8", "replace").splitlines()
    found = [line for line in log if line.startswith(("!", "Missing character"))]
    return found if found or done.returncode == 0 else [f"pdflatex ended with {done.returncode}"]
