"""Processor time of one image on the device, median, ms; with one thread only"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency(
    "ms",
    "less",
    lambda latency: None if latency.cpu is None else latency.cpu.median,
    lambda latency: latency.cpu_samples_ms,
)
