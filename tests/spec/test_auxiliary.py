"""Auxiliary heads in a spec: read, refused, dumped; left out of what a network costs and of what it is."""

import random
from pathlib import Path

import pytest

from archspec.errors import UserError
from archspec.network import Network
from archspec.search.space import Space
from archspec.spec import Spec, dump, dump_expanded, expand, json_schema, parse
from tests.cli.runner import run
from tests.train.tiny import NETWORK

TEXT = NETWORK + "auxiliary:\n- {from: stem, head: {conv_bn: {filters: 5, kernel: 3}}}\n- {from: low, weight: 2}\n"


def spec(*overrides: str, text: str = TEXT) -> Spec:
    return parse(text, overrides=overrides, file="aux.yaml")


def test_the_network_is_the_same_and_the_training_is_not() -> None:
    with_heads, plain = Network(spec()), Network(spec(text=NETWORK))
    assert with_heads.hash == plain.hash
    assert with_heads.equivalence_key == plain.equivalence_key
    assert (with_heads.cost.params, with_heads.cost.macs) == (plain.cost.params, plain.cost.macs)
    assert bytes(with_heads.to_tflite(with_spec=False).data) == bytes(plain.to_tflite(with_spec=False).data)
    assert [node.name for node in with_heads.graph.nodes] == [node.name for node in plain.graph.nodes]
    digests = {plain.auxiliary_digest, with_heads.auxiliary_digest}
    digests |= {Network(spec(f"auxiliary[0].{change}")).auxiliary_digest for change in ("weight=1", "head.filters=6")}
    assert len(digests) == 4
    assert plain.auxiliary_digest == ""


def test_a_search_tells_trainings_apart() -> None:
    """Two candidates that differ in a weight alone are two; without auxiliary heads the key is the network's."""
    space = Space.of(spec("auxiliary[0].weight={choose: [0.2, 0.4]}"))
    keys = {space.candidate({"auxiliary[0].weight": number}).key for number in (0.2, 0.4)}
    assert len(keys) == 2
    plain = Space.of(spec("head.filters={choose: [8]}", text=NETWORK))
    candidate = plain.candidate(plain.sample(random.Random(0)))
    assert candidate.key == candidate.network.equivalence_key


def test_what_the_heads_cost_is_told_apart() -> None:
    """3×3×6×5 and a batch norm of 5, then 1×1 to 3 classes; on 12×16. The other: 1×1 of 6 channels, on 6×8."""
    cost = Network(spec()).cost
    assert cost.auxiliary is not None
    assert cost.auxiliary.params == (9 * 6 * 5 + 2 * 5 + 5 * 3 + 3) + (6 * 3 + 3)
    assert cost.auxiliary.macs == 12 * 16 * (9 * 6 * 5 + 5 * 3) + 6 * 8 * 6 * 3
    assert cost.to_json()["auxiliary"] == {"params": cost.auxiliary.params, "macs": cost.auxiliary.macs}
    line = f"auxiliary heads (training only): {cost.auxiliary.params:,} parameters, {cost.auxiliary.macs:,} MACs"
    assert line in cost.to_table().notes
    assert Network(spec(text=NETWORK)).cost.auxiliary is None
    assert "auxiliary" not in Network(spec(text=NETWORK)).cost.to_json()


def test_the_graph_of_a_training_has_their_scores() -> None:
    graph = Network(spec("output=logits")).with_auxiliary().graph
    assert [tensor.shape for tensor in graph.outputs] == [(24, 32, 3), (12, 16, 3), (6, 8, 3)]
    more = {node.name.rpartition(".")[0] for node in graph.nodes if node.name.startswith("auxiliary")}
    assert more == {"auxiliary.0.head", "auxiliary.0.classifier", "auxiliary.1.classifier"}


def test_a_head_that_makes_the_scores_gets_no_classifier() -> None:
    text = NETWORK + "auxiliary: [{from: stem, head: [conv_bn: {filters: 4, kernel: 1}, classifier: {kernel: 3}]}]\n"
    (head,) = expand(spec(text=text)).auxiliary
    assert [section.kind for section in head.sections] == ["auxiliary.0.head"]
    assert Network(spec(text=text)).with_auxiliary().graph.outputs[1].shape == (12, 16, 3)


