"""Losses, one file each: `<name>(logits, labels, class_weights, *, ...)` to one number, the mean over what counts.

`logits` `(N, H, W, C)` float32, `labels` `(N, H, W)` int32 with 255 where a pixel is ignored, `class_weights` `(C,)`
float32 or None. TensorFlow is imported inside the functions: a recipe is checked without it.
"""
