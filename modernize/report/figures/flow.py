"""Where the boxes of a part stand: one under the other around a middle line, the shortcut at the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modernize.report.figures.canvas import (
    BOX_FONT,
    BOX_HEIGHT,
    PILL_HEIGHT,
    PLUS_RADIUS,
    SMALL_FONT,
    Canvas,
    pills_width,
    text_width,
)
from modernize.report.figures.parts import Marks, Node, Part

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

    def __call__(self, channels: int) -> float:
        """Return a width in points."""
        return self.narrowest + self.doubling * math.log2(max(1.0, channels / self.least))


def scale_for(parts: Sequence[Part]) -> Scale:
    """Choose widths so that every text fits and equal channels are equally wide in all parts."""
    nodes = [node for part in parts if part.flow for node in part.nodes if node.text]
    # Blocks decide: the three colours that come into a stem would make all other boxes alike.
    decisive = [node for part in parts if part.residual for node in part.nodes] or nodes
    channels = [c for node in decisive if _is_conv(node) for c in node.channels] or [1]
    doublings = math.log2(max(channels) / min(channels)) if max(channels) > min(channels) else 1.0
    narrowest = max(text_width(node.text, BOX_FONT) for node in nodes) + 2 * _PADDING
    return Scale(narrowest, min(channels), min(_DOUBLING, _WIDEST / doublings))


@dataclass(frozen=True, slots=True)
class Extent:
    """Room a part takes, in points: left and right of its middle line, and down."""

    left: float
    right: float
    height: float


def extent(part: Part, scale: Scale) -> Extent:
    """Measure a part."""
    if not part.flow:
        half = _list_width(part) / 2
        return Extent(half, half, len(part.nodes) * (BOX_HEIGHT + LIST_GAP) - LIST_GAP)
    half = max(max(_widths(node, scale)) / 2 for node in part.nodes if node.text)
    left = max(half, _BESIDE + max(text_width(text, SMALL_FONT) for text in _channel_texts(part)))
    right = _reach(part, half)
    if part.residual:
        right = _shortcut_at(part, right) + max(_shortcut_width(part) / 2, 2.0)
    boxes = sum(bool(node.text) for node in part.nodes)
    gaps = boxes + 1 + (part.residual and bool(part.after))
    return Extent(left, right, boxes * BOX_HEIGHT + gaps * GAP + part.residual * (2 * PLUS_RADIUS + _tail(part)))


def draw_part(canvas: Canvas, part: Part, marks: Marks, x: float, y: float, scale: Scale) -> None:
    """Draw a part, its middle line at `x` and its top at `y`."""
    if not part.flow:
        for node, (marked, _) in zip(part.nodes, marks.nodes, strict=True):
            canvas.box(x, y, (_list_width(part),) * 2, node.text, node.kind, marked=marked)
            y += BOX_HEIGHT + LIST_GAP
        return
    top = y
    beside: tuple[tuple[str, ...], tuple[bool, ...]] = ((), ())
    channels = _channel_texts(part)
    boxed = [(node, mark) for node, mark in zip(part.nodes, marks.nodes, strict=True) if node.text]
    if not part.nodes[0].text:
        beside = (part.nodes[0].beside, marks.nodes[0][1])
    for i, (node, (marked, of_beside)) in enumerate(boxed):
        _gap(canvas, x, y, channels[i], *beside)
        canvas.box(x, y + GAP, _widths(node, scale), node.text, node.kind, marked=marked)
        beside = (node.beside, of_beside)
        y += GAP + BOX_HEIGHT
    _gap(canvas, x, y, channels[len(boxed)], *beside)
    y += GAP
    if part.residual:
        half = max(max(_widths(node, scale)) / 2 for node, _ in boxed)
        plus = y + PLUS_RADIUS
        canvas.plus(x, plus)
        _draw_shortcut(canvas, part, marks, x, _shortcut_at(part, _reach(part, half)), top, plus)
        y += 2 * PLUS_RADIUS
        if part.after:
            _gap(canvas, x, y, "", part.after, marks.after)
        else:
            canvas.arrow((x, y), (x, y + _tail(part)))


def _gap(canvas: Canvas, x: float, y: float, channels: str, beside: Sequence[str], marks: Sequence[bool]) -> None:
    canvas.arrow((x, y), (x, y + GAP))
    canvas.text(x - _BESIDE, y + GAP / 2, channels, SMALL_FONT, ha="right", color=canvas.look.faint)
    canvas.pills(x + _BESIDE, y + GAP / 2, beside, marks)


def _draw_shortcut(canvas: Canvas, part: Part, marks: Marks, x: float, aside: float, top: float, plus: float) -> None:
    start, at = top + (GAP - 5.0 if part.forks_below else 5.0), x + aside
    canvas.dot(x, start)
    canvas.arrow((x, start), (at, start), (at, plus), (x + PLUS_RADIUS, plus), radius=_BEND)
    y = (start + plus) / 2 - BOX_HEIGHT / 2
    for node, (marked, of_beside) in zip(part.shortcut, marks.shortcut, strict=True):
        width = text_width(node.text, BOX_FONT) + 2 * _PADDING
        canvas.box(at, y, (width, width), node.text, node.kind, marked=marked)
        canvas.pills(at - pills_width(node.beside) / 2, y + BOX_HEIGHT + 8 + PILL_HEIGHT / 2, node.beside, of_beside)


def _reach(part: Part, half: float) -> float:
    """How far boxes and pills stand out to the right."""
    rows = [node.beside for node in part.nodes] + ([] if part.residual else [part.after])
    return max(half, *(_BESIDE + pills_width(texts) for texts in rows if texts), 0.0)


def _shortcut_at(part: Part, reach: float) -> float:
    return reach + _BEND + _shortcut_width(part) / 2


def _shortcut_width(part: Part) -> float:
    return max(
        (max(text_width(n.text, BOX_FONT) + 2 * _PADDING, pills_width(n.beside)) for n in part.shortcut), default=0.0
    )


def _tail(part: Part) -> float:
    """An arrow out of the addition where nothing follows it."""
    return 0.0 if part.after else 18.0


def _list_width(part: Part) -> float:
    return max(text_width(node.text, BOX_FONT) for node in part.nodes) + 2 * _PADDING


def _is_conv(node: Node) -> bool:
    """Whether a box's width says how many channels it has."""
    return node.kind in ("1x1", "dense", "depthwise")


def _widths(node: Node, scale: Scale) -> tuple[float, float]:
    if not _is_conv(node):
        return scale.narrowest, scale.narrowest
    return scale(node.channels[0]), scale(node.channels[1])


def _channel_texts(part: Part) -> list[str]:
    """Channels on each arrow, as in "256-d"."""
    boxed = [node for node in part.nodes if node.text]
    texts = [f"{boxed[0].channels[0]}-d"]
    return [*texts, *(f"{n.channels[1]} classes" if n.kind == "classifier" else f"{n.channels[1]}-d" for n in boxed)]
