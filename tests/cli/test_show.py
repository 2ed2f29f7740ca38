"""`archspec show`: specs that are specs again, trees that add up, diagrams that hang together, cells without loss."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.runner import run

BUNDLED = ("shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc")
CHANGES: list[tuple[str, ...]] = [
    (),
    ("output_stride=8",),
    ("output_stride=32",),
    ("variant=reference",),
    ("variant=reference", "output_stride=8"),
    ("width_multiplier=0.5", "classes=21", "input.size=[360,640]", "input.dtype=uint8"),
    ("width_multiplier=2.0", "variant=reference"),
    ("head.filters=64", "head.dropout=0.0", "decoder={bilinear: {align_corners: false}}", "output=logits"),
    ("decoder=none", "output=softmax", "input.preprocess=none"),
]


def sets(changes: tuple[str, ...]) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("changes", CHANGES, ids=" ".join)
@pytest.mark.parametrize("name", BUNDLED)
def test_the_expanded_spec_is_the_same_network(name: str, changes: tuple[str, ...]) -> None:
    if name == "mobilenetv2_basic" and not changes:
        assert "expanded" not in run("show", name).out
    shown = run("show", name, *sets(changes))
    assert (shown.code, shown.err) == (0, "")
    Path("again.yaml").write_text(shown.out)
    before = run("cost", name, *sets(changes), "--format", "json").json()
    assert run("cost", "again.yaml", "--format", "json").json() == before
    assert run("show", "again.yaml").out == shown.out  # and expanding it changes nothing any more
    assert not re.search("by_width|by_variant|scaled|shufflenet_v2:|mobilenet_v2", shown.out)


def rows_of(text: str) -> list[tuple[int, str, int, float]]:
    """Indentation, name, parameters and GMACs of each line of a tree."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"( *)(\S+).*? ([\d,]+) params +([\d.]+) GMACs", line)
        assert match, line
        indent, name, params, gmacs = match.groups()
        found.append((len(indent), name, int(params.replace(",", "")), float(gmacs)))
    return found


@pytest.mark.parametrize("flags", [(), ("--layers",)])
@pytest.mark.parametrize("name", BUNDLED)
def test_every_level_of_the_tree_adds_up(name: str, flags: tuple[str, ...]) -> None:
    total = run("cost", name, "--format", "json").json()
    rows = rows_of(run("show", name, "--as", "tree", *flags).out)
    assert rows[0] == (0, name, total["params"], round(total["gmacs"], 4))
    sections = [row for row in rows if row[0] == 2]
    assert [row[1] for row in sections] == [
        "input",
        "preprocess",
        "backbone",
        "head",
        "classifier",
        "decoder",
        "output",
    ]
    assert sum(row[2] for row in sections) == total["params"]
    deeper = [row for row in rows if row[0] == (6 if flags else 4)]
    missing = 0 if flags else sum(row[2] for row in sections if not any(one[1].startswith(row[1]) for one in deeper))
    assert sum(row[2] for row in deeper) + missing == total["params"]
    if flags:
        assert len(deeper) == len(run("cost", name, "--layers", "--format", "json").json()["layers"])


@pytest.mark.parametrize("flags", [(), ("--layers",)])
@pytest.mark.parametrize("name", BUNDLED)
def test_the_diagram_hangs_together(name: str, flags: tuple[str, ...]) -> None:
    first, *lines = run("show", name, "--as", "mermaid", *flags).out.splitlines()
    assert first == "flowchart TD"
    boxes = [match.group(1) for line in lines if (match := re.fullmatch(r'    (\w+)\["[^"]+<br>[\d x]+"\]', line))]
    edges = [match.groups() for line in lines if (match := re.fullmatch(r"  (\w+) --> (\w+)", line))]
    assert len(set(boxes)) == len(boxes)
    assert len(set(edges)) == len(edges)
    assert all(start != end for start, end in edges)
    assert {end for edge in edges for end in edge} == set(boxes)
    assert {box for box in boxes if box not in {end for _, end in edges}} == {"n_image"}
    assert {box for box in boxes if box not in {start for start, _ in edges}} == {"n_output"}
    assert sum(line.startswith("  subgraph ") for line in lines) == sum(line == "  end" for line in lines) == 7
    plain = len(boxes) + len(edges) + 2 * 7
    assert plain == len(lines)


# The best cell in the JSON of the published DeepLab code.
PUBLISHED = [
    {"kernel": 3, "rate": [1, 6], "op": "conv", "input": -1},
    {"kernel": 3, "rate": [18, 15], "op": "conv", "input": 0},
    {"kernel": 3, "rate": [6, 3], "op": "conv", "input": 1},
    {"kernel": 3, "rate": [1, 1], "op": "conv", "input": 0},
    {"kernel": 3, "rate": [6, 21], "op": "conv", "input": 0},
]
OTHER = [
    {"op": "pyramid_pooling", "grid_size": [2, 4], "input": -1},
    {"op": "conv", "kernel": 1, "input": 0},
    {"op": "conv", "kernel": 3, "rate": [21, 3], "input": -1},
]


def test_the_bundled_cell_is_the_published_one() -> None:
    assert run("show", "shufflenetv2_dpc", "--as", "cell").json() == PUBLISHED


@pytest.mark.parametrize("cell", [PUBLISHED, OTHER])
def test_a_cell_goes_in_and_out_without_loss(cell: list[dict[str, object]]) -> None:
    Path("cell.json").write_text(json.dumps(cell))
    change = ["--set", "head.branches=@cell.json"]
    shown = run("show", "mobilenetv2_dpc", "--as", "cell", *change, "--output", "out.json")
    assert shown == (0, "", "")
    assert json.loads(Path("out.json").read_text()) == cell
    hashes = [
        run("cost", "mobilenetv2_dpc", "--set", f"head.branches=@{file}", "--format", "json").json()["hash"]
        for file in ("cell.json", "out.json")
    ]
    assert hashes[0] == hashes[1]
    plain = run("cost", "mobilenetv2_dpc", "--format", "json").json()["hash"]
    assert (hashes[0] == plain) == (cell is PUBLISHED)


def test_a_network_without_a_cell_has_none_to_show() -> None:
    result = run("show", "shufflenetv2_basic", "--as", "cell")
    assert (result.code, result.out) == (2, "")
    assert "no dense prediction cell. Use a spec whose head is dpc" in result.err
    assert len(result.err.splitlines()) == 1
