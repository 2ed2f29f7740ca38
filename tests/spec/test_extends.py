"""A spec over its parent: deep merge, and places that stay in the file where a value was written."""

from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.spec import expand, load, parse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


PARENT = """
name: parent
source: a paper
input: {size: [97, 97], dtype: uint8}
classes: 21
backbone: {shufflenet_v2: {width_multiplier: 0.5}}
head: {dpc: {filters: 128, dropout: 0.2, branches: [{op: conv, input: -1}, {op: conv, input: 0}]}}
"""


def values(folder: Path, child: str) -> dict[str, object]:
    write(folder, parent=PARENT, child="extends: parent.yaml\n" + child)
    return load("child.yaml").values


def test_child_wins_key_by_key(folder: Path) -> None:
    found = values(folder, "classes: 5\ninput: {size: 65}\nhead: {dpc: {filters: 64}}\n")
    assert found["classes"] == 5
    assert found["input"] == {"size": [65, 65], "dtype": "uint8", "channels": 3, "preprocess": "symmetric"}
    branches = [{"op": "conv", "input": -1}, {"op": "conv", "input": 0}]
    assert found["head"] == {"dpc": {"filters": 64, "dropout": 0.2, "branches": branches}}
    assert found["backbone"] == {"shufflenet_v2": {"width_multiplier": 0.5}}


def test_lists_are_replaced(folder: Path) -> None:
    found = values(folder, "head: {dpc: {branches: [{op: conv, input: -1, kernel: 1}]}}\n")
    assert found["head"]["dpc"]["branches"] == [{"op": "conv", "input": -1, "kernel": 1}]


def test_another_name_replaces_the_section(folder: Path) -> None:
    found = values(folder, "head: {basic: {filters: 64}}\nbackbone: {mobilenet_v2: {}}\n")
    assert found["head"] == {"basic": {"filters": 64}}
    assert found["backbone"] == "mobilenet_v2"


def test_another_preprocessing_replaces_it_too(folder: Path) -> None:
    write(folder, parent="backbone: mobilenet_v2\ninput: {dtype: uint8, preprocess: [symmetric]}\n")
    write(folder, child="extends: parent\ninput: {preprocess: {imagenet: {}}}\n")
    write(folder, grandchild="extends: child\ninput: {preprocess: {unit: {}}}\n")
    image = load("grandchild.yaml").values["input"]
    assert (image["dtype"], image["preprocess"]) == ("uint8", "unit")


def test_a_choice_or_selector_is_never_half_merged(folder: Path) -> None:
    write(
        folder,
        a="backbone: mobilenet_v2\nhead: {dpc: {filters: {choose: [8, 16]}, dropout: {by_variant: {paper: 0.1}}}}\n",
    )
    write(folder, b="extends: a\nhead: {dpc: {filters: {range: {from: 8, to: 64, step: 8}}, dropout: {scaled: 0.5}}}\n")
    head = parse("extends: b\n" + "head: {dpc: {dropout: {by_variant: {reference: 0}}}}\n").values["head"]
    assert head == {"dpc": {
        "filters": {"range": {"from": 8, "to": 64, "step": 8}}, "dropout": {"by_variant": {"reference": 0}},
    }}  # fmt: skip


def test_the_name_is_the_childs_own_and_the_source_is_handed_down(folder: Path) -> None:
    found = values(folder, "")
    assert (found["name"], found["source"]) == ("child", "a paper")


def test_a_parent_is_looked_for_beside_the_file_then_among_the_bundled(folder: Path) -> None:
    write(folder, nets__child="extends: ../shared/other.yaml\n", shared__other="extends: third\n")
    write(folder, shared__third="extends: shufflenetv2_dpc\nclasses: 3\n")
    found = load("nets/child.yaml").values
    assert (found["classes"], found["head"], found["output_stride"]) == (3, "dpc", 16)
    write(folder, shared__shufflenetv2_dpc="backbone: mobilenet_v2\n")
    assert load("nets/child.yaml").values["backbone"] == "mobilenet_v2"


def test_a_bundled_spec_may_be_extended_by_its_namesake(folder: Path) -> None:
    write(folder, x__shufflenetv2_dpc="extends: shufflenetv2_dpc\nclasses: 7\n")
    assert load("x/shufflenetv2_dpc.yaml").values["classes"] == 7


def test_faults_are_told_in_the_file_where_they_stand(folder: Path) -> None:
    write(folder, a="backbone: mobilenet_v2\nclasses: 0\nhead: {basic: {filters: 8}}\n")
    write(folder, b="# a comment\nextends: a.yaml\noutput_stride: 9\nhead: {basic: {filter: 8}}\n")
    with pytest.raises(UserError) as error:
        load("b.yaml")
    assert [str(fault).split(": ")[0] for fault in error.value.faults] == ["a.yaml:2:10", "b.yaml:3:16", "b.yaml:4:16"]


def test_steps_keep_the_place_of_the_parent(folder: Path) -> None:
    write(folder, a="backbone:\n- conv_bn: {filters: 8}\n", b="extends: a.yaml\nclasses: 3\n")
    step = expand(load("b.yaml")).sections[1].steps[0]
    assert str(step.place) == "a.yaml:2:3"


def test_a_long_chain_is_fine_and_an_endless_one_is_not(folder: Path) -> None:
    write(
        folder,
        s0="backbone: mobilenet_v2\n",
        **{f"s{i}": f"extends: s{i - 1}\nclasses: {i + 1}\n" for i in range(1, 30)},
    )
    assert load("s19.yaml").values["classes"] == 20
    with pytest.raises(UserError, match="'extends' goes"):
        load("s29.yaml")
