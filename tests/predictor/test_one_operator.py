"""Every operator of a network can be run alone, at the network's own shapes."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from archspec.errors import Problem
from archspec.export import take_census
from archspec.graph.program import build_program
from archspec.predictor import Operand, Signature, signatures
from archspec.predictor.calibration_models import one_operator
from tests.export.networks import bundled


@pytest.mark.parametrize("shuffle", ["follow", "transpose"])
@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv3_small_lraspp"])
def test_each_operator_alone(name: str, shuffle: str) -> None:
    graph = bundled(name)
    program = build_program(graph, shuffle, "uint8")
    found = dict.fromkeys(signatures(program))
    assert {one.code for one in found} == {operation.code for operation in program.operations}
    for signature in found:
        data = one_operator(signature)
        (node,) = take_census(data).nodes
        assert node.code == signature.code
        assert [tensor.shape for tensor in node.inputs] == [operand.shape for operand in signature.inputs]
        interpreter = Interpreter(model_content=data, num_threads=1)
        interpreter.allocate_tensors()
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.ones(details["shape"], details["dtype"]))
        interpreter.invoke()
        for details, operand in zip(interpreter.get_output_details(), signature.outputs, strict=True):
            assert tuple(details["shape"]) == operand.shape
            assert np.isfinite(interpreter.get_tensor(details["index"])).all()


def test_the_same_signature_is_the_same_file() -> None:
    signature = signatures(build_program(bundled("shufflenetv2_dpc")))[3]
    assert one_operator(signature) == one_operator(signature)


def test_an_operator_without_a_rule_is_a_problem() -> None:
    operand = Operand((1, 2), "float32")
    with pytest.raises(Problem, match="operator FOO has no export rule"):
        one_operator(Signature("FOO", (operand,), (operand,), ()))
