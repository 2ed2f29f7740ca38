"""What the table says of delegates, against what the interpreter really delegates, and at its limits."""

from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.devices import Model
from archspec.devices._litert import loader
from archspec.errors import UserError
from archspec.export import take_census
from archspec.export.delegates import (
    DELEGATES,
    SOURCES,
    TABLE,
    describe_fallbacks,
    falls_back,
    refusals,
    refused,
    sources_of,
)
from archspec.export.operator_info import OperationInfo, TensorInfo
from archspec.measures._in_turns import Subject, subjects
from tests.devices.tiny_model import FLOAT32, INT32, tiny_tflite

SMALL = ("input.size=[64,64]",)
EXPORTS = [
    ("shufflenetv2_dpc", "float32"), ("shufflenetv2_dpc", "float16"), ("shufflenetv2_dpc", "dynamic"),
    ("shufflenetv2_dpc", "int8"), ("mobilenetv3_small_lraspp", "int8"), ("segnet", "float32"), ("enet", "float32"),
    ("enet", "float16"), pytest.param("enet", "int8", marks=pytest.mark.slow),
]  # fmt: skip


def really_delegated(data: bytes) -> set[int]:
    return {number for part in loader()(Model.of(data), 1).delegated_parts() for number in part}


def said_to_be_delegated(data: bytes) -> set[int]:
    census = take_census(data)
    return {one.number for one in census.nodes} - {one.number for one in refusals(census, "xnnpack")}


@pytest.mark.parametrize(("name", "precision"), EXPORTS)
def test_xnnpack_takes_what_the_table_says(name: str, precision: str) -> None:
    overrides = SMALL if name.startswith("shuffle") else ()
    (found,), _ = subjects([name], Catalog(), overrides, (precision,))
    assert said_to_be_delegated(found.data) == really_delegated(found.data)


ALONE = [row.operator for row in TABLE if row.delegate == "xnnpack" and row.types == ("FLOAT32",)]
WITH_OPTIONS = {"SOFTMAX", "AVERAGE_POOL_2D", "BATCH_MATMUL", "DIV", "MINIMUM", "SQUARED_DIFFERENCE", "SUM", "PRELU"}


@pytest.mark.parametrize("operator", [one for one in ALONE if one not in WITH_OPTIONS and ":" not in one])
@pytest.mark.parametrize("dtype", [FLOAT32, INT32])
def test_xnnpack_takes_single_operators_as_the_table_says(operator: str, dtype: int) -> None:
    data = tiny_tflite(operator, dtype=dtype)
    try:
        taken = really_delegated(data)
    except UserError:
        assert dtype == INT32  # no kernel at all for this type
        return
    assert said_to_be_delegated(data) == taken


@pytest.mark.parametrize("operator", ["SIGN", "L2_NORMALIZATION", "LOG_SOFTMAX", "CAST"])
def test_xnnpack_leaves_what_has_no_row(operator: str) -> None:
    data = tiny_tflite(operator)
    assert really_delegated(data) == said_to_be_delegated(data) == set()


def test_xnnpack_takes_of_real_files_what_the_table_says(tflite_folder: Path) -> None:
    compared = 0
    for path in sorted(tflite_folder.glob("*.tflite")):
        try:
            taken = really_delegated(path.read_bytes())
        except UserError:
            continue  # it cannot be run here
        assert said_to_be_delegated(path.read_bytes()) == taken, path.name
        compared += 1
    assert compared


# --- limits -------------------------------------------------------------------------------------------------
def tensor(*shape: int, dtype: str = "FLOAT32", constant: bool = False, scale: float = 0.0) -> TensorInfo:
    return TensorInfo("t", shape, dtype, 1, 4 if constant else 0, scale)


def operation(code: str, *inputs: TensorInfo, output: TensorInfo | None = None) -> OperationInfo:
    return OperationInfo(0, code, 1, inputs, (output or inputs[0],))


IMAGE, INT8 = tensor(1, 8, 8, 4), tensor(1, 8, 8, 4, dtype="INT8", scale=1.0)
INTEGERS, SIZE = tensor(1, 8, 8, dtype="INT32"), tensor(2, dtype="INT32", constant=True)
LIMITS = [
    ("xnnpack", operation("CONCATENATION", *[IMAGE] * 5), ""),
    ("xnnpack", operation("CONCATENATION", *[IMAGE] * 6), "of 6 inputs; it takes at most 5"),
    ("xnnpack", operation("ARG_MAX", IMAGE, output=INTEGERS), "not among the operators it takes"),
    ("xnnpack", operation("RESIZE_BILINEAR", IMAGE, SIZE), ""),
    ("xnnpack", operation("RESIZE_BILINEAR", IMAGE, INTEGERS), "input 1 is computed; it must be constant"),
    ("xnnpack", operation("ADD", INT8, INT8, output=INT8), ""),
    ("xnnpack", operation("ADD", INT8._replace(scale=1e-5), INT8, output=INT8),
     "scale of an input is 1e-05 of the output's; it takes 0.00098 to 256"),
    ("xnnpack", operation("DEPTHWISE_CONV_2D", IMAGE, INT8), "weights of INT8 for data of FLOAT32"),
    ("xnnpack", operation("PRELU", INT8, tensor(4, dtype="INT8", constant=True)), "of INT8; it takes FLOAT32"),
    ("xnnpack", operation("TRANSPOSE_CONV", SIZE, tensor(1, constant=True), IMAGE), ""),
    ("gpu", operation("SLICE", IMAGE), ""),
    ("gpu", operation("SLICE", tensor(1, 2, 3, 4, 5)), "of 5 dimensions; it takes 3 to 4"),
    ("gpu", operation("RESHAPE", tensor(1, 2, 3, 4, 5)), "of 5 dimensions; it takes 0 to 4"),
    ("gpu", operation("ARG_MAX", IMAGE, output=INTEGERS), "not among the operators it takes"),
    ("nnapi", operation("ARG_MAX", IMAGE, output=INTEGERS), ""),
    ("nnapi", operation("ARG_MAX", IMAGE, output=tensor(1, dtype="INT64")), "gives INT64; it gives INT32"),
    ("nnapi", operation("CONV_2D", IMAGE, IMAGE), "of 2 inputs; it takes at least 3"),
]  # fmt: skip


@pytest.mark.parametrize(("delegate", "one", "why"), LIMITS)
def test_limits(delegate: str, one: OperationInfo, why: str) -> None:
    assert refused(one, delegate) == why


def test_what_is_said_of_a_network() -> None:
    (found,), _ = subjects(["shufflenetv2_dpc"], Catalog(), SMALL)
    said = {kind: describe_fallbacks(found.census, kind) for kind in DELEGATES}
    assert said == {"xnnpack": "1 op falls back (1 ARG_MAX)", "gpu": "1 op falls back (1 ARG_MAX)", "nnapi": "yes"}
    assert [falls_back(count) for count in (0, 1, 2)] == ["yes", "1 op falls back", "2 ops fall back"]


def test_every_row_has_a_source_with_a_date() -> None:
    assert {row.source for row in TABLE} == set(SOURCES)
    assert {row.delegate for row in TABLE} == set(DELEGATES)
    for kind in DELEGATES:
        assert all(" 2026-" in line for line in sources_of(kind))


def test_a_subject_without_census_is_one_line(tmp_path: Path) -> None:
    from archspec.errors import Place

    with pytest.raises(UserError, match="not a TensorFlow Lite file"):
        _ = Subject("x", b"nothing", Place("x.tflite"), "").census
