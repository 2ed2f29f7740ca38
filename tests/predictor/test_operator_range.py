"""Which operators a default calibration times: all that a bundled spec, or a layer of the exporter, can ask for."""

from functools import cache
from itertools import islice

import pytest

from archspec.catalog import Catalog
from archspec.export.operators import OPERATORS
from archspec.graph import Graph, layers
from archspec.graph.program import build_program
from archspec.predictor import Predictor, Signature, signatures
from archspec.predictor.calibration import NETWORKS, SEED, operators_of
from archspec.predictor.calibration_models import further_operators, sampled_networks
from archspec.predictor.signature import features
from tests.graph.nets import finish, image, of_bundled
from tests.predictor.latency_tables import table

BUNDLED = sorted(Catalog().specs())
NEVER_PREDICTED = {"QUANTIZE", "SPLIT"}  # of int8 files; of shuffles that are not followed


@cache
def calibrated() -> tuple[Signature, ...]:
    """What `archspec latency --calibrate` times."""
    sampled = operators_of(islice(sampled_networks(SEED), NETWORKS))
    return (*sampled, *further_operators(sampled))


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_spec_is_predicted_by_a_default_calibration(name: str) -> None:
    predictor = Predictor(table([(one, 0.01) for one in calibrated()]))
    for overrides in ((), ("output=softmax",), ("output=logits",), ("input.dtype=uint8",)):
        assert predictor.predict(of_bundled(name, *overrides)).latency_ms > 0


def test_every_operator_of_the_exporter_is_timed() -> None:
    assert set(OPERATORS) - {one.code for one in calibrated()} == NEVER_PREDICTED


def test_nothing_is_timed_twice() -> None:
    assert further_operators(calibrated()) == []
    assert len(set(calibrated())) == len(calibrated())


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_work_of_a_transposed_convolution_is_its_multiply_adds(stride: int) -> None:
    x = layers.MaxPooling2D(4, name="pool")(image(20, 28, 6))
    y = layers.Conv2DTranspose(10, 3, stride, name="up")(x)
    (one,) = (one for one in signatures(build_program(finish(y))) if one.code == "TRANSPOSE_CONV")
    assert features(one)[0] == 5 * 7 * 6 * 3 * 3 * 10


def test_a_space_lends_the_operators_that_its_timed_networks_lack() -> None:
    """A study times a few networks of its space: an operator that only another one has is measured by itself."""

    def graph(*names: str) -> Graph:
        found = Graph("few")
        x = layers.Input((32, 32, 3), "uint8", name="image").enter(found)
        x = layers.Rescaling(1 / 255, name="rescaling")(x)
        for name in names:
            x = layers.Activation(name, name=name)(x)
        found.finish([x])
        return found

    known = signatures(build_program(graph("sigmoid")))
    lent = further_operators(known, [graph("sigmoid"), graph("sigmoid", "tanh")])
    assert "TANH" in {one.code for one in lent}
    assert not set(lent) & set(known)
