"""The outlines of `shapes`: signed distances, negative inside, in a frame where an object spans about -1 to 1.

Only + - * / sqrt, minimum, maximum and comparisons are used: IEEE arithmetic rounds these alike everywhere. v points
down, as image rows do. Exact distances matter only near the outline, where they soften its edge.

Source of the distances to stars and hearts: Inigo Quilez, "2D distance functions".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modernize.datasets.hashing import Floats

Outline = Callable[[Floats, Floats, Floats], Floats]


def _length(x: Floats, y: Floats) -> Floats:
    length: Floats = np.sqrt(x * x + y * y)
    return length


def _box(u: Floats, v: Floats, half_width: Floats | float, half_height: Floats | float) -> Floats:
    x, y = np.abs(u) - half_width, np.abs(v) - half_height
    return _length(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)


def disc(u: Floats, v: Floats, vary: Floats) -> Floats:  # noqa: ARG001
    """A filled circle."""
    return _length(u, v) - 0.82


def ring(u: Floats, v: Floats, vary: Floats) -> Floats:
    """A circle with a hole of varied size."""
    width = 0.13 + 0.1 * vary
    return np.abs(_length(u, v) - (0.87 - width)) - width


def square(u: Floats, v: Floats, vary: Floats) -> Floats:
    """A square whose corners are more or less rounded."""
    radius = 0.05 + 0.25 * vary
    return _box(u, v, 0.74 - radius, 0.74 - radius) - radius


def hexagon(u: Floats, v: Floats, vary: Floats) -> Floats:  # noqa: ARG001
    """A regular hexagon with flat top."""
    return np.maximum(np.abs(u) * 0.8660254 + np.abs(v) * 0.5, np.abs(v)) - 0.78


def triangle(u: Floats, v: Floats, vary: Floats) -> Floats:
    """An upright triangle, wider or narrower."""
    return np.maximum(np.abs(u) * (0.8 + 0.25 * vary) - (v - 0.22) * 0.5, v - 0.22) - 0.48


def star(u: Floats, v: Floats, vary: Floats) -> Floats:
    """A star of five points."""
    x, y = np.abs(u), -v
    # Folding across two of its axes leaves half a point.
    fold = 2 * np.maximum(0.809016994 * x - 0.587785252 * y, 0)
    x, y = x - fold * 0.809016994, y + fold * 0.587785252
    fold = 2 * np.maximum(-0.809016994 * x - 0.587785252 * y, 0)
    x, y = np.abs(x + fold * 0.809016994), y + fold * 0.587785252 - 0.98
    inner = 0.42 + 0.1 * vary
    edge_x, edge_y = inner * 0.587785252, inner * 0.809016994 - 1
    along = np.clip((x * edge_x + y * edge_y) / (edge_x * edge_x + edge_y * edge_y), 0, 1)
    distance = _length(x - edge_x * along, y - edge_y * along)
    return np.where(y * edge_x > x * edge_y, distance, -distance)


def cross(u: Floats, v: Floats, vary: Floats) -> Floats:
    """An upright cross with bars of varied thickness."""
    bar = 0.2 + 0.12 * vary
    return np.minimum(_box(u, v, 0.85, bar), _box(u, v, bar, 0.85))


def crescent(u: Floats, v: Floats, vary: Floats) -> Floats:
    """A waxing moon."""
    return np.maximum(_length(u - 0.1, v) - 0.85, 0.68 - _length(u - 0.5 - 0.12 * vary, v + 0.12))


def arrow(u: Floats, v: Floats, vary: Floats) -> Floats:
    """An arrow that points up."""
    head = np.maximum(np.abs(u) * 0.7071068 - (v + 0.88) * 0.7071068, v + 0.06)
    return np.minimum(head, _box(u, v - 0.38, 0.2 + 0.1 * vary, 0.48))


def heart(u: Floats, v: Floats, vary: Floats) -> Floats:
    """A heart, more or less full."""
    grow = 0.02 + 0.06 * vary
    x, y = np.abs(u) / 1.5, (0.86 - v) / 1.5
    fold = 0.5 * np.maximum(x + y, 0)
    lower = np.sqrt(np.minimum(x * x + (y - 1) * (y - 1), (x - fold) * (x - fold) + (y - fold) * (y - fold)))
    lower = np.where(x > y, lower, -lower)
    upper = _length(x - 0.25, y - 0.75) - 0.35355339
    return np.where(x + y > 1, upper, lower) * 1.5 - grow


OUTLINES: dict[str, Outline] = {
    outline.__name__: outline
    for outline in (disc, ring, square, hexagon, triangle, star, cross, crescent, arrow, heart)
}
