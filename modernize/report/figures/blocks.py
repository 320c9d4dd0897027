"""Blocks drawn from the blueprint, in the style of Figures 3 and 4 of arXiv:2201.03545."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.figure import Figure

from modernize.blueprint import blueprint
from modernize.diagram import INTO, changed_parts
from modernize.report.figures.canvas import LINE, SMALL_FONT, TITLE_FONT, Canvas, text_width
from modernize.report.figures.flow import draw_part, scale_for
from modernize.report.figures.look import KINDS, Theme
from modernize.report.figures.parts import Part, block_part, compare, network_parts
from modernize.report.figures.style import house_style
from modernize.report.figures.swin import SWIN_BLOCK, TITLE
from modernize.spec import Spec

MARGIN = 16.0
_TITLE, _PART_TITLE, _LINE = 24.0, 20.0, 16.0
_BETWEEN, _COLUMN = 58.0, 40.0
_MOST_CHANGES = 4

Side = tuple[str, list[list[Part]]]
"""A title, and columns of parts below it."""


def block(
    spec: Spec, *, stage: int = 1, position: int | None = None, title: str = "", theme: Theme = "light"
) -> Figure:
    """Draw one block: operations as boxes, channels left of the arrows, norms and activations right of them.

    Args:
        spec: The network.
        stage: From 1.
        position: From 1, in its stage; the second by default, which is like those after it, or the only one.
        title: Above the drawing.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such block or theme.
    """
    return _page([(title, [[block_part(blueprint(spec), stage, position)]])], (), theme)


def blocks_side_by_side(
    before: Spec, after: Spec, *, titles: tuple[str, str] = ("before", "after"), theme: Theme = "light"
) -> Figure:
    """Draw the block of two networks that stands for those after it; what differs has a thick outline.

    Args:
        before: The network on the left.
        after: The network on the right.
        titles: What to call them.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    return _compared(before, after, ["block"], titles, theme)


def blocks_beside_swin(before: Spec, after: Spec, *, titles: tuple[str, str], theme: Theme = "light") -> Figure:
    """Draw the blocks of a ladder's ends and of Swin-T, as Figure 4 of the paper does.

    Args:
        before: The first rung.
        after: The last rung.
        titles: What to call them.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    ends = [(title, [[block_part(blueprint(spec))]]) for title, spec in zip(titles, (before, after), strict=True)]
    return _page([*ends, (TITLE, [[*SWIN_BLOCK]])], (), theme, arrows=False)


def change(
    before: Spec, after: Spec, *, titles: tuple[str, str] = ("before", "after"), theme: Theme = "light"
) -> Figure:
    """Draw what a step does: the block of both networks, and beside it the other parts that differ.

    Args:
        before: The network on the left.
        after: The network on the right.
        titles: What to call them.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    changed = changed_parts(before, after)
    names = ["block", *(name for name in ("stages", "stem", INTO, "head") if name in changed)]
    return _compared(before, after, names, titles, theme)


def _compared(before: Spec, after: Spec, names: Sequence[str], titles: tuple[str, str], theme: Theme) -> Figure:
    left, right = network_parts(before), network_parts(after)
    sides = zip(*(compare(left[name], right[name]) for name in names), strict=True)
    changes = [str(change).replace("->", "→") for change in before.diff(after)]
    if len(changes) > _MOST_CHANGES:
        changes[_MOST_CHANGES - 1 :] = [f"and {len(changes) - _MOST_CHANGES + 1} more fields"]
    return _page([(title, _columns(parts)) for title, parts in zip(titles, sides, strict=True)], changes, theme)


def _columns(parts: Sequence[Part]) -> list[list[Part]]:
    """Stack small parts two by two; one with a shortcut gets a column of its own."""
    columns: list[list[Part]] = []
    for part in parts:
        if part.residual or not columns or columns[-1][0].residual or len(columns[-1]) == 2:
            columns.append([])
        columns[-1].append(part)
    return columns


def _page(sides: Sequence[Side], words: Sequence[str], theme: Theme, *, arrows: bool = True) -> Figure:
    """Lay out sides of columns of parts, then a legend and the changed fields, and draw all of it."""
    every = [part for _, columns in sides for column in columns for part in column]
    scale = scale_for(every)
    top = MARGIN + (_TITLE if any(title for title, _ in sides) else 0.0)
    with house_style(theme) as look:
        canvas, scratch = Canvas(look), Canvas(look)
        x, bottom, joints = MARGIN, top, []
        for title, columns in sides:
            if x > MARGIN:
                joints.append(x + _BETWEEN / 2)
                x += _BETWEEN
            start = x
            canvas.text(start, MARGIN + 7, title, TITLE_FONT, weight="bold")
            for column in columns:
                x += _COLUMN if x > start else 0.0
                middle = x - min(draw_part(scratch, part, 0, 0, scale).left for part in column)
                y, edge = top + _PART_TITLE, x
                for part in column:
                    canvas.text(x, y - _PART_TITLE / 2, part.title, color=look.faint)
                    room = draw_part(canvas, part, middle, y, scale)
                    edge = max(edge, room.right, x + text_width(part.title, SMALL_FONT))
                    y, bottom = room.bottom + _PART_TITLE + 10, max(bottom, room.bottom)
                x = edge
            x = max(x, start + text_width(title, TITLE_FONT, "bold"))
        for joint in joints if arrows else ():
            canvas.arrow((joint - 15, (top + bottom) / 2), (joint + 15, (top + bottom) / 2))
        y = _draw_legend(canvas, every, bottom + 14 + _LINE / 2, x)
        for text in words:
            for line in wrap(text, max(30, int((x - MARGIN) / 6.2))):
                canvas.text(MARGIN, y, line, color=look.faint)
                y += _LINE
        return canvas.page(x + MARGIN, y - _LINE / 2 + MARGIN)


def _draw_legend(canvas: Canvas, parts: Sequence[Part], y: float, right: float) -> float:
    """Name the kinds of operations that there are, in lines up to a right edge; return where the next line is."""
    look = canvas.look
    kinds = {node.kind for part in parts if part.flow for node in (*part.nodes, *part.shortcut) if node.text}
    entries = [
        (name, look.tint(look.kinds[kind], 0.3), look.kinds[kind], LINE)
        for kind, name in KINDS.items()
        if kind in kinds and kind != "rest"  # each says what it is
    ]
    entries += [("changed", look.page, look.mark, 3.0)] if any(part.marked for part in parts) else []
    x = MARGIN
    for text, colour, edge, line in entries:
        width = 17 + text_width(text, SMALL_FONT) + 14
        if x > MARGIN and x + width > right:
            x, y = MARGIN, y + _LINE
        canvas.swatch(x, y, colour, edge, line)
        canvas.text(x + 17, y, text)
        x += width
    return y + _LINE
