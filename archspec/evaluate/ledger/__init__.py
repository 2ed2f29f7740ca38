"""Measured numbers, kept: a number of the same network under the same conditions is never taken twice."""
