"""Labels beside points, none on top of another: the place that costs least, nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from modernize.report.figures.look import Look

Point = tuple[float, float]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_DISTANCES = (8, 12, 20, 30, 42, 56, 72, 90, 110, 135, 165)
_DIRECTIONS = 24
_POINT_RADIUS = 7.0
# What a label pays, in points of distance: for another text or dot below it, for each line it stands on, and for each
# label its leader crosses.
_OVERLAP_PRICE, _LINE_PRICE, _LEADER_PRICE = 1000.0, 45.0, 90.0
_SWEEPS = 3
_FONT_SIZE = 10.5


def place_labels(
    axes: Axes,
    points: Sequence[Point],
    texts: Sequence[str],
    lines: Sequence[tuple[Point, Point]],
    look: Look,
    inks: Sequence[str],
) -> None:
    """Write a text beside each point, joined to it by a thin line where it stands far off.

    Args:
        axes: Axes with final limits, in a figure with a fixed layout.
        points: In data coordinates.
        texts: One a point.
        lines: Segments drawn in the axes, in data coordinates; labels avoid them where they can.
        look: The theme's colours.
        inks: Colour of each text.
    """
    figure: Any = axes.figure
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    scale = figure.dpi / 72
    at = axes.transData.transform(points)
    frame = axes.get_window_extent(renderer)
    sizes = []
    for text in texts:
        label = axes.text(0, 0, text, fontsize=_FONT_SIZE)
        extent = label.get_window_extent(renderer)
        label.remove()
        sizes.append((extent.width + 3 * scale, extent.height + scale))
    scene = _Scene(
        scale=scale,
        room=np.array([frame.x0, frame.y0, frame.x1, frame.y1]),
        dots=np.hstack([at - _POINT_RADIUS * scale, at + _POINT_RADIUS * scale]),
        lines=[_along(*axes.transData.transform(ends)) for ends in lines],
    )
    ground = {"facecolor": look.page, "edgecolor": "none", "alpha": 0.75, "pad": 0.4}
    style: dict[str, Any] = {"ha": "center", "va": "center", "bbox": ground, "zorder": 6, "fontsize": _FONT_SIZE}
    back = axes.transData.inverted().transform
    for text, ink, point, place in zip(texts, inks, at, _arrange(at, sizes, scene), strict=True):
        if place.far:
            axes.plot(*back([point, place.tip]).T, color=look.faint, lw=0.8, zorder=2)
        x, y = back((place.box[:2] + place.box[2:]) / 2)
        axes.text(x, y, text, color=ink, **style)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What labels must respect, in pixels: boxes are left, bottom, right and top, lines are points along them."""

    scale: float
    room: Floats
    dots: Floats
    lines: Sequence[Floats]


@dataclass(frozen=True, slots=True)
class _Place:
    """A label's box, where its leader ends, and whether it is far enough to have one."""

    box: Floats
    tip: Floats
    far: bool


def _arrange(at: Floats, sizes: Sequence[Point], scene: _Scene) -> list[_Place]:
    """Place each label where it costs least, then let each move again now that all others stand."""
    # The crowded ones first: they have the fewest places to go.
    crowd = (np.linalg.norm(at[:, None] - at, axis=2) < 60 * scene.scale).sum(axis=1)
    places: dict[int, _Place] = {}
    for _ in range(_SWEEPS):
        for i in sorted(range(len(at)), key=lambda i: (-crowd[i], -at[i][1])):
            others = {j: place for j, place in places.items() if j != i}
            leaders = [_along(at[j], place.tip) for j, place in others.items() if place.far]
            taken = np.array([place.box for place in others.values()]).reshape(-1, 4)
            places[i] = _cheapest(at[i], sizes[i], scene, taken, leaders)
    return [places[i] for i in range(len(at))]


def _cheapest(point: Floats, size: Point, scene: _Scene, taken: Floats, leaders: Sequence[Floats]) -> _Place:
    """Try boxes that touch circles around a point; each has the spot where it touches as its tip."""
    far, angle = (
        a.ravel() for a in np.meshgrid(_DISTANCES, 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS, indexing="ij")
    )
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tips = point + far[:, None] * scene.scale * direction
    # The box lies beyond its tip: sideways by the cosine, up and down by the sine.
    corners = tips + (direction - 1) / 2 * size
    boxes = np.hstack([corners, corners + size])
    outside = (boxes[:, :2] < scene.room[:2]).any(axis=1) | (boxes[:, 2:] > scene.room[2:]).any(axis=1)
    filled = np.vstack([scene.dots, taken])
    overlaps = ((boxes[:, None, :2] < filled[:, 2:]) & (filled[:, :2] < boxes[:, None, 2:])).all(axis=2).sum(axis=1)
    # A leader over the dot of another point seems to belong to it; a dot it starts in cannot be helped.
    own = np.array([_along(point, tip) for tip in tips])
    passed = _inside(own, scene.dots[~_inside(point, scene.dots)]).any(axis=1).sum(axis=1)
    tangled = _inside(own, taken).any(axis=1).sum(axis=1) + sum(
        _cut(point, tips, line[0], line[-1]) for line in leaders
    )
    on_lines, on_leaders = (
        sum((_inside(line, boxes).any(axis=0).astype(int) for line in of), np.zeros(len(boxes), int))
        for of in (scene.lines, leaders)
    )
    prices = (
        far
        + _OVERLAP_PRICE * (overlaps + outside)
        + _LINE_PRICE * (on_lines + passed)
        + _LEADER_PRICE * (tangled + on_leaders)
    )
    best = int(prices.argmin())
    return _Place(boxes[best], tips[best], bool(far[best] > _DISTANCES[1]))


def _cut(a: Floats, b: Floats, c: Floats, d: Floats) -> Bools:
    """Which of the segments from a to each b cross that from c to d."""

    def side(p: Floats, q: Floats, r: Floats) -> Floats:
        (x, y), (u, v) = np.moveaxis(q - p, -1, 0), np.moveaxis(r - p, -1, 0)
        return np.asarray(x * v - y * u)

    return np.asarray((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0))


def _along(start: Floats, end: Floats) -> Floats:
    """Points along a segment, closer to each other than a letter is high."""
    return np.linspace(start, end, 120)


def _inside(points: Floats, boxes: Floats) -> Bools:
    """Which points (..., 2) lie in which of n boxes: (..., n)."""
    one = points[..., None, :]
    return np.asarray(((one > boxes[:, :2]) & (one < boxes[:, 2:])).all(axis=-1))
