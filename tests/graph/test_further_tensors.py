"""A block may give back further tensors by name, for later blocks to find in `taps`."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.graph import Graph
from archspec.graph.trace import trace
from archspec.spec import expand, parse

BLOCKS = '''"""Gives its input halved, and keeps what it read."""

from archspec.graph import layers


def keep(x, *, stride=2, name):
    """Only where it strides."""
    y = layers.Conv2D(x.channels, 3, strides=stride, padding="same", name=name)(x)
    return (y, {"source": x}) if stride > 1 else y
'''
ADD = '''"""The map that a step kept."""


def recall(x, *, step, taps, name):
    """As it was."""
    return taps[f"{step}.source"]
'''
SPEC = """
input: {size: [33, 40], preprocess: none}
output_stride: 8
classes: 6
backbone:
- conv_bn: {filters: 6, stride: 4, kernel: 5}
- keep: {stride: 2}
  repeat: 3
  id: kept
classifier: none
decoder: {recall: {step: kept}}
output: logits
"""


def traced(folder: Path, text: str) -> Graph:
    (folder / "keep.py").write_text(BLOCKS)
    (folder / "recall.py").write_text(ADD)
    catalog = Catalog((folder,))
    return trace(expand(parse(text, catalog=catalog)), catalog)


def test_a_later_block_finds_it_by_the_step_s_id(tmp_path: Path) -> None:
    """Of a repeated step what any of its turns kept; and what only the rest needed is dropped."""
    graph = traced(tmp_path, SPEC)
    assert graph.outputs[0].shape == (9, 10, 6)
    assert graph.outputs[0].node.name == "backbone.0_conv_bn.relu"
    assert not graph.has("backbone.kept.0")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ('y, {"source": 3}', "gave back tuple, not a tensor and further ones by name"),
        ("y, [x]", "gave back tuple, not a tensor and further ones by name"),
        ("y, x, x", "gave back tuple, not one tensor"),
        ('None, {"source": x}', "gave back tuple, not one tensor"),
    ],
)
def test_what_is_neither_is_told(tmp_path: Path, result: str, words: str) -> None:
    broken = BLOCKS.replace('(y, {"source": x}) if stride > 1 else y', f"({result})")
    (tmp_path / "wrong.py").write_text(broken.replace("def keep", "def wrong"))
    with pytest.raises(UserError, match=words):
        traced(tmp_path, SPEC.replace("- keep:", "- wrong:"))
