"""Tables as plain aligned text: complete in a pipe, and folded rather than cut in a narrow terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

GAP = "  "
INDENT = 4
LONGEST_LINE = 3000
NARROWEST_FOLD = 30
"""A last column with less room than this goes below its row, unless that is all it needs."""

# What moves a cursor, colours a screen or turns text round; line ends and tabs stay.
CONTROLS = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def printable(text: str) -> str:
    r"""Take out what a terminal would obey instead of showing: names come from folders and other packages.

    Examples:
        >>> printable("\x1b[31mred\x1b[0m \x1b]0;title\x07cat\x9b2J")
        'red cat2J'
    """
    return CONTROLS.sub("", text)


def in_one_line(message: str) -> str:
    r"""Give a message in one line that a terminal can show, and cut the middle out of a very long one.

    Examples:
        >>> in_one_line("unknown step 'a\n  b'.")
        "unknown step 'a b'."
    """
    line = re.sub(r"\s*\n\s*", " ", printable(message))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 4 :]}"


class Column(NamedTuple):
    """A column of a table; `right` for numbers, `text` for words that may be folded (last column only)."""

    name: str
    right: bool = False
    text: bool = False


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by name: a trailing ">" aligns to the right, "..." may be folded.

    Examples:
        >>> columns("step", "GMACs>", "what...")[1:]
        (Column(name='GMACs', right=True, text=False), Column(name='what', right=False, text=True))
    """
    return tuple(Column(n.rstrip(">").removesuffix("..."), n.endswith(">"), n.endswith("...")) for n in names)


def table_lines(heads: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> list[list[str]]:
    """Lay out a table.

    Where a line lacks room, a last column of text is folded or goes below its row, and a table of numbers gets its
    first column on a line of its own.

    Args:
        heads: Its columns.
        rows: Cells by row, one a column.
        width: Characters a line may have; None for as many as it takes.

    Returns:
        The lines of the header, then the lines of each row.

    Examples:
        >>> for lines in table_lines(columns("step", "GMACs>"), [("base", "4.089"), ("stage-ratio", "4.526")]):
        ...     print(*lines)
        step         GMACs
        base         4.089
        stage-ratio  4.526
    """
    folds = width is not None and heads[-1].text
    fixed = heads[:-1] if folds else heads
    cells = [[head.name for head in heads], *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(fixed))]
    lines = [_line(fixed, widths, row) for row in cells]
    if not folds or width is None:
        if width is not None and len(heads) > 2 and max(map(len, lines)) > width:
            rest = [_line(fixed[1:], widths[1:], row[1:]) for row in cells]
            return [[row[0], f"{' ' * INDENT}{line}".rstrip()] for row, line in zip(cells, rest, strict=True)]
        return [[line.rstrip()] for line in lines]
    start = sum(widths) + len(GAP) * len(widths)
    if width - start >= min(NARROWEST_FOLD, max(len(row[-1]) for row in cells)):
        return [_beside(line, row[-1], start, width) for line, row in zip(lines, cells, strict=True)]
    head, *others = lines
    below = [_wrapped(row[-1], width, " " * INDENT) for row in cells[1:]]
    return [[head.rstrip()], *([line.rstrip(), *text] for line, text in zip(others, below, strict=True))]


def unbroken(text: str, width: int) -> str:
    r"""Fold lines that are too long for a terminal, which would break them inside words; what follows is indented.

    Examples:
        >>> unbroken("a line\n  of many words", 12)
        'a line\n  of many\n    words'
    """
    return "\n".join(
        folded
        for line in text.split("\n")
        for folded in ([line] if len(line) <= width else _wrapped(line.lstrip(" "), width, _indent(line), GAP) or [""])
    )


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]


def paragraph(name: str, text: str, width: int, indent: int) -> list[str]:
    """Fold a paragraph with its name at the left."""
    return _beside(f"{name:<{indent - len(GAP)}}", text, indent, width) if name else _wrapped(text, width)


def _line(heads: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    return GAP.join(
        f"{cell:>{w}}" if head.right else f"{cell:<{w}}"
        for head, w, cell in zip(heads, widths, row[: len(heads)], strict=True)
    )


def _beside(line: str, text: str, start: int, width: int) -> list[str]:
    first, *others = _wrapped(text, width - start) or [""]
    return [f"{line}{GAP}{first}".rstrip(), *(" " * start + other for other in others)]


def _wrapped(text: str, width: int, indent: str = "", more: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + more,
        break_long_words=False,
        break_on_hyphens=False,
    )
