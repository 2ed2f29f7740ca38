"""Mean IoU after the training that the settings name"""

from archspec.measures._training import of_training

UNIT, BETTER, RUNG, SECONDS, TENSORFLOW, check, refusal, conditions, measure = of_training("miou", "training", 3600.0)
