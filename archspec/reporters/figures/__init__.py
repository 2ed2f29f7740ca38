"""Charts of a page as figures for papers: one file a kind of section that can be drawn, found by its stem.

`draw(data, figure)` draws on a matplotlib figure; `figure_files` gives SVG and PNG, the same bytes for the same data.
"""

from archspec.reporters.figures._drawing import drawable, figure_files

__all__ = ["drawable", "figure_files"]
