"""Generators of choices: a file each. A function of the file's name turns its arguments into decisions and a list."""
