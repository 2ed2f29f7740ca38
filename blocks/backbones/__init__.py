"""Backbones that are no list of steps: models made elsewhere."""
