"""From YAML to steps: what is asked for, with every selector resolved."""

from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.errors import Place, UserError
from archspec.spec import ExpandedSpec, Section, expand, load, parse
from tests.spec.fake_blocks import fake_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return fake_catalog(tmp_path_factory.mktemp("plugin"))


def network(text: str, catalog: Catalog, *overrides: str) -> ExpandedSpec:
    return expand(parse(text, overrides=overrides, catalog=catalog))


def section(network: ExpandedSpec, kind: str = "backbone") -> Section:
    return next(section for section in network.sections if section.kind == kind)


def test_defaults_are_those_of_the_documentation(catalog: Catalog) -> None:
    found = network("backbone: tiny\n", catalog)
    assert (found.name, found.source, found.input_size, found.channels, found.dtype) == (
        "text",
        "",
        (224, 224),
        3,
        "float32",
    )
    assert (found.classes, found.width_multiplier, found.output_stride, found.variant) == (19, 1.0, 16, "paper")
    assert [(part.kind, part.name) for part in found.sections] == [
        ("preprocess", "symmetric"), ("backbone", "tiny"), ("classifier", "classifier"), ("output", "argmax"),
    ]  # fmt: skip


def test_name_comes_from_the_file(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "my net.v2.yaml").write_text("backbone: tiny\n")
    assert load(tmp_path / "my net.v2.yaml", catalog=catalog).name == "my_net.v2"


def test_one_number_is_a_square(catalog: Catalog) -> None:
    assert network("input: {size: 97}\nbackbone: tiny\n", catalog).input_size == (97, 97)


@pytest.mark.parametrize(
    ("overrides", "filters"),
    [
        # scaled: 20 x width, to the nearest 8, never more than a tenth down; by_width; the declared argument
        ((), [24, 16, 64]),
        (("width_multiplier=0.5",), [16, 8, 64]),
        (("width_multiplier=2",), [40, 32, 64]),
        (("variant=reference",), [24, 24, 64]),
        (("backbone.width_multiplier=0.5",), [16, 8, 64]),
        (("backbone.tiny.variant=reference", "backbone.last=96"), [24, 24, 96]),
        (("backbone.last={scaled: 100}", "width_multiplier=0.5"), [16, 8, 48]),
        (("backbone.last={scaled: {filters: 100, divisor: 4, minimum: 60}}", "width_multiplier=0.5"), [16, 8, 60]),
        (("backbone.last={by_variant: {paper: {argument: classes}, reference: 1}}",), [24, 16, 19]),
    ],
)
def test_selectors_follow_the_scope(overrides: tuple[str, ...], filters: list[int], catalog: Catalog) -> None:
    steps = section(network("backbone: tiny\n", catalog, *overrides)).steps
    assert [step.arguments["filters"] for step in steps] == filters


def test_width_of_one_section_leaves_the_others(catalog: Catalog) -> None:
    text = "backbone: {tiny: {width_multiplier: 0.5}}\nhead:\n- gate: {filters: {by_width: {1.0: 7, 0.5: 9}}}\n"
    found = network(text, catalog)
    assert section(found).width_multiplier == 0.5
    assert (section(found, "head").width_multiplier, found.width_multiplier) == (1.0, 1.0)
    assert section(found, "head").steps[0].arguments == {"filters": 7}


@pytest.mark.parametrize(("stride", "kernel"), [(8, 3), (16, (3, 1)), (32, 5)])
def test_output_stride_selects(stride: int, kernel: object, catalog: Catalog) -> None:
    found = network("backbone: tiny\n", catalog, f"output_stride={stride}")
    assert section(found).steps[2].arguments["kernel"] == kernel


@pytest.mark.parametrize(("width", "repeat"), [(0.5, 1), (1.0, 2), (2.0, 4)])
def test_default_of_an_argument_may_be_a_selector(width: float, repeat: int, catalog: Catalog) -> None:
    found = network("backbone: tiny\n", catalog, f"width_multiplier={width}")
    assert section(found).steps[1].repeat == repeat


@pytest.mark.parametrize(("variant", "dilate"), [("paper", True), ("reference", False)])
def test_dilate_may_be_a_selector(variant: str, dilate: bool, catalog: Catalog) -> None:
    assert section(network("backbone: tiny\n", catalog, f"variant={variant}")).dilate is dilate


