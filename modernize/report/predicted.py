"""The section on single test images: accuracy by class, what was taken for what, and how sure networks were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modernize.report.facts import Report
from modernize.report.rows import Row
from modernize.report.view import Block, Cell, Items, Section, table
from modernize.words import plural

if TYPE_CHECKING:
    from modernize.results.predictions import Predictions

MOST_CLASSES = 40
"""In the table; of more, the hardest."""


def predicted(report: Report) -> Section:
    """Say what single test images were taken for, where runs kept that."""
    shown = [(row, row.predictions) for row in report.rows if row.predictions]
    if not shown:
        return Section("predictions", "")
    blocks: tuple[Block, ...] = (
        _classes(shown),
        Items(tuple((f"{row.step}, seed {row.predicted_seed}", _told(its)) for row, its in shown)),
    )
    return Section("predictions", "Class by class", blocks)


def _classes(shown: Sequence[tuple[Row, Predictions]]) -> Block:
    _, first = shown[0]
    totals = first.confusion.sum(axis=1)
    right = [its.confusion.diagonal() for _, its in shown]
    hardest = sorted(range(len(totals)), key=lambda label: sum(of[label] for of in right) / max(1, totals[label]))
    note = "" if len(totals) <= MOST_CLASSES else f" The {MOST_CLASSES} hardest of {len(totals)} classes."

    def share(entry: int, label: int) -> Cell:
        if not totals[label]:
            return Cell("-")
        value = 100 * int(right[entry][label]) / int(totals[label])
        return Cell(f"{value:.1f}", source="measured on the test images", value=value)

    return table(
        "classes",
        f"Accuracy by class, hardest first.{note}",
        hardest[:MOST_CLASSES],
        ("class", lambda label: first.class_names[label]),
        ("test images>", lambda label: Cell(f"{totals[label]}", value=int(totals[label]))),
        *((f"{row.step}, %>", lambda label, entry=entry: share(entry, label)) for entry, (row, _) in enumerate(shown)),
    )


def _told(predictions: Predictions) -> str:
    """Say how sure a network was, and what it mixed up most."""
    right = predictions.predicted == predictions.labels
    accuracy, sureness = 100 * float(right.mean()), 100 * float(predictions.sureness.mean())
    error = predictions.calibration_error_percent
    sentences = [
        f"expected calibration error {error:.1f} %: {accuracy:.1f} % are right, mean sureness {sureness:.1f} %"
    ]
    confused = predictions.confusion
    confused[range(len(confused)), range(len(confused))] = 0
    if confused.any():
        true, taken = divmod(int(confused.argmax()), len(confused))
        names = predictions.class_names
        sentences.append(
            f"most often mixed up: {names[true]} taken for {names[taken]} ({plural(int(confused.max()), 'time')})"
        )
    return "; ".join(sentences)
