"""The door to Keras and TensorFlow: a graph as a Keras model, weights there and back, files, TensorFlow's converter.

Importing it takes seconds, registers our own Keras layers (so `keras.models.load_model` knows them), and raises
`UserError` where TensorFlow is missing or Keras runs on another backend.
"""

from archspec.lower.convert import convert_with_tensorflow
from archspec.lower.files import keep_keras, load_keras, save_keras, save_saved_model
from archspec.lower.framework import keras, quiet, tf
from archspec.lower.keras_classifier import KerasClassifier
from archspec.lower.keras_segmenter import KerasSegmenter, aligns_corners
from archspec.lower.model import function_to, get_weights, places_of, set_weights, to_keras

__all__ = [
    "KerasClassifier", "KerasSegmenter", "aligns_corners", "convert_with_tensorflow", "function_to", "get_weights",
    "keep_keras", "keras", "load_keras", "places_of", "quiet", "save_keras", "save_saved_model", "set_weights", "tf",
    "to_keras",
]  # fmt: skip
