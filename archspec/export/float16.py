"""float16: weights stored in half precision, made float32 again by DEQUANTIZE; XNNPACK does that once, at load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archspec.export.model import Model, ModelOperation, ModelTensor

LARGEST = 65504.0  # what float16 can hold


def to_float16(model: Model) -> Model:
    """Every kernel and bias as float16. Single numbers, such as the scale of the image, stay float32."""
    tensors = list(model.tensors)
    operations: list[ModelOperation] = []
    restored: dict[int, int] = {}
    for operation in model.operations:
        inputs = []
        for index in operation.inputs:
            if _is_weight(model.tensors[index]) and index not in restored:
                restored[index] = len(tensors)
                tensors.append(replace(model.tensors[index], name=f"{model.tensors[index].name}.float32", data=None))
                tensors[index] = _halved(model.tensors[index])
                operations.append(ModelOperation("DEQUANTIZE", (index,), (restored[index],), {}))
            inputs.append(restored.get(index, index))
        operations.append(replace(operation, inputs=tuple(inputs)))
    return replace(model, tensors=tuple(tensors), operations=tuple(operations))


def _is_weight(tensor: ModelTensor) -> bool:
    return tensor.data is not None and tensor.dtype == "float32" and tensor.shape != ()


def _halved(tensor: ModelTensor) -> ModelTensor:
    assert tensor.data is not None  # noqa: S101 (told by _is_weight)
    return replace(tensor, dtype="float16", data=np.clip(tensor.data, -LARGEST, LARGEST).astype(np.float16))
