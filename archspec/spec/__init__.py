"""The spec language: YAML text to a checked value (`Spec`), and that to a network of steps.

`load` and `parse` check everything that can be known without choosing a width; `expand` resolves selectors and gives
the steps. All faults are raised together in one `UserError`, each fault with file, line, column, path and remedy.
Other documents (recipes, studies, ablations) are read by a `DocumentReader`, with the same nodes, kinds and messages.
"""

from typing import TYPE_CHECKING, Any

from archspec.spec.composite_kinds import ListKind, MadeKind, MappingKind, RecordKind, UnionKind
from archspec.spec.document import NAME, SIZE, TOP_KINDS, Spec
from archspec.spec.document_file import decode_file, shown_path
from archspec.spec.document_reader import DocumentReader, Named, NamedKind, Written, find_written, joined
from archspec.spec.expanded import ExpandedSpec, Section, Step, WeightsFile
from archspec.spec.expansion import expand
from archspec.spec.kinds import (
    INVALID,
    AnyKind,
    BoolKind,
    Kind,
    LiteralKind,
    NullKind,
    NumberKind,
    Reads,
    Schema,
    TextKind,
    Wrap,
)
from archspec.spec.located_files import missing_weights, named_files, need_weights, text_with_files
from archspec.spec.nodes import BROKEN, Entry, Items, Node, Scalar, Table, from_plain, one_line, plain, shown
from archspec.spec.overrides import (
    Change,
    changes_none,
    closed_choices,
    describe_change,
    describe_closed,
    describe_unreached,
    unreached,
    unreached_fault,
)
from archspec.spec.paths import override_plain, split_path
from archspec.spec.signatures import kind_of, signature_of
from archspec.spec.sources import Changes, bundled_catalog, load, load_named, override, parse, parse_document, recalled
from archspec.spec.spec_text import dump, dump_expanded, dump_plain
from archspec.spec.special_values import Choice, make_divisible
from archspec.spec.words import CHOOSE, NONE, RANGE, TOGETHER
from archspec.spec.yaml_text import read_mapping, read_text

if TYPE_CHECKING:
    from archspec.catalog import Catalog


def json_schema(catalog: "Catalog | None" = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec, made from the signatures and docstrings of the catalog's blocks and parts."""
    from archspec.spec import schema  # not needed on the way to a cost

    return schema.json_schema(catalog)


__all__ = [
    "BROKEN", "CHOOSE", "INVALID", "NAME", "NONE", "RANGE", "SIZE", "TOGETHER", "TOP_KINDS", "AnyKind", "BoolKind",
    "Change", "Changes", "Choice", "DocumentReader", "Entry", "ExpandedSpec", "Items", "Kind", "ListKind",
    "LiteralKind", "MadeKind", "MappingKind", "Named", "NamedKind", "Node", "NullKind", "NumberKind", "Reads",
    "RecordKind", "Scalar", "Schema", "Section", "Spec", "Step", "Table", "TextKind", "UnionKind", "WeightsFile",
    "Wrap", "Written", "bundled_catalog", "changes_none", "closed_choices", "decode_file", "describe_change",
    "describe_closed", "describe_unreached", "dump", "dump_expanded", "dump_plain", "expand", "find_written",
    "from_plain", "joined", "json_schema", "kind_of", "load", "load_named", "make_divisible", "missing_weights",
    "named_files", "need_weights", "one_line", "override", "override_plain", "parse", "parse_document", "plain",
    "read_mapping", "read_text", "recalled", "shown", "shown_path", "signature_of", "split_path", "text_with_files",
    "unreached", "unreached_fault",
]  # fmt: skip
