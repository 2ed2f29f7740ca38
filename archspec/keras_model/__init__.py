"""Anybody's Keras model as a graph: its configuration is read without Keras, and each layer class has a rule.

A `.keras` file holds a configuration and weights. Of the configuration alone a graph is made, by one rule for each
class of layer (`rules/`, one file for each group of them); no code that is in a file, or named by it, is ever run.
"""

from typing import TYPE_CHECKING

from archspec.doors import later

if TYPE_CHECKING:
    from archspec.keras_model.applications import application_config, check_application, preprocessing_of
    from archspec.keras_model.config_file import read_config
    from archspec.keras_model.conversion import Conversion, Variable, convert
    from archspec.keras_model.document import spec_of_model

__all__ = [
    "Conversion", "Variable", "application_config", "check_application", "convert", "preprocessing_of", "read_config",
    "spec_of_model",
]  # fmt: skip

_HOMES = {
    "applications": ("application_config", "check_application", "preprocessing_of"),
    "config_file": ("read_config",),
    "conversion": ("Conversion", "Variable", "convert"),
    "document": ("spec_of_model",),
}

__getattr__ = later(__name__, _HOMES)
