"""A Keras model, from the file that Keras saved it in: (N, H, W, C) -> what the model gives."""

from pathlib import Path

from archspec.errors import Problem
from archspec.file_kinds import KERAS, kind_of_file
from archspec.graph import Tensor
from archspec.keras_model import convert, read_config

OWN_STRIDES = True  # what is in the file stays as it is, whatever output_stride a spec asks for
OWN_PREPROCESSING = True
TAPS = ("stage1", "stage2", "stage3", "stage4", "stage5")


def keras_model(x: Tensor, *, file: str, output: str = "", name: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Every layer of a functional or Sequential model, with its weights; `stage1` to `stage5` are the last maps at
    strides 2 to 32.

    Args:
        file: a .keras file, or the JSON of a model's configuration (weights are then freshly initialised)
        output: of a model with several outputs, the layer that gives the one that is wanted
    """
    found = convert(read_config(file), [x], name=name, file=file)
    names = found.output_names
    if output not in ("", *names):
        raise Problem(f"no output of the model is called '{output}'", f"One of: {', '.join(names)}")
    if not output and len(found.outputs) > 1:
        shapes = [f"{one} {list(tensor.shape)}" for one, tensor in zip(names, found.outputs, strict=True)]
        raise Problem(
            f"the model has {len(names)} outputs ({', '.join(shapes)}), a network has one",
            f"Name it: --set backbone.keras_model.output={names[-1]} --set classes={found.outputs[-1].channels}",
        )
    if kind_of_file(file) is KERAS:  # JSON holds no weights
        x.node.graph.variables |= {key: one._replace(file=file) for key, one in found.variables.items()}
    return found.outputs[names.index(output) if output else 0], found.taps


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [
    ((16, 16, 3), {"file": str(Path(__file__).with_name("keras_model.json"))}),
]
