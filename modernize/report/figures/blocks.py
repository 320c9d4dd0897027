"""Blocks drawn from the blueprint, in the style of Figures 3 and 4 of arXiv:2201.03545."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from matplotlib.figure import Figure

from modernize.blueprint import blueprint
from modernize.diagram import INTO, changed_parts
from modernize.report.figures.canvas import LINE, SMALL_FONT, TITLE_FONT, Canvas, text_width
from modernize.report.figures.flow import Extent, Scale, draw_part, extent, scale_for
from modernize.report.figures.kinds import KINDS
from modernize.report.figures.parts import Marks, Part, block_part, compare, network_parts
from modernize.report.figures.style import Look, Theme, house_style
from modernize.spec import Change, Spec

MARGIN = 16.0
_TITLE, _PART_TITLE, _LINE = 24.0, 20.0, 16.0
_BETWEEN, _COLUMN = 58.0, 40.0
_MOST_CHANGES = 4


@dataclass(frozen=True, slots=True)
class _Placed:
    """A part with its marks, its room and where its top left corner stands."""

    part: Part
    marks: Marks
    room: Extent
    x: float
    y: float


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
    part = block_part(blueprint(spec), stage, position)
    with house_style(theme) as look:
        return _page([(title, [[(part, compare(part, part)[0])]])], (), look)


def blocks_side_by_side(
    before: Spec,
    after: Spec,
    *,
    titles: tuple[str, str] = ("before", "after"),
    stage: int = 1,
    position: int | None = None,
    theme: Theme = "light",
) -> Figure:
    """Draw the same block of two networks; what differs has a thick outline.

    Args:
        before: The network on the left.
        after: The network on the right.
        titles: What to call them.
        stage: From 1.
        position: From 1, in its stage; the second by default, or the only one.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If one of them has no such block, or there is no such theme.
    """
    left, right = (block_part(blueprint(spec), stage, position) for spec in (before, after))
    with house_style(theme) as look:
        marks = compare(left, right)
        sides = [(titles[0], [[(left, marks[0])]]), (titles[1], [[(right, marks[1])]])]
        return _page(sides, _words(before.diff(after)), look)


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
    names = changed_parts(before, after)
    left, right = network_parts(before), network_parts(after)
    shown = ["block", *(name for name in ("stages", "stem", INTO, "head") if name in names)]
    pairs = [(left[name], right[name], compare(left[name], right[name])) for name in shown]
    sides = [
        (titles[0], _columns([(part, marks[0]) for part, _, marks in pairs])),
        (titles[1], _columns([(part, marks[1]) for _, part, marks in pairs])),
    ]
    with house_style(theme) as look:
        return _page(sides, _words(before.diff(after)), look)


def _columns(parts: Sequence[tuple[Part, Marks]]) -> list[list[tuple[Part, Marks]]]:
    """Stack small parts two by two; one with a shortcut gets a column of its own."""
    columns: list[list[tuple[Part, Marks]]] = []
    for pair in parts:
        if pair[0].residual or not columns or columns[-1][0][0].residual or len(columns[-1]) == 2:
            columns.append([])
        columns[-1].append(pair)
    return columns


def _words(changes: Sequence[Change]) -> tuple[str, ...]:
    """Name the changed fields; architecture first, and no more than fit."""
    texts = [str(change).replace("->", "→") for change in changes]
    if len(texts) > _MOST_CHANGES:
        rest = len(texts) - _MOST_CHANGES + 1
        texts = [*texts[: _MOST_CHANGES - 1], f"and {rest} more fields"]
    return tuple(texts)


def _page(
    sides: Sequence[tuple[str, Sequence[Sequence[tuple[Part, Marks]]]]], words: Sequence[str], look: Look
) -> Figure:
    """Lay out sides of columns of parts, then a legend and the changed fields, and draw all of it."""
    every = [part for _, columns in sides for column in columns for part, _ in column]
    scale = scale_for(every)
    titled = any(title for title, _ in sides)
    top = MARGIN + (_TITLE if titled else 0.0)
    placed: list[_Placed] = []
    titles: list[tuple[float, str]] = []
    x = MARGIN
    joints = []
    for i, (title, columns) in enumerate(sides):
        if i:
            joints.append(x + _BETWEEN / 2)
            x += _BETWEEN
        titles.append((x, title))
        start = x
        for column in columns:
            here, x = _stack(column, x + (_COLUMN if x > start else 0.0), top, scale)
            placed += here
        x = max(x, start + text_width(title, TITLE_FONT, "bold"))
    bottom = max(p.y + p.room.height for p in placed)
    legend = _legend(every, look, marked=any(p.marks.any for p in placed))
    width = x + MARGIN
    rows = _wrapped(legend, width - 2 * MARGIN)
    lines = [line for text in words for line in wrap(text, max(30, int((width - 2 * MARGIN) / 6.2)))]
    height = bottom + 14 + _LINE * (len(rows) + len(lines)) + MARGIN
    canvas = Canvas(width, height, look)
    for at, title in titles:
        canvas.text(at, MARGIN + 7, title, TITLE_FONT, weight="bold", ha="left")
    for p in placed:
        canvas.text(p.x, p.y - _PART_TITLE / 2, p.part.title, SMALL_FONT, ha="left", color=look.faint)
        draw_part(canvas, p.part, p.marks, p.x + p.room.left, p.y, scale)
    for joint in joints:
        middle = (top + bottom) / 2
        canvas.arrow((joint - 15, middle), (joint + 15, middle))
    y = bottom + 14 + _LINE / 2
    for row in rows:
        x = MARGIN
        for text, colour, edge, line in row:
            canvas.swatch(x, y, colour, edge, line)
            canvas.text(x + 17, y, text, SMALL_FONT, ha="left")
            x += _legend_width([(text, colour, edge, line)])
        y += _LINE
    for text in lines:
        canvas.text(MARGIN, y, text, SMALL_FONT, ha="left", color=look.faint)
        y += _LINE
    return canvas.figure


def _stack(column: Sequence[tuple[Part, Marks]], x: float, top: float, scale: Scale) -> tuple[list[_Placed], float]:
    """Place parts one under the other around one middle line; return them and their right edge."""
    rooms = [extent(part, scale) for part, _ in column]
    left = max(room.left for room in rooms)
    placed, y, edge = [], top + _PART_TITLE, x
    for (part, marks), room in zip(column, rooms, strict=True):
        moved = Extent(left, room.right, room.height)
        placed.append(_Placed(part, marks, moved, x, y))
        edge = max(edge, x + left + room.right, x + text_width(part.title, SMALL_FONT))
        y += room.height + _PART_TITLE + 10
    return placed, edge


Entry = tuple[str, str, str, float]


def _legend(parts: Sequence[Part], look: Look, *, marked: bool) -> list[Entry]:
    kinds = {node.kind for part in parts if part.flow for node in (*part.nodes, *part.shortcut) if node.text}
    entries: list[Entry] = [
        (name, look.tint(look.kinds[kind], 0.3), look.kinds[kind], LINE)
        for kind, name in KINDS.items()
        if kind in kinds
    ]
    return [*entries, ("changed", look.page, look.mark, 3.0)] if marked else entries


def _legend_width(entries: Sequence[Entry]) -> float:
    return sum(17 + text_width(text, SMALL_FONT) + 14 for text, _, _, _ in entries)


def _wrapped(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    rows: list[list[Entry]] = [[]]
    for entry in entries:
        if rows[-1] and _legend_width([*rows[-1], entry]) > width:
            rows.append([])
        rows[-1].append(entry)
    return rows
