"""Top-1 against multiply-accumulates, as the path that the ladder takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.report.figures.labels import Point, place_labels
from modernize.report.figures.style import (
    FAINT,
    GRID,
    INK,
    MEASURED,
    PUBLISHED,
    SLIDE_INCHES,
    house_style,
    sentence,
    setting,
    shortened,
    verdict,
)
from modernize.report.numbers import macs_unit
from modernize.report.rows import Row
from modernize.results.study import Study


@house_style()
def path_figure(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw the measured path on the left and the published one on the right, each on axes of its own.

    Args:
        study: The plan.
        rows: In the ladder's order; probes hang beside the path by a dashed line.
    """
    figure = Figure(figsize=SLIDE_INCHES)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.925, bottom=0.15, wspace=0.17)
    unit_name, unit = macs_unit(rows)

    measured = {row.step: (row.planned.macs / unit, row.top1.mean) for row in rows if row.top1}
    left.set_title(f"Measured: {setting(study)}", color=MEASURED, weight="bold")
    left.set_xlabel(f"{unit_name} at {study.image_size} px")
    left.set_ylabel(f"test top-1 on {shortened(study.data, 30)}, %")
    _draw(left, rows, measured, MEASURED)

    published = {row.step: (row.published.gmacs, row.published.top1_percent) for row in rows if row.published}
    source = next((row.published.source for row in rows if row.published), "nothing")
    right.set_title(f"Published: {source}", color="#8A5F00", weight="bold")
    right.set_xlabel("GMACs at 224 px, as printed")
    right.set_ylabel("ImageNet-1K top-1, %")
    _draw(right, rows, published, PUBLISHED)

    notes = ["MACs: convolutions and classifier", "open markers: probes, not adopted", "arrows: the order of the steps"]
    if absent := [f"{row.step} ({verdict(row)})" for row in rows if row.top1 is None]:
        notes.append(f"not measured: {shortened(', '.join(absent), 60)}")
    if doubtful := [row.step for row in rows if row.published and row.published.anomaly]:
        notes.append(f"printed MACs inconsistent: {', '.join(doubtful)}")
    figure.text(0.5, 0.02, sentence(notes), ha="center", fontsize=10.5, color=FAINT)
    return figure


def _draw(axes: Axes, rows: Sequence[Row], points: dict[str, Point], colour: str) -> None:
    axes.grid(color=GRID)
    shown = [row for row in rows if row.step in points]
    if not shown:
        axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", color=FAINT, style="italic")
        axes.set(xticks=[], yticks=[])
        return
    _set_limits(axes, [points[row.step] for row in shown])
    path = [points[row.step] for row in shown if row.adopted]
    walked = list(pairwise(path))
    hanging = [
        (points[row.planned.before], points[row.step])
        for row in shown
        if not row.adopted and row.planned.before in points
    ]
    for a, b in walked:
        axes.plot(*zip(a, b, strict=True), color=colour, lw=1.8, alpha=0.75, zorder=1, solid_capstyle="round")
        _arrow(axes, a, b, colour)
    for a, b in hanging:
        axes.plot(*zip(a, b, strict=True), color=colour, lw=1.2, ls=(0, (3, 2)), alpha=0.75, zorder=1)
    for row in shown:
        x, y = points[row.step]
        axes.plot(
            x,
            y,
            "o",
            ms=8,
            mfc=colour if row.adopted else "white",
            mec=INK if row.adopted else colour,
            mew=1.0,
            zorder=3,
        )
    place_labels(
        axes, [points[row.step] for row in shown], [shortened(row.step, 20) for row in shown], walked + hanging
    )


def _arrow(axes: Axes, a: Point, b: Point, colour: str) -> None:
    """Put an arrow head on the middle of a segment, if it is long enough to carry one."""
    (x0, y0), (x1, y1) = axes.transData.transform([a, b])
    if (x1 - x0) ** 2 + (y1 - y0) ** 2 < 60**2:
        return
    tail, head = ((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in (0.5, 0.54))
    axes.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 0, "mutation_scale": 17})


def _set_limits(axes: Axes, points: Sequence[Point]) -> None:
    axes.set_xlim(*_roomy([x for x, _ in points]))
    axes.set_ylim(*_roomy([y for _, y in points]))


def _roomy(values: Sequence[float]) -> tuple[float, float]:
    """Limits with room for labels on either side."""
    low, high = min(values), max(values)
    margin = 0.16 * (high - low) or max(0.05 * high, 0.5)
    return max(0.0, low - margin), high + margin
