"""Anybody's Keras model as a graph: its configuration is read without Keras, and each layer class has a rule.

A `.keras` file holds a configuration and weights. Of the configuration alone a graph is made, by one rule for each
class of layer (`rules/`, one file for each group of them); no code that is in a file, or named by it, is ever run.
"""

from typing import TYPE_CHECKING

from archspec.doors import later

if TYPE_CHECKING:
    from archspec.keras_model.applications import (
        Application,
        application_config,
        check_application,
        preprocessing_of,
        published_application,
    )
    from archspec.keras_model.config_file import read_config
    from archspec.keras_model.connections import stored_layers
    from archspec.keras_model.conversion import Conversion, convert
    from archspec.keras_model.document import spec_of_model, with_models_in

__all__ = [
    "Application", "Conversion", "application_config", "check_application", "convert", "preprocessing_of",
    "published_application", "read_config", "spec_of_model", "stored_layers", "with_models_in",
]  # fmt: skip

_HOMES = {
    "applications": (
        "Application",
        "application_config",
        "check_application",
        "preprocessing_of",
        "published_application",
    ),
    "config_file": ("read_config",),
    "conversion": ("Conversion", "convert"),
    "document": ("spec_of_model", "with_models_in"),
    "connections": ("stored_layers",),
}

__getattr__ = later(__name__, _HOMES)
