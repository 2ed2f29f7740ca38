"""Graph and weights -> a `.tflite` that is proven equal, without TensorFlow."""
