"""Examples of each kind of section of a page."""

from __future__ import annotations

import base64
from typing import Any

from archspec.reporters import Column, Table
from archspec.reporters.page import (
    Bar,
    Bars,
    Block,
    Conditions,
    Curve,
    Curves,
    Diagram,
    Distributions,
    Fact,
    Facts,
    File,
    Group,
    HeatMap,
    Line,
    Lines,
    Objective,
    Picture,
    Pictures,
    Point,
    Row,
    Samples,
    Scatter,
    Text,
    Texts,
)

_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EXAMPLES: dict[str, tuple[Any, ...]] = {
    "bars": (
        Bars("ms", (Bar("base", 12.5, 0.5, "", True), Bar("wider", 20.25, None, "+7.75"), Bar("failed", None)), 2),
        Bars("", (Bar("below zero", -1.0, 0.5),)),
    ),
    "conditions": (
        Conditions(
            (
                Group("latency", (("threads", "1"), ("runtime", "LiteRT 2.3"))),
                Group("", (("seed", "0"),)),
                Group("miou", tuple((f"condition {number}", str(number)) for number in range(5))),
            )
        ),
    ),
    "curves": (
        Curves(
            "step",
            (
                Curve("loss", ((10, 1.9), (20, 1.2), (30, 1.0))),
                Curve("val mIoU (%)", ((20, 12.0), (30, 14.0))),
                Curve("too short", ((30, 1.0),)),
            ),
        ),
    ),
    "diagram": (
        Diagram(
            (
                Block("backbone", "stem", (112, 112, 24), 2, 648, 8_000_000),
                Block("backbone", "stage2", (28, 28, 116), 8, 9, 9, 4),
                Block("head", "dpc", (14, 14, 512), 16, 100, 1_000_000),
            ),
            ((0, 1), (0, 2), (1, 2)),
        ),
    ),
    "distributions": (
        Distributions("ms", (Samples("a", (7.4, 7.3, 7.35, 8.05, 12.0), "noisy"), Samples("b", (3.0,)))),
        Distributions("ms", (Samples("always the same", (5.0, 5.0, 5.0)),)),
    ),
    "facts": (Facts((Fact("val mIoU", "64.5", "%", "101 images"), Fact("size", "6.02", "MB"))),),
    "heat_map": (
        HeatMap("class", ("road", "car"), ("a", "b"), ((91.2, None), (3.0, 55.5)), swatches=("#804080", "#00008e")),
    ),
    "lines": (
        Lines(
            (("time", "ms", 3), ("MACs", "10⁶", 1)),
            (File("specs/a.yaml", (Line(1, "name: a"), Line(2, "head: dpc", 0.25, (1.5, 30.0)))),),
        ),
    ),
    "pictures": (
        Pictures(
            (Row("0001", (Picture(_DOT, (1, 1), "image", "A street"), Picture(_DOT, (1, 1), "truth", "Its labels"))),),
            (("road", "#804080"),),
        ),
    ),
    "scatter": (
        Scatter(
            (Objective("latency", "ms", "low", 2), Objective("val mIoU", "%", "high", 1)),
            (Point("a", (5.0, 60.0), True, "width 0.5", "spec-a"), Point("b", (9.0, 58.0)), Point("c", (9.0, None))),
        ),
    ),
    "table": (
        Table(
            "Costs",
            (Column("name", "Network"), Column("macs", "MACs", "10⁶", "number", 1)),
            (("a", 1.25), ("b", None)),
            ("batch 1",),
        ),
    ),
    "texts": (
        Texts((Text("shufflenetv2_dpc", "name: shufflenetv2_dpc\nclasses: 19\n", "0.65 GFLOPs", "spec-a"),)),
        Texts((Text("a", "x: 1\n"), Text("b", "x: 2\n")), folded=True),
    ),
}
