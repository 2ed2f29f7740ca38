"""Variance of the latency of one image on the device, ms²"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency(
    "ms²", "less", lambda latency: latency.wall.variance
)
