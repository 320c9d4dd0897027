"""Tables that fit a code host's column say as much as those that do not."""

from __future__ import annotations

from modernize.report.narrow import narrowed
from modernize.report.view import Cell, Table, heads


def make(*rows):
    columns = heads("step", "top-1 measured, %>", "delta>", "verdict", "delta published>", "verdict, published", "runs")
    return Table("rungs", "Rungs.", columns, tuple(tuple(map(cell, row)) for row in rows), narrow=True)


def cell(text):
    return Cell(text, value=float(text.replace("−", "-")) if text[:1] in "+−" else None)  # noqa: RUF001


def shown(*rows):
    table, meant = narrowed(make(*rows))
    return [column.name for column in table.columns], [[cell.text for cell in row] for row in table.rows], meant


def test_what_every_row_says_goes_and_verdicts_become_marks():
    names, rows, meant = shown(
        ("a", "50.00 ± 1.00 (n=3)", "-", "-", "-", "-", "finished"),
        ("b", "60.00 ± 1.00 (n=3)", "+10.00", "better", "−1.00", "clear", "finished"),  # noqa: RUF001
        ("c", "60.10 ± 1.00 (n=3)", "+0.10", "not distinguishable at n=3", "+1.00", "clear", "finished"),
    )
    assert names == ["step", "top-1 measured, % (n=3)", "delta", "verdict", "delta published", "verdict"]
    assert rows[1][1:4] == ["60.00 ± 1.00", "+10.00", "▲"]
    assert [row[-1] for row in rows] == ["", "▼", "▲"]
    assert rows[2][3] == "○"
    assert meant == "▲ better; ▼ worse; ○ not told apart"


def test_what_differs_stays():
    names, rows, _ = shown(
        ("a", "50.00 (n=3)", "-", "-", "-", "-", "finished"),
        ("b", "60.00 (n=2)", "+10.00", "worse", "-", "-", "2 of 3 finished"),
    )
    assert names[-1] == "runs"
    assert [row[1] for row in rows] == ["50.00 (n=3)", "60.00 (n=2)"]
    assert [row[-1] for row in rows] == ["finished", "2 of 3 finished"]
