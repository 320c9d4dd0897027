"""A part drawn: its boxes one under the other around a middle line, the shortcut at the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from modernize.report.figures.canvas import (
    BOX_FONT,
    BOX_HEIGHT,
    PILL_HEIGHT,
    PLUS_RADIUS,
    Canvas,
    pills_width,
    text_width,
)
from modernize.report.figures.parts import Node, Part, Word

GAP = 33.0
LIST_GAP = 9.0
_BESIDE = 9.0
_PADDING = 11.0
# How much wider a box is for each doubling of its channels, and at most.
_DOUBLING, _WIDEST = 21.0, 64.0
_BEND = 15.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Widths of boxes by their channels: `narrowest` points for `least` channels."""

    narrowest: float
    least: int
    doubling: float

    def __call__(self, node: Node) -> tuple[float, float]:
        """Return the widths of a box above and below, in points: of a convolution they tell its channels."""
        if node.kind not in _BY_CHANNELS:
            return self.narrowest, self.narrowest
        above, below = (self.narrowest + self.doubling * math.log2(max(1.0, c / self.least)) for c in node.channels)
        return above, below


_BY_CHANNELS = ("1x1", "dense", "depthwise")


class Room(NamedTuple):
    """How far a part reaches on its page, in points."""

    left: float
    right: float
    bottom: float


def scale_for(parts: Sequence[Part]) -> Scale:
    """Choose widths so that every text fits and equal channels are equally wide in all parts."""
    nodes = [node for part in parts if part.flow for node in part.nodes if node.text]
    # Blocks decide: the three colours that come into a stem would make all other boxes alike.
    decisive = [node for part in parts if part.residual for node in part.nodes] or nodes
    channels = [c for node in decisive if node.kind in _BY_CHANNELS for c in node.channels] or [1]
    doublings = math.log2(max(channels) / min(channels)) if max(channels) > min(channels) else 1.0
    return Scale(max(map(_box_width, nodes)), min(channels), min(_DOUBLING, _WIDEST / doublings))


def draw_part(canvas: Canvas, part: Part, x: float, y: float, scale: Scale) -> Room:
    """Draw a part, its middle line at `x` and its top at `y`."""
    canvas.measure()
    if part.flow:
        _draw_flow(canvas, part, x, y, scale)
    else:
        width = max(map(_box_width, part.nodes))
        for i, node in enumerate(part.nodes):
            at = y + i * (BOX_HEIGHT + LIST_GAP)
            canvas.box(x, at, (width, width), node.text, node.kind, marked=node.marked)
    return Room(canvas.left, canvas.right, canvas.bottom)


def _draw_flow(canvas: Canvas, part: Part, x: float, y: float, scale: Scale) -> None:
    boxed = [node for node in part.nodes if node.text]
    top, beside = y, () if part.nodes[0].text else part.nodes[0].beside
    channels = f"{boxed[0].channels[0]}-d"
    for node in boxed:
        _gap(canvas, x, y, channels, beside)
        canvas.box(x, y + GAP, scale(node), node.text, node.kind, marked=node.marked)
        channels = f"{node.channels[1]}{' classes' if node.kind == 'classifier' else '-d'}"
        beside = node.beside
        y += GAP + BOX_HEIGHT
    _gap(canvas, x, y, channels, beside)
    y += GAP
    if part.residual:
        plus = y + PLUS_RADIUS
        canvas.plus(x, plus)
        _draw_shortcut(canvas, part, x, top, plus)
        y += 2 * PLUS_RADIUS
        if part.after:
            _gap(canvas, x, y, "", part.after)
        else:
            canvas.arrow((x, y), (x, y + 18))


def _gap(canvas: Canvas, x: float, y: float, channels: str, beside: Sequence[Word]) -> None:
    canvas.arrow((x, y), (x, y + GAP))
    canvas.text(x - _BESIDE, y + GAP / 2, channels, ha="right", color=canvas.look.faint)
    canvas.pills(x + _BESIDE, y + GAP / 2, beside)


def _draw_shortcut(canvas: Canvas, part: Part, x: float, top: float, plus: float) -> None:
    widest = max((max(_box_width(node), pills_width(node.beside)) for node in part.shortcut), default=0.0)
    start, at = top + (GAP - 5.0 if part.forks_below else 5.0), canvas.right + _BEND + widest / 2
    canvas.dot(x, start)
    canvas.arrow((x, start), (at, start), (at, plus), (x + PLUS_RADIUS, plus), radius=_BEND)
    y = (start + plus) / 2 - BOX_HEIGHT / 2
    for node in part.shortcut:
        canvas.box(at, y, (_box_width(node),) * 2, node.text, node.kind, marked=node.marked)
        canvas.pills(at - pills_width(node.beside) / 2, y + BOX_HEIGHT + 8 + PILL_HEIGHT / 2, node.beside)


def _box_width(node: Node) -> float:
    return text_width(node.text, BOX_FONT) + 2 * _PADDING
