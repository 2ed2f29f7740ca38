"""`Layer`: the rules every layer file gives: shape, weights, arithmetic, and its operator in a .tflite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from archspec.errors import Problem
from archspec.graph.tensor import Node, Shape, Tensor

if TYPE_CHECKING:
    from archspec.graph.program import Program

Pair = tuple[int, int]


class WeightSpec(NamedTuple):
    """One array of a node: its short name, its Keras shape, its Keras initialiser, and whether training moves it."""

    name: str
    shape: Shape
    initializer: str
    trainable: bool


class Window(NamedTuple):
    """What an output position sees of its input, dilation included, and how far it is to the next."""

    kernel: Pair
    stride: Pair


POINT = Window((1, 1), (1, 1))
MOST_KNOWN = 64  # of one config: a network has a dozen shapes, a long search ever new ones


class Config(dict[str, Any]):
    """A layer's arguments by Keras's names. Layers of one class and equal arguments may share one, in this graph and in
    others: it cannot be changed; `changed` gives another.

    `known` holds what has been worked out about such layers, by what it hangs on besides: the shapes of their inputs.
    """

    __slots__ = ("known",)

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        self.known: dict[Any, Any] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        raise TypeError(f"the arguments of a layer may be those of others too; '{key}' is changed with `changed`")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Config, (dict(self),))

    def changed(self, **arguments: Any) -> Config:
        """Another one with these arguments instead."""
        return Config({**self, **arguments})

    def remember(self, key: Any, value: Any) -> None:
        """Keep `value` under `key`, in bounded memory."""
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        self.known[key] = value


@lru_cache(maxsize=4096, typed=True)
def shared_config(kind: type, **arguments: Any) -> Config:  # noqa: ARG001
    """One config for all layers of a class with these arguments: what is worked out about one is known of the others.

    Arguments inside tuples are of one type each, since 1 and 1.0 are one number there.
    """
    return Config(arguments)


class Layer:
    """A deferred Keras layer. Calling it on tensors adds a node to their graph; no array is made.

    A subclass has the name and the arguments of the Keras layer it stands for. `config` holds the
    arguments it is built from by `keras.layers.<name>(**config)`.
    """

    __slots__ = ("config", "name")
    keras_name: ClassVar[str] = ""  # where it differs from the class's name
    own: ClassVar[bool] = False  # Keras lacks it: the layer class is ours
    multiple_inputs: ClassVar[bool] = False
    dtype: ClassVar[str] = "float32"  # of its output
    accepts: ClassVar[tuple[str, ...]] = ("float32",)  # dtypes of its inputs
    normalises: ClassVar[bool] = False  # a scale and a shift of each channel, which the convolution before it takes in
    vanishes: ClassVar[bool] = False  # it does nothing at inference
    multiplies_activations: ClassVar[bool] = False  # its multiply-adds are of two inputs, and none of a weight
    reads_first_only: ClassVar[bool] = False  # its other inputs are kept for their weights alone

    config: Config

    def __init__(self, config: Mapping[str, Any], name: str | None) -> None:
        self.config = config if type(config) is Config else Config(config)
        self.name = name

    def __call__(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """The output tensor. Raises `Problem` for what cannot be."""
        return self.apply(x).outputs[0]

    def apply(self, x: Tensor | Sequence[Tensor]) -> Node:
        """The new node, for layers of several outputs. Raises `Problem` for what cannot be."""
        inputs = (x,) if isinstance(x, Tensor) else tuple(x)
        if len(inputs) != 1 and not self.multiple_inputs:
            raise Problem(
                f"{type(self).__name__} takes one tensor ({len(inputs)} given)", "Concatenate or add them first"
            )
        shapes = self.shapes(inputs)
        for tensor in inputs:
            if tensor.dtype not in self.accepts:
                raise self._unread(tensor)
        node = inputs[0].node.graph.add(self, inputs)
        stride = self.stride(inputs)
        if len(shapes) == 1:  # nearly always, and a trace makes hundreds
            node.outputs = (Tensor(node, 0, shapes[0], self.dtype, stride),)
        else:
            dtypes = self.dtypes(len(shapes))
            node.outputs = tuple(
                Tensor(node, index, shapes[index], dtype, stride) for index, dtype in enumerate(dtypes)
            )
        return node

    def _unread(self, tensor: Tensor) -> Problem:
        return Problem(
            f"{type(self).__name__} reads {' or '.join(self.accepts)}, not the {tensor.dtype} of '{tensor.node.name}'",
            "Give input.preprocess, such as symmetric" if tensor.dtype == "uint8" else "Read an earlier step",
        )

    # --- rules -------------------------------------------------------------------------------------------
    def shapes(self, inputs: tuple[Tensor, ...]) -> tuple[Shape, ...]:
        """The shape of each output, per image. Raises `Problem` for an impossible geometry."""
        return (inputs[0].shape,)

    def stride(self, inputs: tuple[Tensor, ...]) -> int:
        """The stride of the outputs against the image: multiplied by the layer's own, where it has any."""
        config = self.config
        own: int = config["strides"][0] if "strides" in config else 1
        return inputs[0].stride * own

    def dtypes(self, count: int) -> tuple[str, ...]:
        """The dtype of each of several outputs."""
        return (self.dtype,) * count

    @property
    def fused(self) -> str | None:
        """The schema name of the activation that the operator before it can carry inside, or None."""
        return None

    def weights(self, node: Node) -> tuple[WeightSpec, ...]:
        """The arrays it holds, in Keras's order and shapes."""
        return ()

    def macs(self, node: Node) -> int:
        """Multiply-adds for one image."""
        return 0

    def other_operations(self, node: Node) -> dict[str, int]:
        """Arithmetic that is not a multiply-add of a convolution, by kind, for one image."""
        return {}

    def window(self, node: Node) -> Window | None:
        """What one output position sees; None when it sees the whole map."""
        return POINT

    def emit(self, node: Node, program: Program) -> None:
        """Add its operators to the runtime program."""
        raise Problem(
            f"layer {type(self).__name__} has no TFLite rule",
            f"Give archspec/graph/layers/{_file_name(type(self).__name__)}.py an `emit`",
        )


