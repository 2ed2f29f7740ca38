"""Mean IoU of a head trained on cached features of the frozen backbone

As the DPC search compares cells by (arXiv:1809.04184).
"""

from archspec.measures._training import of_training

UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal, conditions, measure = of_training(
    "proxy_miou", "proxy", 40.0, usual="proxy_cached"
)