def test_steps_know_their_place_and_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "backbone: tiny\nhead: {gate: {filters: 3}}\ndecoder:\n- gate: {filters: 1}\n"
    (tmp_path / "spec.yaml").write_text(text)
    found = expand(load("spec.yaml", catalog=fake_catalog(Path("plugin"))))
    backbone = section(found)
    assert backbone.place == Place("spec.yaml", 1, 1)
    assert (backbone.steps[1].path, backbone.steps[1].place) == (
        "backbone.steps[1]",
        Place("plugin/backbones/tiny.yaml", 8, 3),
    )
    head = section(found, "head").steps[0]
    assert (head.path, head.place) == ("head.gate", Place("spec.yaml", 2, 8))
    decoder = section(found, "decoder").steps[0]
    assert (decoder.path, decoder.place) == ("decoder[0]", Place("spec.yaml", 4, 3))


def test_inputs_reach_back_across_sections(catalog: Catalog) -> None:
    text = """
        backbone:
        - gate: {filters: 8}
          id: low
        - gate: {filters: 8}
          from: input
        decoder:
        - join:
          from: [low, backbone]
        """
    found = network("\n".join(line[8:] for line in text.splitlines()), catalog)
    assert [step.inputs for step in section(found).steps] == [(), ("input",)]
    assert section(found, "decoder").steps[0].inputs == ("low", "backbone")


@pytest.mark.parametrize("step", ["join", "join:\n  from: low"])
def test_a_block_of_several_inputs_needs_them(step: str, catalog: Catalog) -> None:
    with pytest.raises(UserError, match="'join' reads several tensors"):
        network(f"backbone:\n- gate: {{filters: 8}}\n  id: low\n- {step}\n", catalog)


def test_a_section_may_set_dilate_beside_its_steps(catalog: Catalog) -> None:
    text = "backbone:\n  dilate: {by_variant: {paper: true, reference: false}}\n  steps: [{gate: {filters: 8}}]\n"
    found = network(text + "variant: reference\n", catalog)
    assert section(found).dilate is False
    assert section(found).steps[0].path == "backbone.steps[0]"


def test_arguments_are_plain_values_of_the_annotated_type(catalog: Catalog) -> None:
    text = """
        backbone:
        - cell: {branches: [{"op": "conv", "kernel": 3, "rate": [1, 6]}, {op: pool}], extra: null}
        - gate: {filters: 8, rate: 0.25, activation: null, kernel: [3, 5], bias: true, groups: 8, note: on}
        """
    cell, gate = section(network("\n".join(line[8:] for line in text.splitlines()), catalog)).steps
    assert cell.arguments == {"branches": ({"op": "conv", "kernel": 3, "rate": (1, 6)}, {"op": "pool"}), "extra": None}
    wanted = {"filters": 8, "rate": 0.25, "activation": None, "kernel": (3, 5), "bias": True, "groups": 8, "note": "on"}
    assert gate.arguments == wanted
    assert [type(value) for value in gate.arguments.values()] == [type(value) for value in wanted.values()]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("filters: true", "must be an integer (true)"),
        ("filters: 8.0", "must be an integer (8.0)"),
        ("filters: 5000", "must be at most 4096 (5000)"),
        ("filters: 8, rate: 0", "must be greater than 0 (0)"),
        ("filters: 8, rate: 1", "must be less than 1 (1)"),
        ("filters: 8, rate: half", "must be a number ('half')"),
        ("filters: 8, groups: 6", "must be a multiple of 4 (6)"),
        ("filters: 8, bias: yes", "must be true or false ('yes'). Write true"),
        ("filters: 8, bias: 1", "must be true or false (1)"),
        ("filters: 8, note: 1e-3", "must be text (0.001)"),
        ("filters: 8, activation: rleu", "not allowed ('rleu'). Did you mean 'relu'?"),
        ("filters: 8, activation: 3", "must be 'relu' or 'none' or null (3)"),
        ("filters: 8, kernel: [3]", "must be a list of 2 ([3])"),
        ("filters: 8, kernel: [3, x]", "kernel[1]: must be an integer ('x')"),
        ("filters: 8, kernel: wide", "must be an integer or a list of 2 ('wide'). Write 1 or [1, 1]"),
    ],
)
def test_arguments_are_checked_against_the_signature(argument: str, message: str, catalog: Catalog) -> None:
    with pytest.raises(UserError) as error:
        network(f"backbone:\n- gate: {{{argument}}}\n", catalog)
    assert message in str(error.value)
    assert len(error.value.faults) == 1


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        ("{kernel: 3}", "branches[0]: missing key 'op'. Write op: 'conv'"),
        ("{op: conv, rate: [1, 2, 3]}", "branches[0].rate: must be a list of 2 ([1, 2, 3])"),
        ("{op: conv, kernal: 3}", "branches[0].kernal: unknown key 'kernal'. Did you mean 'kernel'?"),
        ("[conv]", "branches[0]: must be a mapping (['conv'])"),
    ],
)
def test_typed_dictionaries_are_checked_key_by_key(branch: str, message: str, catalog: Catalog) -> None:
    with pytest.raises(UserError) as error:
        network(f"backbone:\n- cell: {{branches: [{branch}]}}\n", catalog)
    assert message in str(error.value)


