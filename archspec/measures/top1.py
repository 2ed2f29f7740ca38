"""Top-1 accuracy after the training that the settings name, of a classifier"""

from archspec.measures._training import of_training

UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal, conditions, measure = of_training("top1", "training", 3600.0)
