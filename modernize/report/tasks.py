"""Detection and segmentation: the metrics beside the primary one, and what the paper prints of both tasks."""

from __future__ import annotations

from modernize.metrics import DETECTION, LOSS, METRICS, SEGMENTATION, Metric
from modernize.published import read_table
from modernize.report import numbers
from modernize.report.facts import Report
from modernize.report.rows import Row
from modernize.report.view import Block, Cell, Paragraph, Section, table
from modernize.results.statistics import summarise
from modernize.words import NONE

_PRINTED = {
    DETECTION: ("COCO", ("box_ap_percent", "mask_ap_percent")),
    SEGMENTATION: ("ADE20K", ("miou_percent",)),
}


def tasks(report: Report) -> Section:
    """Lay out further metrics and published values; nothing where rows learn neither of the two tasks."""
    blocks: list[Block] = []
    for objective, (data, printed) in _PRINTED.items():
        rows = [row for row in report.rows if row.planned.objective == objective]
        if not rows:
            continue
        metrics = [metric for metric in METRICS[objective] if metric != LOSS]
        if len(metrics) > 1:
            title = (
                f"{' and '.join(metric.title for metric in metrics)}: means over thresholds of IoU from 0.5 to 0.95."
            )
            blocks.append(
                table(
                    objective,
                    title,
                    rows,
                    ("entry", lambda row: row.step),
                    *((f"{one.label}>", lambda row, one=one: _measured(row, one)) for one in metrics),
                )
            )
        blocks.append(
            Paragraph(
                f"MACs and parameters are counted of the backbone, with a classifier. Published values are of "
                f"{data}, with backbones that were trained on ImageNet before; nothing here can be set beside them."
            )
        )
        blocks.append(
            table(
                f"published-{objective}",
                f"Published on {data}.",
                [line for line in read_table("convnext_v1_tasks.csv") if line["task"] == objective],
                ("method", lambda line: line["what"]),
                ("backbone", lambda line: line["backbone"]),
                *(
                    (f"{one.label}>", lambda line, one=one: Cell(line[one.name], line["source"]))
                    for one in METRICS[objective]
                    if one.name in printed
                ),
                ("source", lambda line: line["source"]),
            )
        )
    return Section("tasks", "Detection and segmentation", tuple(blocks))


def _measured(row: Row, metric: Metric) -> Cell:
    values = [row.records[seed].result.metrics[metric.name] for seed in row.finished]
    value = summarise(values)
    if value is None:
        return Cell(NONE)
    return Cell(numbers.mean_text(value, metric.digits), value=value.mean, source="measured on the test images")
