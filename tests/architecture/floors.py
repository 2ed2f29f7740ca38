"""The floors of the house and the doors to heavy libraries, as two tables and the functions that check them."""

from tests.architecture.imports import AT_IMPORT, FOR_TYPES, Import

# Imports only go down, or sideways as the next table says.
FLOORS = {
    0: ("errors", "doors", "file_kinds", "files", "plugin_files", "catalog", "arrays"),
    1: ("spec", "graph", "keras_model", "record", "blocks", "cost", "reporters"),
    2: ("lower", "export", "weights", "datasets", "devices", "ledger"),
    3: ("network", "quantization"),
    4: ("train", "scoring", "predictor", "explain"),
    5: ("measures",),
    6: ("experiment",),
    7: ("search", "ablation"),
    8: ("report",),
    9: ("api", "cli", "__main__"),
}
# Room -> the rooms of its own floor that it may import: one way round.
SIDEWAYS: dict[str, tuple[str, ...]] = {
    "files": ("errors",),
    "plugin_files": ("errors", "files"),
    "catalog": ("errors", "files", "plugin_files"),
    "spec": ("graph", "keras_model", "record"),
    "keras_model": ("graph", "record"),
    "blocks": ("graph", "keras_model", "spec"),
    "cost": ("graph", "reporters"),
    "datasets": ("lower",),
    "weights": ("lower",),
    "export": ("datasets",),
    "devices": ("export",),
    "train": ("scoring",),
    "explain": ("scoring",),
    "ablation": ("search",),
    "cli": ("api",),
    "__main__": ("cli",),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}

# Heavy library -> the rooms (or modules) that may import it, and whether only inside a function.
ANYWHERE, DEFERRED = "anywhere", "inside a function"
HEAVY: dict[str, dict[str, str]] = {
    "tensorflow": {"lower": ANYWHERE, "train": ANYWHERE, "datasets": DEFERRED, "quantization": ANYWHERE},
    "keras": {"lower": ANYWHERE, "train": ANYWHERE, "datasets": DEFERRED},
    "optuna": {"search": ANYWHERE},
    "keras_tuner": {"search": DEFERRED},
    "moocore": {"search": DEFERRED},
    "tf_keras_vis": {"explain": DEFERRED},
    "matplotlib": {"reporters": DEFERRED},
    "pandas": {"reporters": DEFERRED, "search": DEFERRED},
    "sqlalchemy": {"ledger": DEFERRED},
    "ai_edge_litert": {"export": DEFERRED, "devices": DEFERRED},
    "litert_quantizer": {"export": DEFERRED},
    "flatbuffers": {"export": DEFERRED},
    "torch": {},
    "ray": {
        "archspec.experiment.engines.ray": DEFERRED,
        "archspec.experiment.engines._ray_node": DEFERRED,
        "archspec.experiment.engines._ray_office": ANYWHERE,  # imported only where there is a cluster
    },
}
# NumPy takes 0.2 s: never on the way to `archspec cost`.
NUMPY_DEFERRED = (
    "doors",
    "errors", "file_kinds", "files", "plugin_files", "catalog", "arrays", "spec", "blocks", "cost", "reporters", "cli",
    "__main__",
)  # fmt: skip
BARE = ("blocks", "search", "specs")


def room(module: str) -> str:
    """`archspec.graph.layers.conv` -> `graph`; the package itself has no room ('')."""
    return module.split(".")[1] if "." in module else ""


def floor_faults(found: list[Import]) -> list[str]:
    """Arrows that point up, rooms without a floor, and relative imports (they hide their direction)."""
    faults = []
    for item in found:
        source, target = room(item.importer), room(item.target)
        if item.target.startswith("."):
            faults.append(f"{item.place}: relative import '{item.target}'; write the full name")
        elif source and source not in FLOOR_OF:
            faults.append(f"{item.place}: room '{source}' has no floor; add it to FLOORS")
        elif not item.target.startswith("archspec.") or not source:
            continue
        elif target not in FLOOR_OF:
            faults.append(f"{item.place}: room '{target}' has no floor; add it to FLOORS")
        elif FLOOR_OF[target] > FLOOR_OF[source]:
            faults.append(f"{item.place}: {item.importer} (floor {FLOOR_OF[source]}) imports "
                          f"{item.target} (floor {FLOOR_OF[target]}); imports only go down")  # fmt: skip
        elif item.when != FOR_TYPES and _sideways(source, target) and target not in SIDEWAYS.get(source, ()):
            faults.append(f"{item.place}: {item.importer} imports {item.target} of its own floor; imports only go down"
                          f", or sideways as SIDEWAYS says")  # fmt: skip
    return faults


def _sideways(source: str, target: str) -> bool:
    return source != target and FLOOR_OF[source] == FLOOR_OF[target]


def heavy_faults(found: list[Import]) -> list[str]:
    """Heavy libraries imported outside their room, or too early in it; an import for types only is free."""
    faults = []
    for item in found:
        library, source = item.target.split(".")[0], room(item.importer)
        if item.when == FOR_TYPES:
            continue
        if library == "numpy" and source in NUMPY_DEFERRED and item.when == AT_IMPORT:
            faults.append(f"{item.place}: numpy at import time in '{source}'; import it inside a function")
        if library not in HEAVY:
            continue
        allowed = HEAVY[library].get(item.importer, HEAVY[library].get(source))
        if allowed is None:
            rooms = ", ".join(HEAVY[library]) or "no room"
            faults.append(f"{item.place}: {library} in room '{source}'; only for {rooms}")
        elif allowed == DEFERRED and item.when == AT_IMPORT:
            faults.append(f"{item.place}: {library} at import time; import it inside a function")
    return faults


def bare_faults(found: list[Import]) -> list[str]:
    """`import blocks` makes a second module object beside `archspec.blocks`."""
    return [
        f"{item.place}: bare import of '{item.target}'; write archspec.{item.target}"
        for item in found
        if item.target.split(".")[0] in BARE
    ]


def past_the_door(found: list[Import], packages: set[str]) -> list[Import]:
    """Imports of another room's files, past its door: a room is entered by its `__init__`, or that of a folder in it.

    `packages` are the folders. `from archspec.graph import trace` counts as the file it names.
    """
    return [item for item in _between_rooms(found) if item.target.count(".") > 1 and item.target not in packages]


def share_past_the_door(found: list[Import], packages: set[str]) -> float:
    """Of all imports from one room into another, the share of those."""
    return len(past_the_door(found, packages)) / len(_between_rooms(found))


def _between_rooms(found: list[Import]) -> list[Import]:
    """One a line: several names of one file are imported from there once."""
    some = {(item.file, item.line, item.target): item for item in found}.values()
    return [item for item in some if room(item.importer) and room(item.target) not in ("", room(item.importer))]
