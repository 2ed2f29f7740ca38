"""Multi-head self-attention over the places of a map, or over tokens: (N, H, W, C) -> (N, H, W, filters)."""

from typing import Annotated

from archspec.graph import Range, Tensor, layers

Channels = Annotated[int, Range(ge=1)]


def self_attention(
    x: Tensor,
    *,
    heads: Annotated[int, Range(ge=1)] = 8,
    key_channels: Channels | None = None,
    value_channels: Channels | None = None,
    filters: Channels | None = None,
    bias: bool = True,
    dropout: Annotated[float, Range(ge=0, lt=1)] = 0.0,
    name: str,
) -> Tensor:
    """Each place takes the values of all places, by the softmax of its query times their keys over √key_channels.

    `key_channels` and `value_channels` are of one head; left out, the heads share the channels that come in. The four
    linear maps are those of Keras's `MultiHeadAttention` (arXiv:1706.03762), weight for weight. Costs grow with the
    square of the number of places: for maps of stride 16 and more.
    """
    key = key_channels or max(1, x.channels // heads)
    value = value_channels or key
    tokens = layers.Reshape((-1, x.channels), name=f"{name}/tokens")(x)
    query = _headed(tokens, heads, key, bias, f"{name}/query")
    query = layers.Rescaling(key**-0.5, name=f"{name}/query/scaled")(query)
    keys = _headed(tokens, heads, key, bias, f"{name}/key")
    logits = layers.MatMul(transpose_b=True, name=f"{name}/logits")([query, keys])
    shares = layers.Softmax(name=f"{name}/shares")(logits)
    if dropout:
        shares = layers.Dropout(dropout, name=f"{name}/dropout")(shares)
    values = _headed(tokens, heads, value, bias, f"{name}/value")
    y = layers.MatMul(name=f"{name}/mixed")([shares, values])
    if heads > 1:
        y = layers.Permute((2, 1, 3), name=f"{name}/places_first")(y)
    y = layers.Reshape((*x.shape[:-1], heads * value), name=f"{name}/joined")(y)
    return layers.Dense(filters or x.channels, use_bias=bias, name=f"{name}/output")(y)


def _headed(tokens: Tensor, heads: int, channels: int, bias: bool, name: str) -> Tensor:
    """`(places, C)` -> `(heads, places, channels)`; of a single head `(places, channels)`."""
    y = layers.Dense(heads * channels, use_bias=bias, name=name)(tokens)
    if heads == 1:
        return y
    y = layers.Reshape((-1, heads, channels), name=f"{name}/heads")(y)
    return layers.Permute((2, 1, 3), name=f"{name}/heads_first")(y)


EXAMPLES = [
    ((5, 6, 8), {"heads": 2}),
    ((5, 6, 8), {"heads": 1, "key_channels": 3, "bias": False}),
    ((3, 4, 8), {"heads": 4, "key_channels": 3, "value_channels": 5, "filters": 7, "dropout": 0.1}),
]
