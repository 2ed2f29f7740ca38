"""The graph's mapping of weights into a Keras model and back, each array by `node name/array name`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec.errors import Problem, user_error
from archspec.graph import Graph
from archspec.graph.weights import check_weights, weight_specs

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


def set_weights(model: Any, weights: Mapping[str, Array]) -> None:
    """Give every variable of a Keras model its array.

    Raises `UserError`, with nothing changed, unless there is exactly one array of the right shape for each variable.
    """
    variables = _variables(model)
    _check_same_keys(variables.keys(), weights.keys())
    for key, variable in variables.items():
        if tuple(variable.shape) != weights[key].shape:
            shapes = f"{list(weights[key].shape)}, the model needs {list(variable.shape)}"
            raise user_error(f"weight '{key}' has shape {shapes}", "Use the weights of this very network")
    for key, variable in variables.items():
        variable.assign(weights[key])


def get_weights(model: Any, graph: Graph) -> dict[str, Array]:
    """Every array of a Keras model in the graph's order, copied: what training made of them, ready to be exported.

    Raises `UserError` unless the model has exactly the graph's arrays.
    """
    import numpy as np

    variables = _variables(model)
    keys = [key for key, _, _ in weight_specs(graph)]
    _check_same_keys(variables.keys(), keys)
    found = {key: np.array(variables[key].numpy()) for key in keys}
    try:
        check_weights(graph, found)
    except Problem as problem:
        raise user_error(problem.fact, problem.remedy) from None
    return found


def _variables(model: Any) -> dict[str, Any]:
    """Without optimizer, metric and random-seed state."""
    return {f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.weights}


def _check_same_keys(wanted: Any, given: Any) -> None:
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or unknown:
        counts = f"{len(missing)} missing {missing[:3]}, {len(unknown)} unknown {unknown[:3]}"
        raise user_error(f"the weights do not fit the model: {counts}", "Use the weights of this very network")
