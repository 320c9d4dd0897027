"""A table that fits a code host's column: marks for verdicts, and nothing that every row says alike."""

from __future__ import annotations

import re
from dataclasses import replace

from modernize.report.paper import SIGN_ONLY
from modernize.report.view import Cell, Column, Table
from modernize.words import NONE

_N = re.compile(r" \(n=(\d+)\)$")
_UP, _DOWN, _OPEN, _UNTESTED = "▲", "▼", "○", "·"
_MARKS = {"better": _UP, "worse": _DOWN, "not distinguishable": _OPEN, "borderline": _OPEN, SIGN_ONLY: _UNTESTED}
_MEANINGS = {_UP: "better", _DOWN: "worse", _OPEN: "not told apart", _UNTESTED: "not tested"}
# Of verdicts that say only how sure a delta is, the delta's sign says which way.
_SURE = "clear"
_FEWEST_ROWS = 2


def narrowed(table: Table) -> tuple[Table, str]:
    """Shorten a table of results.

    Columns of words that are alike in every row go, the number of seeds goes into the head where it is the same in
    every row, and verdicts become marks.

    Returns:
        The table, and what its marks mean; "" where it has none.
    """
    columns = [*map(list, zip(*table.rows, strict=True))]
    heads, kept, used = [], [], []
    delta: list[Cell] = []
    for i, (head, cells) in enumerate(zip(table.columns, columns, strict=True)):
        if head.name.startswith("verdict"):
            cells = [_marked(cell, change) for cell, change in zip(cells, delta, strict=True)]
            used += [cell.text for cell in cells]
            head = Column("verdict")
        elif head.number and "delta" in head.name:
            delta = cells
        elif head.number:
            head, cells = _seeds_in_head(head, cells)
        alike = len(table.rows) >= _FEWEST_ROWS and len({cell.text for cell in cells}) == 1
        if i and not head.number and alike:
            continue
        heads.append(head)
        kept.append(cells)
    meant = "; ".join(f"{mark} {word}" for mark, word in _MEANINGS.items() if mark in used)
    rows = tuple(zip(*kept, strict=True))
    return replace(table, columns=tuple(heads), rows=rows), meant


def _marked(cell: Cell, delta: Cell) -> Cell:
    words = cell.text.partition(" at n=")[0]
    if words == NONE:
        return replace(cell, text="")
    if words == _SURE:
        return replace(cell, text=_UP if isinstance(delta.value, float) and delta.value > 0 else _DOWN)
    return replace(cell, text=_MARKS.get(words, _UNTESTED))


def _seeds_in_head(head: Column, cells: list[Cell]) -> tuple[Column, list[Cell]]:
    found = {match[1] if (match := _N.search(cell.text)) else "" for cell in cells if cell.text != NONE}
    if len(found) != 1 or not (n := found.pop()):
        return head, cells
    return replace(head, name=f"{head.name} (n={n})"), [replace(cell, text=_N.sub("", cell.text)) for cell in cells]
