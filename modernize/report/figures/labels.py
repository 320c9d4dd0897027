"""Labels beside points, none on top of another: the first free place, nearest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from modernize.report.figures.style import Look

Box = tuple[float, float, float, float]
Point = tuple[float, float]

_DISTANCES = (8, 12, 20, 30, 42, 56, 72, 90, 110, 135, 165)
_DIRECTIONS = 24
_POINT_RADIUS = 7.0
# What a label pays, in points of distance, for each line it stands on and each label its leader crosses.
_LINE_PRICE = 45.0
_LEADER_PRICE = 90.0
_SWEEPS = 3
_FONT_SIZE = 10.5
_OVERLAP_PRICE = 1000.0


def place_labels(
    axes: Axes,
    points: Sequence[Point],
    texts: Sequence[str],
    lines: Sequence[tuple[Point, Point]],
    look: Look,
    inks: Sequence[str] = (),
) -> None:
    """Write a text beside each point, joined to it by a thin line where it stands far off.

    Args:
        axes: Axes with final limits, in a figure with a fixed layout.
        points: In data coordinates.
        texts: One a point.
        lines: Segments drawn in the axes, in data coordinates; labels avoid them where they can.
        look: The theme's colours.
        inks: Colour of each text; the theme's ink by default.
    """
    figure: Any = axes.figure
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    scale = figure.dpi / 72
    at = [_pixel(axes, point) for point in points]
    radius = _POINT_RADIUS * scale
    frame = axes.get_window_extent(renderer)
    scene = _Scene(
        scale=scale,
        room=(frame.x0, frame.y0, frame.x1, frame.y1),
        dots=[(x - radius, y - radius, x + radius, y + radius) for x, y in at],
        segments=[(_pixel(axes, a), _pixel(axes, b)) for a, b in lines],
    )
    sizes = []
    for text in texts:
        label = axes.text(0, 0, text, fontsize=_FONT_SIZE)
        extent = label.get_window_extent(renderer)
        label.remove()
        sizes.append((extent.width + 3 * scale, extent.height + scale))
    ground = {"facecolor": look.page, "edgecolor": "none", "alpha": 0.75, "pad": 0.4}
    colours = inks or [look.ink] * len(texts)
    for text, ink, point, (box, tip, far) in zip(texts, colours, at, _arrange(at, sizes, scene), strict=True):
        if far:
            axes.plot(*zip(_data(axes, point), _data(axes, tip), strict=True), color=look.faint, lw=0.8, zorder=2)
        middle = _data(axes, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        style: dict[str, Any] = {"ha": "center", "va": "center", "bbox": ground, "zorder": 6}
        axes.text(*middle, text, fontsize=_FONT_SIZE, color=ink, **style)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What labels must respect, in pixels."""

    scale: float
    room: Box
    dots: Sequence[Box]
    segments: Sequence[tuple[Point, Point]]


def _arrange(at: Sequence[Point], sizes: Sequence[Point], scene: _Scene) -> list[tuple[Box, Point, bool]]:
    """Place each label where it costs least, then let each move again now that all others stand."""
    # The crowded ones first: they have the fewest places to go.
    crowd = [sum(math.dist(p, q) < 60 * scene.scale for q in at) for p in at]
    order = sorted(range(len(at)), key=lambda i: (-crowd[i], -at[i][1]))
    places: dict[int, tuple[Box, Point, bool]] = {}
    for _ in range(_SWEEPS):
        for i in order:
            others = [place for j, place in places.items() if j != i]
            taken = [box for box, _, _ in others]
            leaders = [(at[j], place[1]) for j, place in places.items() if j != i and place[2]]
            places[i] = _cheapest(at[i], sizes[i], scene, taken, leaders)
    return [places[i] for i in range(len(at))]


def _cheapest(
    point: Point, size: Point, scene: _Scene, taken: Sequence[Box], leaders: Sequence[tuple[Point, Point]]
) -> tuple[Box, Point, bool]:
    best, least = None, math.inf
    for distance in _DISTANCES:
        # Farther places cost their distance at least.
        if best and distance >= least:
            break
        for box, tip in _around(point, distance * scene.scale, size):
            price = distance + _price(box, tip, point, scene, taken, leaders)
            if best is None or price < least:
                best, least = (box, tip, distance > _DISTANCES[1]), price
    assert best is not None  # noqa: S101 - there are distances and directions
    return best


def _around(point: Point, distance: float, size: tuple[float, float]) -> list[tuple[Box, Point]]:
    """Give boxes that touch a circle around a point, each with the spot where it touches."""
    boxes = []
    for k in range(_DIRECTIONS):
        angle = 2 * math.pi * k / _DIRECTIONS
        tip = (point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle))
        # The box lies beyond its tip: sideways by the cosine, up and down by the sine.
        x = tip[0] + (math.cos(angle) - 1) / 2 * size[0]
        y = tip[1] + (math.sin(angle) - 1) / 2 * size[1]
        boxes.append(((x, y, x + size[0], y + size[1]), tip))
    return boxes


def _price(
    box: Box,
    tip: Point,
    point: Point,
    scene: _Scene,
    taken: Sequence[Box],
    leaders: Sequence[tuple[Point, Point]],
) -> float:
    room = scene.room
    outside = box[0] < room[0] or box[1] < room[1] or box[2] > room[2] or box[3] > room[3]
    overlaps = sum(_overlap(box, other) for other in (*scene.dots, *taken)) + outside
    # A leader over the dot of another point seems to belong to it; a dot it starts in cannot be helped.
    passed = sum(_crosses((point, tip), dot) and not _inside(point, dot) for dot in scene.dots)
    crossed = sum(_crosses(segment, box) for segment in scene.segments) + passed
    tangled = (
        sum(_crosses((point, tip), other) for other in taken)
        + sum(_crosses(line, box) for line in leaders)
        + sum(_cut(point, tip, *line) for line in leaders)
    )
    return _OVERLAP_PRICE * overlaps + _LINE_PRICE * crossed + _LEADER_PRICE * tangled


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _inside(point: Point, box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _crosses(segment: tuple[Point, Point], box: Box) -> bool:
    """Whether a segment passes through a box (Liang and Barsky)."""
    (x, y), (x_end, y_end) = segment
    enter, leave = 0.0, 1.0
    for start, step, low, high in ((x, x_end - x, box[0], box[2]), (y, y_end - y, box[1], box[3])):
        if step == 0:
            if not low < start < high:
                return False
            continue
        near, far = sorted(((low - start) / step, (high - start) / step))
        enter, leave = max(enter, near), min(leave, far)
    return enter < leave


def _cut(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments cross."""

    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _pixel(axes: Axes, point: Point) -> Point:
    x, y = axes.transData.transform(point)
    return float(x), float(y)


def _data(axes: Axes, pixel: Point) -> Point:
    x, y = axes.transData.inverted().transform(pixel)
    return float(x), float(y)
