"""The papers' own TensorFlow 1 checkpoints: ShuffleNetV2 and MobileNetV2 with basic or DPC head, and ShuffleSeg."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from archspec.arrays import Array
from archspec.errors import Place, user_error
from archspec.files import is_file, is_folder
from archspec.weights._contents import BATCH_NORM, Contents, Origin, Placing

ENDINGS = (".index", ".meta", ".data-00000-of-00001")
STATE = "checkpoint"  # beside them: which prefix is the newest
SLOTS = re.compile(r"/(Adam(_\d+)?|Momentum|RMSProp(_\d+)?|Adagrad|ExponentialMovingAverage)$")
COUNTERS = re.compile(r"(^|/)(global_step|global_epoch|global_.*_tensor|beta[12]_power|save_counter)$")
CELL = "meta_architecture"
SHUFFLESEG = "network/shufflenet_encoder"
SHUFFLENET_WIDTHS = {24: "0.5", 58: "1.0", 88: "1.5", 112: "2.0"}  # of half of stage 2
REMEDY = "Checkpoints of sercant/mobile-segmentation and of TFSegmentation's SkipNet-ShuffleNet can be read"
CONVENTIONS = (
    "as ours with variant=reference: rate 1 everywhere in ShuffleNetV2, epsilons 1e-3 and 1e-5, corners aligned",
    "converted: the separate kernels of ShuffleSeg's groups are concatenated",
    "left out: slots of optimizers, moving averages of weights, counters",
)


def read(file: str) -> dict[str, Array]:
    """Every variable by its name. Raises `UserError`."""
    check(file)
    from archspec.lower.files import read_checkpoint

    return read_checkpoint(checkpoint_prefix(file), file)


def check(file: str) -> None:
    """Raise `UserError` unless it is the prefix of a checkpoint, one of its files, or its folder."""
    prefix = checkpoint_prefix(file)
    beside = Path(prefix).parent.glob(f"{Path(prefix).name}*") if is_folder(Path(prefix).parent) else ()
    if not is_folder(prefix) and not any(one.name != Path(prefix).name for one in beside):
        raise user_error("no such checkpoint", "Name its prefix, such as model.ckpt-120000", place=Place(file))


def checkpoint_prefix(path: str) -> str:
    """What TensorFlow wants to hear of a checkpoint: its prefix, or its folder."""
    is_state = Path(path).name == STATE and is_file(path) and not is_file(f"{path}.index")
    prefix = str(Path(path).parent) if is_state else path
    for ending in ENDINGS:
        prefix = prefix.removesuffix(ending)
    return prefix


def held(file: str, tensors: dict[str, Array], output_stride: int | None = None) -> Contents:
    """The whole network. Raises `UserError` for variables missing, left over or of another shape."""
    origin, place = _recognised(file, tensors)
    stride = output_stride if origin.spec != "shuffleseg_skipnet" else None
    return Contents(file, tensors, origin, place, stride)


def _recognised(file: str, tensors: dict[str, Array]) -> tuple[Origin, Callable[[Placing], None]]:
    """Which network a checkpoint is of, by the names and shapes in it."""
    if f"{SHUFFLESEG}/conv1/weights" in tensors:
        classes = _last_axis(tensors, f"{SHUFFLESEG}/conv_1c_1x1/weights", 20)
        groups = _groups(tensors)
        settings = (f"classes={classes}", f"backbone.groups={groups}", "input.preprocess=shuffleseg")
        return Origin("shuffleseg_skipnet", settings, (), True), _place_shuffleseg
    head = "dpc" if _has_cell(tensors) else "basic"
    settings = (f"classes={_last_axis(tensors, 'logits/semantic/weights', 19)}", "variant=reference",
                "input.preprocess=symmetric")  # fmt: skip
    if "ShuffleNetV2/Conv1/weights" in tensors:
        half = _last_axis(tensors, "ShuffleNetV2/Stage2/unit_1/conv1x1_after/weights", 58)
        width = f"width_multiplier={SHUFFLENET_WIDTHS.get(half, '1.0')}"
        return Origin(f"shufflenetv2_{head}", (*settings, width), (), True), _place_shufflenet
    if "MobilenetV2/Conv/weights" in tensors:
        return Origin(f"mobilenetv2_{head}", settings, (), True), _place_mobilenet
    raise user_error("a checkpoint of another network", REMEDY, place=Place(file))


def _last_axis(tensors: dict[str, Array], name: str, default: int) -> int:
    return int(tensors[name].shape[-1]) if name in tensors and tensors[name].ndim else default


def _groups(tensors: dict[str, Array]) -> int:
    prefix = f"{SHUFFLESEG}/stage2_1/Gbottleneck/Gbottleneck_"
    return max(sum(1 for name in tensors if name.startswith(prefix) and name.endswith("/weights")), 1)


def _place_shufflenet(placing: Placing) -> None:
    def scope(node: str) -> str:
        stage, _, rest = node.removeprefix("backbone.").partition(".")
        if stage == "stem":
            return "ShuffleNetV2/Conv1"
        unit, _, part = rest.partition(".")
        branch, _, last = part.rpartition(".")
        word = {"before": "conv1x1_before", "depthwise": "depthwise", "after": "conv1x1_after"}[last]
        inside = "second_branch/" if branch == "shortcut" else ""
        return f"ShuffleNetV2/{stage.capitalize()}/unit_{int(unit) + 1}/{inside}{word}"

    _place_deeplab(placing, scope, "batch_norm")


def _place_mobilenet(placing: Placing) -> None:
    ends = ".depthwise.dw"
    units = [node.name.removesuffix(ends) for node in placing.graph.nodes if node.name.endswith(ends)]

    def scope(node: str) -> str:
        if node == "backbone.stem":
            return "MobilenetV2/Conv"
        unit, _, part = node.rpartition(".")
        number = units.index(unit)
        return f"MobilenetV2/expanded_conv{f'_{number}' if number else ''}/{part}"

    _place_deeplab(placing, scope, "BatchNorm")


def _place_deeplab(placing: Placing, backbone_scope: Callable[[str], str], batch_norm: str) -> None:
    """A backbone, one of the two heads, and the logits."""
    is_cell = _has_cell(placing.tensors)
    for node in placing.graph.nodes:
        section, _, _ = node.name.partition(".")
        owner, _, last = node.name.rpartition(".")
        if last in ("conv", "dw", "bn"):
            scope = backbone_scope(owner) if section == "backbone" else _head_scope(owner, is_cell)
            words = "depthwise_weights" if last == "dw" else "weights"
            if last == "bn":
                _put_batch_norm(placing, node.name, f"{scope}/{batch_norm if section == 'backbone' else 'BatchNorm'}")
            else:
                placing.put(f"{node.name}/kernel", f"{scope}/{words}")
    for array, word in (("kernel", "weights"), ("bias", "biases")):
        placing.put(f"classifier.logits/{array}", f"logits/semantic/{word}")
    _skip_companions(placing)


def _has_cell(tensors: Mapping[str, Array]) -> bool:
    return any(name.startswith(f"{CELL}/") for name in tensors)


def _head_scope(node: str, is_cell: bool) -> str:
    """`head.branch0.depthwise` -> `meta_architecture/branch0_depthwise`; the basic head's scopes have no prefix."""
    scope = "_".join(node.split(".")[1:])
    return f"{CELL}/{scope}" if is_cell else scope


