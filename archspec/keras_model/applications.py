"""The networks of `keras.applications`: their names, what each wants done to the image, and their configurations.

Keras itself makes a configuration, in a process of its own, once for each set of arguments; then it lies in the user's
cache, and no later question of it loads Keras.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from archspec.errors import Problem, UserError

Preprocessing = Literal["inside", "symmetric", "imagenet", "bgr"]
CONTENT = "archspec-keras-application-1"
PUBLISHED = "keras.applications:"
SECONDS = 300  # the largest network takes half a minute
WIDTHS = ("MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small")  # those with the argument alpha
_FAMILIES: dict[Preprocessing, tuple[str, ...]] = {
    "inside": (
        "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "EfficientNetB0",
        "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6",
        "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3",
        "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S", "MobileNetV3Large", "MobileNetV3Small",
    ),
    "symmetric": (
        "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "NASNetLarge", "NASNetMobile",
        "ResNet101V2", "ResNet152V2", "ResNet50V2", "Xception",
    ),
    "imagenet": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "bgr": ("ResNet101", "ResNet152", "ResNet50", "VGG16", "VGG19"),
}  # fmt: skip
PREPROCESSING: dict[str, Preprocessing] = {name: how for how, names in _FAMILIES.items() for name in names}
NAMES = tuple(sorted(PREPROCESSING))


class Application(NamedTuple):
    """A network of `keras.applications` without its classifier, for images `(height, width, channels)`.

    `published`: as it is for the weights that Keras publishes; EfficientNet has a layer more then.
    """

    name: str
    height: int
    width: int
    channels: int
    alpha: float = 1.0
    minimalistic: bool = False
    published: bool = False
    top: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """What its function in Keras is called with, but for the weights."""
        given: dict[str, Any] = {
            "input_shape": [self.height, self.width, self.channels], "include_top": self.top,
        }  # fmt: skip
        if self.name in WIDTHS:
            given["alpha"] = self.alpha
        if self.name.startswith("MobileNetV3"):
            given["minimalistic"] = self.minimalistic
        return given

    @property
    def published_file(self) -> str:
        """What stands for the file of its published weights."""
        return PUBLISHED + json.dumps(self)


def published_application(file: str) -> Application | None:
    """The network whose published weights are meant by the name of a file; None of a file."""
    return Application(*json.loads(file.removeprefix(PUBLISHED))) if file.startswith(PUBLISHED) else None


def check_application(one: Application) -> None:
    """Raises `Problem` for arguments that Keras would refuse."""
    if one.alpha != 1 and one.name not in WIDTHS:
        raise Problem(f"{one.name} has one width only", f"Leave alpha out; it is of {', '.join(WIDTHS)}")
    if one.minimalistic and not one.name.startswith("MobileNetV3"):
        raise Problem(f"{one.name} has no minimalistic form", "Leave it out; MobileNetV3Large and MobileNetV3Small do")
    if one.published and one.channels != 3:
        raise Problem(f"published weights are of RGB, not of {one.channels} channels", "Write weights: none")


@lru_cache(maxsize=16)
def application_config(one: Application) -> Mapping[str, Any]:
    """The configuration of a network of `keras.applications`. Raises `Problem` where Keras cannot make it."""
    from importlib.metadata import PackageNotFoundError, version

    from archspec.files import cache_folder
    from archspec.record import write_text

    try:
        key = {"keras": version("keras"), **one._asdict()}
    except PackageNotFoundError:
        raise Problem("a network of keras.applications needs Keras, which is missing", "pip install keras") from None
    path = cache_folder("keras_applications") / f"{one.name}-{_digest(json.dumps(key, sort_keys=True))}.json"
    found = _kept(path, key)
    if found is None:
        text = _made(one)
        found = json.loads(text)
        whole = json.dumps({"content": CONTENT, "key": key, "digest": _digest(text), "config": text})
        with suppress(OSError, UserError):  # a cache that cannot be written costs seconds, next time again
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, whole)
    return dict(found)


def _kept(path: Any, key: dict[str, Any]) -> Any:
    """The configuration in the cache; None where there is none, or one that is damaged or of something else."""
    from archspec.files import TEXT_BYTES, is_file, read_text

    if not is_file(path):
        return None
    try:
        found = json.loads(read_text(path, most_bytes=TEXT_BYTES))
        if found["content"] != CONTENT or found["key"] != key or found["digest"] != _digest(found["config"]):
            return None
        return json.loads(found["config"])
    except (UserError, ValueError, KeyError, TypeError):
        return None


def _made(one: Application) -> str:
    """What Keras says, in a process of its own: importing it here would cost seconds and a gigabyte for good."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "archspec.lower.applications", json.dumps(one)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(f"Keras could not be asked for {one.name} ({error})") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()] or ["it said nothing"]
        remedy = "Write an input.size and arguments that keras.applications takes"
        raise Problem(f"Keras cannot make {one.name} ({lines[-1]})", remedy)
    return done.stdout


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]


def preprocessing_of(name: str) -> Preprocessing:
    """What is done to an image 0..255 before the network: nothing (it is `inside`), [-1, 1], ImageNet's mean and
    deviation, or blue, green, red without their means."""
    return PREPROCESSING[name]
