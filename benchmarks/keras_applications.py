"""Every network of keras.applications with a fixed input of at most 300 pixels a side, as archspec reads it.

Parameters beside `count_params()`, MACs beside a count over Keras's own layers, and our .tflite beside Keras on one
image: weights and batch-norm statistics random, classifier without activation. Each network in a process of its own;
what is done lies in --folder, and a run that was stopped goes on. Exits with 1 where one is not equal.
"""

from __future__ import annotations

import json
import math
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.errors import UserError
from archspec.reporters import Column, Table

NAMES = (
    "MobileNetV3Small", "MobileNetV3Large", "MobileNet", "MobileNetV2", "NASNetMobile", "EfficientNetB0",
    "EfficientNetV2B0", "DenseNet121", "EfficientNetB1", "EfficientNetV2B1", "EfficientNetB2", "EfficientNetV2B2",
    "EfficientNetB3", "EfficientNetV2B3", "DenseNet169", "DenseNet201", "Xception", "InceptionV3", "ResNet50",
    "ResNet50V2", "ConvNeXtTiny", "ResNet101", "ResNet101V2", "ConvNeXtSmall", "InceptionResNetV2", "ResNet152",
    "ResNet152V2", "ConvNeXtBase", "VGG16", "VGG19", "ConvNeXtLarge", "ConvNeXtXLarge",
)  # fmt: skip
QUICK = ("MobileNetV3Small",)
TOLERANCE = 1e-5
COLUMNS = (
    Column("network", "Network"),
    Column("size", "Input"),
    Column("params", "Parameters", kind="integer"),
    Column("count_params", "count_params()", kind="integer"),
    Column("macs", "MACs", kind="integer"),
    Column("counted_macs", "Counted MACs", kind="integer"),
    Column("error", "Largest error of logits"),
    Column("layers", "Layers", kind="integer"),
    Column("equal", "Equal"),
)


def table_of(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether every network is equal."""
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in arguments.networks or (QUICK if arguments.quick else NAMES):
        kept = folder / f"{name}.json"
        if not kept.exists():
            tell(f"{name} …")
            kept.write_text(json.dumps(worker.ask(__file__, name)), "utf-8")
        rows.append(_row(json.loads(kept.read_text("utf-8"))))
    equal = sum(row[-1] == "yes" for row in rows)
    notes = conditions(
        weights="random, batch norms, scales and biases as of a trained network, seed 0; one random image",
        macs="counted over the output shapes and kernels of Keras's own layers, without archspec's rules",
        error=f"largest difference of logits over the largest logit, LiteRT beside Keras; at most {TOLERANCE:g}",
        equal=f"{equal} of {len(rows)}",
    )
    return Table("keras.applications as archspec reads them", COLUMNS, tuple(rows), notes), equal == len(rows)


def _row(found: dict[str, Any]) -> tuple[Any, ...]:
    if "faults" in found:
        return (found["name"], "", None, None, None, None, "", None, "; ".join(found["faults"]))
    wrong = [word for word, one, other in (("parameters", "params", "count_params"), ("MACs", "macs", "counted_macs"))
             if found[one] != found[other]]  # fmt: skip
    wrong += [] if found["error"] <= TOLERANCE else ["logits"]
    numbers = [found[key] for key in ("params", "count_params", "macs", "counted_macs")]
    judged = f"no: {', '.join(wrong)}" if wrong else "yes"
    return (found["name"], found["size"], *numbers, f"{found['error']:.1e}", found["layers"], judged)


def measured(name: str) -> dict[str, Any]:
    """What is known of one network."""
    import numpy as np

    import archspec
    from archspec.lower.framework import keras

    options = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
    model = getattr(keras.applications, name)(weights=None, classifier_activation=None, **options)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.keras"
        model.save(file)
        try:
            first = archspec.from_keras(file)
        except UserError as error:
            return {"name": name, "faults": [str(fault) for fault in error.faults]}
        seed_weights(model, first)
        model.save(file)
        network = archspec.from_keras(file)
        image = np.random.default_rng(0).integers(0, 256, (1, *network.graph.inputs[0].shape)).astype(np.float32)
        expected = np.asarray(model(image, training=False))
        given = in_litert(network.to_tflite().data, image)
    cost = network.cost
    return {
        "name": name,
        "size": " x ".join(map(str, network.graph.inputs[0].shape)),
        "params": cost.params_total,
        "count_params": model.count_params(),
        "macs": cost.macs,
        "counted_macs": sum(counted_macs(model)),
        "error": float(np.abs(given - expected).max() / np.abs(expected).max()),
        "layers": len(network.graph.nodes),
    }


def seed_weights(model: Any, network: Any) -> None:
    """Give a Keras model random weights under which the image's signal reaches the output."""
    import numpy as np

    generator = np.random.default_rng(0)
    variables = {(path, number): one for path, layer in _layers(model) for number, one in enumerate(layer.weights)}
    for key, array in network.fresh_weights(0, "random").items():
        place = network.graph.variables[key]
        if array.size > 1 and np.ptp(array) == 0:  # ones, zeros, and the 1e-6 of a layer scale
            low, high = (0.5, 1.5) if key.endswith(("gamma", "variance")) else (-0.2, 0.2)
            array = generator.uniform(low, high, array.shape)
        variable = variables[place.layer, place.number]
        variable.assign(array.reshape(variable.shape))
    for _, layer in _layers(model):
        if hasattr(layer, "finalize_state"):  # `Normalization` computes with copies of its weights
            layer.finalize_state()


def _layers(model: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        inner = f"{path}.{layer.name}" if path else layer.name
        if hasattr(layer, "layers"):
            yield from _layers(layer, inner)
        else:
            yield inner, layer


def counted_macs(model: Any) -> Iterator[int]:
    """Multiply-adds of each layer: at every place of its output, as many as its kernel has numbers."""
    for _, layer in _layers(model):
        kernels = [one for one in layer.weights if one.name in ("kernel", "depthwise_kernel", "pointwise_kernel")]
        places = math.prod(layer.output.shape[1:-1]) if kernels else 0
        yield sum(places * math.prod(one.shape) for one in kernels)


def in_litert(data: bytes, image: Any) -> Any:
    """What a .tflite makes of an image."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


if __name__ == "__main__":
    if worker.is_worker():
        worker.answer(measured(*worker.worker_arguments()))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("networks", nargs="*", help="names of keras.applications (default: all of them)")
        parser.add_argument("--folder", default="runs/keras_applications", help="where each network's numbers are kept")
        run(table_of, parser.parse_args())
