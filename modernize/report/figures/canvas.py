"""What diagrams are drawn with: boxes, pills, arrows and curves on a page measured in points, y downwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from modernize.report.figures.fonts import drawable, families
from modernize.report.figures.look import Look
from modernize.report.figures.parts import Word

POINTS_PER_INCH = 72
BOX_FONT, PILL_FONT, SMALL_FONT, TITLE_FONT = 12.0, 10.5, 10.5, 13.5
BOX_HEIGHT, PILL_HEIGHT = 29.0, 17.0
PILL_GAP, PILL_PADDING = 4.0, 6.0
PLUS_RADIUS = 8.5
LINE = 1.3
_HEAD_LENGTH, _HEAD_WIDTH = 7.0, 3.4

Point = tuple[float, float]


@cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in points."""
    font = FontProperties(family=families(), size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(drawable(text), font, False)[0])


def pill_width(text: str) -> float:
    """Width of a pill in points."""
    return text_width(text, PILL_FONT) + 2 * PILL_PADDING


def pills_width(words: Sequence[Word]) -> float:
    """Width of a line of pills in points."""
    return sum(pill_width(word.text) for word in words) + PILL_GAP * max(0, len(words) - 1)


class Canvas:
    """A page that is as large as it has to be, and remembers how far its ink reaches since it was last asked to."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._figure = Figure(dpi=160)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self.measure()

    def measure(self) -> None:
        """Forget how far the ink reaches: measure what is drawn from now on."""
        self.left, self.right, self.bottom = math.inf, -math.inf, -math.inf

    def page(self, width: float, height: float) -> Figure:
        """Return the drawing as a page of so many points, its top left corner at (0, 0)."""
        self._figure.set_size_inches(width / POINTS_PER_INCH, height / POINTS_PER_INCH)
        self._axes.set(xlim=(0, width), ylim=(height, 0))
        return self._figure

    def _reach(self, left: float, right: float, bottom: float) -> None:
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom = max(self.bottom, bottom)

    def text(self, x: float, y: float, text: str, size: float = SMALL_FONT, ha: str = "left", **style: Any) -> None:
        """Write a line, its middle at `y`."""
        width = text_width(text, size, style.get("weight", "normal"))
        left = x - width * {"left": 0.0, "center": 0.5, "right": 1.0}[ha]
        self._reach(left, left + width, y + size / 2)
        self._axes.text(
            x, y, drawable(text), fontsize=size, ha=ha, **{"va": "center", "color": self.look.ink, "zorder": 5, **style}
        )

    def box(
        self, x: float, y: float, widths: tuple[float, float], text: str, kind: str, *, marked: bool = False
    ) -> None:
        """Draw an operation, its top middle at (x, y); its sides lean from the width at the top to that below."""
        above, below = widths[0] / 2, widths[1] / 2
        corners = [(x - above, y), (x + above, y), (x + below, y + BOX_HEIGHT), (x - below, y + BOX_HEIGHT)]
        colour = self.look.kinds[kind]
        self._reach(x - max(above, below), x + max(above, below), y + BOX_HEIGHT)
        self._axes.add_patch(
            Polygon(
                corners,
                facecolor=self.look.tint(colour, 0.3),
                edgecolor=self.look.mark if marked else colour,
                linewidth=3.0 if marked else LINE,
                joinstyle="round",
                zorder=3,
            )
        )
        self.text(x, y + BOX_HEIGHT / 2, text, BOX_FONT, ha="center")

    def pills(self, x: float, y: float, words: Sequence[Word]) -> None:
        """Write norms, activations and the like in a line that starts at `x`, its middle at `y`."""
        for text, marked in words:
            width = pill_width(text)
            self._axes.add_patch(
                FancyBboxPatch(
                    (x, y - PILL_HEIGHT / 2),
                    width,
                    PILL_HEIGHT,
                    boxstyle=f"round,pad=0,rounding_size={PILL_HEIGHT / 2}",
                    facecolor=self.look.tint(self.look.kinds["rest"], 0.18),
                    edgecolor=self.look.mark if marked else self.look.tint(self.look.kinds["rest"], 0.6),
                    linewidth=2.4 if marked else 0.9,
                    zorder=4,
                )
            )
            self.text(x + width / 2, y, text, PILL_FONT, ha="center")
            self._reach(x, x + width, y + PILL_HEIGHT / 2)
            x += width + PILL_GAP

    def plus(self, x: float, y: float) -> None:
        """Draw the addition."""
        ink, arm = self.look.ink, 0.55 * PLUS_RADIUS
        self._axes.add_patch(Circle((x, y), PLUS_RADIUS, facecolor=self.look.page, edgecolor=ink, lw=LINE, zorder=4))
        for dx, dy in ((arm, 0.0), (0.0, arm)):
            self._axes.plot([x - dx, x + dx], [y - dy, y + dy], color=ink, lw=LINE, zorder=5)

    def arrow(self, *points: Point, radius: float = 0.0) -> None:
        """Draw a line through points, its corners rounded, with a head at its end."""
        end = points[-1]
        self._reach(min(x for x, _ in points), max(x for x, _ in points), max(y for _, y in points))
        length = math.dist(points[-2], end)
        back = [e - (e - s) / length * _HEAD_LENGTH for s, e in zip(points[-2], end, strict=True)]
        aside = [(e - s) / length * _HEAD_WIDTH for s, e in zip(points[-2], end, strict=True)]
        tips = [end, (back[0] - aside[1], back[1] + aside[0]), (back[0] + aside[1], back[1] - aside[0])]
        self._axes.add_patch(Polygon(tips, facecolor=self.look.ink, edgecolor="none", zorder=2))
        points = (*points[:-1], (back[0], back[1]))
        self._axes.add_patch(
            PathPatch(_rounded(points, radius), facecolor="none", edgecolor=self.look.ink, lw=LINE, zorder=1)
        )

    def band(self, y: float, height: float) -> None:
        """Shade the page from side to side."""
        self._axes.axhspan(y, y + height, facecolor=self.look.tint(self.look.faint, 0.09), edgecolor="none", zorder=0)

    def rule(self, x: float, y: float, end: float) -> None:
        """Draw a thin line across."""
        self._axes.plot([x, end], [y, y], color=self.look.faint, lw=0.8, zorder=1)

    def dot(self, x: float, y: float) -> None:
        """Mark where a line parts."""
        self._axes.add_patch(Circle((x, y), 2.6, facecolor=self.look.ink, edgecolor="none", zorder=2))

    def swatch(self, x: float, y: float, colour: str, edge: str, width: float) -> None:
        """Draw a small square of a legend, its left middle at (x, y)."""
        corners = [(x, y - 6), (x + 12, y - 6), (x + 12, y + 6), (x, y + 6)]
        self._axes.add_patch(Polygon(corners, facecolor=colour, edgecolor=edge, linewidth=width, zorder=3))


def _rounded(points: Sequence[Point], radius: float) -> Path:
    """Join points by straight lines; a corner becomes an arc that starts and ends `radius` from it."""
    corners = points[1:-1] if radius else ()
    vertices: list[Point] = [points[0]]
    codes = [Path.MOVETO]
    for before, corner, after in zip(points, corners, points[2:], strict=False):
        vertices += [_towards(corner, before, radius), corner, _towards(corner, after, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    vertices += [points[-1]] if radius else points[1:]
    codes += [Path.LINETO] * (len(vertices) - len(codes))
    return Path(vertices, codes)


def _towards(start: Point, end: Point, length: float) -> Point:
    share = min(0.5, length / math.dist(start, end))
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
