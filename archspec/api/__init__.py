"""The functions of `import archspec`, which the commands call too: they take networks, and give results that print
well, have `to_frame()` and show themselves in a notebook."""
