"""What is installed: the package list, the wheel, the README's commands."""
