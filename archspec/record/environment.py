"""Which versions produced a number, asked of the installed packages' metadata: nothing is imported for it."""

from __future__ import annotations

from collections.abc import Iterable

RUNTIME_PACKAGES = ("ai-edge-litert", "numpy")


def package_versions(packages: Iterable[str] = RUNTIME_PACKAGES) -> dict[str, str]:
    """`{"archspec": ..., "python": ..., package: ...}`; a package that is not installed is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from archspec import __version__

    found = {"archspec": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
