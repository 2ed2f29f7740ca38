"""The 32 colours of CamVid's own label pictures, and which of SegNet's 11 classes each belongs to.

Colours: label_colors.txt of CamVid. The merge is the one that MATLAB's `camvidPixelLabelIDs` publishes as that of the
SegNet paper: every kind of vehicle is a car, traffic lights are signs, lane marks are road, walls, arches, bridges and
tunnels are building. Others differ: MSeg drops 21 of the classes, and some count motorcycles as cars.
"""

from __future__ import annotations

from archspec.datasets._contract import IGNORE, Colour

COLOURS: dict[str, tuple[Colour, str]] = {
    "Sky": ((128, 128, 128), "sky"),
    "Bridge": ((0, 128, 64), "building"),
    "Building": ((128, 0, 0), "building"),
    "Wall": ((64, 192, 0), "building"),
    "Tunnel": ((64, 0, 64), "building"),
    "Archway": ((192, 0, 128), "building"),
    "Column_Pole": ((192, 192, 128), "pole"),
    "TrafficCone": ((0, 0, 64), "pole"),
    "Road": ((128, 64, 128), "road"),
    "LaneMkgsDriv": ((128, 0, 192), "road"),
    "LaneMkgsNonDriv": ((192, 0, 64), "road"),
    "Sidewalk": ((0, 0, 192), "pavement"),
    "ParkingBlock": ((64, 192, 128), "pavement"),
    "RoadShoulder": ((128, 128, 192), "pavement"),
    "Tree": ((128, 128, 0), "tree"),
    "VegetationMisc": ((192, 192, 0), "tree"),
    "SignSymbol": ((192, 128, 128), "sign_symbol"),
    "Misc_Text": ((128, 128, 64), "sign_symbol"),
    "TrafficLight": ((0, 64, 64), "sign_symbol"),
    "Fence": ((64, 64, 128), "fence"),
    "Car": ((64, 0, 128), "car"),
    "SUVPickupTruck": ((64, 128, 192), "car"),
    "Truck_Bus": ((192, 128, 192), "car"),
    "Train": ((192, 64, 128), "car"),
    "OtherMoving": ((128, 64, 64), "car"),
    "Pedestrian": ((64, 64, 0), "pedestrian"),
    "Child": ((192, 128, 64), "pedestrian"),
    "CartLuggagePram": ((64, 0, 192), "pedestrian"),
    "Animal": ((64, 128, 64), "pedestrian"),
    "Bicyclist": ((0, 128, 192), "bicyclist"),
    "MotorcycleScooter": ((192, 0, 192), "bicyclist"),
    "Void": ((0, 0, 0), ""),
}


def class_of_colour(names: tuple[str, ...]) -> dict[int, int]:
    """The class (or `IGNORE`) of each colour, as 65536 R + 256 G + B."""
    return {
        red * 65536 + green * 256 + blue: names.index(name) if name else IGNORE
        for (red, green, blue), name in COLOURS.values()
    }
