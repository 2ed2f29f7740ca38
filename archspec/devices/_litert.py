"""A `.tflite` in a LiteRT interpreter: the only file that knows the runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from archspec.devices._board import INPUT_SEED, input_values
from archspec.devices._contract import Model, System
from archspec.errors import Problem, UserError, first_line, nearest, user_error
from archspec.export.input_size import check_closed
from archspec.export.interpreter import quiet_runtime
from archspec.export.tflite_file import check_file

_FILE_MARK = b"TFL3"


DELEGATES = ("xnnpack", "none")


def loader(delegate: str = "xnnpack") -> Callable[[Model, int], LitertRunner]:
    """Import LiteRT and return what loads a model into it, with XNNPACK or with the runtime's own kernels alone.

    Raises `UserError` when LiteRT is not installed, and for another delegate.
    """
    if delegate not in DELEGATES:
        raise user_error(f"this machine has no delegate '{delegate}'", nearest(delegate, DELEGATES))
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise user_error(f"LiteRT cannot be imported ({error})", "pip install ai-edge-litert") from error
    resolver = OpResolverType.AUTO if delegate == "xnnpack" else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    made = partial(Interpreter, experimental_op_resolver_type=resolver)
    return lambda model, threads: LitertRunner(made, model, threads)


class LitertRunner:
    """An allocated interpreter. Raises `UserError` for a file that is no model or that this runtime cannot run."""

    def __init__(self, interpreter: Callable[..., Any], model: Model, threads: int) -> None:
        check_mark(model)
        self._model = model
        with quiet_runtime():
            self._interpreter = _allocated(interpreter, model, threads)
        self.system = _system(self._interpreter)

    def fill(self) -> None:
        """Random inputs, always the same: floats in [0, 1), 8-bit integers over their range, zeros for the rest."""
        import numpy as np

        random = np.random.default_rng(INPUT_SEED)
        for details in self._interpreter.get_input_details():
            values = input_values(details["shape"], np.dtype(details["dtype"]), random)
            try:
                self._interpreter.set_tensor(details["index"], values)
            except (ValueError, RuntimeError) as error:
                raise _cannot_run(self._model, error) from error

    def invoke(self) -> None:
        try:
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise _cannot_run(self._model, error) from error

    def delegated_parts(self) -> list[list[int]]:
        """The numbers of the operations of each part that the delegate took, parts in the order in which they run.

        Empty when this version of the runtime does not tell.
        """
        try:
            return [sorted(part) for part in _parts(_nodes(self._interpreter))[1]]
        except _UNTOLD:
            return []


def check_mark(model: Model) -> None:
    """Raise `UserError` for what is no `.tflite`."""
    if not model.content:
        raise user_error("is empty", "Export it again", place=model.place)
    if model.content[4:8] != _FILE_MARK:
        raise user_error("is not a .tflite file", "Its bytes 5 to 8 should read TFL3", place=model.place)


def check_model(model: Model) -> None:
    """Raise `UserError` for what is no `.tflite`, a damaged one, and one whose image may have any size.

    No runtime is ever given the first two, and nobody's size is 1 x 1, at which it would run the third.
    """
    check_mark(model)
    try:
        check_file(model.content)
        check_closed(model.content)
    except Problem as problem:
        raise UserError(problem.at(model.place)) from problem


def _allocated(interpreter: Callable[..., Any], model: Model, threads: int) -> Any:
    try:
        made = interpreter(model_content=model.content, num_threads=threads)
    except (ValueError, RuntimeError) as error:
        fact = f"is not a valid .tflite file ({first_line(error).strip().rstrip('.')})"
        raise user_error(fact, "Was it cut short?", place=model.place) from error
    try:
        made.allocate_tensors()
    except (ValueError, RuntimeError, MemoryError) as error:
        raise _cannot_run(model, error) from error
    return made


def _cannot_run(model: Model, error: Exception) -> UserError:
    remedy = "It needs an operator that LiteRT does not have" if "unresolved custom op" in str(error) else ""
    return user_error(f"cannot be run by LiteRT ({first_line(error).strip().rstrip('.')})", remedy, place=model.place)


def _system(interpreter: Any) -> System:
    operations, delegated = delegation(_nodes(interpreter))
    return System(
        runtime="LiteRT",
        version=runtime_version(),
        delegate=named_delegate(delegated),
        operations=operations,
        delegated=delegated,
        inputs=tuple(_described(details) for details in interpreter.get_input_details()),
    )


def runtime_version() -> str:
    """Of the installed LiteRT; empty when it is not installed as a package."""
    try:
        return version("ai-edge-litert")
    except PackageNotFoundError:
        return ""


def _described(details: Mapping[str, Any]) -> str:
    """`1x224x224x3 float32`; a batch that the file leaves open is run as 1 and said to be open."""
    sizes = "x".join(str(int(size)) for size in details["shape"])
    is_open = any(int(size) < 0 for size in details.get("shape_signature", ()))
    return f"{sizes} {details['dtype'].__name__}" + (" (batch open in the file)" if is_open else "")


def named_delegate(delegated: int | None) -> str | None:
    """XNNPACK is the only delegate that the interpreter applies by itself."""
    return {None: None, 0: "none"}.get(delegated, "XNNPACK")


def _nodes(interpreter: Any) -> Any:
    try:
        return interpreter._get_ops_details()
    except (AttributeError, RuntimeError):
        return None


def delegation(nodes: Any) -> tuple[int | None, int | None]:
    """Operations of the model, and how many were delegated, from an interpreter's nodes; (None, None) is "not told"."""
    try:
        own, parts = _parts(nodes)
    except _UNTOLD:
        return None, None
    return own, len(set().union(*parts))


_UNTOLD = (AttributeError, KeyError, TypeError, ValueError, RuntimeError)


def _parts(nodes: Any) -> tuple[int, list[set[int]]]:
    """Operations of the model, and those of each part that was delegated.

    A delegate's node stands for all operations between its inputs and its outputs, so going back from its outputs
    to its inputs finds exactly those that it took.
    """
    own = [node for node in nodes if node["op_name"] != "DELEGATE"]
    kernels = [node for node in nodes if node["op_name"] == "DELEGATE"]
    return len(own), [_between(own, kernel["inputs"], kernel["outputs"]) for kernel in kernels]


def _between(nodes: Sequence[Mapping[str, Any]], inputs: Sequence[int], outputs: Sequence[int]) -> set[int]:
    """Positions of the nodes that make `outputs` from `inputs`."""
    maker = {int(tensor): position for position, node in enumerate(nodes) for tensor in node["outputs"]}
    stop = {int(tensor) for tensor in inputs}
    found: set[int] = set()
    waiting = [int(tensor) for tensor in outputs]
    while waiting:
        tensor = waiting.pop()
        position = maker.get(tensor)
        if tensor in stop or position is None or position in found:
            continue
        found.add(position)
        waiting.extend(int(source) for source in nodes[position]["inputs"])
    return found
