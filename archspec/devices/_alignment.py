"""Which of a file's operators a delegate's own steps belong to: XNNPACK names its steps, not what they are for.

Both lists are in execution order, so they are laid beside each other as two texts are compared. An operator may
become no step (a dequantised constant, a clamp fused into the step before) or several (a clamp behind an addition).
"""

from __future__ import annotations

from collections.abc import Sequence

# The first words of XNNPACK's step names (LiteRT 2.3.0) -> the operators that become such a step.
STEPS: dict[str, tuple[str, ...]] = {
    "Fully Connected": ("CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL"),
    "Batch Matrix Multiply": ("BATCH_MATMUL", "FULLY_CONNECTED"),
    "Convolution": ("CONV_2D", "DEPTHWISE_CONV_2D"),
    "Deconvolution": ("TRANSPOSE_CONV", "CUSTOM:Convolution2DTransposeBias"),
    "Slice": ("SLICE", "STRIDED_SLICE", "SPLIT"),
    "Strided Slice": ("STRIDED_SLICE",),
    "Copy": ("CONCATENATION", "RESHAPE", "SPLIT", "EXPAND_DIMS", "SQUEEZE", "PACK"),
    "Static Reshape": ("RESHAPE", "EXPAND_DIMS", "SQUEEZE"),
    "Convert": ("QUANTIZE", "DEQUANTIZE", "CAST"),
    "Invalid Unary Op": ("QUANTIZE", "DEQUANTIZE", "MUL", "SUB", "ADD"),
    "Clamp": ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1"),
    "Add": ("ADD",),
    "Subtract": ("SUB",),
    "Multiply": ("MUL",),
    "Divide": ("DIV",),
    "Maximum": ("MAXIMUM",),
    "Minimum": ("MINIMUM",),
    "Squared Difference": ("SQUARED_DIFFERENCE",),
    "Max Pooling": ("MAX_POOL_2D",),
    "Average Pooling": ("AVERAGE_POOL_2D", "MEAN"),
    "Global Average Pooling": ("MEAN", "AVERAGE_POOL_2D"),
    "Mean": ("MEAN", "AVERAGE_POOL_2D"),
    "Sum": ("SUM",),
    "Resize Bilinear": ("RESIZE_BILINEAR",),
    "Constant Pad": ("PAD", "PADV2"),
    "PReLU": ("PRELU",),
    "Leaky ReLU": ("LEAKY_RELU",),
    "HardSwish": ("HARD_SWISH",),
    "Sigmoid": ("LOGISTIC",),
    "Softmax": ("SOFTMAX",),
    "Tanh": ("TANH",),
    "Space To Depth": ("SPACE_TO_DEPTH",),
    "Depth To Space": ("DEPTH_TO_SPACE",),
    "Transpose": ("TRANSPOSE",),
}
DEPTHWISE_MARK = "DWConv"
BEFORE = ("Convert",)  # a step of its own for the operator that comes next: its input, quantised at run time
FITS, STEP_LEFT, OPERATOR_LEFT, MISFIT = 4, -1, -1, -50


def align(steps: Sequence[str], operators: Sequence[str]) -> tuple[list[int], list[int]]:
    """For each step the position of its operator, and the positions of steps that fit none: a neighbour gets them.

    The best laying-side-by-side by dynamic programming: quadratic in a partition's length. Raises `ValueError` for
    steps without any operator.
    """
    if steps and not operators:
        raise ValueError("steps of a delegate that took no operator")
    if len(steps) == len(operators) and all(map(_fits, steps, operators)):
        return list(range(len(steps))), []
    matched = _matches(steps, operators)
    found, loose = [], []
    for position, step in enumerate(steps):
        if (own := matched.get(position)) is None:
            own = _neighbour(position, step, matched, len(steps), len(operators))
            if not _is_extra(step):
                loose.append(position)
        found.append(own)
    return found, loose


def _fits(step: str, operator: str) -> bool:
    name = step.partition(" (")[0]
    if DEPTHWISE_MARK in step and operator != "DEPTHWISE_CONV_2D":
        return operator == "CONV_2D"  # one input channel
    return operator in STEPS.get(name, ()) or name.upper().replace(" ", "_") == operator


def _is_extra(step: str) -> bool:
    """A step that belongs to another's operator: a clamp behind it, or a conversion of its input."""
    return step.startswith(("Clamp", "Copy", "Slice", *BEFORE))


def _matches(steps: Sequence[str], operators: Sequence[str]) -> dict[int, int]:
    """Step -> operator, in order, with the largest score."""
    rows, columns = len(steps) + 1, len(operators) + 1
    score = [[STEP_LEFT * row + OPERATOR_LEFT * column for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            pair = FITS if _fits(steps[row - 1], operators[column - 1]) else MISFIT
            score[row][column] = max(
                score[row - 1][column - 1] + pair,
                score[row - 1][column] + STEP_LEFT,
                score[row][column - 1] + OPERATOR_LEFT,
            )
    found: dict[int, int] = {}
    row, column = rows - 1, columns - 1
    while row and column:
        fits = _fits(steps[row - 1], operators[column - 1])
        if fits and score[row][column] == score[row - 1][column - 1] + FITS:
            row, column = row - 1, column - 1
            found[row] = column
        elif score[row][column] == score[row - 1][column] + STEP_LEFT:
            row -= 1
        else:
            column -= 1
    return found


def _neighbour(position: int, step: str, matched: dict[int, int], steps: int, operators: int) -> int:
    """The operator of the nearest matched step: the next one for a conversion, else the one before."""
    before = next((matched[other] for other in range(position, -1, -1) if other in matched), None)
    after = next((matched[other] for other in range(position, steps) if other in matched), None)
    first, second = (after, before) if step.startswith(BEFORE) else (before, after)
    chosen = first if first is not None else second
    return min(chosen if chosen is not None else 0, operators - 1)
