"""Reads a checkout's imports without running it: who imports what, from which line, and when."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Folder of the checkout -> the package it installs as.
PACKAGES = {"archspec": "archspec", "blocks": "archspec.blocks", "search": "archspec.search"}

AT_IMPORT = "when the module is imported"
IN_FUNCTION = "inside a function"
FOR_TYPES = "for types only"


@dataclass(frozen=True)
class Import:
    """One imported module: `importer` imports `target` at `file:line`, `when`."""

    importer: str
    target: str
    when: str
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package by its installed name, from the checkout at `root`."""
    found: dict[str, Path] = {}
    for folder, package in PACKAGES.items():
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root / folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = path
    return found


def imports(root: Path) -> list[Import]:
    """Every import in the package; `from a import b` names `a.b` when that is a module, else `a`."""
    known = modules(root)
    found = []
    for name, path in known.items():
        tree = ast.parse(path.read_text("utf-8"), str(path))
        for target, when, line in _walk(tree, AT_IMPORT, known):
            found.append(Import(name, target, when, str(path.relative_to(root)), line))
    return found


def _walk(node: ast.AST, when: str, known: dict[str, Path]) -> Iterator[tuple[str, str, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, when, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((target, when, child.lineno) for target in _from(child, known))
        elif isinstance(child, ast.Call) and (name := _dynamic(child)):
            yield name, when, child.lineno
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for statement in child.body:
                yield from _walk(ast.Module([statement], []), FOR_TYPES, known)
            for statement in child.orelse:
                yield from _walk(ast.Module([statement], []), when, known)
            continue
        deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and when == AT_IMPORT
        yield from _walk(child, IN_FUNCTION if deferred else when, known)


def _from(node: ast.ImportFrom, known: dict[str, Path]) -> Iterator[str]:
    source = "." * node.level + (node.module or "")
    for alias in node.names:
        whole = f"{source}.{alias.name}"
        yield whole if whole in known else source


def _dynamic(call: ast.Call) -> str | None:
    """The module that `importlib.import_module("literal")` or `__import__("literal")` names."""
    function = call.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in ("import_module", "__import__") or not call.args:
        return None
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def cycles(found: list[Import]) -> list[list[str]]:
    """Import cycles between modules, each as the list of its modules; imports for types only do not count."""
    graph: dict[str, set[str]] = {}
    for item in found:
        if item.when == FOR_TYPES or not item.target.startswith("archspec"):
            continue
        graph.setdefault(item.importer, set()).update(_executed(item.importer, item.target))
    for name in {target for targets in graph.values() for target in targets}:
        graph.setdefault(name, set())
    return [sorted(group) for group in _components(graph) if len(group) > 1 or group[0] in graph[group[0]]]


def _executed(importer: str, target: str) -> Iterator[str]:
    """The modules that importing `target` executes: itself and its parents, save those `importer` lies in."""
    yield target
    parent = target
    while "." in parent:
        parent = parent.rpartition(".")[0]
        if parent != "archspec" and parent != importer and not importer.startswith(parent + "."):
            yield parent


def _components(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components: modules that can all reach each other."""
    reach = {name: _reachable(graph, name) for name in graph}
    done: set[str] = set()
    components = []
    for name in sorted(graph):
        if name not in done:
            group = [name, *sorted(other for other in reach[name] if other != name and name in reach[other])]
            done.update(group)
            components.append(group)
    return components


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    queue = list(graph[start])
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue.extend(graph.get(name, ()))
    return seen
