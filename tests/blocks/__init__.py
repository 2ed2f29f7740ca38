"""The contract that every block keeps, bundled or not."""
