"""report.tex from a page: its tables for booktabs, each with what it holds and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Any

from modernize.report.latex_text import escape_latex, one_line
from modernize.report.render import template
from modernize.report.view import Cell, Column, Items, Page, Section, Table, is_source, key_of, unfolded
from modernize.words import NONE

# A float with more rows is higher than a page.
MOST_ROWS = 45
_HEAD_CHARACTERS = 12
# In fewer rows nothing is said often enough to be left out.
_FEWEST_ROWS = 3
_N = re.compile(r" \(n=(\d+)\)$")
# Words that would make a column wide, and what they mean.
_SHORT = {"not distinguishable": "n.d."}
# Braces and percent signs are LaTeX's.
_SYNTAX = {
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "block_start_string": "[%",
    "block_end_string": "%]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}


def to_latex(page: Page) -> str:
    """Write the tables of a page.

    Returns:
        LaTeX to be included; needs the packages booktabs and adjustbox.
    """
    floats = [
        _float(replace(table, rows=table.rows[number : number + MOST_ROWS]), section, page, first=number == 0)
        for section in page.sections
        for table in unfolded(section.blocks)
        if isinstance(table, Table)
        for number in range(0, max(1, len(table.rows)), MOST_ROWS)
    ]
    return template("report.tex.j2", keep_trailing_newline=True, **_SYNTAX).render(
        title=one_line(page.title), floats=floats, first=floats[0]["label"] if floats else key_of(page.name)
    )


def _float(table: Table, section: Section, page: Page, *, first: bool) -> dict[str, Any]:
    """Give what the template shows of a table, or of a part of one."""
    told = dict(page.footnotes)
    table, same = _without_constants(table)
    used = [cell.note for row in table.rows for cell in row if cell.note in told and not is_source(cell.note)]
    marks = {key: f"\\textsuperscript{{{number}}}" for number, key in enumerate(dict.fromkeys(used), 1)}
    columns = [_column(column, [row[i] for row in table.rows], marks) for i, column in enumerate(table.columns)]
    comments = [
        "".join(f" % {one_line(told[cell.note])}" for cell in row if cell.note in told and is_source(cell.note))
        for row in table.rows
    ]
    return {
        "caption": escape_latex(table.caption if first else f"{table.caption.rstrip('.')} (continued)."),
        "label": f"{key_of(page.name)}-{table.id}",
        "first": first,
        "kinds": "".join(kind for kind, _, _ in columns),
        "heads": [head for _, head, _ in columns],
        "rows": list(zip(zip(*(texts for _, _, texts in columns), strict=True), comments, strict=True)),
        "notes": [
            *_notes(section),
            *same,
            *_abbreviations(table),
            *(f"{mark} {escape_latex(told[key])}" for key, mark in marks.items()),
        ],
    }


def _column(column: Column, cells: Sequence[Cell], marks: Mapping[str, str]) -> tuple[str, str, list[str]]:
    """Give a column's kind, its head and its cells."""
    if not column.number:
        return "l", _head(column.name, "l"), [_text(cell, marks) for cell in cells]
    parts = [cell.text.partition(" ")[::2] for cell in cells]
    # A column of numbers with something behind them is two: the numbers line up, and so does what follows.
    two = any(tail for _, tail in parts)
    digits = max((len(head.partition(".")[2]) for head, _ in parts), default=0)
    head = f"\\multicolumn{{2}}{{c}}{{{_head(column.name, 'c')}}}" if two else _head(column.name, "r")
    texts = [_number(*part, marks.get(cell.note, ""), digits, two=two) for part, cell in zip(parts, cells, strict=True)]
    return "r@{}l" if two else "r", head, texts


def _head(name: str, side: str) -> str:
    lines = wrap(name.replace(" %", "\u00a0%"), _HEAD_CHARACTERS, break_long_words=False)
    text = r" \\ ".join(map(escape_latex, lines))
    return f"\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{text}\\end{{tabular}}" if len(lines) > 1 else text


def _number(head: str, tail: str, mark: str, digits: int, *, two: bool) -> str:
    if head == NONE:
        return r"\multicolumn{2}{c}{--}" if two else "--"
    _, point, fraction = head.partition(".")
    missing = "0" * (digits - len(fraction)) if point else ""
    head = escape_latex(head) + (f"\\phantom{{{missing}}}" if missing else "")
    if two:
        return f"{head} & " + (f"\\ {escape_latex(tail)}" if tail else "") + mark
    return f"{head}\\rlap{{{mark}}}" if mark else head


def _text(cell: Cell, marks: Mapping[str, str]) -> str:
    text = cell.text
    for words, short in _SHORT.items():
        text = text.replace(words, short)
    text = "--" if text == NONE else escape_latex(text)
    # A row that starts with a bracket would be read as an option of the line break before it.
    return (f"{{{text}}}" if text.startswith(("[", "*")) else text) + marks.get(cell.note, "")


def _without_constants(table: Table) -> tuple[Table, list[str]]:
    """Leave out what says the same in every row and tell it below: a column of words but the first, a number's n."""
    if len(table.rows) < _FEWEST_ROWS:
        return table, []
    told: list[str] = []
    left_out = []
    rows = [list(row) for row in table.rows]
    for i, column in enumerate(table.columns):
        texts = {row[i].text for row in rows}
        numbers_of = {_N.search(text) for text in texts if text != NONE}
        same = {found[1] if found else "" for found in numbers_of}
        name = f"\\emph{{{escape_latex(column.name[0].upper() + column.name[1:])}}}"
        if i and not column.number and len(texts) == 1:
            left_out.append(i)
            told += [f"{name}: {escape_latex(text)}, in every row." for text in texts if text != NONE]
        elif column.number and len(same) == 1 and (n := same.pop()):
            told.append(f"{name}: n = {n}, in every row.")
            for row in rows:
                row[i] = replace(row[i], text=_N.sub("", row[i].text))
    # The note of what was left out goes to the row's first cell, if that has none.
    for row in rows:
        notes = [row[i].note for i in left_out if row[i].note]
        row[0] = replace(row[0], note=row[0].note or next(iter(notes), ""))
    kept = [i for i in range(len(table.columns)) if i not in left_out]
    cells = tuple(tuple(row[i] for i in kept) for row in rows)
    return replace(table, columns=tuple(table.columns[i] for i in kept), rows=cells), told


def _abbreviations(table: Table) -> list[str]:
    texts = [cell.text for row in table.rows for cell, c in zip(row, table.columns, strict=True) if not c.number]
    return [f"{short}: {words}." for words, short in _SHORT.items() if any(words in text for text in texts)]


def _notes(section: Section) -> list[str]:
    return [
        f"\\emph{{{escape_latex(label)}}}: {escape_latex(text)}"
        for block in unfolded(section.blocks)
        if isinstance(block, Items)
        for label, text in block.items
        # Comments name them here.
        if label != "Records"
    ]
