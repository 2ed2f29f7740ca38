"""Blocks and parts of the tests' own, in a plugin folder: no graph, only signatures."""

from pathlib import Path
from textwrap import dedent

from archspec.catalog import Catalog

FILES = {
    "gate.py": '''
        """A gate."""
        from typing import Annotated, Literal
        from archspec.graph import Range

        def gate(
            x, *, filters: Annotated[int, Range(ge=1, le=4096)], kernel: int | tuple[int, int] = 3,
            rate: Annotated[float, Range(gt=0, lt=1)] = 0.5, activation: Literal["relu", "none"] | None = "relu",
            bias: bool = False, stride: int = 1, groups: Annotated[int, Range(multiple_of=4)] = 4,
            note: str = "", classes: int = 0, name: str,
        ):
            """A gate of convolution.

            Args:
                filters: how many channels come out.
                kernel: side of the window.
            """
            return x
        ''',
    "cell.py": '''
        """A cell, with the annotations as text."""
        from __future__ import annotations
        from collections.abc import Sequence
        from typing import Literal, NotRequired, TypedDict

        class Branch(TypedDict):
            """One branch."""
            op: Literal["conv", "pool"]
            kernel: NotRequired[int]
            rate: NotRequired[tuple[int, int]]

        class Loose(TypedDict, total=False):
            size: int

        def cell(x: Tensor, *, branches: Sequence[Branch] = (), extra: Loose | None = None, name: str) -> Tensor:
            return x
        ''',
    "join.py": '''
        """Joins."""
        from collections.abc import Sequence

        def join(x: Sequence["Tensor"], *, name: str):
            return x
        ''',
    "backbones/tiny.yaml": """
        summary: tiny
        source: nowhere
        arguments: {last: 64, wide: {by_width: {0.5: 1, 1.0: 2, 2.0: 4}}}
        dilate: {by_variant: {paper: true, reference: false}}
        steps:
        - gate: {filters: {scaled: 20}, stride: 2}
          id: stem
        - gate: {filters: {by_width: {0.5: 8, 1.0: {by_variant: {paper: 16, reference: 24}}, 2.0: 32}}}
          repeat: {argument: wide}
        - gate: {filters: {argument: last}, kernel: {by_output_stride: {8: 3, 16: [3, 1], 32: 5}}}
        """,
}


def fake_catalog(folder: Path, **more: str) -> Catalog:
    """A catalog with the fake blocks and parts, and further files (`heads__small` is `heads/small.yaml`)."""
    named = {f"{name.replace('__', '/')}.yaml": text for name, text in more.items()}
    for name, text in {**FILES, **named}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), "utf-8")
    return Catalog((folder,))
