"""A whole network drawn from the blueprint: a line for each kind of block, with shapes and costs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Any

from matplotlib.figure import Figure

from modernize.blueprint import Block, blueprint
from modernize.cost import Cost, PartCost, cost
from modernize.report.figures.canvas import (
    BOX_FONT,
    BOX_HEIGHT,
    PLUS_RADIUS,
    TITLE_FONT,
    Canvas,
    pills_width,
    text_width,
)
from modernize.report.figures.look import Theme
from modernize.report.figures.parts import Node, Part, Word, nodes_of, residual_part
from modernize.report.figures.style import house_style
from modernize.spec import Spec
from modernize.words import macs_unit

_MARGIN, _LABELS, _NUMBERS = 18.0, 104.0, (108.0, 78.0, 104.0)
_HEADER, _FOOTER = 64.0, 40.0
_PADDING, _STEP, _AROUND = 9.0, 13.0, 13.0
_ARC, _PROJECTION_ARC = 15.0, 37.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the drawing: what it holds, how often, and what comes out."""

    band: int
    name: str
    blocks: str
    part: Part
    out_shape: tuple[int, int, int]
    macs: int
    num_params: int

    @property
    def arc(self) -> float:
        """Room for the shortcut above the boxes."""
        return _PROJECTION_ARC if self.part.shortcut else _ARC if self.part.residual else 0.0

    @property
    def height(self) -> float:
        return self.arc + BOX_HEIGHT + 2 * _AROUND


def network(spec: Spec, image_size: int | None = None, *, title: str = "", theme: Theme = "light") -> Figure:
    """Draw a whole network from input to classes: operations, shapes, MACs and parameters.

    Equal blocks that follow each other share a line.

    Args:
        spec: Any spec.
        image_size: Height and width of the input in pixels; the regime's by default.
        title: Above the drawing.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If the image is too small for the network, or there is no such theme.
    """
    counted = cost(spec, image_size)
    lines = _lines(spec, counted)
    unit_name, unit = macs_unit([counted.macs])
    with house_style(theme) as look:
        canvas, scratch = Canvas(look), Canvas(look)
        numbers_at = _MARGIN + _LABELS + max(_draw_chain(scratch, line, 0, 0) for line in lines) + 14
        rights = list(accumulate(_NUMBERS, initial=numbers_at))[1:]
        width = rights[-1] + _MARGIN

        def numbers(y: float, *cells: str, **style: Any) -> None:
            for cell, right in zip(cells, rights, strict=True):
                canvas.text(right, y, cell, ha="right", **style)

        side = counted.image_size
        canvas.text(_MARGIN, 20, title, TITLE_FONT, weight="bold")
        canvas.text(_MARGIN, _HEADER - 15, f"input  3 × {side} × {side}")  # noqa: RUF001
        numbers(_HEADER - 15, "output", unit_name, "parameters", color=look.faint)
        y = _HEADER
        for band, group in groupby(lines, key=lambda line: line.band):
            shown = list(group)
            if band % 2:
                canvas.band(y, sum(line.height for line in shown))
            for i, line in enumerate(shown):
                middle = y + line.height - _AROUND - BOX_HEIGHT / 2
                name_above = 8 if line.blocks and not i else 0
                if not i:
                    canvas.text(_MARGIN, middle - name_above, line.name, 12, weight="bold")
                canvas.text(_MARGIN, middle + name_above, line.blocks, color=look.faint)
                _draw_chain(canvas, line, _MARGIN + _LABELS, middle)
                shape = " × ".join(map(str, line.out_shape))  # noqa: RUF001
                numbers(middle, shape, f"{line.macs / unit:.3f}", f"{line.num_params:,}")
                y += line.height
        canvas.rule(rights[0], y + 6, rights[-1])
        numbers(y + 18, "", f"{counted.macs / unit:.3f}", f"{counted.num_params:,}", weight="bold")
        note = "Output: channels × height × width. MACs: convolutions and classifier."  # noqa: RUF001
        canvas.text(_MARGIN, y + 18, note, color=look.faint)
        return canvas.page(width, y + _FOOTER)


def _lines(spec: Spec, counted: Cost) -> list[_Line]:
    plan = blueprint(spec)
    costs = {part.path: part for part in counted.blocks}
    stem = Part(title="stem", nodes=nodes_of(plan.stem, 3))
    lines = [_line(0, "stem", "", stem, [costs["stem"]])]
    for i, stage in enumerate(plan.stages):
        path = f"stages.{i}"
        if stage.downsample:
            part = Part(title="downsampling", nodes=nodes_of(stage.downsample))
            lines.append(_line(i + 1, f"stage {i + 1}", "downsampling", part, [costs[f"{path}.downsample"]]))
        start = 0
        for drawn, equal in groupby(stage.blocks, key=_without_drop_rate):
            end = start + len(list(equal))
            words = f"block {end}" if end == start + 1 else f"blocks {start + 1} to {end}"
            parts = [costs[f"{path}.blocks.{j}"] for j in range(start, end)]
            lines.append(_line(i + 1, f"stage {i + 1}", words, residual_part(drawn, words), parts))
            start = end
    channels = lines[-1].out_shape[0]
    head = Part(title="head", nodes=nodes_of(plan.head, channels))
    return [*lines, _line(len(plan.stages) + 1, "head", "", head, [costs["head"]])]


def _line(band: int, name: str, blocks: str, part: Part, costs: Sequence[PartCost]) -> _Line:
    return _Line(
        band=band,
        name=name,
        blocks=blocks,
        part=part,
        out_shape=costs[-1].out_shape,
        macs=sum(c.macs for c in costs),
        num_params=sum(c.num_params for c in costs),
    )


def _without_drop_rate(block: Block) -> Block:
    return replace(block, drop_rate=0.0)


def _box_width(node: Node) -> float:
    return text_width(node.text, BOX_FONT) + 2 * _PADDING if node.text else 0.0


def _draw_chain(canvas: Canvas, line: _Line, x: float, y: float) -> float:
    """Draw the operations of a line from left to right; return where its arrow ends."""
    part, start = line.part, x
    x += _STEP
    for node in part.nodes:
        width = _box_width(node)
        if node.text:
            canvas.box(x + width / 2, y - BOX_HEIGHT / 2, (width, width), node.text, node.kind)
        x = _draw_beside(canvas, node.beside, x + width, y)
    if part.residual:
        plus, above = x + PLUS_RADIUS, y - BOX_HEIGHT / 2 - line.arc + 6
        fork = start + 5 + (1.5 * _STEP + pills_width(part.nodes[0].beside) if part.forks_below else 0.0)
        canvas.dot(fork, y)
        canvas.arrow((fork, y), (fork, above), (plus, above), (plus, y - PLUS_RADIUS), radius=8)
        canvas.plus(plus, y)
        x = _draw_beside(canvas, part.after, x + 2 * PLUS_RADIUS, y)
        for node in part.shortcut:
            width = _box_width(node)
            canvas.box((start + plus) / 2, above - BOX_HEIGHT / 2, (width, width), node.text, node.kind)
            canvas.pills((start + plus + width) / 2 + 5, above, node.beside)
    canvas.arrow((start, y), (x + _STEP, y))
    return x + _STEP


def _draw_beside(canvas: Canvas, words: Sequence[Word], x: float, y: float) -> float:
    canvas.pills(x + 5, y, words)
    return x + _STEP + (pills_width(words) + 5 if words else 0.0)
