"""Latency tables of int8 networks: operators as they run inside them, found again by their precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from archspec.arrays import Precision
from archspec.catalog import Catalog
from archspec.errors import UserError
from archspec.export import take_census
from archspec.export.operator_info import OperationInfo
from archspec.network import Network
from archspec.predictor import Signature, calibrate, predictor_for, table_path, write_table
from archspec.predictor.calibration_models import one_operator
from archspec.predictor.signature import kind, network_signatures
from tests.predictor.planted import REFERENCE, PlantedDevice, network

SMALL = {"input.size": [64, 64], "classes": 4}


@pytest.mark.parametrize("name", sorted(Catalog().specs()))
def test_the_operators_of_an_int8_file_are_known_before_it_is_made(name: str) -> None:
    """Codes, shapes and dtypes, with every QUANTIZE and DEQUANTIZE, as a calibrated file has them."""
    network = Network.load(name, SMALL)
    image = np.zeros((1, 64, 64, 3), np.float32)
    nodes = take_census(network.to_tflite(precision="int8", representative=image).data).nodes
    assert [_of_signature(one) for one in network_signatures(network.graph, "int8")] == list(map(_of_node, nodes))


@pytest.mark.parametrize("name", ["shufflenetv2_dpc", "mobilenetv3_small_lraspp", "segnext_tiny"])
def test_each_operator_runs_alone_as_in_an_int8_network(name: str) -> None:
    """Those that stay float32 in there too, and the passages between the kinds."""
    found = dict.fromkeys(network_signatures(Network.load(name, SMALL).graph, "int8"))
    for signature in found:
        data = one_operator(signature, "int8")
        (node,) = take_census(data).nodes
        assert _of_node(node) == _of_signature(signature)
        interpreter = Interpreter(model_content=data, num_threads=1)
        interpreter.allocate_tensors()
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.ones(details["shape"], details["dtype"]))
        interpreter.invoke()


def test_an_operator_that_stays_float32_is_of_another_kind() -> None:
    found = network_signatures(Network.load("segnext_tiny", SMALL).graph, "int8")
    assert {"MUL", "MUL int8", "QUANTIZE int8", "DEQUANTIZE int8"} <= set(map(kind, found))
    assert not any("int8" in kind(one) for one in network_signatures(Network.load("segnext_tiny", SMALL).graph))


@pytest.mark.parametrize("precision", ["float16", "dynamic"])
def test_weights_of_another_precision_are_those_of_its_files(precision: Precision) -> None:
    network = Network.load("shufflenetv2_basic", SMALL)
    whole = {(one.code, *_dtypes(one)) for one in take_census(network.to_tflite(precision=precision).data).nodes}
    alone = set()
    for signature in dict.fromkeys(network_signatures(network.graph, precision)):
        nodes = take_census(one_operator(signature, precision)).nodes
        assert nodes[-1].code == signature.code
        alone |= {(one.code, *_dtypes(one)) for one in nodes}
    assert alone == whole


def _of_signature(one: Signature) -> tuple[object, ...]:
    sides = ([(operand.dtype, operand.shape) for operand in side] for side in (one.inputs, one.outputs))
    return (one.code, *sides)


def _of_node(node: OperationInfo) -> tuple[object, ...]:
    sides = ([(one.dtype.lower(), tuple(one.shape)) for one in side] for side in (node.inputs, node.outputs))
    return (node.code, *sides)


def _dtypes(node: OperationInfo) -> tuple[str, ...]:
    return tuple(one.dtype for one in (*node.inputs, *node.outputs))


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
