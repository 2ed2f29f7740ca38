"""The proof of equality must fail when something is wrong."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from archspec.errors import Problem
from archspec.export import check_equality, default_images, export, logits_node, run
from archspec.export.equality import compare
from archspec.export.surgery import cut_argmax
from tests.export.networks import bundled, images, weights_of


@pytest.fixture(scope="module")
def exported():
    graph = bundled("shufflenetv2_dpc")
    return export(graph, weights_of(graph), labels=[str(n) for n in range(19)])


@pytest.fixture(scope="module")
def reference(exported):
    cut = cut_argmax(exported.data)
    return lambda image: run(cut.data, [image])[0]


def test_equal_to_itself(exported, reference):
    found = check_equality(exported.data, reference)
    assert (found.images, found.relative_error, found.snr_db, found.label_agreement) == (4, 0.0, float("inf"), 1.0)


@pytest.mark.parametrize(("change", "match"), [
    (lambda logits: logits * 1.0001, "differ from the reference's by"),
    (lambda logits: logits + 1e-3 * np.abs(logits).max(), "differ"),
    (lambda logits: logits[:, ::-1], "differ"),
    (lambda logits: logits * np.nan, "differ from the reference's by nan"),
    (lambda logits: logits[:, :-1], "different networks"),
])  # fmt: skip
def test_another_network_is_found_out(exported, reference, change, match):
    with pytest.raises(Problem, match=match):
        check_equality(exported.data, lambda image: change(reference(image)))


def _numbers(data, tensor):
    """A view of a constant in a writable copy of the file."""
    return schema.Model.GetRootAs(data).Buffers(tensor.buffer).DataAsNumpy()


def test_one_weight_in_a_million_is_found_out(exported, reference):
    tensors = schema.ModelT.InitFromPackedBuf(exported.data).subgraphs[0].tensors
    kernel = next(one for one in tensors if one.name == b"backbone.stem.conv.kernel")
    data = bytearray(exported.data)
    _numbers(data, kernel).view(np.float32)[77] += 0.05
    with pytest.raises(Problem, match="differ"):
        check_equality(bytes(data), reference)


def test_labels_of_another_axis_are_found_out(exported, reference):
    """The logits are right, what is made of them is not."""
    graph = schema.ModelT.InitFromPackedBuf(exported.data).subgraphs[0]
    data = bytearray(exported.data)
    axis = _numbers(data, graph.tensors[graph.operators[-1].inputs[1]]).view(np.int32)
    assert axis.tolist() == [3]
    axis[0] = 2
    with pytest.raises(Problem, match="labels are not the largest of its own logits"):
        check_equality(bytes(data), reference)


def test_default_images_are_of_several_kinds():
    found = default_images((1, 32, 48, 3))
    assert [image.shape for image in found] == [(1, 32, 48, 3)] * 4
    assert all(np.array_equal(image, np.rint(image)) and image.min() >= 0 and image.max() <= 255 for image in found)
    assert len({image.tobytes() for image in found}) == 4
    assert all(np.array_equal(*pair) for pair in zip(found, default_images((1, 32, 48, 3)), strict=True))


def test_cutting_leaves_the_rest(exported):
    cut = cut_argmax(exported.data)
    assert cut.had_argmax
    assert cut.input_shape == (1, 65, 97, 3)
    assert run(cut.data, images(bundled("shufflenetv2_dpc"), 1))[0].shape == (1, 65, 97, 19)
    assert not cut_argmax(cut.data).had_argmax


def test_node_that_gives_the_logits():
    assert logits_node(bundled("shufflenetv2_dpc")) == "decoder"
    assert logits_node(bundled("shufflenetv2_dpc", "decoder=none", "output=logits")) == "classifier.logits"


def test_numbers_of_a_comparison():
    wanted = np.zeros((1, 1, 1, 2, 2))
    wanted[..., 0], wanted[..., 1] = [[[[3.0, -4.0]]]], [[[[0.0, 2.0]]]]
    found = wanted + np.array([0.5, 0.0])
    result = compare(found, wanted)
    assert result.relative_error == 0.5 / 4
    assert result.snr_db == pytest.approx(10 * np.log10((9 + 16 + 4) / 4 / (2 * 0.25 / 4)))
    assert result.label_agreement == 1.0


def test_images_of_another_size(exported):
    with pytest.raises(Problem, match="shape"):
        run(exported.data, [np.zeros((1, 8, 8, 3), np.float32)])


def test_a_file_that_the_runtime_refuses(exported):
    model = schema.ModelT.InitFromPackedBuf(exported.data)
    model.operatorCodes[0].version = 99
    import flatbuffers

    builder = flatbuffers.Builder(1 << 22)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(Problem, match="LiteRT refuses the file"):
        run(bytes(builder.Output()), [])