def test_dumped_and_read_again() -> None:
    one = spec()
    assert [head["weight"] for head in one.values["auxiliary"]] == [0.4, 2.0]
    assert parse(dump(one)) == one
    written_out = parse(dump_expanded(expand(one)))
    assert Network(written_out).auxiliary_digest == Network(one).auxiliary_digest
    assert "auxiliary" not in spec(text=NETWORK).values
    for nothing in ("none", "[]"):
        assert spec(f"auxiliary={nothing}") == spec(text=NETWORK)


def test_values_may_be_choices() -> None:
    paths = [choice.path for choice in spec("auxiliary[0].weight={choose: [0.2, 0.4]}").choices()]
    assert paths == ["auxiliary[0].weight"]
    whole = spec("auxiliary={choose: [none, [{from: low, head: {basic: {filters: {choose: [4, 8]}}}}]]}")
    assert [choice.path for choice in whole.choices()] == [
        "auxiliary", "auxiliary.choose[1][0].head.basic.filters",
    ]  # fmt: skip


FAULTS = [
    ("auxiliary: 3", "aux.yaml:14:12: auxiliary: must be a list of heads (3). Write auxiliary: [{from: stage3"),
    ("auxiliary: [{from: lwo}]", "auxiliary[0].from: no step has the id 'lwo'. Did you mean 'low'?"),
    ("auxiliary: [{form: low}]", "auxiliary[0].form: unknown key 'form'. Did you mean 'from'?"),
    ("auxiliary: [{weight: 1}]", "auxiliary[0]: missing key 'from'"),
    ("auxiliary: [{from: low, weight: -1}]", "auxiliary[0].weight: "),
    ("auxiliary: [{from: low, head: bsic}]", "auxiliary[0].head: unknown head 'bsic'. Did you mean 'basic'?"),
    ("auxiliary: [{from: low, head: {basic: {filter: 3}}}]", "auxiliary[0].head.basic.filter: unknown argument"),
    ("auxiliary: [low]", "auxiliary[0]: must be a mapping ('low')"),
]


def test_a_tap_of_a_step() -> None:
    text = TEXT.replace("head:", "neck:\n- fpn: {filters: 8, skips: [low]}\n  id: pyramid\nhead:", 1)
    graph = Network(spec("auxiliary[1].from=pyramid.stride8", text=text)).with_auxiliary().graph
    assert graph.outputs[2].shape == (3, 4, 3)
    with pytest.raises(UserError, match=r"no step has the tap 'pyramid.stride5'. Did you mean 'pyramid.stride8'?"):
        _ = Network(spec("auxiliary[1].from=pyramid.stride5", text=text)).cost


@pytest.mark.parametrize(("written", "said"), FAULTS)
def test_faults_have_their_place(written: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        expand(spec(text=f"{NETWORK}{written}\n"))
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1


def test_all_faults_together() -> None:
    heads = "auxiliary: [{from: lwo, weight: -1}, {from: 3, head: bsic}]\n"
    with pytest.raises(UserError) as caught:
        spec(text=NETWORK + heads)
    assert [fault.path for fault in caught.value.faults] == [
        "auxiliary[0].from", "auxiliary[0].weight", "auxiliary[1].from", "auxiliary[1].head",
    ]  # fmt: skip


def test_a_head_of_other_channels_is_refused(tmp_path: Path) -> None:
    text = NETWORK + "auxiliary: [{from: low, head: [classifier, conv_bn: {filters: 4, kernel: 1}]}]\n"
    with pytest.raises(UserError, match=r"auxiliary\[0\]: this auxiliary head ends with 4 channels"):
        _ = Network(spec(text=text)).cost
    file = tmp_path / "aux.yaml"
    file.write_text(text)
    assert run("check", str(file)).code == 2


def test_the_schema_knows_them() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(json_schema()).is_valid
    plain = {"backbone": "mobilenet_v2"}
    assert check({**plain, "auxiliary": [{"from": "stage3", "head": "basic", "weight": 0.4}]})
    assert check({**plain, "auxiliary": "none"})
    assert not check({**plain, "auxiliary": [{"head": "basic"}]})
    assert not check({**plain, "auxiliary": [{"from": "stage3", "weight": -1}]})


def test_the_command_prints_their_line(tmp_path: Path) -> None:
    file = tmp_path / "aux.yaml"
    file.write_text(TEXT)
    printed = run("cost", str(file)).out
    assert "auxiliary heads (training only): 319 parameters, 55,584 MACs" in " ".join(printed.split())
    assert run("cost", str(file), "--format", "json").json()["auxiliary"]["params"] == 319
