"""Schedules, one file each: `<name>(progress, *, ...)` to a share of the learning rate; progress is t / T in [0, 1)."""
