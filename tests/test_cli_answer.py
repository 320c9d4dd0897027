"""What `run` ends with: a line a rung with its change drawn, in a terminal and in a pipe."""

from __future__ import annotations

import re

import pytest
from factories import make_record, make_records, make_study
from rich.color import Color

from modernize.cli.answer_text import print_answer
from modernize.cli.console import COLOURS
from modernize.cli.layout import unbroken
from modernize.errors import warn
from modernize.report.rows import make_rows
from modernize.results.store import load_records, save_record

# Of base, recipe and stage-ratio by seed: clearly better, and not to be told apart.
VALUES = {"base": (70.0, 71.0, 70.5), "recipe": (75.1, 76.0, 75.6), "stage-ratio": (75.6, 75.7, 75.4)}


def printed(capsys, monkeypatch, study, records, width=None):
    monkeypatch.setattr("modernize.cli.answer_text.width", lambda: width)
    monkeypatch.setattr("modernize.cli.console.width", lambda: width)
    print_answer(study, make_rows(study, records))
    return capsys.readouterr().out


def small():
    study = make_study("small", upto="stage-ratio", seeds=(0, 1, 2))
    records = [
        make_record(study, step, seed, top1_percent=value)
        for step, values in VALUES.items()
        for seed, value in enumerate(values)
    ]
    return study, records


@pytest.mark.parametrize("width", [None, 80, 120])
def test_a_line_a_rung_with_its_change_on_a_common_axis(capsys, monkeypatch, width):
    text = printed(capsys, monkeypatch, *small(), width)
    title, head, base, recipe, ratio, legend, *answer = text.splitlines()
    assert title == "small, 3 seeds"
    assert base.split()[1:4] == ["70.50", "±", "0.50"]
    assert recipe.split()[1:5] == ["75.57", "±", "0.45", "+5.07"]
    assert (recipe.split()[-1], ratio.split()[-3:]) == ("better", ["not", "told", "apart"])
    assert re.search(r"\[?-*\*-*\]?", recipe)
    assert ratio.index("[") < ratio.index("o", ratio.index("[")) < ratio.index("]")
    zero = recipe.index(":")
    assert zero < recipe.index("*"), "an interval that excludes zero lies beside it"
    assert ratio.index("[") <= zero <= ratio.index("]"), "one that holds it lies over the same place"
    assert "0" in head
    assert "95 % interval" in legend
    assert " ".join(answer).startswith(
        "Better: recipe +5.07; not told apart: stage-ratio (2 paired t tests over 3 seeds"
    )


@pytest.mark.parametrize("width", [80, 100])
def test_the_whole_ladder_fits_the_terminal_without_a_folded_row(capsys, monkeypatch, width):
    study = make_study(seeds=(0, 1, 2), probes=True)
    lines = printed(capsys, monkeypatch, study, make_records(study), width).splitlines()
    assert max(map(len, lines)) <= width
    table = lines[2 : next(i for i, line in enumerate(lines) if line.startswith("[---]"))]
    named = [line.split()[0] for line in table if not line.startswith("  vs ")]
    assert named == [entry.name for entry in study.entries]
    assert not any(line.startswith("    ") for line in table)
    assert "  vs move-up" in "\n".join(table), "a probe stands on another rung than the one above it"


def test_one_seed_has_a_mark_and_no_interval_and_ends_are_told(capsys, monkeypatch):
    study = make_study(upto="patchify")
    records = [make_record(study, name) for name in ("base", "recipe")]
    records.append(make_record(study, "stage-ratio", status="diverged"))
    lines = printed(capsys, monkeypatch, study, records, 80).splitlines()
    rows = {line.split()[0]: line for line in lines[2:6]}
    assert "[" not in rows["recipe"]
    assert rows["recipe"].split()[-1] == "seed"
    assert rows["stage-ratio"].split()[-1] == "diverged"
    assert rows["patchify"].split()[-1] == "missing"
    assert "95 %" not in "\n".join(lines)


def luminance(colour):
    channels = [value / 255 for value in Color.parse(colour).get_truecolor()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_read_on_white_and_on_black(name):
    light = luminance(COLOURS[name])
    assert 1.05 / (light + 0.05) >= 4.5
    assert (light + 0.05) / 0.05 >= 3.5


def test_a_long_line_is_folded_between_words():
    line = "interrupted: finished runs and checkpoints are kept, and the same command goes on from there"
    folded = unbroken(line, 80)
    assert max(map(len, folded.splitlines())) <= 80
    assert folded.split() == line.split()
    assert unbroken("/a/very/long/path", 8) == "/a/very/long/path"


def test_records_that_were_not_read_are_one_line(tmp_path, capsys):
    study = make_study(upto="recipe")
    for record in make_records(study):
        save_record(record, tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / study.name / f"{name}.json").write_text("{")
    assert len(load_records(tmp_path).records) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {tmp_path / study.name / 'a.json'}")
    assert "2 more files" in line


def test_a_command_says_a_warning_once(monkeypatch, capsys):
    from modernize.cli.streams import Streams

    with Streams(hold_errors=False):
        for _ in range(3):
            warn("a.json is no record.")
        warn("b.json is no record.")
    assert capsys.readouterr().err == "warning: a.json is no record.\nwarning: b.json is no record.\n"
