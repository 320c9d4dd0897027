"""The mark of runs that diverged: a cross beside what the others measured, the same in every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes

from modernize.report.figures.look import Look
from modernize.report.figures.style import shortened
from modernize.report.rows import Row

GID = "diverged"
EDGE = 0.016
"""Of the axes, how far from its first end a cross stands."""


def cross(axes: Axes, x: float, y: float, look: Look, **where: Any) -> None:
    """Draw the mark of a run that diverged."""
    axes.plot(x, y, "X", color=look.bad, ms=8, mec=look.page, gid=GID, zorder=5, clip_on=False, **where)


def crosses(axes: Axes, places: Mapping[float, Row], look: Look, *, along: Literal["x", "y"]) -> None:
    """Draw one at the edge of the axes for each row of which runs diverged.

    Args:
        axes: Whose limits stay as they are.
        places: Of rows, on the axis that they stand along.
        look: The theme's colours.
        along: Which axis that is.
    """
    for place, row in places.items():
        if row.num_diverged and along == "y":
            cross(axes, EDGE, place, look, transform=axes.get_yaxis_transform())
        elif row.num_diverged:
            cross(axes, place, 2 * EDGE, look, transform=axes.get_xaxis_transform())


def diverged_notes(rows: Sequence[Row]) -> list[str]:
    """Say of which rows runs diverged, and of how many."""
    told = [f"{row.step} {row.num_diverged} of {len(row.records)}" for row in rows if row.num_diverged]
    return [f"cross: diverged, {shortened(', '.join(told), 80)}"] if told else []
