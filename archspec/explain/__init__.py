"""What a segmentation network looks at: one attribution map a class, with numbers, and a picture of them.

Importing it is light; Keras and tf-keras-vis come in when a network is opened or asked.
"""

from archspec.explain.explanation import Asked, ClassMap, Explained, explain, predict
from archspec.explain.grid import draw_grid
from archspec.explain.logits_model import FoundNetwork, LogitsModel, find_network, open_network
from archspec.explain.pictures import Picture, Region, dataset_pictures, parse_region, picture_channels, read_picture

__all__ = [
    "Asked", "ClassMap", "Explained", "FoundNetwork", "LogitsModel", "Picture", "Region", "dataset_pictures",
    "draw_grid", "explain", "find_network", "open_network", "parse_region", "picture_channels", "predict",
    "read_picture",
]  # fmt: skip
