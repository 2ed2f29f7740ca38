"""What a decoder reads sets the default classifier; networks that would train for nothing are refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.graph.trace import trace
from archspec.spec import Spec, dump, expand, load, override, parse

MOBILE = "backbone: mobilenet_v2\n"
UNET = "decoder: {unet: {skips: [stage3, stage2]}}\n"
OF_FEATURES = [UNET, "decoder: {deeplabv3plus: {skip: stage2}}\n", "decoder: {lraspp: {skip: stage3}}\n",
               "decoder: {skipnet: {skips: [stage3]}}\n", "decoder: [scores, bilinear]\n"]  # fmt: skip
PLUGIN = '''
    """A decoder of somebody's own."""
    from archspec.graph import Tensor, layers

    {declared}

    def own(x: Tensor, *, {taken}input_size: tuple[int, int], name: str) -> Tensor:
        {made}return layers.Resize(input_size, stride=1, name=name)(x)
    '''


def faults_of(text: str, catalog: Catalog | None = None) -> str:
    with pytest.raises(UserError) as caught:
        shape_of(text, catalog)
    return str(caught.value)


def shape_of(text: str, catalog: Catalog | None = None) -> tuple[int, ...]:
    spec = parse(text, file="net.yaml", catalog=catalog)
    return trace(expand(spec), spec.catalog).outputs[0].shape


@pytest.mark.parametrize("decoder", OF_FEATURES)
def test_a_decoder_of_features_needs_no_classifier(decoder: str) -> None:
    spec = parse(MOBILE + decoder)
    assert spec.values["classifier"] == "none"
    assert "classifier" not in [section.kind for section in expand(spec).sections]
    assert parse(dump(spec)) == spec
    assert shape_of(MOBILE + decoder) == (224, 224)


@pytest.mark.parametrize("decoder", ["decoder: bilinear\n", "decoder: none\n", "", "decoder: upscore\n"])
def test_a_decoder_of_scores_has_the_usual_one(decoder: str) -> None:
    assert parse(MOBILE + decoder).values["classifier"] == "classifier"


def test_an_open_decoder_settles_it_when_it_is_chosen() -> None:
    space = parse(f"{MOBILE}decoder: {{choose: [bilinear, {UNET.removeprefix('decoder: ').strip()}]}}\n")
    assert "classifier" not in space.values
    assert parse(dump(space)) == space
    chosen: list[Spec] = [override(space, {"decoder": one}) for one in ("bilinear", {"unet": {"skips": ["stage5"]}})]
    assert [one.values["classifier"] for one in chosen] == ["classifier", "none"]


@pytest.mark.parametrize("decoder", OF_FEATURES[:3])
@pytest.mark.parametrize("classifier", ["classifier", "{classifier: {dropout: 0.1}}", "[classifier]"])
def test_a_classifier_before_it_is_refused(decoder: str, classifier: str) -> None:
    found = faults_of(f"{MOBILE}classifier: {classifier}\n{decoder}")
    assert found.startswith("net.yaml:2:13: classifier: the decoder '")
    assert "reads features" in found and found.endswith("Write classifier: none, the decoder makes the scores")


def test_so_is_a_head_that_ends_with_one() -> None:
    found = faults_of(f"{MOBILE}head: [aspp, classifier]\n{UNET}")
    assert found.startswith(
        "net.yaml:2:7: head: the decoder 'unet' reads features, and the head ends with 'classifier'"
    )


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (f"neck: [fpn, classifier]\n{UNET}", "2:7: neck", "the decoder 'unet' reads features, and the neck ends with"),
        ("neck: [fpn, classifier]\nhead: basic\n", "2:7: neck", "and the head reads features. Let the neck end with"),
        ("neck: [fpn, classifier]\n", "2:7: neck", "and the classifier reads features. Let the neck end with features"),
        ("head: [basic, classifier]\n", "2:7: head", "end with features, or write classifier: none"),
        ("neck: fpn\nhead: classifier\nclassifier: [classifier]\n", "3:7: head", "the head ends with 'classifier'"),
    ],
)
def test_scores_before_what_reads_features_are_refused(text: str, place: str, said: str) -> None:
    found = faults_of(MOBILE + text)
    assert found.startswith(f"net.yaml:{place}: ") and said in found
    assert "\n" not in found  # once


def test_a_neck_or_a_head_may_make_the_scores_itself() -> None:
    assert shape_of(f"{MOBILE}neck: [fpn, classifier]\nclassifier: none\n") == (28, 28)
    assert shape_of(f"{MOBILE}neck: fpn\nhead: [basic, classifier]\nclassifier: none\ndecoder: bilinear\n") == (
        224,
        224,
    )
    parse(f"{MOBILE}neck: {{choose: [none, [fpn, classifier]]}}\nhead: basic\n")  # open: what is taken is checked


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("head: aspp\nclassifier: none\ndecoder: bilinear\n", "net.yaml:2:1: head: the network ends with 256 channels"),
        ("classifier: none\n", "net.yaml:1:1: backbone: the network ends with 320 channels"),
        ("classifier: none\noutput: logits\n", "net.yaml:1:1: backbone: the network ends with 320 channels"),
        ("decoder: [conv_bn: {filters: 5}]\n", "net.yaml:2:1: decoder: the network ends with 5 channels"),
        ("output: [conv_bn: {filters: 5}, argmax]\n", "net.yaml:2:1: output: the network ends with 5 channels"),
        ("classes: 1\noutput: argmax\n", "net.yaml:3:1: output: ArgMax of a single class"),
        ("classes: 1\noutput: softmax\n", "net.yaml:3:1: output: Softmax of a single class"),
        (
            "input: {size: [15, 64]}\n",
            "net.yaml:2:15: input.size: an image of 15 × 64 is smaller than the output_stride",
        ),
    ],
)
def test_what_would_train_for_nothing(text: str, place: str) -> None:
    assert faults_of(MOBILE + text).startswith(place)


def test_one_class_as_a_score_is_no_mistake() -> None:
    assert shape_of(f"{MOBILE}classes: 1\noutput: logits\n") == (14, 14, 1)
    assert shape_of(f"{MOBILE}input: {{size: 16}}\n") == (1, 1)


def plugin(folder: Path, declared: str, taken: str = "", made: str = "") -> Catalog:
    (folder / "decoders").mkdir()
    text = dedent(PLUGIN).format(declared=declared, taken=taken, made=made)
    (folder / "decoders" / "own.py").write_text(text.lstrip())
    return Catalog((folder,))


CLASSES, SCORED = "classes: int, ", 'x = layers.Conv2D(classes, 1, name=f"{name}/scores")(x)\n    '


@pytest.mark.parametrize(
    ("declared", "taken", "made", "classifier"),
    [
        ('READS = "features"', CLASSES, SCORED, "none"),
        ('READS = "scores"', "", "", "classifier"),
        ("", CLASSES, SCORED, "none"),  # undeclared: it takes `classes`, so it makes the scores
        ("", "", "", "classifier"),
    ],
)
def test_a_decoder_of_ones_own(declared: str, taken: str, made: str, classifier: str, tmp_path: Path) -> None:
    catalog = plugin(tmp_path, declared, taken, made)
    spec = parse(MOBILE + "decoder: own\n", catalog=catalog)
    assert spec.values["classifier"] == classifier
    assert shape_of(MOBILE + "decoder: own\n", catalog) == (224, 224)


def test_a_declaration_that_says_neither_is_told(tmp_path: Path) -> None:
    found = faults_of(MOBILE + "decoder: own\n", plugin(tmp_path, 'READS = "feature"'))
    assert "own.py:4:1: READS must be one of" in found and "Did you mean 'features'?" in found


def test_a_part_declares_it_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "decoders").mkdir()
    file = tmp_path / "decoders" / "mine.yaml"
    file.write_text("reads: features\nsteps:\n- conv_bn: {filters: 19, kernel: 1}\n- bilinear\n")
    catalog = Catalog((tmp_path,))
    assert parse(MOBILE + "decoder: mine\n", catalog=catalog).values["classifier"] == "none"
    file.write_text("reads: neither\nsteps:\n- bilinear\n")
    assert "not what a decoder may read ('neither')" in faults_of(MOBILE + "decoder: mine\n", Catalog((tmp_path,)))


def test_every_bundled_decoder_declares_it() -> None:
    catalog = Catalog()
    parts = [path for path in catalog.parts("decoder").values() if "\nreads: " not in path.read_text()]
    blocks = [path for path in catalog.blocks().values() if path.parent.name == "decoders"]
    silent = [path.stem for path in blocks if "\nREADS = " not in path.read_text()]
    assert (parts, silent) == ([], ["enet_upsampling", "max_unpool"])  # steps of a decoder: they make no scores


def test_decoders_name_the_backbones_own_steps() -> None:
    found = faults_of(MOBILE + "decoder: unet\n")
    assert "max_pool_padded" not in found
    assert "Name steps of its own, coarse to fine: skips: [stage3, stage2, stage1]" in found
    assert load("shuffleseg_unet").values["classifier"] == "none"
