"""`Network`: a spec with everything that can be asked of it, each worked out once, when it is first asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archspec.cost import CostSheet, price
from archspec.errors import Problem, UserError
from archspec.graph import (
    Graph,
    auxiliary_digest,
    canonical_hash,
    cut_tail,
    equivalence_key,
    quantization_digest,
    without_labelling,
    without_layers,
)
from archspec.graph.trace import trace
from archspec.network import weights_file
from archspec.spec import Changes, ExpandedSpec, Spec, dump, expand, load, override, parse

if TYPE_CHECKING:
    from archspec.arrays import Array
    from archspec.catalog import Catalog
    from archspec.errors import Fault, Place
    from archspec.export import Exported, Precision
    from archspec.export.exporter import Representative
    from archspec.graph.weights import Statistics
    from archspec.weights import Imported

ShuffleMode = Literal["follow", "transpose"]
InputDtype = Literal["float32", "uint8"]
Route = Literal["direct", "tensorflow"]
FRESH = "fresh"
RECENT = 16


class Network:
    """A spec as a network. Nothing is worked out before it is asked for, and nothing twice.

    What is asked may raise `UserError` or `Problem`: a spec that can be read may still be impossible to build.

    Example:
        >>> from archspec.network import Network
        >>> network = Network.load("shufflenetv2_basic", ["input.size=[64,64]"])
        >>> network.cost.params, network.graph.outputs[0].shape
        (1148249, (64, 64))
    """

    def __init__(self, spec: Spec, *, graph: Graph | None = None, imported: Imported | None = None) -> None:
        """`graph` is another one than the spec's own (a part of it, or it with changes); `imported` are weights that
        take the place of those that the spec names."""
        self.spec = spec
        if graph is not None:
            self.__dict__["graph"] = graph
        if imported is not None:
            self.__dict__["imported"] = imported
        self._exported: dict[tuple[Any, ...], Exported] = {}

    @classmethod
    def load(cls, source: str | Path, overrides: Changes = (), *, catalog: Catalog | None = None) -> Network:
        """The network of a spec: a path or a bundled name, with overrides by their paths, or as `--set` takes them.

        Raises `UserError`.
        """
        return cls(load(source, overrides, catalog=catalog))

    @classmethod
    def of_text(cls, text: str, *, file: str, catalog: Catalog) -> Network:
        """The network of a spec's text, `file` in messages; one that this process dumped or read lately is not made
        again. Raises `UserError`."""
        known = _RECENT.get((text, catalog.plugins))
        if known is None:
            known = cls(parse(text, file=file, catalog=catalog))
            _remember(text, known)
        return known

    # --- the same with a change ---------------------------------------------------------------------------------------

    def changed(self, changes: Changes) -> Network:
        """The network of the spec with other values, by their paths, or as `--set` takes them. Raises `UserError`."""
        return Network(override(self.spec, changes))

    def with_graph(self, graph: Graph) -> Network:
        """The same spec with another graph, whose weights go by the names of the spec's."""
        network = Network(self.spec, graph=graph)
        network.__dict__["expanded"] = self.expanded
        return network

    def with_weights(self, imported: Imported, *, text: str | None = None) -> Network:
        """The same network, whose weights are these instead of those that its spec names. `text` is the spec as it is
        to be written, where that names the weights otherwise."""
        network = Network(self.spec, graph=self.graph, imported=imported)
        network.__dict__.update({"expanded": self.expanded} | ({} if text is None else {"text": text}))
        return network

    def without_tail(self) -> tuple[Network, tuple[str, ...]]:
        """It without its last upsampling and what follows, and the names of the layers left out; none, and the network
        itself, where it does not end in any."""
        graph = without_layers(self.graph, ())
        left_out = cut_tail(graph)
        return (self.with_graph(graph), left_out) if left_out else (self, ())

    def with_auxiliary(self) -> Network:
        """It as it is trained: the scores of the auxiliary heads are further outputs of the graph. The network itself
        where it has none. Raises `UserError` for a head that cannot be."""
        return self._trained if self.expanded.auxiliary else self

    @cached_property
    def _trained(self) -> Network:
        return self.with_graph(trace(self.expanded, self.catalog, auxiliary=True))

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Of the spec."""
        return self.spec.name

    @property
    def catalog(self) -> Catalog:
        """What the spec's names stand for."""
        return self.spec.catalog

    @property
    def place(self) -> Place:
        """Where its first section is written: faults of the whole network are told there."""
        return self.expanded.sections[0].place

    @cached_property
    def text(self) -> str:
        """The spec as YAML, with everything merged into it."""
        text = dump(self.spec)
        _remember(text, self)
        return text

    @cached_property
    def expanded(self) -> ExpandedSpec:
        """The spec with every selector resolved and every part filled in."""
        return expand(self.spec)

    @cached_property
    def graph(self) -> Graph:
        """The graph. It is shared: whoever changes a graph changes a copy."""
        return trace(self.expanded, self.catalog)

    @cached_property
    def hash(self) -> str:
        """The canonical hash of the graph: equal for networks that are the same function by the same operators."""
        return canonical_hash(self.graph)

    @cached_property
    def equivalence_key(self) -> str:
        """Equal for networks that compute the same function, at whatever cost."""
        return equivalence_key(self.graph)

    @cached_property
    def cost(self) -> CostSheet:
        """Parameters, operations, memory and size of the file, exact."""
        expanded = self.expanded
        trained = self.with_auxiliary().graph if expanded.auxiliary else None
        last = self.graph.taps.get("backbone") if self.graph.cut else None  # what was cut may end before
        stride = expanded.output_stride if last is None else min(expanded.output_stride, last.stride)
        return price(self.graph, classes=expanded.classes, output_stride=stride, with_auxiliary=trained)

    @cached_property
    def auxiliary_digest(self) -> str:
        """8 hexadecimal letters for the auxiliary heads and their weights: a training depends on them, the network
        does not. Empty where there are none."""
        heads = self.expanded.auxiliary
        return auxiliary_digest(self.with_auxiliary().graph, [head.weight for head in heads]) if heads else ""

    @cached_property
    def quantization_digest(self) -> str:
        """8 hexadecimal letters for how an int8 file is made of the network, where that is not the usual way; the
        hash does not know of it. Empty where it is."""
        how = self.expanded.quantization
        return quantization_digest(self.graph, how.calibration) if how.values else ""

    @property
    def candidate_key(self) -> str:
        """Equal for networks that a search need not tell apart: one function, trained and quantised alike."""
        return self.equivalence_key + self.auxiliary_digest + self.quantization_digest

    @property
    def variant_hash(self) -> str:
        """The hash; longer for a network whose int8 file is made in another way than the usual one."""
        return self.hash + self.quantization_digest

    @cached_property
    def cautions(self) -> tuple[Fault, ...]:
        """What would do nothing at this size of the image, though it can be built: each with its place and a remedy."""
        from archspec.graph import small_map_cautions

        return small_map_cautions(self.graph)

    def __repr__(self) -> str:
        try:
            cost, shape = self.cost, self.graph.inputs[0].shape
        except (UserError, Problem) as error:
            return f"<Network {self.name}, which cannot be built: {error}>"
        size = " x ".join(map(str, shape))
        return f"<Network {self.name}: {size}, {cost.params:,} parameters, {cost.gflops:.3f} GFLOPs>"

    def __str__(self) -> str:
        return str(self.cost)

    def _repr_html_(self) -> str:
        from archspec.cost import drawing_of

        return f"{self.cost._repr_html_()}{drawing_of(self.graph)}"

    # --- weights ------------------------------------------------------------------------------------------------------

    @cached_property
    def imported(self) -> Imported | None:
        """The weights that the spec names; None where it names none. Raises `UserError` where they do not fit."""
        return spec_weights(self.expanded, self.graph)

    @cached_property
    def weights(self) -> dict[str, Array]:
        """Every array by `node name/array name`: those of the spec's weights, the others freshly initialised."""
        return self.weights_from(0)

    def weights_from(self, seed: int) -> dict[str, Array]:
        """The same, those that the spec's weights lack initialised from a seed."""
        if self.imported is None:
            return self.fresh_weights(seed)
        return self.imported.complete(self.fresh_weights(seed))

    def fresh_weights(self, seed: int = 0, statistics: Statistics = "fresh") -> dict[str, Array]:
        """Every array as its initialiser makes it. `statistics="random"`: batch norms as those of a trained network."""
        from archspec.graph import initialise

        return initialise(self.graph, seed, statistics)

    @property
    def weights_digest(self) -> str:
        """What stands for the spec's weights; `fresh` where it names none."""
        return FRESH if self.imported is None else self.imported.digest

    def describe_weights(self, seed: int = 0) -> str:
        """Where the weights come from, in words."""
        fresh = f"freshly initialised, seed {seed}"
        return fresh if self.imported is None else self.imported.describe(fresh)

    # --- what is made of it -------------------------------------------------------------------------------------------

    def to_tflite(
        self,
        path: str | Path | None = None,
        *,
        precision: Precision = "float32",
        representative: Representative | None = None,
        labels: Sequence[str] | None = None,
        shuffle: ShuffleMode = "follow",
        input_dtype: InputDtype | None = None,
        via: Route = "direct",
        weights: Mapping[str, Array] | None = None,
        with_spec: bool | None = None,
    ) -> Exported:
        """The network as a `.tflite` that reads `(1, H, W, C)` in 0..255; written to `path` where one is named.

        At int8 it is made as the spec says under `quantization`. `representative` is a folder of images, or images in
        0..255 as an array `(N, H, W, C)` or a sequence of `(H, W, C)`, for the ranges of int8; a synthetic default
        stands in, which the result's notes say. `weights` are others than the network's own. `with_spec` puts the
        spec's text into the file's metadata, where `labels` go too (None: where a path is named). `via="tensorflow"`
        takes TensorFlow's converter.
        Raises `UserError` for what cannot be exported.
        """
        with_spec = path is not None if with_spec is None else with_spec
        options: dict[str, Any] = {
            "precision": precision, "shuffle": shuffle, "input_dtype": input_dtype, "representative": representative,
            "labels": labels or None, "spec_text": self.text if with_spec else None,
            "deep_range": self.expanded.deep_range, "calibration": self.expanded.quantization.calibration,
        }  # fmt: skip
        plain = weights is None and representative is None
        key = (precision, shuffle, input_dtype, tuple(labels or ()), with_spec, via)
        if plain and key in self._exported:
            exported = self._exported[key]
        else:
            exported = self._export(self.weights if weights is None else weights, via, options)
            if plain:
                self._exported[key] = exported
        if path is not None:
            from archspec.record import write_bytes

            write_bytes(Path(path), exported.data)
        return exported

    def _export(self, weights: Mapping[str, Array], via: Route, options: dict[str, Any]) -> Exported:
        try:
            if via == "tensorflow":
                from archspec.network.via_tensorflow import export_with_tensorflow

                return export_with_tensorflow(self.graph, weights, **options)
            from archspec.export import export

            return export(self.graph, weights, **options)
        except Problem as problem:
            raise UserError(problem.at(self.place)) from problem

    def to_keras(
        self,
        *,
        output: Literal["logits", "spec"] = "logits",
        weights: Mapping[str, Array] | None = None,
        policy: str = "float32",
    ) -> Any:
        """A `keras.Model` from `(N, H, W, C)` in 0..255 to logits `(N, h, w, classes)`, with the network's weights.

        `output="spec"` ends as the spec says (a label map, for `output: argmax`). `weights` are others than the
        network's own; `policy` is Keras's dtype policy. Imports TensorFlow. Raises `UserError`.
        """
        from archspec import lower

        graph = self.graph if output == "spec" else without_labelling(self.graph)
        return lower.to_keras(graph, self.weights if weights is None else weights, policy=policy)


_RECENT: OrderedDict[tuple[str, tuple[Path, ...]], Network] = OrderedDict()
"""The networks of this process by their spec's text, the latest last: a search proposes, evaluates and writes down
the same one."""


def _remember(text: str, network: Network) -> None:
    _RECENT[text, network.catalog.plugins] = network
    if len(_RECENT) > RECENT:
        _RECENT.popitem(last=False)


def _graph_of(spec: str, settings: Changes) -> Graph:
    from archspec.catalog import Catalog

    return Network.load(spec, settings, catalog=Catalog()).graph


hold_weights = partial(weights_file.hold_weights, _graph_of)
import_weights = partial(weights_file.import_weights, _graph_of)
spec_weights = partial(weights_file.spec_weights, _graph_of)
