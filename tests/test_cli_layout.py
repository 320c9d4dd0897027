"""What reaches the screen: complete in a pipe, nothing wider than the terminal, nothing lost in it."""

from __future__ import annotations

import pytest

from modernize.cli import main
from modernize.cli.layout import columns, table_lines
from modernize.path import BASE
from modernize.registry import load_steps

LINES = [
    "steps",
    "data",
    "cost --probes",
    "cost --probes --regime resnet200",
    "cost --regime laptop",
    "cost downsample --per stage",
    "cost base --per op",
    "diff base downsample",
    "show recipe --all",
    "show base --all",
    "show classic",
    "show convnext",
    "show finetune",
    *(
        f"show {step} --regime {regime}"
        for regime in ("laptop", "resnet50", "resnet200")
        for step in (BASE, *load_steps())
    ),
]


def words(text):
    return set(text.replace(",", " ").split())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("line", LINES)
def test_terminal_output_fits_and_keeps_every_word(line, width, capsys, monkeypatch):
    assert main(line.split()) == 0
    piped = capsys.readouterr().out
    monkeypatch.setattr("modernize.cli.console.width", lambda: width)
    monkeypatch.setattr("modernize.cli.cost.width", lambda: width)
    assert main(line.split()) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    lost = words(piped) - words(shown)
    assert lost <= {"what", "rung", "source"}, "only heads may go"


def test_piped_tables_have_a_row_a_line(capsys):
    assert main(["steps"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == list(load_steps())
    assert all(row[head.index("what") - 1] == " " and row[head.index("what")] != " " for row in rows)


def test_no_control_codes_in_pipes(capsys):
    assert main(["show", "ln"]) == 0
    assert "\x1b" not in capsys.readouterr().out


HEADS = columns("id", "GMACs>", "what...")
ROWS = [("a", "1.5", "one two three four five six seven eight nine ten eleven twelve")]


def test_text_folds_beside_its_row_where_there_is_room():
    _, body = table_lines(HEADS, ROWS, 50)
    assert body == ["a     1.5  one two three four five six seven eight", "           nine ten eleven twelve"]


def test_text_goes_below_its_row_where_there_is_not():
    head, body = table_lines(HEADS, ROWS, 40)
    assert head == ["id  GMACs"]
    assert body == ["a     1.5", "    one two three four five six seven", "    eight nine ten eleven twelve"]


def test_a_table_of_numbers_too_wide_gives_its_first_column_a_line():
    _, body = table_lines(columns("path", "macs>", "parameters>"), [("stages.0.blocks.0", "12", "345")], 30)
    assert body == ["stages.0.blocks.0", "      12         345"]
