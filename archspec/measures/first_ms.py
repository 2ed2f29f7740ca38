"""Time of the first image on the device, before anything is warm, ms"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency(
    "ms", "less", lambda latency: latency.first_ms
)