def _file_name(class_name: str) -> str:
    import re  # only once something is already wrong

    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9]D)(?=[A-Z])", "_", class_name).lower()


def pair(value: int | Sequence[int], argument: str) -> Pair:
    """`3` and `(3, 3)` are the same pair. Raises `Problem` for anything but one or two positive integers."""
    if type(value) is int:
        if value < 1:
            raise Problem(f"{argument} must be at least 1 ({value})")
        return (value, value)
    if type(value) is tuple and len(value) == 2 and type(value[0]) is type(value[1]) is int and min(value) > 0:
        return value
    both = tuple(value)  # type: ignore[arg-type]
    if len(both) != 2 or any(type(one) is not int or one < 1 for one in both):
        raise Problem(f"{argument} must be one or two positive integers ({list(both)})")
    return both


def slide(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """The length of an axis after a sliding window; TensorFlow's SAME (extra at the end) and VALID."""
    if padding == "same":
        return -(-size // stride)
    reach = (kernel - 1) * dilation + 1
    if reach > size:
        raise Problem(
            f"a window that reaches {reach} positions does not fit a map of {size}",
            "Use padding 'same', a smaller kernel or rate, a larger input or a smaller output_stride",
        )
    return (size - reach) // stride + 1


def need_map(tensor: Tensor, layer: Layer) -> Shape:
    """The `(H, W, C)` of a feature map. Raises `Problem` for anything else."""
    if len(tensor.shape) != 3:
        raise Problem(f"{type(layer).__name__} needs a feature map (H, W, C), not a shape of {list(tensor.shape)}")
    return tensor.shape
