"""`python -m archspec`: the same as the `archspec` command."""

from archspec.cli import main

if __name__ == "__main__":
    main()
