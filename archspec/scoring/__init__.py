"""Predicted label maps against the ground truth: what predicts them, how they are scored, what is written."""

from typing import TYPE_CHECKING

from archspec.doors import later

if TYPE_CHECKING:
    from archspec.scoring.ground_truth import GroundTruth, ground_truth_of
    from archspec.scoring.images import OverlayFolder, PredictionFolder, overlaid
    from archspec.scoring.inference import Fit, Resized, Segmenter, Viewing, label_map, mask_map, resized_scores
    from archspec.scoring.metrics import (
        Counts,
        Labels,
        MaskSums,
        check_metrics,
        class_iou,
        confusion,
        describe_missing,
        main_metric,
        metric_title,
        per_category,
        per_class,
        scores,
    )
    from archspec.scoring.network_segmenter import NetworkSegmenter
    from archspec.scoring.prediction import (
        channels_of,
        check_results,
        classes_of_data,
        describe_left_out,
        images_in,
        predict_image,
    )
    from archspec.scoring.prediction_scores import ScoreResult, keep_freed_memory, score_predictions, usable_processors
    from archspec.scoring.records import (
        category_table,
        class_table,
        describe_partial_mean,
        result_json,
        score_records,
        segmenter_records,
        summary_table,
        write_scores,
    )
    from archspec.scoring.segmenter_scores import ImageWriter, SegmenterScore, padding_multiple_of, score_segmenters
    from archspec.scoring.segmenters import (
        NamedSegmenter,
        SegmenterOptions,
        folders_named,
        folders_of,
        open_segmenter,
        open_segmenters,
    )

__all__ = [
    "Counts", "Fit", "GroundTruth", "ImageWriter", "Labels", "MaskSums", "NamedSegmenter", "NetworkSegmenter",
    "OverlayFolder", "PredictionFolder", "Resized", "ScoreResult", "Segmenter", "SegmenterOptions", "SegmenterScore",
    "Viewing", "category_table", "channels_of", "check_metrics", "check_results", "class_iou", "class_table",
    "classes_of_data", "confusion", "describe_left_out", "describe_missing", "describe_partial_mean", "folders_named",
    "folders_of", "ground_truth_of", "images_in", "keep_freed_memory", "label_map", "main_metric", "mask_map",
    "metric_title", "open_segmenter", "open_segmenters", "overlaid", "padding_multiple_of", "per_category", "per_class",
    "predict_image", "resized_scores", "result_json", "score_predictions", "score_records", "score_segmenters",
    "scores", "segmenter_records", "summary_table", "usable_processors", "write_scores",
]  # fmt: skip

# Each is imported when it is asked for: who resizes scores needs no data sets, and who counts pixels no networks.
_HOMES = {
    "ground_truth": ("GroundTruth", "ground_truth_of"),
    "images": ("OverlayFolder", "PredictionFolder", "overlaid"),
    "inference": ("Fit", "Resized", "Segmenter", "Viewing", "label_map", "mask_map", "resized_scores"),
    "metrics": ("Counts", "Labels", "MaskSums", "check_metrics", "class_iou", "confusion", "describe_missing",
                "main_metric", "metric_title", "per_category", "per_class", "scores"),
    "network_segmenter": ("NetworkSegmenter",),
    "prediction": ("channels_of", "check_results", "classes_of_data", "describe_left_out", "images_in",
                   "predict_image"),
    "prediction_scores": ("ScoreResult", "keep_freed_memory", "score_predictions", "usable_processors"),
    "records": ("category_table", "class_table", "describe_partial_mean", "result_json", "score_records",
                "segmenter_records", "summary_table", "write_scores"),
    "segmenters": ("NamedSegmenter", "SegmenterOptions", "folders_named", "folders_of", "open_segmenter",
                   "open_segmenters"),
    "segmenter_scores": ("ImageWriter", "SegmenterScore", "padding_multiple_of", "score_segmenters"),
}  # fmt: skip

__getattr__ = later(__name__, _HOMES)