def _place_shuffleseg(placing: Placing) -> None:
    for node in placing.graph.nodes:
        if not node.layer.weights(node):
            continue
        owner, _, last = node.name.rpartition(".")
        scope, groups = _shuffleseg_scope(owner, node.layer.config.get("groups", 1))
        if last == "bn":
            _put_batch_norm(placing, node.name, f"{scope}/batch_normalization")
        elif last == "deconv":
            placing.put(f"{node.name}/kernel", f"{scope}/weights")
            placing.put(f"{node.name}/bias", f"{scope}/layer_biases")
        else:
            for array, word in (("kernel", "weights"), ("bias", "biases")):
                placing.put(f"{node.name}/{array}", *(f"{one}/{word}" for one in groups or [scope]), change=_joined)
    _skip_companions(placing)


def _shuffleseg_scope(owner: str, groups: int) -> tuple[str, list[str]]:
    """The scope of a layer, and of each of its groups where they are separate variables."""
    section, _, rest = owner.partition(".")
    if section == "decoder":
        return ("network/" + rest, []) if rest != "score_fr" else (f"{SHUFFLESEG}/conv_1c_1x1", [])
    words = rest.split(".")
    if words[0] == "conv1":
        return f"{SHUFFLESEG}/conv1", []
    stage, unit, part = words
    first = (stage, unit) == ("stage2", "0")
    word = {"bottleneck": "bottleneck" if first else "Gbottleneck", "gconv": "Gconv1x1"}.get(part, part)
    scope = f"{SHUFFLESEG}/{stage}_{unit}/{word}"
    separate = word.startswith("G")
    return scope, [f"{scope}/{word}_{number}" for number in range(groups)] if separate else []


def _joined(*arrays: Array) -> Array:
    import numpy as np

    return np.concatenate(arrays, axis=-1)


def _put_batch_norm(placing: Placing, node: str, scope: str) -> None:
    gamma, beta, mean, variance = (f"{scope}/{name}" for name in BATCH_NORM)
    own = float(placing.graph.node(node).layer.config["epsilon"])
    placing.put_batch_norm(node, (gamma, beta, mean, variance), own)


def _skip_companions(placing: Placing) -> None:
    for name, array in placing.tensors.items():
        if found := SLOTS.search(name):
            average = found.group(1) == "ExponentialMovingAverage"
            placing.skip(name, "a moving average of a weight" if average else "state of the optimizer")
        elif COUNTERS.search(name) or array.shape == ():
            placing.skip(name, "a counter")
