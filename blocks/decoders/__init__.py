"""Decoders bring logits to the size of the image."""
