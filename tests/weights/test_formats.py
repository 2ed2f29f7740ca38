"""A format is named whole, or by a beginning that no other has."""

import pytest

from archspec.errors import UserError
from archspec.weights import conventions


@pytest.mark.parametrize("name", ["tf1", "tf1-checkpoint", "TF1_checkpoint"])
def test_the_beginning_of_a_name_will_do(name: str) -> None:
    assert conventions(name) == conventions("tf1_checkpoint")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("keras", "keras_applications, keras_file, keras_mobilenet_v2_npz"),
        ("nanodt", "Did you mean 'nanodet_npz'?"),
        ("", "One of: archspec_npz,"),
    ],
)
def test_several_or_none_is_an_error(name: str, remedy: str) -> None:
    with pytest.raises(UserError, match=f"unknown format '{name}'") as error:
        conventions(name)
    assert remedy in str(error.value)
