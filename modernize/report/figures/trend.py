"""Each step's delta against the one thing in which studies differ: a panel a step, on one scale."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.report.figures.crosses import EDGE, cross
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import house_style, settled, shortened
from modernize.report.trend import Line, Trend, axis_name, place_text

COLUMNS = 4


def trend(found: Trend, *, theme: Theme = "light") -> Figure:
    """Draw the deltas of each step with their intervals; a place each, in order, whatever lies between them.

    Args:
        found: The trend.
        theme: "light" or "dark"; "page" for an SVG that follows its page.
    """
    columns = min(COLUMNS, len(found.lines))
    rows = -(-len(found.lines) // columns)
    with house_style(theme) as look:
        figure = Figure(figsize=(max(5.0, 2.9 * columns), 0.8 + 2.5 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for index, axes in enumerate(grid.flat):
            if index < len(found.lines):
                _panel(axes, found, found.lines[index], look)
            else:
                axes.set_axis_off()
        diverged = any(point.num_diverged for line in found.lines for point in line.points)
        figure.supxlabel(f"{axis_name(found.axis)}{'; cross: runs diverged' * diverged}", fontsize=11)
        figure.supylabel(f"delta of {found.metric.title}, {found.metric.delta_unit}".rstrip(", "), fontsize=11)
        return settled(figure, look)


def _panel(axes: Axes, found: Trend, line: Line, look: Look) -> None:
    axes.axhline(0.0, color=look.faint, linewidth=1.0)
    shown = [(found.places.index(point.at), point.delta) for point in line.points if point.delta]
    means = [delta.mean for _, delta in shown]
    below = [0.0 if delta.low is None else delta.mean - delta.low for _, delta in shown]
    above = [0.0 if delta.high is None else delta.high - delta.mean for _, delta in shown]
    axes.errorbar(
        [place for place, _ in shown],
        means,
        yerr=[below, above],
        color=look.measured,
        marker="o",
        linewidth=1.2,
        capsize=3,
    )
    for point in line.points:
        if point.num_diverged:
            place = found.places.index(point.at)
            cross(axes, place, 2 * EDGE, look, transform=axes.get_xaxis_transform())
    axes.set_xticks(range(len(found.places)), [place_text(place) for place in found.places])
    axes.set_xlim(-0.4, len(found.places) - 0.6)
    axes.grid(axis="y", color=look.grid)
    axes.set_title(shortened(line.step, 38), fontsize=10)
