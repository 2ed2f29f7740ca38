"""The shape of the code: floors, doors, names and sizes."""
