"""Images a second, one after another, on the device: 1000 by the mean latency in ms"""

from archspec.measures._latency import of_latency

UNIT, BETTER, RUNG, SECONDS, check, conditions, read, measure = of_latency("1/s", "more", lambda latency: latency.fps)
