"""The door to tf-keras-vis: its warnings silent, and a clear word where it is missing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from archspec.errors import UserError, user_error


@contextmanager
def library() -> Iterator[None]:
    """Import and call tf-keras-vis inside. Raises `UserError` where it, or the SciPy it needs, is missing.

    It warns of a module that SciPy 2 removes, and that it gives a model of one input a list of one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise _missing(str(error)) from error


def _missing(why: str) -> UserError:
    return user_error(
        f"explanations need tf-keras-vis, which cannot be imported ({why})",
        "Install it: pip install 'tf-keras-vis>=0.8.7,<0.9' 'scipy<2'",
    )


def need_library() -> None:
    """Raises `UserError` where tf-keras-vis is missing: before anything that takes long."""
    if find_spec("tf_keras_vis") is None:
        raise _missing("No module named 'tf_keras_vis'")
    from archspec import lower  # noqa: F401  (Keras chooses its backend, and TensorFlow is silenced, before it comes in)

    with library():
        import tf_keras_vis.gradcam  # noqa: F401
