"""Names and sizes: what a file may be called, how long it and its functions may be, and that a test can fail."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = ("archspec", "blocks", "search")
NOTHING_SAID = {
    "util", "utils", "helper", "helpers", "manager", "managers", "base", "misc", "common", "stuff",
    "told", "said", "together", "stating", "looking", "working", "showing", "handing",
}  # fmt: skip
FILE_LINES = 350
FUNCTION_LINES = 60
# Longer files, each with its reason.
LONG_FILES: dict[str, str] = {}
SHORT = 40
# Shorter files outside the plug-in folders, each with its reason: splitting too far hides a thing as well.
SHORT_FILES = {
    "archspec/arrays.py": "floor 0, of use to every room",
    "archspec/doors.py": "floor 0, of use to every room",
    "archspec/graph/padding.py": "needs NumPy, which the other files of the room must not import",
    "archspec/keras_model/rules/own_layers.py": "one group of rules a file",
    "archspec/keras_model/rules/identities.py": "one group of rules a file",
    "archspec/measures/_file_score.py": "shared by a measure and by sensitivities",
    "archspec/network/reference.py": "two fixed networks, which import Network",
    "archspec/scoring/metrics/_means.py": "shared by several metrics, each a file",
    "archspec/train/losses/_masks.py": "shared by several losses, each a file",
}


def python_files(root: Path, *folders: str) -> list[Path]:
    """Every Python file under these folders of the checkout."""
    return [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def name_faults(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Files, folders and classes whose name says nothing about what is in them."""
    faults = []
    for path in python_files(root, *folders):
        relative = path.relative_to(root)
        words = {word for part in relative.with_suffix("").parts for word in part.split("_")}
        if bad := sorted(words & NOTHING_SAID):
            faults.append(f"{relative}: '{bad[0]}' says nothing; name what is in it")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.lower().endswith(("manager", "helper", "utils")):
                faults.append(f"{relative}:{node.lineno}: class {node.name} says nothing; name what it is")
    return faults


def length_faults(root: Path, long_files: dict[str, str]) -> list[str]:
    """Files and functions that outgrew their limit, and reasons given for files that no longer need one."""
    faults = []
    lengths = {str(p.relative_to(root)): len(p.read_text("utf-8").splitlines()) for p in python_files(root, *PACKAGE)}
    for file, lines in lengths.items():
        if lines > FILE_LINES and file not in long_files:
            faults.append(f"{file}: {lines} lines (limit {FILE_LINES}); split it, or give a reason in LONG_FILES")
    for file in long_files:
        if lengths.get(file, 0) <= FILE_LINES:
            faults.append(f"{file}: in LONG_FILES without need; take it out")
    for path in python_files(root, *PACKAGE):
        for function in functions(path):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES:
                place = f"{path.relative_to(root)}:{function.lineno}"
                faults.append(f"{place}: {function.name} has {lines} lines (limit {FUNCTION_LINES})")
    return faults


def short_faults(root: Path, short_files: dict[str, str], plug_in_folders: set[str]) -> list[str]:
    """Files that are hardly more than a header, outside folders where one file is one thing."""
    short = []
    for path in python_files(root, *PACKAGE):
        file, folder = str(path.relative_to(root)), str(path.parent.relative_to(root))
        plug_in = folder.startswith("blocks") or (folder in plug_in_folders and not path.stem.startswith("_"))
        if not plug_in and not path.stem.startswith("__") and len(path.read_text("utf-8").splitlines()) < SHORT:
            short.append(file)
    faults = [f"{file}: under {SHORT} lines; put it where it belongs, or give a reason" for file in short]
    faults = [fault for fault in faults if fault.partition(":")[0] not in short_files]
    return [*faults, *(f"{file}: in SHORT_FILES without need" for file in short_files if file not in short)]


def idle_tests(root: Path, folder: str) -> list[str]:
    """Tests that cannot fail: no `assert`, no `raises`, no call of a function that checks."""
    faults = []
    for path in python_files(root, folder):
        for function in functions(path):
            if function.name.startswith("test_") and not any(map(_checks, ast.walk(function))):
                faults.append(f"{path.relative_to(root)}:{function.lineno}: {function.name} cannot fail")
    return faults


def missing_doors(root: Path) -> list[str]:
    """Folders of Python files without `__init__.py`: setuptools would file them as something else."""
    folders = {path.parent for path in python_files(root, *PACKAGE)}
    return sorted(str(folder.relative_to(root)) for folder in folders if not (folder / "__init__.py").is_file())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _checks(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return name in ("raises", "warns", "fail") or name.startswith(("assert", "check", "expect", "verify"))
