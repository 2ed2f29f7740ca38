"""How far each layer sees into the image, in pixels: theoretical, not clipped at the border."""

from __future__ import annotations

from archspec.graph.tensor import Graph, Tensor


def receptive_fields(graph: Graph) -> dict[str, tuple[int, int]]:
    """`(height, width)` in pixels by node name. A global pooling and all that follows it see at least the whole image.

    `r_out = r_in + (reach - 1) · jump`, where `jump` is the product of the strides before it (arXiv:1603.07285 §4).
    """
    image = graph.inputs[0].size
    fields: dict[str, tuple[int, int]] = {}
    for node in graph.nodes:
        height, width = _widest(node.inputs, fields)
        window = node.layer.window(node)
        if window is None:
            fields[node.name] = max(height, image[0]), max(width, image[1])
            continue
        jump = node.inputs[0].stride if node.inputs else 1
        (kernel_height, kernel_width), _ = window
        fields[node.name] = height + (kernel_height - 1) * jump, width + (kernel_width - 1) * jump
    return fields


def _widest(inputs: tuple[Tensor, ...], fields: dict[str, tuple[int, int]]) -> tuple[int, int]:
    height = width = 1
    for tensor in inputs:
        field = fields[tensor.node.name]
        height, width = max(height, field[0]), max(width, field[1])
    return height, width
