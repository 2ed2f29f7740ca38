"""A graph as a Keras model: names, shapes, parameters, weights there and back, and what is refused."""

from typing import Any

import numpy as np
import pytest

from archspec.errors import Place, UserError
from archspec.graph import Graph, Tensor, layers
from archspec.graph.layer import Layer
from archspec.graph.tensor import Origin, Shape
from archspec.graph.trace import trace
from archspec.graph.weights import initialise
from archspec.lower import get_weights, set_weights, to_keras
from archspec.lower.framework import keras, tf
from archspec.spec import expand, load
from tests.strategies import BUNDLED, catalog, graph_of

SMALL = """
input: {size: [33, 40]}
output_stride: 8
classes: 4
backbone:
- conv_bn: {filters: 8, stride: 2, initializer: truncated_normal(0.5)}
- shuffle_unit: {filters: 12, stride: 2}
  repeat: 2
- inverted_residual: {filters: 10, stride: 2}
head: {basic: {filters: 6}}
decoder: bilinear
"""

# Counted by hand from the papers' tables: trainable, and with batch-norm statistics.
PARAMETERS = {
    "shufflenetv2_basic": (1_148_249, 1_163_781),
    "shufflenetv2_dpc": (1_506_121, 1_526_165),
    "mobilenetv2_basic": (2_113_043, 2_146_131),
    "mobilenetv2_dpc": (2_506_195, 2_543_507),
}


def bundled(name: str, *overrides: str) -> Graph:
    return trace(expand(load(name, overrides)), catalog())


def variables(model: Any) -> dict[str, Any]:
    """Independent of archspec.lower: each layer asked on its own."""
    return {f"{layer.name}/{variable.name}": variable.numpy() for layer in model.layers for variable in layer.weights}


@pytest.mark.parametrize("name", BUNDLED)
def test_the_four_networks_have_the_parameters_of_the_paper(name: str) -> None:
    with keras.StatelessScope(initialize_variables=False):
        model = to_keras(bundled(name))
    trainable = sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    assert (trainable, model.count_params()) == PARAMETERS[name]
    assert model.input_shape == (None, 224, 224, 3)
    assert model.output_shape == (None, 224, 224)


def test_one_layer_a_node_under_the_same_name() -> None:
    graph = bundled("mobilenetv2_dpc", "input.size=[65,97]")
    model = to_keras(graph)
    assert model.name == "mobilenetv2_dpc"
    assert sorted(layer.name for layer in model.layers) == sorted(node.name for node in graph.nodes)
    for node in graph.nodes:
        outputs = tf.nest.flatten(model.get_layer(node.name).output)
        assert [tuple(output.shape) for output in outputs] == [(None, *tensor.shape) for tensor in node.outputs]
        assert [output.dtype for output in outputs] == [tensor.dtype for tensor in node.outputs]


def test_batch_size_and_name_can_be_set() -> None:
    model = to_keras(graph_of(SMALL), batch_size=1, name="as wished/é")
    assert model.input_shape == (1, 33, 40, 3)
    assert model.name == "as_wished__"
    assert model(np.zeros((1, 33, 40, 3), np.float32)).shape == (1, 33, 40)


def test_initialisers_arrive() -> None:
    model = to_keras(graph_of(SMALL))
    stem = model.get_layer("backbone.0_conv_bn.conv").kernel_initializer
    assert isinstance(stem, keras.initializers.TruncatedNormal)
    assert stem.stddev == 0.5
    assert isinstance(model.get_layer("head.aspp0.conv").kernel_initializer, keras.initializers.GlorotUniform)


def test_uint8_images_come_in_as_they_are() -> None:
    graph = graph_of(SMALL.replace("size: [33, 40]", "size: [33, 40], dtype: uint8"))
    floats = graph_of(SMALL)
    image = np.random.default_rng(1).integers(0, 256, (2, 33, 40, 3)).astype(np.uint8)
    weights = initialise(graph, statistics="random")
    model, twin = to_keras(graph, weights), to_keras(floats, weights)
    assert model.inputs[0].dtype == "uint8"
    np.testing.assert_array_equal(model(image).numpy(), twin(image.astype(np.float32)).numpy())


