"""Scores of predicted labels: one number a file."""
