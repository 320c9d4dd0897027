"""The ladder as a path through a plane: rungs in order, probes and other networks beside them, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from modernize.report.figures.labels import Point, place_labels
from modernize.report.figures.look import Look
from modernize.report.figures.style import shortened
from modernize.report.provenance import Provenance

_LEGEND = {"adopted": "rung", "baseline": "baseline", "control": "control", "network": "network"}
"""What roles are called where rungs and other networks stand in one plane."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a plane.

    Attributes:
        name: What is written beside it, of a rung its number.
        at: Its cost and its result.
        role: Decides its shape.
        step: The rung it is, "" for what is none.
        before: The rung it stands on.
        std: Standard deviation of its result, None where there is none.
        printed: What its cost is printed as, where that cannot be.
    """

    name: str
    at: Point
    role: Literal["adopted", "probe", "context", "baseline", "control", "network"]
    step: str = ""
    before: str = ""
    std: float | None = None
    printed: float | None = None


def draw_path(
    axes: Axes,
    marks: Sequence[Mark],
    kind: Provenance,
    colour: str,
    look: Look,
    *,
    falls: bool = False,
    costs: Sequence[float] = (),
) -> None:
    """Draw rungs in their order, probes hanging beside them, context, the Pareto front, and a label at each point.

    Args:
        axes: Empty, in a figure with a fixed layout.
        marks: In the ladder's order.
        kind: Measured or published, which decides the shape of rungs.
        colour: Of the path.
        look: The theme's colours.
        falls: Whether less of a result is better.
        costs: Of what has no result, which the axis also has to hold.
    """
    axes.grid()
    if not marks:
        axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", color=look.faint, style="italic")
        axes.set(xticks=[], yticks=[])
        return
    axes.set_xlim(*_roomy([*costs, *(x for mark in marks for x in (mark.at[0], mark.printed or mark.at[0]))]))
    axes.set_ylim(*_roomy([y for mark in marks for y in (mark.at[1] - (mark.std or 0), mark.at[1] + (mark.std or 0))]))
    places = {mark.step: mark.at for mark in marks if mark.step}
    walked = list(pairwise(mark.at for mark in marks if mark.role == "adopted"))
    hanging = [(places[m.before], m.at) for m in marks if m.role == "probe" and m.before in places]
    # Of the ladder alone where there is one: no line leads from a rung to a network that is none.
    own = [mark.at for mark in marks if mark.role in ("adopted", "probe")]
    own = own or [mark.at for mark in marks if mark.role != "context"]
    front = pareto_front(own, falls=falls)
    wide: dict[str, Any] = {"lw": 8, "solid_capstyle": "round", "solid_joinstyle": "round", "drawstyle": "steps-post"}
    axes.plot(*zip(*front, strict=True), color=look.tint(colour, 0.3), gid="front", zorder=0.5, **wide)
    for a, b in walked:
        axes.plot(*zip(a, b, strict=True), color=colour, lw=1.8, alpha=0.75, zorder=1, solid_capstyle="round")
        _arrow(axes, a, b, colour)
    for a, b in hanging:
        axes.plot(*zip(a, b, strict=True), color=colour, lw=1.2, ls=(0, (3, 2)), alpha=0.75, zorder=1)
    for mark in marks:
        x, y = mark.at
        if mark.std is not None:
            axes.plot([x, x], [y - mark.std, y + mark.std], color=colour, lw=1.4, zorder=2, solid_capstyle="butt")
        if mark.printed is not None:
            axes.plot([x, mark.printed], [y, y], color=colour, lw=1.2, ls=":", zorder=1)
            axes.plot(
                mark.printed, y, ls="", gid="printed", zorder=3, **_shape("probe", kind, colour, look) | {"ms": 6}
            )
        axes.plot(*mark.at, ls="", zorder=3, **_shape(mark.role, kind, colour, look))
    roles = dict.fromkeys(mark.role for mark in marks)
    named = [role for role in roles if role in _LEGEND]
    if len(named) > 1 or {*named} - {"adopted", "network"}:
        handles = [Line2D([], [], ls="", label=_LEGEND[role], **_shape(role, kind, colour, look)) for role in named]
        at: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.135), "borderaxespad": 0.0}
        tight: dict[str, Any] = {"frameon": False, "fontsize": 10.5, "handletextpad": 0.2, "columnspacing": 1.0}
        axes.legend(handles=handles, ncols=len(handles), **at, **tight)
    place_labels(
        axes,
        [mark.at for mark in marks],
        [shortened(mark.name, 20) for mark in marks],
        walked + hanging,
        look,
        [look.faint if mark.role == "context" else look.ink for mark in marks],
    )


def _shape(role: str, kind: Provenance, colour: str, look: Look) -> dict[str, Any]:
    """How a point of a role is drawn: rungs as all that is measured or published, others in shapes of their own."""
    marker, face, edge, size = {
        "adopted": (kind.marker, colour, look.ink, 8.0),
        "network": (kind.marker, colour, look.ink, 8.0),
        "probe": (kind.marker, look.page, colour, 8.0),
        "baseline": ("^", look.baseline, look.ink, 9.0),
        "control": ("v", look.page, look.ink, 9.0),
        "context": ("D", look.other, look.other, 6.5),
    }[role]
    return {"marker": marker, "mfc": face, "mec": edge, "ms": size, "mew": 1.0}


def pareto_front(points: Sequence[Point], *, falls: bool = False) -> list[Point]:
    """Return the points that no other beats in both respects, cheapest first.

    Examples:
        >>> pareto_front([(2.0, 70.0), (1.0, 60.0), (3.0, 65.0)])
        [(1.0, 60.0), (2.0, 70.0)]
    """
    up = -1 if falls else 1
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p[0], -up * p[1])):
        if not front or up * point[1] > up * front[-1][1]:
            front.append(point)
    return front


def _arrow(axes: Axes, a: Point, b: Point, colour: str) -> None:
    """Put an arrow head on the middle of a segment, if it is long enough to carry one."""
    (x0, y0), (x1, y1) = axes.transData.transform([a, b])
    if (x1 - x0) ** 2 + (y1 - y0) ** 2 < 60**2:
        return
    tail, head = ((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in (0.5, 0.54))
    axes.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 0, "mutation_scale": 17})


def _roomy(values: Sequence[float]) -> tuple[float, float]:
    """Limits with room for labels on either side."""
    low, high = min(values), max(values)
    # Means of the same values may differ in their last bit.
    margin = 0.16 * (high - low) if high - low > 1e-9 * high else max(0.05 * high, 0.5)
    return max(0.0, low - margin), high + margin
