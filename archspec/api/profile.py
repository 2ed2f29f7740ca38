"""`profile` and `sensitivity`: where a network's milliseconds go, and what int8 costs it, by line, block or layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from archspec.api.latency import timed_source
from archspec.api.networks import Plugins, Source, check_word, load
from archspec.catalog import Catalog
from archspec.datasets import open_dataset
from archspec.errors import Place, user_error
from archspec.export import PRECISIONS
from archspec.file_kinds import KERAS, kind_of_file
from archspec.measures import (
    ProfileReport,
    Scoring,
    SensitivityReport,
    profile_file,
    profile_network,
    profile_sensitivity,
)
from archspec.measures._in_turns import is_file, model_of
from archspec.measures._sensitivity import PARTS
from archspec.network import Network

if TYPE_CHECKING:
    from archspec.devices import Method
    from archspec.export import Precision
    from archspec.export.exporter import Representative


def profile(
    network: Source,
    *,
    by: Literal["line", "block", "layer", "op"] | None = None,
    threads: int = 1,
    precision: Precision = "float32",
    method: Method | None = None,
    size: tuple[int, int] | None = None,
    plugins: Plugins = (),
) -> ProfileReport:
    """Time every operator of a network, or of any `.tflite`, on this machine.

    Args:
        network: as of `archspec.load`, or a `.tflite` file.
        by: what a row is; without it a line of the spec, or a layer of a file.
        threads, precision: of the runtime, and of a network's export.
        method: `"runtime"` (LiteRT's own profiler) or `"alone"` (each operator alone); else the first that works.
        size: height and width, for a `.tflite` that leaves its size open.
        plugins: folders of your own blocks.

    Returns:
        Milliseconds, share, MACs and GFLOP/s of each row, scaled to a whole run without a profiler.

    Raises:
        UserError: for what cannot be read or run.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_basic", {"input.size": [32, 32]})
        >>> frame = archspec.profile(net, by="block").to_frame()
        >>> round(frame["share"].sum())
        100
    """
    source = timed_source(network, plugins)
    return profile_of(source, (), None, by=by, threads=threads, precision=precision, method=method, size=size)


def sensitivity(
    network: Source,
    *,
    by: Literal["layer", "block"] = "layer",
    threads: int = 1,
    method: Method | None = None,
    representative: Representative | None = None,
    data: str = "",
    limit: int | None = None,
    plugins: Plugins = (),
    progress: Callable[[str, int, int], None] = lambda words, done, total: None,
) -> SensitivityReport:
    """What int8 costs, layer by layer: the signal-to-noise that each regains where it alone stays in float32.

    Args:
        network: as of `archspec.load`, with trained weights; untrained ones say little.
        by: what a row is.
        threads, method: as of `profile`.
        representative: a folder of images, or images `(N, H, W, C)` in 0..255, for the ranges and the logits; else
            generated ones.
        data: `"NAME:FOLDER"` of a data set, for the mean IoU with each of the first three rows in float32.
        limit: of its validation images the first so many.
        plugins: folders of your own blocks and data sets.
        progress: is called with (what is done, how much of it, how much in all).

    Returns:
        Decibels and milliseconds of each row, that which regains most first: leave it in float32 with
        `archspec.load(network, {"quantization.keep_float": [name]})`.

    Raises:
        UserError: for what cannot be read, exported or run.

    Example:
        >>> import archspec
        >>> net = archspec.load("shufflenetv2_basic", {"input.size": [32, 32]})
        >>> frame = archspec.sensitivity(net, by="block").to_frame()
        >>> bool(frame["regained_db"].is_monotonic_decreasing)
        True
    """
    check_word(by, tuple(PARTS), "kind of row")
    scoring = Scoring(open_dataset(data), limit) if data else None
    return profile_sensitivity(
        load(network, plugins=plugins), by=by, threads=threads, method=method, representative=representative,
        scoring=scoring, progress=progress,
    )  # fmt: skip


def profile_of(
    source: str | Network,
    overrides: Sequence[str],
    catalog: Catalog | None,
    *,
    by: str | None,
    threads: int,
    precision: Precision,
    method: Method | None,
    size: tuple[int, int] | None,
) -> ProfileReport:
    """The profile of a spec or a `.tflite`, as it is to be seen."""
    check_word(by, ("line", "block", "layer", "op"), "kind of row")
    check_word(precision, PRECISIONS, "precision")
    if isinstance(source, str) and is_file(source):
        if by == "line":
            remedy = "Use --by layer, block or op, or name its spec"
            raise user_error("a .tflite has no lines", remedy, place=Place("archspec"))
        return ProfileReport(profile_file(model_of(source, size), threads=threads, method=method), None, by or "layer")
    network = source if isinstance(source, Network) else Network.load(source, overrides, catalog=catalog)
    found = profile_network(network, precision=precision, threads=threads, method=method)
    has_lines = kind_of_file(network.spec.document.place.file) is not KERAS
    return ProfileReport(found, network, by or ("line" if has_lines else "layer"))
