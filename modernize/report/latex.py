"""report.tex from a page: its main tables for booktabs, each with what it holds and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import wrap

from modernize.report.latex_text import escape_latex, one_line
from modernize.report.view import Cell, Column, Items, Page, Section, Table, key_of
from modernize.words import NONE

HEAD = r"""% {title}
%
% In the preamble:  \usepackage{{booktabs,adjustbox}}
% In the text:      \input{{report}}
% \ref{{tab:{name}-{table}}} and so on refer to the tables. In a paper of two columns make them table*.
% Comments at the ends of rows name the records and the published tables behind the numbers."""
# A float with more rows is higher than a page.
MOST_ROWS = 45
_HEAD_CHARACTERS = 12
# In fewer rows nothing is said often enough to be left out.
_FEWEST_ROWS = 3
_N = re.compile(r" \(n=(\d+)\)$")
# Words that would make a column wide, and what they mean.
_SHORT = {"not distinguishable": "n.d."}


@dataclass(frozen=True, slots=True)
class _Number:
    """A cell of numbers: what is aligned, and what stands behind it."""

    head: str
    tail: str
    mark: str


def to_latex(page: Page) -> str:
    """Write the tables of a page that have measured or published numbers.

    Returns:
        LaTeX to be included; needs the packages booktabs and adjustbox.
    """
    shown = [(section, block) for section in page.sections for block in section.blocks if isinstance(block, Table)]
    name = key_of(page.name)
    lines = HEAD.format(title=one_line(page.title), name=name, table=shown[0][1].id if shown else "").splitlines()
    for section, table in shown:
        for number in range(0, max(1, len(table.rows)), MOST_ROWS):
            part = replace(table, rows=table.rows[number : number + MOST_ROWS])
            lines += ["", *_float(part, _notes(section), page, name, first=number == 0)]
    return "\n".join(lines) + "\n"


def _float(table: Table, notes: list[str], page: Page, name: str, *, first: bool) -> list[str]:
    told = dict(page.footnotes)
    table, same = _without_constants(table)
    used = [cell.note for row in table.rows for cell in row if cell.note in told and not _is_source(cell.note)]
    marks = {key: f"\\textsuperscript{{{number}}}" for number, key in enumerate(dict.fromkeys(used), 1)}
    below = [
        *notes,
        *same,
        *_abbreviations(table),
        *(f"{mark} {escape_latex(told[key])}" for key, mark in marks.items()),
    ]
    caption = table.caption if first else f"{table.caption.rstrip('.')} (continued)."
    return [
        r"\begin{table}[tbp]",
        r"\centering",
        r"\scriptsize",
        r"\setlength{\tabcolsep}{4pt}",
        r"\setlength{\belowcaptionskip}{4pt}",
        f"\\caption{{{escape_latex(caption)}}}",
        *([f"\\label{{tab:{name}-{table.id}}}"] if first else []),
        r"\begin{adjustbox}{max width=\linewidth}",
        *_tabular(table, marks, told),
        r"\end{adjustbox}",
        *(["", r"\vspace{3pt}", r"\raggedright", *(f"{note}\\par" for note in below)] if below else []),
        r"\end{table}",
    ]


def _tabular(table: Table, marks: dict[str, str], told: dict[str, str]) -> Iterator[str]:
    columns = [[_number(row[i], marks) for row in table.rows] for i in range(len(table.columns))]
    # A column of numbers with something behind them is two: the numbers line up, and so does what follows.
    split = [column.number and any(n.tail for n in columns[i]) for i, column in enumerate(table.columns)]
    digits = [max((len(n.head.partition(".")[2]) for n in column), default=0) for column in columns]
    kinds = ("r@{}l" if two else "r" if c.number else "l" for c, two in zip(table.columns, split, strict=True))
    yield f"\\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}"
    yield r"\toprule"
    yield " & ".join(_head(column, two) for column, two in zip(table.columns, split, strict=True)) + r" \\"
    yield r"\midrule"
    for number, row in enumerate(table.rows):
        cells = [
            _aligned(columns[i][number], digits[i], split[i]) if column.number else _text(row[i], marks)
            for i, column in enumerate(table.columns)
        ]
        comments = [one_line(told[cell.note]) for cell in row if cell.note in told and _is_source(cell.note)]
        yield " & ".join(cells) + r" \\" + "".join(f" % {text}" for text in comments)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _head(column: Column, two: bool) -> str:
    lines = [
        escape_latex(line)
        for line in wrap(column.name.replace(" %", "\u00a0%"), _HEAD_CHARACTERS, break_long_words=False)
    ]
    side = "c" if two else "r" if column.number else "l"
    text = " ".join(lines)
    if len(lines) > 1:
        text = f"\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}" + r" \\ ".join(lines) + r"\end{tabular}"
    return f"\\multicolumn{{2}}{{c}}{{{text}}}" if two else text


def _number(cell: Cell, marks: dict[str, str]) -> _Number:
    head, _, tail = cell.text.partition(" ")
    return _Number(head, tail, marks.get(cell.note, ""))


def _aligned(number: _Number, digits: int, two: bool) -> str:
    if number.head == NONE:
        return r"\multicolumn{2}{c}{--}" if two else "--"
    _, point, fraction = number.head.partition(".")
    missing = "0" * (digits - len(fraction)) if point else ""
    head = escape_latex(number.head) + (f"\\phantom{{{missing}}}" if missing else "")
    tail = f"\\ {escape_latex(number.tail)}" if number.tail else ""
    if two:
        return f"{head} & {tail}{number.mark}"
    return f"{head}\\rlap{{{number.mark}}}" if number.mark else head


def _text(cell: Cell, marks: dict[str, str]) -> str:
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


def _is_source(key: str) -> bool:
    """Whether a footnote names records and tables: a comment beside the row, for print has no room for it."""
    return key.startswith("rung-")


def _notes(section: Section) -> list[str]:
    return [
        f"\\emph{{{escape_latex(label)}}}: {escape_latex(text)}"
        for block in section.blocks
        if isinstance(block, Items)
        for label, text in block.items
        # Comments name them here.
        if label != "Records"
    ]
