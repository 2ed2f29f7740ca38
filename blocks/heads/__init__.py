"""Heads read the backbone; the classifier turns features into logits."""
