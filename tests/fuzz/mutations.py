"""Seeded damage to a YAML text: to its tree (keys, values, types, extremes), to its lines, to its bytes."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from archspec.spec.nodes import plain
from archspec.spec.yaml_text import read_mapping
from tests.fuzz.odd_values import CONTROL, MARKS, NUMBERS, OTHERS, WORDS

Holder = dict[Any, Any] | list[Any]
Spot = tuple[Holder, Any]  # where a value stands: `holder[key]`


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def mutated(text: bytes, generator: random.Random, words: list[str]) -> bytes:
    """The text with one to four mutations; `words` are names that are good somewhere."""
    count = generator.choice((1, 1, 1, 2, 2, 3, 4))
    if generator.random() < 0.75:
        tree = loaded(text)
        if tree is not None:
            for _ in range(count):
                tree = _grown(tree, generator, words)
            with contextlib.suppress(RecursionError):  # of the dumper, not of what is tested
                text = _dumped(tree, generator)
    if generator.random() < 0.3:
        for _ in range(count):
            text = generator.choice(LINE_DAMAGE)(text, generator)
    if generator.random() < 0.12:
        for _ in range(count):
            text = _bytes_damaged(text, generator)
    return text


def loaded(text: bytes) -> dict[str, Any] | None:
    """The mapping in a text; None where it has none."""
    node = read_mapping(text.decode("utf-8", "replace"), "", [])
    return None if node is None else plain(node)


def _dumped(tree: Any, generator: random.Random) -> bytes:
    flow = generator.choice((None, None, False, True))
    found: str = yaml.dump(
        tree,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=flow,
        allow_unicode=generator.random() < 0.5,
        width=generator.choice((80, 10_000)),
    )
    return found.encode("utf-8", "surrogatepass")


def _spots(tree: Any) -> Iterator[Spot]:
    pairs: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield tree, key
        yield from _spots(value)


def _grown(tree: Any, generator: random.Random, words: list[str]) -> Any:
    """The tree after one change."""
    spots = list(_spots(tree))
    if not spots:
        return {generator.choice(words): _value(generator, words)}
    holder, key = generator.choice(spots)
    kind = generator.choice(
        ("replace", "replace", "replace", "delete", "rename", "add", "swap", "nest", "unnest", "twice", "deep")
    )
    if kind == "replace":
        holder[key] = _value(generator, words)
    elif kind == "delete":
        del holder[key]
    elif kind == "rename" and isinstance(holder, dict):
        renamed = {(_key(generator, words) if one == key else one): value for one, value in holder.items()}
        holder.clear()
        holder.update(renamed)
    elif kind == "add":
        if isinstance(holder, dict):
            holder[_key(generator, words)] = _value(generator, words)
        else:
            holder.insert(generator.randrange(len(holder) + 1), _value(generator, words))
    elif kind == "swap":
        other, there = generator.choice(spots)
        holder[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(holder[key])
    elif kind == "nest":
        holder[key] = [holder[key]] if generator.random() < 0.5 else {generator.choice(words): holder[key]}
    elif kind == "unnest" and isinstance(holder[key], dict | list) and holder[key]:
        inner = holder[key]
        holder[key] = copy.deepcopy(next(iter(inner.values())) if isinstance(inner, dict) else inner[0])
    elif kind == "twice" and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == "deep":
        value = holder[key]
        for _ in range(generator.choice((3, 30, 60))):
            value = [value] if generator.random() < 0.5 else {"choose": [value]}
        holder[key] = value
    return tree


def _key(generator: random.Random, words: list[str]) -> Any:
    return generator.choice(
        (
            generator.choice(words),
            generator.choice(WORDS),
            generator.choice(CONTROL),
            _typo(generator.choice(words), generator),
            generator.choice((1, 0.5, True, None)),
        )
    )


def _value(generator: random.Random, words: list[str]) -> Any:
    kind = generator.random()
    if kind < 0.3:
        return generator.choice(NUMBERS)
    if kind < 0.55:
        return generator.choice(words)
    if kind < 0.7:
        return generator.choice(WORDS)
    if kind < 0.8:
        return generator.choice(CONTROL)
    if kind < 0.9:
        return copy.deepcopy(generator.choice(OTHERS))
    return generator.choice(
        (
            generator.randrange(-4, 1025),
            generator.uniform(-2, 2),
            _typo(generator.choice(words), generator),
            [generator.choice(NUMBERS)] * generator.randrange(5),
            str(generator.choice(NUMBERS)),
        )
    )


def _typo(word: str, generator: random.Random) -> str:
    place = generator.randrange(len(word) + 1)
    return word[:place] + generator.choice(("", "x", "_", "-", " ", ".")) + word[place + 1 :]


# ---- lines -----------------------------------------------------------------------------------------------------------
def _line(change: Callable[[list[bytes], int, random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def damage(text: bytes, generator: random.Random) -> bytes:
        lines = text.splitlines(keepends=True) or [b"\n"]
        change(lines, generator.randrange(len(lines)), generator)
        return b"".join(lines)

    return damage


def _twice(lines: list[bytes], at: int, generator: random.Random) -> None:
    lines.insert(generator.randrange(len(lines) + 1), lines[at])


def _gone(lines: list[bytes], at: int, generator: random.Random) -> None:
    del lines[at]


def _indented(lines: list[bytes], at: int, generator: random.Random) -> None:
    lines[at] = generator.choice((b" ", b"  ", b"\t", b"    ")) + lines[at]


def _outdented(lines: list[bytes], at: int, generator: random.Random) -> None:
    lines[at] = lines[at].lstrip(b" ")


def _marked(lines: list[bytes], at: int, generator: random.Random) -> None:
    """A mark of YAML where a value begins, or anywhere in the line."""
    line = lines[at]
    colon = line.find(b": ")
    place = colon + 2 if colon >= 0 and generator.random() < 0.6 else generator.randrange(len(line) + 1)
    lines[at] = line[:place] + generator.choice(MARKS) + line[place:]


LINE_DAMAGE = tuple(map(_line, (_twice, _gone, _indented, _outdented, _marked, _marked, _marked)))


def _bytes_damaged(text: bytes, generator: random.Random) -> bytes:
    place = generator.randrange(len(text) + 1)
    kind = generator.randrange(4)
    if kind == 0:
        return text[:place]
    if kind == 1:
        return text[:place] + bytes([generator.randrange(256)]) + text[place + 1 :]
    if kind == 2:
        return text[:place] + text[place + generator.randrange(1, 40) :]
    return text[:place] + generator.randbytes(generator.randrange(1, 8)) + text[place:]
