"""A network of keras.applications without its classifier: (N, H, W, C) -> (N, ceil(H/32), ceil(W/32), features)."""

from typing import Annotated, Literal

from archspec.errors import Problem
from archspec.graph import Range, Tensor, layers
from archspec.keras_model import Application, application_config, check_application, convert, preprocessing_of

OWN_PREPROCESSING = True
TAPS = ("stage1", "stage2", "stage3", "stage4", "stage5")
BGR_MEANS = (103.939, 116.779, 123.68)  # of ImageNet's blue, green and red, as Caffe took them off
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Name = Literal[
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121", "DenseNet169",
    "DenseNet201", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4",
    "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2",
    "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "NASNetLarge", "NASNetMobile", "ResNet101",
    "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50", "ResNet50V2", "VGG16", "VGG19", "Xception",
]  # fmt: skip


def keras_application(
    x: Tensor,
    *,
    name_: Name,
    weights: str = "none",
    alpha: Annotated[float, Range(gt=0, le=4)] = 1.0,
    minimalistic: bool = False,
    output_stride: int = 16,
    dilate: bool = True,
    name: str,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The image in 0..255 is brought to what the network was trained on. Strides past the output stride become
    dilation; `stage1` to `stage5` are the last maps at what were the strides 2 to 32.

    Args:
        name: as Keras has it, such as EfficientNetV2B0
        weights: imagenet (Keras downloads them, once), a .keras, .weights.h5 or _notop.h5 file, or none
        alpha: the width of a MobileNet
        minimalistic: the form of MobileNetV3 without squeeze-and-excite and hard swish
    """
    height, width = x.size
    one = Application(name_, height, width, x.channels, alpha, minimalistic, published=weights != "none")
    check_application(one)
    if x.node.inputs:
        raise Problem(
            f"{name_} brings the image itself to what it was trained on, and something is done to it before",
            "Write input: {preprocess: none}",
        )
    config = application_config(one)
    image = _preprocessed(x, preprocessing_of(name_), f"{name}/preprocess")
    found = convert(config, [image], name=name, file=name_, output_stride=output_stride if dilate else None)
    if weights != "none":
        file = one.published_file if weights == "imagenet" else weights
        x.node.graph.variables |= {key: array._replace(file=file) for key, array in found.variables.items()}
    return found.outputs[0], found.taps


def _preprocessed(x: Tensor, how: str, name: str) -> Tensor:
    """What `preprocess_input` of the network's module does."""
    if how == "inside":
        return x
    if how == "symmetric":
        return layers.Rescaling(2 / 255, -1.0, name=name)(x)
    if x.channels != 3:
        raise Problem(f"the network wants RGB, not {x.channels} channels", "Take another network, or channels: 3")
    if how == "imagenet":
        scale = [1 / (255 * deviation) for deviation in IMAGENET_DEVIATION]
        offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
        return layers.Rescaling(scale, offset, name=name)(x)
    x = layers.Rescaling(1.0, [-mean for mean in reversed(BGR_MEANS)], name=f"{name}/means")(x)
    return layers.ChannelReverse(name=f"{name}/bgr")(x)


EXAMPLES: list[tuple[tuple[int, ...], dict[str, object]]] = [((32, 32, 3), {"name_": "MobileNet", "alpha": 0.25})]
