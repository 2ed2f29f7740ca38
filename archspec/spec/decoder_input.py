"""What a decoder reads: features, of which it makes the class scores itself, or scores, which it brings to size.

And where scores are made too early: before a decoder, a neck or a head that reads features, or twice.

Declared in a block's file as `READS = "features"` (or `"scores"`), in a part's file as `reads: features`. A block that
declares nothing reads features when it takes `classes`; a list of steps reads features when one of its blocks does.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from archspec.catalog import Catalog
from archspec.errors import Fault, Place, UserError, nearest, user_error
from archspec.spec.document_file import shown_path
from archspec.spec.nodes import Items, Node, Scalar, Table, one_line, only_key
from archspec.spec.parts import load_part
from archspec.spec.sections import Named, StepTemplate, find_part, read_section
from archspec.spec.words import CHOOSE, NONE, READS, SECTION_DEFAULTS

Reads: TypeAlias = Literal["features", "scores"]
FEATURES: Reads = "features"
SCORES: Reads = "scores"
OF_FEATURES = ("backbone", "neck", "head")  # sections that end with features
_OWN_PREPROCESSING = "\nOWN_PREPROCESSING = True\n"
_DECLARED = re.compile(r"^READS\b[^=\n]*=\s*(.*?)\s*(?:#.*)?$", re.MULTILINE)


def default_classifier(decoder: Node | None, catalog: Catalog) -> str | None:
    """The classifier of a spec that writes none; None where the decoder is an open choice that does not settle it."""
    found = _reads(decoder, catalog)
    if len(found) > 1:
        return None
    return NONE if FEATURES in found else SECTION_DEFAULTS["classifier"]


def squeezing_fault(document: Table, catalog: Catalog) -> Fault | None:
    """The fault of a spec that leaves what reads features only class scores; None where it does not."""
    decoder = document.get("decoder")
    if _reads(decoder, catalog) != {FEATURES}:
        return _scored_too_early(document, catalog)
    name = only_key(decoder) or (decoder.value if isinstance(decoder, Scalar) else None)
    what = f"the decoder '{one_line(str(name))}'" if name else "the decoder"
    entry = document.entries.get("classifier")
    if entry is not None and _is_fixed(entry.node):
        if isinstance(entry.node, Scalar) and entry.node.value == NONE:
            return _squeezing_features(document, what, catalog)
        if not all(block in catalog.blocks() for block in _blocks("classifier", entry.node, catalog)):
            return None  # linting reports a name that does not exist
        fact = f"{what} reads features, and the classifier before it leaves only the scores of the classes"
        return Fault(fact, "Write classifier: none, the decoder makes the scores", "classifier", entry.node.place)
    return _squeezing_features(document, what, catalog) if entry is None else None


def _squeezing_features(document: Table, what: str, catalog: Catalog) -> Fault | None:
    """The last section of features before a decoder of features ends with scores."""
    written = [kind for kind in OF_FEATURES if _is_there(document.get(kind))]
    last = written[-1] if written else ""
    block = _scoring(last, document.get(last), catalog) if last else ""
    if not block:
        return _scored_too_early(document, catalog)
    fact = f"{what} reads features, and the {last} ends with '{block}', the scores of the classes"
    remedy = f"Let the {last} end with features, the decoder makes the scores"
    return Fault(fact, remedy, last, document.entries[last].node.place)


def _scored_too_early(document: Table, catalog: Catalog) -> Fault | None:
    """A backbone, neck or head that ends with scores, before a section that reads features."""
    classifier = document.get("classifier") or Scalar(default_classifier(document.get("decoder"), catalog) or NONE)
    for index, kind in enumerate(OF_FEATURES):
        node = document.get(kind)
        block = _scoring(kind, node, catalog)
        readers = [one for one in OF_FEATURES[index + 1 :] if _is_there(document.get(one))]
        reader = readers[0] if readers else "classifier" if _is_there(classifier) else ""
        if node is not None and block and reader:
            fact = f"the {kind} ends with '{block}', the scores of the classes, and the {reader} reads features"
            remedy = f"Let the {kind} end with features{'' if readers else ', or write classifier: none'}"
            return Fault(fact, remedy, kind, node.place)
    return None


def _scoring(kind: str, node: Node | None, catalog: Catalog) -> str:
    """The last block of a section where it makes scores of features; empty where it does not, or is open."""
    if node is None or not _is_there(node):
        return ""
    blocks = _blocks(kind, node, catalog)
    path = catalog.blocks().get(blocks[-1]) if blocks else None
    return one_line(blocks[-1]) if path is not None and _declared(path) == FEATURES else ""


def _is_there(node: Node | None) -> bool:
    """Whether a section is written, is not none, and is no open choice."""
    return node is not None and _is_fixed(node) and not (isinstance(node, Scalar) and node.value in (NONE, None))


def has_own_preprocessing(backbone: Node | None, catalog: Catalog) -> bool:
    """Whether a backbone is a block that brings the image itself to what it was trained on."""
    name = backbone.value if isinstance(backbone, Scalar) else only_key(backbone)
    if not isinstance(name, str) or find_part("backbone", name, catalog) is not None:
        return False
    path = catalog.blocks().get(name)
    return path is not None and _OWN_PREPROCESSING in path.read_text("utf-8", "replace")


def _is_fixed(node: Node) -> bool:
    """Whether something is written that is no open choice."""
    return not isinstance(node, Table) or only_key(node) != CHOOSE


def _reads(decoder: Node | None, catalog: Catalog) -> set[Reads]:
    """What a decoder reads; of an open choice, what each option does."""
    if isinstance(decoder, Table) and only_key(decoder) == CHOOSE:
        options = decoder.entries[CHOOSE].node
        return {one for item in options.items for one in _reads(item, catalog)} if isinstance(options, Items) else set()
    if decoder is None:
        return {SCORES}
    asked = read_section("decoder", decoder, "decoder", [])
    file = find_part("decoder", asked.name, catalog) if isinstance(asked, Named) else None
    declared = load_part("decoder", file.stem, file).reads if file else ""
    if declared:
        return {FEATURES if declared == FEATURES else SCORES}
    found = {block_reads(block, catalog) for block in _blocks("decoder", decoder, catalog)}
    return {FEATURES if FEATURES in found else SCORES}


def _blocks(kind: str, node: Node, catalog: Catalog) -> list[str]:
    """The blocks of a section in their order; none for what cannot be read, which linting reports."""
    asked = read_section(kind, node, kind, [])
    if asked is None:
        return []
    steps: Iterable[StepTemplate]
    if isinstance(asked, Named):
        file = find_part(kind, asked.name, catalog)
        if file is None:
            return [asked.name]
        steps = load_part(kind, asked.name, file).steps
    else:
        steps = asked.templates([])
    return [step.block for step in steps]


def block_reads(block: str, catalog: Catalog) -> Reads:
    """What a block reads. Raises `UserError` for a declaration that says neither."""
    path = catalog.blocks().get(block)
    if path is None:
        return SCORES
    declared = _declared(path)
    if declared is not None:
        return declared
    try:
        return FEATURES if "classes" in inspect.signature(catalog.function(block)).parameters else SCORES
    except (UserError, TypeError, ValueError):  # linting reports what is wrong with the block
        return SCORES


@cache
def _declared(path: Path) -> Reads | None:
    text = path.read_text("utf-8", "replace")
    match = _DECLARED.search(text)
    if match is None:
        return None
    word = match.group(1).strip("'\"")
    if word in READS:
        return FEATURES if word == FEATURES else SCORES
    place = Place(shown_path(path), text.count("\n", 0, match.start()) + 1, 1)
    raise user_error(f"READS must be one of {READS} ({one_line(word)})", nearest(word, READS), place=place)
