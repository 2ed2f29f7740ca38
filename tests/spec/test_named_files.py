"""The files that a spec names, and its text where they lie elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.spec import dump, named_files, parse, text_with_files

SPACE = """
name: several
backbone:
  choose:
  - mobilenet_v2
  - keras_model: {file: models/net.keras}
  - keras_application: {name: MobileNetV2, weights: apps.h5}
  - keras_application: {name: MobileNetV2, weights: imagenet}
together:
  start:
    choose:
    - a: {weights: {file: a.npz, format: fastestdet_npz}}
    - b: {weights: {file: {choose: [b.npz, a.npz]}}}
    - c: {weights: {file: down.h5, format: keras_applications}}
    - d: {weights: none}
"""


def named(text: str) -> list[str]:
    return [Path(one).name for one in named_files(parse(text, file="s.yaml"))]


def test_all_options_count_once_each_and_what_is_downloaded_does_not() -> None:
    assert sorted(named(SPACE)) == ["a.npz", "apps.h5", "b.npz", "net.keras"]


@pytest.mark.parametrize("weights", ["none", "{file: none}"])
def test_a_spec_without_files(weights: str) -> None:
    assert named(f"backbone: mobilenet_v2\nweights: {weights}\n") == []


def test_every_path_is_replaced_and_nothing_else() -> None:
    spec = parse(SPACE, file="s.yaml")
    files = {path: f"/node/{number}/{Path(path).name}" for number, path in enumerate(named_files(spec))}
    moved = text_with_files(dump(spec), files)
    assert set(named_files(parse(moved, file="s.yaml"))) == set(files.values())
    back = text_with_files(moved, {there: path for path, there in files.items()})
    assert parse(back, file="s.yaml") == spec


def test_a_text_that_is_no_spec_is_told() -> None:
    with pytest.raises(UserError):
        text_with_files("a: [b", {})
