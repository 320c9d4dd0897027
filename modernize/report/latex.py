"""report.tex from a page: its main tables for booktabs, each with what it holds and where it comes from."""

from __future__ import annotations

import re

from modernize.report.view import Cell, Items, Page, Section, Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",  # noqa: RUF001 - a true minus, as reports print it
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
_ANY = re.compile("|".join(map(re.escape, _SPECIAL)))
_ARROW = re.compile(r"-&gt;|->")


def escape_latex(text: str) -> str:
    r"""Make text mean itself in LaTeX.

    Examples:
        >>> print(escape_latex("50 % of a_b & c -> d"))
        50 \% of a\_b \& c \ensuremath{\rightarrow} d
    """
    parts = _ARROW.split(" ".join(text.split()))
    return r"\ensuremath{\rightarrow}".join(_ANY.sub(lambda found: _SPECIAL[found[0]], part) for part in parts)


def to_latex(page: Page) -> str:
    """Write the tables of a page that have measured or published numbers.

    Returns:
        LaTeX to be included; needs the package booktabs.
    """
    lines = [
        f"% {' '.join(page.title.split())}",
        r"% \usepackage{booktabs}",
    ]
    for section in page.sections:
        tables = [block for block in section.blocks if isinstance(block, Table)]
        for table in tables:
            lines += ["", *_table(table, _notes(section), page)]
    return "\n".join(lines) + "\n"


def _table(table: Table, notes: list[str], page: Page) -> list[str]:
    told = dict(page.footnotes)
    used = [cell.note for row in table.rows for cell in row if cell.note in told and not _is_source(cell.note)]
    numbers = {key: number for number, key in enumerate(used, 1)}
    notes = notes + [f"\\textsuperscript{{{number}}} {escape_latex(told[key])}" for key, number in numbers.items()]
    return [
        r"\begin{table}",
        r"\centering",
        r"\scriptsize",
        r"\setlength{\tabcolsep}{3pt}",
        f"\\caption{{{escape_latex(table.caption)}}}",
        f"\\label{{tab:{table.id}}}",
        f"\\begin{{tabular}}{{{''.join('r' if column.number else 'l' for column in table.columns)}}}",
        r"\toprule",
        " & ".join(escape_latex(column.name) for column in table.columns) + r" \\",
        r"\midrule",
        *(_row(row, numbers, told) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(["", r"\vspace{2pt}", r"\raggedright", *(f"{note}\\par" for note in notes)] if notes else []),
        r"\end{table}",
    ]


def _is_source(key: str) -> bool:
    """Whether a footnote names records and tables: a comment beside the row, for print has no room for it."""
    return key.startswith("rung-")


def _row(row: tuple[Cell, ...], numbers: dict[str, int], told: dict[str, str]) -> str:
    comments = [" ".join(told[cell.note].split()) for cell in row if cell.note in told and _is_source(cell.note)]
    return " & ".join(_cell(cell, numbers) for cell in row) + r" \\" + "".join(f" % {text}" for text in comments)


def _cell(cell: Cell, numbers: dict[str, int]) -> str:
    mark = f"\\textsuperscript{{{numbers[cell.note]}}}" if cell.note in numbers else ""
    # A row that starts with a bracket would be read as an option of the line break before it.
    text = escape_latex(cell.text)
    return f"{{{text}}}{mark}" if text.startswith("[") else f"{text}{mark}"


def _notes(section: Section) -> list[str]:
    return [
        f"\\emph{{{escape_latex(label)}}}: {escape_latex(text)}"
        for block in section.blocks
        if isinstance(block, Items)
        for label, text in block.items
    ]
