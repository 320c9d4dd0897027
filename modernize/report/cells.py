"""A rung's numbers as cells: each as it is printed, with what a column is sorted by and where it comes from."""

from __future__ import annotations

from dataclasses import replace

from modernize.report import numbers
from modernize.report import provenance as source
from modernize.report.contrasts import Contrast
from modernize.report.roles import role_text
from modernize.report.rows import Row
from modernize.report.view import Cell
from modernize.results.study import Study
from modernize.words import NONE, macs_text, signed


def step(row: Row) -> Cell:
    """Its name; what is no rung is marked."""
    return Cell(text=row.label, rung=row.step, source=row.planned.title)


def role(row: Row) -> Cell:
    """What it is in the study, which network, and what is special about it."""
    return Cell(text=role_text(row))


def top1_measured(study: Study, row: Row) -> Cell:
    """Mean over seeds of the last epoch, in percent."""
    value = row.top1.mean if row.top1 else None
    return Cell(text=numbers.top1_text(row.top1), value=value, source=source.measured_source(study, row))


def delta_measured(row: Row) -> Cell:
    """Change against what it is compared with first, in points; named where that is not the rung before."""
    cell = delta_of(row.contrast, len(row.planned.run_ids))
    return replace(cell, text=f"{cell.text} vs {row.against}") if row.against and row.delta else cell


def delta_of(one: Contrast, n_seeds: int) -> Cell:
    """Paired difference of a contrast, in points."""
    text = numbers.delta_text(one.delta, n_seeds)
    return Cell(text=text, value=one.delta.mean if one.delta else None, source=source.delta_source(one))


def verdict_measured(one: Row | Contrast) -> Cell:
    """What the test of the change says."""
    return Cell(text=one.verdict or NONE, source=source.verdict_source(one))


def top1_published(row: Row, *, several: bool = False) -> Cell:
    """As printed, in percent; with its data where the column has values on several."""
    value = row.published.top1_percent if row.published else None
    text = numbers.published_text(row.published) + (f", {row.published.data}" if several and row.published else "")
    return Cell(text=text, value=value, source=source.published_source(row.published))


def delta_published(row: Row) -> Cell:
    """Difference of the printed means, in points."""
    text, origin = signed(row.published_delta), source.published_delta_source(row)
    return Cell(text=text, value=row.published_delta, source=origin)


def verdict_published(row: Row) -> Cell:
    """What the test of the printed difference says."""
    return Cell(text=numbers.published_verdict(row), source=source.reading_source(row))


def gmacs_published(row: Row, note: str = "") -> Cell:
    """As printed; one that is inconsistent in its source is marked, with the footnote of this key."""
    if row.published is None or not row.published.gmacs_text:
        return Cell(text=NONE)
    doubtful = bool(row.published.anomaly)
    return Cell(
        text=row.published.gmacs_text,
        value=row.published.gmacs,
        source=source.published_source(row.published),
        note=note if doubtful else "",
        bad=doubtful,
    )


def macs(row: Row, unit: float, image_size: int) -> Cell:
    """Multiply-accumulates, in units of so many."""
    text, origin = macs_text(row.planned.macs, unit), source.counted_source(row.planned, image_size)
    return Cell(text=text, value=row.planned.macs, source=origin)


def params(row: Row, image_size: int) -> Cell:
    """Number of parameters."""
    value = row.planned.num_params
    return Cell(text=f"{value:,}", value=value, source=source.counted_source(row.planned, image_size))


def speed(row: Row) -> Cell:
    """Training images a second."""
    origin = source.speed_source(row) if row.num_timed else ""
    return Cell(text=numbers.speed_text(row.images_per_second), value=row.images_per_second, source=origin)


def runs(row: Row, note: str = "") -> Cell:
    """How its runs ended, with the footnote of this key."""
    return Cell(text=numbers.runs_text(row), note=note, bad=row.status != "finished" or bool(row.stale))