def test_the_published_cell_is_taken_as_it_is() -> None:
    """The JSON of DeepLab's best cell, its keys and order unchanged."""
    cell = """[{"kernel": 3, "rate": [1, 6], "op": "conv", "input": -1}, {"kernel": 3, "rate": [18, 15], "op": "conv",
        "input": 0}, {"kernel": 1, "op": "conv", "input": -1},
        {"op": "pyramid_pooling", "grid_size": [2, 4], "input": 1}]"""
    found = expand(parse(f"backbone: shufflenet_v2\nhead: {{dpc: {{branches: {cell}}}}}\n"))
    assert section(found, "head").steps[0].arguments["branches"] == (
        {"kernel": 3, "rate": (1, 6), "op": "conv", "input": -1},
        {"kernel": 3, "rate": (18, 15), "op": "conv", "input": 0},
        {"kernel": 1, "op": "conv", "input": -1},
        {"op": "pyramid_pooling", "grid_size": (2, 4), "input": 1},
    )


def test_an_integer_is_taken_for_a_real_number() -> None:
    dropout = section(expand(load("shufflenetv2_dpc", ["head.dropout=0"])), "head").steps[0].arguments["dropout"]
    assert (dropout, type(dropout)) == (0.0, float)


def test_a_changed_part_file_is_read_again(tmp_path: Path) -> None:
    catalog = fake_catalog(tmp_path, backbones__small="steps: [{gate: {filters: 8}}]\n")
    spec = parse("backbone: small\n", catalog=catalog)
    assert section(expand(spec)).steps[0].arguments == {"filters": 8}
    (tmp_path / "backbones" / "small.yaml").write_text("steps: [{gate: {filters: 16}}, {gate: {filters: 1}}]\n")
    assert section(expand(spec)).steps[0].arguments == {"filters": 16}


def test_a_new_block_and_backbone_are_found_by_their_files(tmp_path: Path) -> None:
    catalog = fake_catalog(tmp_path, backbones__mine="steps: [{gate: {filters: 8}}, join2]\n")
    (tmp_path / "join2.py").write_text("def join2(x, *, name): return x\n")
    assert [step.block for step in section(network("backbone: mine\n", catalog)).steps] == ["gate", "join2"]


@pytest.mark.parametrize("name", ["shufflenetv2_basic", "shufflenetv2_dpc", "mobilenetv2_basic", "mobilenetv2_dpc"])
@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize("variant", ["paper", "reference"])
def test_bundled_specs_expand(name: str, stride: int, variant: str) -> None:
    overrides = [
        "input.size=[360,640]",
        "classes=20",
        f"output_stride={stride}",
        "width_multiplier=0.5",
        f"variant={variant}",
    ]
    found = expand(load(name, overrides))
    assert (found.name, found.input_size, found.classes) == (name, (360, 640), 20)
    assert (found.output_stride, found.width_multiplier, found.variant) == (stride, 0.5, variant)
    assert [part.kind for part in found.sections] == [
        "preprocess",
        "backbone",
        "head",
        "classifier",
        "decoder",
        "output",
    ]
