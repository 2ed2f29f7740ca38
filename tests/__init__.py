"""Tests, from outside: one folder a room."""