def test_weights_go_in_and_come_back_exactly() -> None:
    graph = graph_of(SMALL)
    weights = initialise(graph, seed=3, statistics="random")
    model = to_keras(graph, weights)
    held = variables(model)
    assert held.keys() == weights.keys()
    assert all(np.array_equal(held[key], weights[key]) for key in weights)
    back = get_weights(model, graph)
    assert list(back) == list(weights)
    assert all(np.array_equal(back[key], weights[key]) and back[key].dtype == np.float32 for key in weights)


def test_what_comes_back_is_a_copy() -> None:
    graph = graph_of(SMALL)
    model = to_keras(graph)
    back = get_weights(model, graph)
    before = {key: array.copy() for key, array in back.items()}
    set_weights(model, initialise(graph, statistics="random"))
    assert all(np.array_equal(back[key], before[key]) for key in back)


KERNEL = "backbone.0_conv_bn.conv/kernel"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop(KERNEL), f"1 missing ['{KERNEL}'], 0 unknown []"),
        (lambda weights: weights.update({"x/kernel": np.zeros(1)}), "0 missing [], 1 unknown ['x/kernel']"),
        (
            lambda weights: weights.update({KERNEL: np.zeros((3, 3, 8, 3), np.float32)}),
            f"weight '{KERNEL}' has shape [3, 3, 8, 3], the model needs [3, 3, 3, 8]",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(change: Any, message: str) -> None:
    graph = graph_of(SMALL)
    model = to_keras(graph)
    before = variables(model)
    weights = initialise(graph, seed=5, statistics="random")
    change(weights)
    with pytest.raises(UserError) as caught:
        set_weights(model, weights)
    assert message in str(caught.value)
    assert all(np.array_equal(before[key], array) for key, array in variables(model).items())


def test_a_model_of_another_graph_is_refused() -> None:
    model = to_keras(graph_of(SMALL))
    with pytest.raises(UserError, match=r"0 missing .*, 2 unknown|2 missing .*, 0 unknown"):
        get_weights(model, graph_of(SMALL.replace("classes: 4", "classes: 6\nclassifier: none\noutput: logits")))
    with pytest.raises(UserError, match=r"has shape \[1, 1, 6, 4\], the graph needs \[1, 1, 6, 5\]"):
        get_weights(model, graph_of(SMALL.replace("classes: 4", "classes: 5")))


# --- what is refused, with the line of the spec ----------------------------------------------------------------------


class Dense(Layer):
    """A layer whose rule says what Keras does not: nothing changes."""

    __slots__ = ()

    def __init__(self, units: Any = 5, name: str | None = None) -> None:
        super().__init__({"units": units}, name)


class Invented(Layer):
    """Keras has no such layer."""

    __slots__ = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)


class InventedHere(Invented):
    """Ours, it says, but there is no file for it."""

    __slots__ = ()
    own = True


class Repeated(Layer):
    """A shape of its own, to make the message show both."""

    __slots__ = ()
    keras_name = "UpSampling2D"

    def __init__(self, name: str | None = None) -> None:
        super().__init__({}, name)

    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        return ((7, 7, inputs[0].channels),)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Dense(name="a"), "the graph says [6, 6, 3] float32, Keras says [6, 6, 5] float32. Mend the rule of Dense in"),
        (Dense("many", name="a"), "Keras refuses this Dense ("),
        (Invented(name="a"), "Keras has no layer Invented. One of: "),
        (
            InventedHere(name="a"),
            "our own layer InventedHere has no Keras class. Add archspec/lower/layers/invented_here.py",
        ),
        (Repeated(name="a"), "the graph says [7, 7, 3] float32, Keras says [12, 12, 3] float32"),
    ],
)
def test_a_layer_that_cannot_be_built_is_named_with_its_line(layer: Layer, message: str) -> None:
    graph = Graph("g")
    x = layers.Input((6, 6, 3), name="image").enter(graph)
    graph.origin = Origin("head", "head[0]", Place("net.yaml", 7, 3))
    graph.finish([layer(x)])
    with pytest.raises(UserError) as caught:
        to_keras(graph)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("net.yaml:7:3: head[0]: layer 'a': ")
    assert message in line
