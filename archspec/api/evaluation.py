"""`evaluate`: scores of networks on a data set, as its organisers take them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.api.networks import MAPPING, Plugins, spec_of
from archspec.catalog import Catalog
from archspec.datasets import Dataset, open_dataset
from archspec.errors import Place, user_error
from archspec.files import exists, is_file
from archspec.network import Network
from archspec.record import noted_plugins
from archspec.reporters import Cell, Table, Tabular, transposed
from archspec.scoring import (
    GroundTruth,
    ImageWriter,
    ScoreResult,
    SegmenterOptions,
    SegmenterScore,
    Viewing,
    check_metrics,
    class_table,
    confusion_table,
    describe_partial_mean,
    ground_truth_of,
    open_segmenters,
    padding_multiple_of,
    score_segmenters,
    segmenter_records,
    summary_table,
)
