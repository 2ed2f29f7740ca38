"""Paths that the documentation names are there."""

import re
from pathlib import Path

ROOTS = ("archspec", "blocks", "search", "specs", "tests", "benchmarks", "docs")
EXAMPLES = {("measures.md", "archspec/measures/head_share.py")}  # what a reader is to write
NAMED = re.compile(rf"`((?:{'|'.join(ROOTS)})/[A-Za-z0-9_./-]*)`")


def test_every_file_and_folder_that_the_docs_name_is_there(root: Path) -> None:
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    named = {(page.name, path) for page in pages for path in NAMED.findall(page.read_text("utf-8"))}
    assert len(named) > 20
    lost = {(page, path) for page, path in named if "NAME" not in path and not (root / path).exists()}
    assert sorted(lost - EXAMPLES) == []
