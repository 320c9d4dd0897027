"""Training curves: one panel a rung, the other rungs in grey behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modernize.report.figures.style import (
    BAD,
    FAINT,
    GRID,
    MEASURED,
    house_style,
    limits_around,
    rung_label,
    shortened,
    verdict,
)
from modernize.report.rows import Row
from modernize.results.record import Curves
from modernize.results.study import Study

Series = Callable[[Curves], Sequence[float]]

# With more seeds than this, a band from least to greatest stands for the single lines.
MOST_LINES = 8
_BEHIND = "#D0D0D0"


@house_style()
def top1_figure(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw test top-1 by epoch, one panel a rung."""
    return _panels(study, rows, lambda curves: curves.test_top1_percent, "test top-1, %", 1)


@house_style()
def loss_figure(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw training loss by epoch, one panel a rung."""
    return _panels(study, rows, lambda curves: curves.train_loss, "training loss", 2)


def _panels(study: Study, rows: Sequence[Row], series: Series, label: str, digits: int) -> Figure:
    columns = min(range(4, 7), key=lambda c: -len(rows) % c) if len(rows) > 4 else len(rows)
    lines = math.ceil(len(rows) / columns)
    figure = Figure(figsize=(13.333, max(4.0, 1.2 + 1.62 * lines)), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    panels: list[Axes] = list(grid.flat)
    means = [_mean([series(r.curves) for r in row.records.values() if r.status == "finished"]) for row in rows]
    panels[0].set_xlim(0.5, study.epochs + 0.5)
    panels[0].set_ylim(*_limits(rows, series, digits))
    panels[0].xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for i, (row, axes) in enumerate(zip(rows, panels, strict=False)):
        axes.grid(color=GRID)
        axes.set_title(rung_label(row), fontsize=11.5, pad=3)
        for mean in means:
            axes.plot(range(1, len(mean) + 1), mean, color=_BEHIND, lw=0.8, zorder=1)
        _rung(axes, row, means[i], series, digits)
        # The last panel of a column carries its epochs, also above a gap.
        axes.tick_params(labelbottom=i + columns >= len(rows))
    for axes in panels[len(rows) :]:
        axes.set_axis_off()
    seeds = "one seed" if len(study.seeds) == 1 else f"thick: mean of {len(study.seeds)} seeds"
    figure.supylabel(label, fontsize=13)
    figure.supxlabel(
        f"epoch of training on {shortened(study.data, 30)} ({seeds}; grey: the other rungs; number: last epoch)",
        fontsize=12,
    )
    return figure


def _rung(axes: Axes, row: Row, mean: Sequence[float], series: Series, digits: int) -> None:
    finished = [series(r.curves) for r in row.records.values() if r.status == "finished"]
    if len(finished) > MOST_LINES:
        table = _table(finished)
        epochs = range(1, table.shape[1] + 1)
        axes.fill_between(epochs, np.nanmin(table, axis=0), np.nanmax(table, axis=0), color=MEASURED, alpha=0.25, lw=0)
    elif len(finished) > 1:
        for values in finished:
            axes.plot(range(1, len(values) + 1), values, color=MEASURED, lw=0.9, alpha=0.55, zorder=2)
    dot = "o" if len(mean) == 1 else None
    axes.plot(range(1, len(mean) + 1), mean, color=MEASURED, lw=2.2, marker=dot, zorder=3)
    top = digits > 1
    corner: dict[str, Any] = {
        "transform": axes.transAxes,
        "ha": "right",
        "va": "top" if top else "bottom",
        "fontsize": 11,
    }
    if len(mean):
        axes.text(0.97, 0.95 if top else 0.05, f"{mean[-1]:.{digits}f}", color=MEASURED, weight="bold", **corner)
    for record in row.records.values():
        if record.status != "finished":
            values = [v for v in series(record.curves) if math.isfinite(v)]
            axes.plot(range(1, len(values) + 1), values, color=BAD, lw=1.4, zorder=3)
            if values:
                axes.plot(len(values), values[-1], "X", color=BAD, ms=8, mec="white", zorder=4)
    ended = [r.status for r in row.records.values() if r.status != "finished"]
    if ended or not row.records:
        word = verdict(row)
        count = f"{len(ended)} {word}" if len(row.planned.run_ids) > 1 and ended else word
        colour = BAD if ended else FAINT
        axes.text(0.97, 0.76 if top else 0.24, count, color=colour, style="italic", **corner)


def _mean(curves: Sequence[Sequence[float]]) -> list[float]:
    return _table(curves).mean(axis=0).tolist() if curves else []


def _table(curves: Sequence[Sequence[float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Curves of one length as rows; a shorter one cuts the others."""
    length = min(len(values) for values in curves)
    return np.array([values[:length] for values in curves], dtype=np.float64).reshape(len(curves), length)


def _limits(rows: Sequence[Row], series: Series, digits: int) -> tuple[float, float]:
    """Limits of the finished runs: a loss about to diverge must not flatten all others."""
    records = [r for row in rows for r in row.records.values()]
    chosen = [r for r in records if r.status == "finished"] or records
    values = [v for r in chosen for v in series(r.curves) if math.isfinite(v)]
    if digits == 1:
        return limits_around(values, room=0.06)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.06 * (high - low) or 0.1
    return max(0.0, low - margin), high + margin
