"""The numbers of subjects as what the page shows: facts, bars, a map by class, samples."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.report._subject import Subject, held_under
from archspec.reporters.page import Bar, Bars, Distributions, Fact, Facts, HeatMap, Samples

MIOU = ("miou", "val_miou")


def facts_of(one: Subject) -> Facts:
    """The few that matter most, those there are: score, latency, size, costs."""
    found: list[Fact] = []
    for metric, name in (
        ("val_miou", "val mIoU"),
        ("miou", "mIoU"),
        ("pixel_accuracy", "pixel accuracy"),
        ("top1", "top-1 accuracy"),
        ("top5", "top-5 accuracy"),
    ):
        record = one.record(metric)
        if record is not None:
            under = held_under(record)
            images = f"{under['images']} images" if "images" in under else ""
            found.append(Fact(name, f"{100 * float(record.value or 0):.2f}", "%", images))
    latency = one.record("latency_ms")
    if latency is not None:
        threads = latency.conditions.get("threads")
        words = f"median, {threads} thread{'s' if threads != 1 else ''}, {latency.conditions.get('device', '')}"
        found.append(Fact("latency", f"{float(latency.value or 0):.2f}", "ms", words))
    ratio = one.value("latency_ratio")
    if ratio is not None:
        found.append(Fact("latency ratio", f"{ratio:.3f}", "", "to the reference network, in turns"))
    size = one.record("written_mb")
    if size is not None:
        precision = str(size.conditions.get("precision", ""))
        found.append(Fact(".tflite", f"{float(size.value or 0):.2f}", "MB", precision))
    return Facts((*found, *_costs(one)))


def _costs(one: Subject) -> list[Fact]:
    cost = one.costs
    if cost is None:
        return []
    at = " × ".join(map(str, cost.input_size)) if cost.input_size else "the size in the file"
    costs = [
        Fact("arithmetic", f"{cost.gflops:.3f}", "GFLOPs", f"2 × MACs at {at}"),
        Fact("parameters", f"{cost.params / 1e6:.3f}", "million"),
    ]
    if cost.peak_memory_bytes is not None:
        words = "activations, float32" if one.file is None else "activations"
        costs.append(Fact("peak memory", f"{cost.peak_memory_bytes / 1e6:.2f}", "MB", words))
    if one.sheet is not None and one.record("written_mb") is None:
        sheet = one.sheet
        costs.append(Fact(".tflite", f"{sheet.tflite_bytes['float32'] / 1e6:.2f}", "MB", "predicted, float32"))
    return costs


def score_bars(subjects: Sequence[Subject]) -> Bars | None:
    """mIoU of each subject that has one; None unless two have."""
    found = [(one, value) for one in subjects for value in (_miou(one),) if value is not None]
    if len(found) < 2:
        return None
    first = found[0][1]
    deltas = ["", *(f"{100 * (value - first):+.2f}".replace("-", "−") for _, value in found[1:])]
    return Bars("%", tuple(
        Bar(one.name, 100 * value, None, deltas[number], number == 0)
        for number, (one, value) in enumerate(found)
    ), 2)  # fmt: skip


def _miou(one: Subject) -> float | None:
    return next((value for metric in MIOU for value in (one.value(metric),) if value is not None), None)


def score_map(subjects: Sequence[Subject]) -> HeatMap | None:
    """IoU in per cent: rows are classes in the order of the first subject, columns are subjects; None without any."""
    with_scores = [one for one in subjects if one.class_iou]
    if not with_scores:
        return None
    classes = tuple(dict.fromkeys(name for one in with_scores for name in one.class_iou))
    rows = tuple(
        tuple(None if (value := one.class_iou.get(name)) is None else 100 * value for one in with_scores)
        for name in classes
    )
    columns = ("IoU",) if len(with_scores) == 1 else tuple(one.name for one in with_scores)
    return HeatMap("class", classes, columns, rows, swatches=_swatches(with_scores[0], classes))


def _swatches(one: Subject, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The colours of the data set's classes, where it is a known one and the classes are its."""
    from archspec.errors import UserError
    from archspec.scoring import classes_of_data

    try:
        found = classes_of_data(one.data.partition(":")[0])
    except UserError:
        return ()
    colours = dict(zip(found.names, found.colours, strict=True))
    return (
        tuple("#{:02x}{:02x}{:02x}".format(*colours[name]) for name in classes) if set(classes) <= set(colours) else ()
    )


def latency_samples(subjects: Sequence[Subject]) -> Distributions | None:
    """Every raw run of every subject; None without any."""
    items = tuple(
        Samples(one.name, record.samples, str(record.conditions.get("device", "")))
        for one in subjects
        for record in one.records
        if record.metric == "latency_ms" and record.samples
    )
    return Distributions("ms", items) if items else None


def latency_bars(subjects: Sequence[Subject]) -> Bars | None:
    """The ratio to the reference network of each subject, with the spread over rounds; None unless two have one."""
    found = [record for one in subjects for record in (one.record("latency_ratio"),) if record is not None]
    names = [one.name for one in subjects if one.record("latency_ratio") is not None]
    if len(found) < 2:
        return None
    return Bars("×", tuple(
        Bar(name, float(record.value or 0), _std(record.samples), "", number == 0)
        for number, (name, record) in enumerate(zip(names, found, strict=True))
    ), 3)  # fmt: skip


def _std(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return float((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)
