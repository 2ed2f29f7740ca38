"""Lowering to Keras, against Keras, NumPy and TensorFlow themselves."""
