"""Latency tables of int8 networks: operators as they run inside them, found again by their precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from archspec.errors import UserError
from archspec.export import take_census
from archspec.graph.program import build_program
from archspec.network import Network
from archspec.predictor import Signature, calibrate, predictor_for, signatures, table_path, write_table
from archspec.predictor.calibration_models import INT8_OPERATORS, one_operator
from tests.predictor.planted import REFERENCE, PlantedDevice, network

SMALL = {"input.size": [64, 64], "classes": 4}


def operators(name: str) -> list[Signature]:
    return list(dict.fromkeys(signatures(build_program(Network.load(name, SMALL).graph))))


@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv3_small_lraspp"])
def test_each_operator_runs_alone_as_in_an_int8_network(name: str) -> None:
    """What an int8 file of the network computes in int8, each of them does: kernel, source and result."""
    whole = take_census(Network.load(name, SMALL).to_tflite(precision="int8").data)
    kernels = {(one.code, one.inputs[0].dtype, one.outputs[0].dtype) for one in whole.nodes}
    for signature in operators(name):
        data = one_operator(signature, "int8")
        (node,) = take_census(data).nodes
        assert node.code == signature.code
        assert [tensor.shape for tensor in node.inputs] == [operand.shape for operand in signature.inputs]
        assert signature.code in INT8_OPERATORS
        assert (node.code, node.inputs[0].dtype, node.outputs[0].dtype) in kernels
        assert node.inputs[0].dtype == "INT8"
        interpreter = Interpreter(model_content=data, num_threads=1)
        interpreter.allocate_tensors()
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.ones(details["shape"], details["dtype"]))
        interpreter.invoke()


def test_a_table_knows_its_precision_and_is_found_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "archspec" / "latency").mkdir(parents=True)
    device = PlantedDevice()
    for precision in ("float32", "int8"):
        networks = [network(size, filters) for size in (6, 8, 10) for filters in (8, 12, 16)]
        table = calibrate(device, None, networks, precision=precision, reference=REFERENCE)  # type: ignore[arg-type]
        assert table.conditions.precision == precision
        if precision == "float32":
            write_table(table_path(table.conditions), table)
            found = predictor_for(device, precision="int8", reference=REFERENCE)  # there is no other
            assert found.table.conditions.precision == "float32"
    write_table(table_path(table.conditions), table)
    assert predictor_for(device, precision="int8", reference=REFERENCE).table.conditions.precision == "int8"
    assert predictor_for(device, reference=REFERENCE).table.conditions.precision == "float32"
    with pytest.raises(UserError, match="precision int8, not float32"):  # never gone on with in the other
        calibrate(device, table, networks, reference=REFERENCE)
