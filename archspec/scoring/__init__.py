"""Predicted label maps against the ground truth: what predicts them, how they are scored, what is written."""
