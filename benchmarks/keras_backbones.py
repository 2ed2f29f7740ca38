"""Networks of keras.applications as backbones at output stride 8, 16 and 32: one training step, and the exported file.

Six families under a small head and the DeepLabV3+ decoder, 64 x 64. Exits with 1 where a step moves nothing, a loss is
not finite, the features are not at the output stride, or the .tflite differs from Keras.
"""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness import worker
from harness.command import make_parser, run, tell
from harness.conditions import conditions

from archspec.reporters import Column, Table

FAMILIES = ("MobileNetV2", "EfficientNetV2B0", "ResNet50V2", "DenseNet121", "ConvNeXtTiny", "MobileNetV3Small")
STRIDES = (8, 16, 32)
SIDE, CLASSES, TOLERANCE = 64, 4, 1e-5
COLUMNS = (
    Column("backbone", "Backbone"),
    Column("output_stride", "Output stride", kind="integer"),
    Column("features", "Features"),
    Column("params", "Parameters", kind="integer"),
    Column("macs", "MACs", kind="integer"),
    Column("loss", "Loss before", kind="number", digits=3),
    Column("moved", "Variables moved"),
    Column("error", "Largest error of logits"),
    Column("passed", "Passed"),
)


def table_of(arguments: Namespace) -> tuple[Table, bool]:
    """The table, and whether every row passed."""
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Any, ...]] = []
    for name in arguments.networks or (FAMILIES[:1] if arguments.quick else FAMILIES):
        for output_stride in arguments.strides or STRIDES:
            kept = folder / f"{name}-{output_stride}.json"
            if not kept.exists():
                tell(f"{name}, output stride {output_stride} …")
                kept.write_text(json.dumps(worker.ask(__file__, name, str(output_stride))), "utf-8")
            rows.append((name, *json.loads(kept.read_text("utf-8"))))
    notes = conditions(
        what=f"{SIDE} x {SIDE}, {CLASSES} classes, head basic, decoder deeplabv3plus, weights random, seed 0",
        step="Adam, learning rate 0.001, batch of 2 random images and label maps; moved: variables that changed",
        error=f"of the float32 .tflite beside Keras, over the largest logit, random batch norms; at most {TOLERANCE:g}",
    )
    return Table("keras.applications as backbones", COLUMNS, tuple(rows), notes), all(row[-1] == "yes" for row in rows)


def measured(name: str, stride: str) -> list[Any]:
    """A row, without the name."""
    import numpy as np
    from keras_applications import in_litert

    import archspec
    from archspec.lower.framework import keras

    output_stride = int(stride)
    network = archspec.load(
        {
            "name": name.lower(),
            "input": {"size": [SIDE, SIDE]},
            "classes": CLASSES,
            "output_stride": output_stride,
            "backbone": {"keras_application": {"name": name}},
            "head": "basic",
            "decoder": {"deeplabv3plus": {"skip": "stage2"}},
            "output": "logits",
        }
    )
    generator = np.random.default_rng(0)
    weights = network.fresh_weights(0, "random")
    model = network.to_keras(weights=weights)
    image = generator.integers(0, 256, (1, SIDE, SIDE, 3)).astype(np.float32)
    expected = np.asarray(model(image, training=False))
    error = float(np.abs(in_litert(network.to_tflite(weights=weights).data, image) - expected).max())
    error /= float(np.abs(expected).max())
    before = [np.array(one) for one in model.trainable_variables]
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    labels = generator.integers(0, CLASSES, (2, *expected.shape[1:3]))
    loss = float(model.train_on_batch(generator.integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.float32), labels))
    after = [np.array(one) for one in model.trainable_variables]
    moved = sum(not np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    shape = network.graph.taps["backbone"].shape
    least = SIDE // output_stride - 1
    passed = np.isfinite(loss) and moved > 0.9 * len(before) and error <= TOLERANCE and least <= shape[0] <= least + 1
    return [
        output_stride, " x ".join(map(str, shape)), network.cost.params, network.cost.macs, loss,
        f"{moved} of {len(before)}", f"{error:.1e}", "yes" if passed else "no",
    ]  # fmt: skip


if __name__ == "__main__":
    if worker.is_worker():
        worker.answer(measured(*worker.worker_arguments()))
    else:
        parser = make_parser(__doc__)
        parser.add_argument("networks", nargs="*", help="names of keras.applications (default: six families)")
        parser.add_argument("--strides", nargs="*", type=int, choices=STRIDES, help="output strides (default: all)")
        parser.add_argument("--folder", default="runs/keras_backbones", help="where each network's rows are kept")
        run(table_of, parser.parse_args())
