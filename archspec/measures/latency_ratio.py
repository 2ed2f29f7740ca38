"""Latency by that of the fixed reference network, measured in turns: steady where milliseconds drift"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency(
    "", "less", lambda latency: latency.paired_ratio, lambda latency: latency.round_ratios
)
