"""Mean IoU after a short training of the whole network, on small crops with a full decay"""

from archspec.measures._training import of_training

UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal, conditions, measure = of_training(
    "short_miou", "proxy", 120.0, usual="proxy_short"
)
