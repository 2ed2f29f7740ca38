"""Layers that a spec keeps in float32 in an int8 file: which, what is in the file, how large it is."""

import numpy as np
import pytest

from archspec.errors import UserError
from archspec.export import check_equality, export, run
from archspec.export.surgery import cut_argmax
from archspec.graph.places import kept_float
from tests.export.networks import bundled, weights_of

KEPT = ["[first]", "[last]", "[first, last]", "[backbone.stage2]", "[head]", "[backbone.stage3.1.depthwise]"]


def keeping(words: str, name: str = "shufflenetv2_dpc"):
    return bundled(name, f"quantization.keep_float={words}")


def float_kernels(exported) -> int:
    return sum("CONV" in node.code and node.inputs[1].dtype == "FLOAT32" for node in exported.census.nodes)


@pytest.mark.parametrize("words", KEPT)
def test_the_file_is_as_large_as_was_said_and_gives_its_own_labels(words: str) -> None:
    from archspec.cost import price

    graph = keeping(words)
    weights = weights_of(graph)
    exported = export(graph, weights, precision="int8")
    said = price(graph, classes=19, output_stride=16).tflite_bytes["int8"]
    assert said == pytest.approx(exported.size_bytes, abs=400)
    reference = cut_argmax(export(graph, weights).data)
    found = check_equality(exported.data, lambda image: run(reference.data, [image])[0], tolerance=None)
    assert found.snr_db > 25
    assert float_kernels(exported) >= 1


def test_only_what_is_named_is_float() -> None:
    for words, count in (("[first]", 1), ("[last]", 1), ("[first, last]", 2), ("[backbone.stage3.1.depthwise]", 1)):
        assert float_kernels(export(keeping(words), weights_of(keeping(words)), precision="int8")) == count
    assert float_kernels(export(bundled("shufflenetv2_dpc"), weights_of(keeping("[first]")), precision="int8")) == 0


def test_a_layer_inside_the_operator_of_another_means_that_operator() -> None:
    graphs = [keeping(f"[backbone.stem.{part}]", "mobilenetv2_basic") for part in ("conv", "bn")]
    one, other = (export(graph, weights_of(graph), precision="int8") for graph in graphs)
    assert float_kernels(one) == 1
    assert one.data == other.data


def test_other_precisions_look_at_none_of_it() -> None:
    plain, kept = bundled("shufflenetv2_basic"), keeping("[head]", "shufflenetv2_basic")
    for precision in ("float32", "float16", "dynamic"):
        assert export(plain, weights_of(plain), precision=precision).data == (
            export(kept, weights_of(plain), precision=precision).data
        )


def test_all_in_float_is_the_float_network() -> None:
    graph = bundled("shufflenetv2_basic", "output=logits")
    weights = weights_of(graph)
    everything = sorted({node.name.partition(".")[0] for node in graph.nodes if node.name != "image"})
    whole = bundled("shufflenetv2_basic", "output=logits", f"quantization.keep_float={everything}")
    exported = export(whole, weights, precision="int8")
    assert {tensor.dtype for node in exported.census.nodes if node.code != "QUANTIZE"
            for tensor in node.outputs} <= {"FLOAT32", "INT32"}  # fmt: skip
    reference = export(graph, weights).data
    picture = np.full((1, 65, 97, 3), 17, np.float32)
    np.testing.assert_allclose(run(exported.data, [picture])[0], run(reference, [picture])[0], rtol=1e-4, atol=1e-4)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UserError, match=r"quantization.keep_float: no layer, .* named 'heat'. Did you mean 'head'"):
        keeping("[heat]")


def test_the_ends_are_the_first_and_last_kernels() -> None:
    graph = bundled("mobilenetv2_basic")
    kernels = [node.name for node in graph.nodes if any(one.name == "kernel" for one in node.layer.weights(node))]
    assert kept_float(graph, ["first"]) == {kernels[0]}
    assert kept_float(graph, ["last"]) == {kernels[-1]}
