"""One number of a network each, found by its file name."""
