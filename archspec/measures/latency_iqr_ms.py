"""Interquartile range of the latency of one image on the device, ms"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency(
    "ms", "less", lambda latency: latency.wall.iqr
)
