"""Every word of the spec language that is not the name of a block, a part or an argument."""

from __future__ import annotations

SECTIONS = ("preprocess", "backbone", "neck", "head", "classifier", "decoder", "output")  # in the order data flows
TOP_SECTIONS = SECTIONS[1:]
INPUT_KEYS = ("size", "scale", "preprocess", "dtype", "channels", "deep_range")
TOP_KEYS = (
    "name", "source", "extends", "input", "classes", "width_multiplier", "output_stride", "variant", "weights",
    *TOP_SECTIONS, "auxiliary", "quantization", "together",
)  # fmt: skip
AUXILIARY = "auxiliary"
QUANTIZATION = "quantization"
TOGETHER = "together"  # choices whose options set several paths
AUXILIARY_KEYS = ("from", "head", "weight")
SECTION_DEFAULTS = {
    "preprocess": "symmetric",
    "neck": "none",
    "head": "none",
    "classifier": "classifier",
    "decoder": "none",
    "output": "argmax",
}
NONE = "none"
UNWRITTEN = ("neck",)  # sections that a spec as text leaves out where they are none

PART_KEYS = ("summary", "source", "arguments", "dilate", "reads", "steps")
READS = ("features", "scores")  # what a decoder may say it reads
STEP_KEYS = ("repeat", "id", "from")
UNTIL = "until"  # the step that a section ends with
WRITTEN_KEYS = ("steps", "dilate", "width_multiplier", "variant", UNTIL)  # a part written in the spec itself

VARIANTS = ("paper", "reference")
OUTPUT_STRIDES = (8, 16, 32)
DTYPES = ("float32", "uint8")

# What a selector may look at; a part adds its declared arguments.
SCOPE = ("width_multiplier", "output_stride", "variant", "classes", "input_size")
# What one section may set for itself.
SECTION_SCOPE = ("width_multiplier", "variant")
SECTION_SETTINGS = (*SECTION_SCOPE, UNTIL)  # what may be written beside the arguments of a part
# Parameters of a block that the network fills in, so that a step may not.
CONTEXT = frozenset((*SCOPE, "name", "taps", "nominal_stride", "dilate"))

SELECTED_BY = {"by_width": "width_multiplier", "by_variant": "variant", "by_output_stride": "output_stride"}
SELECTORS = (*SELECTED_BY, "argument", "scaled")
CHOOSE = "choose"
RANGE = "range"


def section_path(kind: str) -> str:
    """The path of a section in the spec."""
    return "input.preprocess" if kind == "preprocess" else kind


def article(kind: str) -> str:
    """`a head`, `an output`."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
