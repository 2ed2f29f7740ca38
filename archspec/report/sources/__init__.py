"""Kinds of sources, one file each: `recognises(path) -> bool` and `read(path) -> Subject`."""
