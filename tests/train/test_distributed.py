"""Several devices: two virtual processors share a batch, and end where one alone does."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.runner import environment

# Batch norms are frozen: each replica would otherwise normalise by its own half of the batch.
SCRIPT = """
import json, sys
import numpy as np
from archspec.lower.framework import tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from archspec.graph.weights import initialise
from archspec.train._distillation import Distillation
from archspec.train._fit import Fit, prepare
from archspec.train._recipe import Teacher
from archspec.train._stage_graph import graph_for
from archspec.train._teacher import TeacherNetwork
from tests.train.test_fit import batch
from tests.train.tiny import recipe, spec

prepare(0)
stage = recipe(sys.argv[1]).stages[0]
graph = graph_for(spec("head.dropout=0.0"), 3, (16, 24))
weights = initialise(graph, 0, "random")
images, labels = batch()
dataset = tf.data.Dataset.from_tensors((images, labels)).repeat(3)
teacher = TeacherNetwork("teacher", graph, initialise(graph, 1, "random"), "")
both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert both.num_replicas_in_sync == 2
found = []
for strategy in (tf.distribute.get_strategy(), both):
    taught = Distillation(Teacher(weight=0.5), teacher) if stage.mixed_precision == "float16" else None
    fit = Fit(stage, graph, weights, class_weights=None, seed=0, strategy=strategy, distillation=taught)
    losses = [fit.step(*one, 0.01) for one in fit.distributed(dataset)]
    state = fit.state()
    fit.restore(state)
    assert all(np.array_equal(array, fit.state()[key]) for key, array in state.items())
    found.append({"losses": losses, "weights": {key: array.tolist() for key, array in fit.weights().items()}})
json.dump(found, open(sys.argv[2], "w"))
"""
CASES = {
    "everything": "batch_norm: {frozen: true}\nema: 0.9\nclip_norm: 1.0\nlearning_rate_multipliers: {backbone: 0.5}\n",
    "float16": "batch_norm: {frozen: true}\nmixed_precision: float16\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_replicas_train_as_one(case: str, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    command = [sys.executable, "-c", SCRIPT, CASES[case], str(file)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    alone, shared = json.loads(file.read_text())
    tolerance = 2e-2 if case == "float16" else 1e-4
    assert shared["losses"] == pytest.approx(alone["losses"], rel=tolerance)
    assert shared["losses"][0] > shared["losses"][-1]
    for key, array in alone["weights"].items():
        np.testing.assert_allclose(shared["weights"][key], array, rtol=tolerance, atol=tolerance, err_msg=key)
