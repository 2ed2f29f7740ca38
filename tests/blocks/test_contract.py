"""Every block file keeps the contract: those of the package, found by themselves, and those in a plugin folder."""

from pathlib import Path

import pytest

from archspec.catalog import Catalog
from archspec.lower.framework import keras
from tests.blocks.contract import check_block


@pytest.fixture(autouse=True)
def _forget_models() -> None:
    keras.backend.clear_session()


@pytest.mark.parametrize("name", sorted(Catalog().blocks()))
def test_block_keeps_the_contract(name: str) -> None:
    check_block(Catalog(), name)


GOOD = '''"""Two maps, one resized to the other, added: (N, H, W, C), (N, h, w, C) -> (N, H, W, C)."""

from archspec.graph import layers


def meet(x, *, kernel=3, dilation_rate=1, name):
    """Plugins may do all that bundled blocks do."""
    large, small = x
    small = layers.Resize(large.size, stride=large.stride, interpolation="nearest", name=f"{name}/resize")(small)
    y = layers.Add(name=f"{name}/add")([large, small])
    return layers.DepthwiseConv2D(kernel, padding="same", dilation_rate=dilation_rate, name=f"{name}/dw")(y)


EXAMPLES = [(((14, 15, 6), (7, 8, 6)), {}), (((9, 9, 4), (1, 1, 4)), {"kernel": 5})]
'''


def test_plugin_block_keeps_the_contract(tmp_path: Path) -> None:
    (tmp_path / "meet.py").write_text(GOOD)
    catalog = Catalog((tmp_path,))
    assert "meet" in catalog.blocks()
    assert len(catalog.blocks()) == len(Catalog().blocks()) + 1
    check_block(catalog, "meet")


# --- a test of the guard: each of these breaks one promise ------------------------------------------------------------

BROKEN = {
    "no examples": (GOOD.partition("EXAMPLES")[0], "has no EXAMPLES"),
    "no docstring": (GOOD.partition('"""')[2].partition('"""')[2], "the file has no docstring"),
    "a fixed name": (GOOD.replace('name=f"{name}/add"', 'name="add"'), "layer 'add' is not under the block's name"),
    "no tensor": (GOOD.replace("return layers", "return None and layers"), "gives NoneType, not one tensor"),
    "dilation forgotten": (GOOD.replace("dilation_rate=dilation_rate", "dilation_rate=1"), "is not used"),
    "dilation as a larger kernel": (
        GOOD.replace("(kernel, padding", "(kernel if dilation_rate == 1 else 7, padding"),
        "changes the weights",
    ),
    "dilation with valid padding": (GOOD.replace('"same"', '"valid"'), "changes the size"),
}


@pytest.mark.parametrize("promise", BROKEN)
def test_the_contract_finds_a_broken_promise(promise: str, tmp_path: Path) -> None:
    text, message = BROKEN[promise]
    (tmp_path / "meet.py").write_text(text)
    with pytest.raises(AssertionError, match=message):
        check_block(Catalog((tmp_path,)), "meet")


def test_the_contract_finds_a_shape_that_keras_does_not_see(tmp_path: Path) -> None:
    """A block that brings a layer of its own, with a rule that is wrong."""
    wrong = '''"""Pooling that claims to keep the size: (N, H, W, C) -> (N, H, W, C)."""

from archspec.graph import layers


class AveragePooling2D(layers.AveragePooling2D):
    """Claims too much."""

    def shapes(self, inputs):
        return (inputs[0].shape,)


def claim(x, *, name):
    """Half the size, in truth."""
    return AveragePooling2D(2, name=name)(x)


EXAMPLES = [((14, 14, 3), {})]
'''
    (tmp_path / "claim.py").write_text(wrong)
    with pytest.raises(Exception, match=r"the graph says \[14, 14, 3\] float32, Keras says \[7, 7, 3\] float32"):
        check_block(Catalog((tmp_path,)), "claim")


def test_the_contract_finds_a_tflite_that_differs(tmp_path: Path) -> None:
    """A layer whose TFLite operator does something else than its Keras layer."""
    wrong = '''"""Average in Keras, maximum on the phone: (N, H, W, C) -> (N, H / 2, W / 2, C)."""

from archspec.graph import layers


class AveragePooling2D(layers.AveragePooling2D):
    """Says one thing and emits another."""

    tflite_code = "MAX_POOL_2D"


def mixed(x, *, name):
    """Equal nowhere."""
    return AveragePooling2D(2, name=name)(x)


EXAMPLES = [((14, 14, 3), {})]
'''
    (tmp_path / "mixed.py").write_text(wrong)
    with pytest.raises(AssertionError, match=r"the \.tflite differs by"):
        check_block(Catalog((tmp_path,)), "mixed")
