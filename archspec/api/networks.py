"""`load` and `space`: from a name, a file, a text or a mapping to a network or a search space; `file_cost`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archspec.catalog import Catalog
from archspec.errors import Place, nearest, user_error
from archspec.files import is_file
from archspec.network import Network
from archspec.spec import Change, Changes, Spec, Table, from_plain, parse, parse_document, plain
from archspec.spec import load as load_spec

if TYPE_CHECKING:
    from archspec.export import Exported
    from archspec.export.file_cost import FileCost
    from archspec.search.space import Space

Source = str | os.PathLike[str] | Mapping[str, Any] | Network
"""A bundled name, a path, a folder that `archspec.train` left, YAML text, a mapping as in YAML, or a network."""
Plugins = Iterable[str | os.PathLike[str]]
MAPPING = "<mapping>"  # what messages call a document that was given as one


def load(source: Source, overrides: Changes = (), *, plugins: Plugins = ()) -> Network:
    """The network of a spec.

    Args:
        source: the name of a bundled spec, a path, the folder of a training run (its trained weights are loaded), YAML
            text, a mapping with the keys of a spec, or a network (which is given back, with the overrides).
        overrides: values by their paths, `{"width_multiplier": 0.5}`, or as the command takes them, `["classes=11"]`.
        plugins: folders of your own blocks and specs.

    Returns:
        A `Network`: `net.cost`, `net.graph`, `net.to_keras()`, `net.to_tflite(path)`, each worked out when it is first
        asked for, without TensorFlow where that is not needed.

    Raises:
        UserError: with every fault of the spec, each with file, line, column, path and remedy.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_dpc", {"width_multiplier": 0.5, "input.size": [360, 480]})
        >>> net
        <Network shufflenetv2_dpc: 360 x 480 x 3, 803,443 parameters, 1.192 GFLOPs>
        >>> archspec.load({"extends": "shufflenetv2_basic", "classes": 2}).cost.params
        1143880
    """
    if isinstance(source, Network):
        return source.changed(overrides) if overrides else source
    return Network(spec_of(source, overrides, catalog_of(plugins)))


def from_keras(
    model: Any, overrides: Changes = (), *, path: str | os.PathLike[str] | None = None, plugins: Plugins = ()
) -> Network:
    """The network of anybody's Keras model: priced, exported by archspec's own exporter, timed, compared.

    Args:
        model: a functional or Sequential `keras.Model`, with nested ones in it; or a `.keras` file.
        overrides: as of `archspec.load`, such as `{"input.size": [256, 256]}` for a model that takes any size.
        path: where the model is saved, since a network's spec names the file that its weights are in. Without it, in
            the user's cache, under a name that is made of what is in the model.
        plugins: folders of your own blocks.

    Returns:
        A `Network` with the model's layers, one node each or a few, and its weights. It reads the image as the model
        does, and gives what the model gives.

    Raises:
        UserError: with every layer that has no rule, each with its place in the model; for a model that takes no
            image, has several inputs, or is a class whose wiring is Python code.

    Example:
        >>> import archspec, keras
        >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, activation="relu"),
        ...                           keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)])
        >>> archspec.from_keras(model, {"name": "tiny"}, path="tiny.keras")
        <Network tiny: 32 x 32 x 3, 314 parameters, 0.000 GFLOPs>
    """
    if not isinstance(model, str | os.PathLike):
        from archspec import lower

        if path is None:
            path = lower.keep_keras(model)
        else:
            lower.save_keras(model, path)
        model = path
    return Network(spec_of(os.fspath(model), overrides, catalog_of(plugins)))


def space(source: Source, overrides: Changes = (), *, plugins: Plugins = ()) -> Space:
    """The search space of a spec with open choices: `{choose: [A, B]}`, `{range: {…}}` or a generator as a value.

    Args:
        source, overrides, plugins: as of `archspec.load`. An override closes a choice, or opens one:
            `{"width_multiplier": {"choose": [0.5, 1.0]}}`.

    Returns:
        A `Space`: `size` (the exact number of its points; None where a range is continuous), `networks(count)` drawn
        from it, `genomes()`, `network(genome)`.

    Raises:
        UserError: for a spec that is wrong, or has no open choice.

    Example:
        >>> import archspec
        >>> space = archspec.space("shufflenetv2_basic", {"width_multiplier": {"choose": [0.5, 1.0]},
        ...                                               "output_stride": {"choose": [8, 16]}})
        >>> space.size
        4
        >>> [net.cost.params for net in space.networks(2, seed=1)]
        [378931, 1148249]
        >>> space.network({"width_multiplier": 0.5, "output_stride": 16})
        <Network shufflenetv2_basic: 224 x 224 x 3, 378,931 parameters, 0.155 GFLOPs>
    """
    from archspec.search.space import Space  # not needed on the way to a network

    if isinstance(source, Network):
        return Space.of(source.changed(overrides).spec)
    return Space.of(spec_of(source, overrides, catalog_of(plugins)))


def file_cost(source: str | os.PathLike[str] | bytes | Exported) -> FileCost:
    """What a `.tflite` costs by what it says itself, whoever made it: no graph, nothing is run, no TensorFlow.

    Args:
        source: a path, the bytes of a file, or what `Network.to_tflite` gave.

    Returns:
        A `FileCost`: `params`, `macs`, `gflops`, `peak_memory_bytes`, `precision`, `by_code()`, `operators`;
        `not_counted` names the operators whose multiply-adds nobody has a rule for.

    Raises:
        UserError: for a file that cannot be read, is no `.tflite`, or is damaged.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_basic", {"input.size": [64, 64]})
        >>> cost = archspec.file_cost(net.to_tflite())
        >>> cost.macs == net.cost.macs, cost.peak_memory_bytes == net.cost.peak_memory_bytes
        (True, True)
        >>> [one.code for one in cost.by_code()][:2]
        ['CONV_2D', 'DEPTHWISE_CONV_2D']
    """
    from archspec.devices import Model
    from archspec.export.file_cost import file_cost as cost_of

    model = Model.of(source if isinstance(source, str | bytes | os.PathLike) else source.data)
    return cost_of(model.content, model.name, model.place)


def spec_of(source: str | os.PathLike[str] | Mapping[str, Any], overrides: Changes, catalog: Catalog | None) -> Spec:
    """The spec that is named or written. Raises `UserError`."""
    if isinstance(source, Mapping):
        document = from_plain(source, Place(MAPPING))
        assert isinstance(document, Table)  # noqa: S101 (of a mapping)
        return parse_document(document, Path(MAPPING), catalog, overrides)
    if is_text(source):
        return parse(str(source), overrides=overrides, catalog=catalog)
    trained = Path(source) / "spec.yaml"
    return load_spec(trained if is_file(trained) else os.fspath(source), overrides, catalog=catalog)


def several(some: Any) -> list[Any]:
    """One or several, as a list: a text, a path, a number, a mapping, a network and a result are one."""
    one = isinstance(some, str | os.PathLike | int | Mapping) or not isinstance(some, Iterable)
    return [some] if one else list(some)


def check_word(word: str | None, words: Iterable[str], what: str) -> None:
    """Raises `UserError`, with the nearest one, for a word that is none of them."""
    if word is not None and word not in words:
        raise user_error(f"unknown {what} '{word}'", nearest(word, words))


def changes_of(overrides: Changes, weights: object = None) -> list[Change]:
    """The changes of every spec of a document, the weights that all start from last."""
    found: list[Change] = [overrides] if isinstance(overrides, Mapping) else [*overrides]
    return found if weights is None else [*found, {"weights": weights}]


def names(some: str | Iterable[str]) -> tuple[str, ...]:
    """One name or several."""
    return (some,) if isinstance(some, str) else tuple(some)


def catalog_of(plugins: Plugins) -> Catalog | None:
    """The catalog with plugin folders; None where there are none: what a source was made with is then found."""
    folders = tuple(map(Path, plugins))
    return Catalog(folders) if folders else None


@contextmanager
def unguarded() -> Iterator[None]:
    """Processes that are started inside do not run the user's script again, which need not guard its `__main__`."""
    main = sys.modules["__main__"]
    kept = {name: main.__dict__.pop(name) for name in ("__file__",) if main.__spec__ is None and name in main.__dict__}
    try:
        yield
    finally:
        main.__dict__.update(kept)


def is_text(source: object) -> bool:
    """Whether it is YAML itself, not the name of a file."""
    return isinstance(source, str) and "\n" in source


def written(source: object) -> Any:
    """A document with its networks as the specs they are, for what reads mappings."""
    if isinstance(source, Network):
        return plain(parse(source.text, catalog=source.catalog).document)
    if isinstance(source, Mapping):
        return {key: written(value) for key, value in source.items()}
    if isinstance(source, list | tuple):
        return [written(item) for item in source]
    return source
