"""A spec with everything that can be asked of it, each worked out once."""
