"""The labels of Cityscapes as its organisers score them: 34 numbers, 19 of which count.

Source: cityscapesScripts 2.3.0, helpers/labels.py (numbers, categories) and evalPixelLevelSemanticLabeling.py (sizes).
"""

from __future__ import annotations

from archspec.metrics._labels import Labels

# Label number: its name, whether it counts, its category, the mean size of its instances in pixels.
_VOID = ("unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground")
_ROWS: tuple[tuple[str, bool, str, float | None], ...] = (
    *((name, False, "void", None) for name in _VOID),
    ("road", True, "flat", None),
    ("sidewalk", True, "flat", None),
    ("parking", False, "flat", None),
    ("rail track", False, "flat", None),
    ("building", True, "construction", None),
    ("wall", True, "construction", None),
    ("fence", True, "construction", None),
    ("guard rail", False, "construction", None),
    ("bridge", False, "construction", None),
    ("tunnel", False, "construction", None),
    ("pole", True, "object", None),
    ("polegroup", False, "object", None),
    ("traffic light", True, "object", None),
    ("traffic sign", True, "object", None),
    ("vegetation", True, "nature", None),
    ("terrain", True, "nature", None),
    ("sky", True, "sky", None),
    ("person", True, "human", 3462.4756337644),
    ("rider", True, "human", 3930.4788056518),
    ("car", True, "vehicle", 12794.0202738185),
    ("truck", True, "vehicle", 27855.1264367816),
    ("bus", True, "vehicle", 35732.1511111111),
    ("caravan", False, "vehicle", 36771.8241758242),
    ("trailer", False, "vehicle", 16926.9763313609),
    ("train", True, "vehicle", 67583.7075812274),
    ("motorcycle", True, "vehicle", 6298.7200839748),
    ("bicycle", True, "vehicle", 4672.3249222261),
)


def cityscapes_labels() -> Labels:
    """All 34, by their numbers in the organisers' label images (not the 19 that networks are trained on)."""
    names, scored, categories, sizes = zip(*_ROWS, strict=True)
    usual = {label: size for label, size in enumerate(sizes) if size is not None}
    return Labels(names, scored, categories, usual)
