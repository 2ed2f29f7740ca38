"""Training: recipes, losses, schedules, exact resume."""
