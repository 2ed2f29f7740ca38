"""Top-5 accuracy after the same training as top1, of a classifier"""

from archspec.measures._training import of_training

UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal, conditions, measure = of_training("top5", "training", 3600.0)
