"""Every bundled network, found by itself: equal to Keras in float32, built-in operators at int8, costs as measured."""

import pytest

from archspec.cost import price
from archspec.cost.file_size import predicted_sizes
from archspec.cost.memory import arena_bytes
from archspec.export import check_equality, export, logits_node
from archspec.export.file_cost import file_cost
from archspec.graph.program import build_program
from archspec.graph.weights import initialise
from tests.export.networks import catalog
from tests.export.test_arena import measured_bytes
from tests.graph import nets

pytestmark = pytest.mark.slow
SIZE = "[64, 96]"
LEAST_SNR_DB = 25  # of int8 logits against float32
LOWER_SNR_DB = {
    "enet": 10, "segnet": 6,  # unpooling: integers tie in many windows, see docs/export.md
    "efficientvit_b0": 22,  # quotients of small sums, and units of 512 channels with no batch norm, see docs/export.md
    "camvid_shufflenetv2_05": 23,  # its logits are a sum of two scores, each rounded by itself
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(catalog().specs()))
def test_network(name):
    import keras

    from archspec.lower import function_to, places_of, to_keras

    keras.backend.clear_session()
    graph = nets.of_bundled(name, f"input.size={SIZE}")
    weights = initialise(graph, 3, "random")
    model = to_keras(graph, weights)
    logits = function_to(model, logits_node(graph))
    single, integer = (export(graph, weights, precision=precision) for precision in ("float32", "int8"))
    assert check_equality(single.data, logits, places=places_of(model)).relative_error <= 1e-5
    found = check_equality(integer.data, logits, tolerance=None)
    assert found.snr_db > LOWER_SNR_DB.get(name, LEAST_SNR_DB)
    for exported in (single, integer):  # the census was checked while exporting: this is what it refuses, once more
        assert not [code for code in exported.census.operations if code.startswith(("CUSTOM", "UNKNOWN"))]
    read = file_cost(single.data, name)  # off the file alone, what the sheet says of the graph
    sheet = price(graph, classes=0, output_stride=0)
    assert (read.macs, read.peak_memory_bytes, read.not_counted) == (sheet.macs, sheet.peak_memory_bytes, {})
    program = build_program(graph)
    assert arena_bytes(program) == measured_bytes(program)
    predicted = predicted_sizes(program)
    assert predicted["float32"] == pytest.approx(single.size_bytes, abs=1000)
    assert predicted["int8"] == pytest.approx(integer.size_bytes, abs=1000)
