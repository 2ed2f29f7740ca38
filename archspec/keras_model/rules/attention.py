"""Attention, by the layers that it is made of: projections, two matrix products, a softmax."""

from __future__ import annotations

from archspec.errors import Problem
from archspec.graph import Tensor, layers
from archspec.keras_model.call import Call
from archspec.keras_model.rules.activations import with_activation

TOKEN_AXES = 2


def multi_head_attention(call: Call) -> Tensor:
    """`MultiHeadAttention` over tokens `(N, tokens, C)`: each projection is one dense layer of all heads."""
    query, value, key = _inputs(call)
    call.refuse("use_gate", "sliding_window", "flash_attention")
    heads, key_size = int(call.get("num_heads")), int(call.get("key_dim"))
    value_size = int(call.get("value_dim") or key_size)
    if call.get("output_shape") not in (None, [query.channels], query.channels):
        raise Problem(f"output_shape {call.get('output_shape')} has no rule", "Leave it out")
    use_bias = bool(call.get("use_bias", True))

    def heads_of(x: Tensor, part: str, size: int) -> Tensor:
        made = call.add(layers.Dense, x, part=part, inner=f"{part}_dense", units=heads * size, use_bias=use_bias)
        made = call.add(layers.Reshape, made, part=f"{part}.heads", target_shape=(x.shape[0], heads, size))
        return call.add(layers.Permute, made, part=f"{part}.by_head", dims=(2, 1, 3))

    queries, keys = heads_of(query, "query", key_size), heads_of(key, "key", key_size)
    values = heads_of(value, "value", value_size)
    queries = call.add(layers.Rescaling, queries, part="query.scaled", scale=key_size**-0.5)
    scores = call.add(layers.MatMul, queries, keys, part="scores", transpose_b=True)
    shares = call.add(layers.Softmax, scores, part="shares")
    found = call.add(layers.MatMul, shares, values, part="mixed")
    found = call.add(layers.Permute, found, part="by_token", dims=(2, 1, 3))
    found = call.add(layers.Reshape, found, part="tokens", target_shape=(query.shape[0], heads * value_size))
    return call.add(layers.Dense, found, inner="output_dense", units=query.channels, use_bias=use_bias)


def _inputs(call: Call) -> tuple[Tensor, Tensor, Tensor]:
    if call.options.get("attention_mask") is not None or call.options.get("use_causal_mask"):
        raise Problem("attention with a mask has no rule")
    if call.options.get("return_attention_scores"):
        raise Problem("attention that gives its scores back has no rule")
    given = [call.given(at, key) for at, key in enumerate(("query", "value", "key"))]
    query, value = given[0], given[1]
    key = given[2] if isinstance(given[2], Tensor) else value
    for one in (query, value, key):
        if not isinstance(one, Tensor) or len(one.shape) != TOKEN_AXES:
            shape = list(one.shape) if isinstance(one, Tensor) else one
            raise Problem(f"attention over {shape} has no rule", "Reshape it to (tokens, channels) first")
    return query, value, key


def attention(call: Call) -> Tensor:
    """`Attention`: dot products of queries and keys, without arrays of its own."""
    call.refuse("use_scale")
    if call.get("score_mode", "dot") != "dot" or call.options.get("mask"):
        raise Problem("attention with a mask or another score than dot has no rule")
    tensors = call.tensors
    query, value = tensors[0], tensors[1]
    key = tensors[2] if len(tensors) > TOKEN_AXES else value
    scores = call.add(layers.MatMul, query, key, part="scores", transpose_b=True)
    return call.add(layers.MatMul, call.add(layers.Softmax, scores, part="shares"), value)


def einsum_dense(call: Call) -> Tensor:
    """`EinsumDense` that is a dense layer of the last axis: `abc,cd->abd`."""
    left, _, right = str(call.get("equation")).replace(" ", "").partition("->")
    first, _, kernel = left.partition(",")
    units = call.get("output_shape")
    units = int(units[-1] if isinstance(units, list) else units)
    plain = len(kernel) == TOKEN_AXES and first[-1] == kernel[0] and right == first[:-1] + kernel[1]
    if not plain or len(set(first)) != len(first):
        raise Problem(f"the equation {call.get('equation')} has no rule", "Use Dense, or keras.ops.matmul")
    bias = call.get("bias_axes")
    if bias not in (None, kernel[1]):
        raise Problem(f"bias_axes {bias} has no rule", f"Use bias_axes='{kernel[1]}'")
    return with_activation(call, call.add(layers.Dense, units=units, use_bias=bias is not None))


LAYERS = {"Attention": attention, "EinsumDense": einsum_dense, "MultiHeadAttention": multi_head_attention}
