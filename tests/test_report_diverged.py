"""A run that diverged is a result: its own mark in every figure and word in every table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_record, make_records, make_study, report_text
from figure_texts import assert_readable
from test_trend import LONG, SHORT, stored

from modernize.report.figures.catalogue import draw
from modernize.report.figures.crosses import GID
from modernize.report.figures.trend import trend as drawn_trend
from modernize.report.rows import make_rows
from modernize.report.trend import trend
from modernize.report.trend_page import trend_rows, trend_table
from modernize.results.store import save_record

STUDY = make_study(seeds=(0, 1, 2), upto="width")
LOST = {"patchify": (1,), "depthwise": (0, 1, 2)}


def some_diverged():
    records = [r for r in make_records(STUDY) if r.seed not in LOST.get(r.entry.name, ())]
    records += [make_record(STUDY, step, seed, status="diverged") for step, seeds in LOST.items() for seed in seeds]
    return make_rows(STUDY, records)


def num_crosses(figure):
    return sum(line.get_gid() == GID for axes in figure.axes for line in axes.get_lines())


def words(figure):
    return " ".join(text.get_text() for text in [*figure.texts, figure._supxlabel] if text).replace("\n", " ")


@pytest.mark.parametrize(
    ("key", "expected"), [("waterfall", 2), ("ladder", 2), ("deltas", 2), ("path", 2), ("metric", 4), ("loss", 4)]
)
def test_every_figure_of_results_marks_them_and_says_so(key, expected):
    figure = draw(key, STUDY, some_diverged())
    assert num_crosses(figure) == expected
    assert "cross: diverged, patchify 1 of 3, depthwise 3 of 3" in words(figure).replace("Cross", "cross")
    assert_readable(figure)
    none = draw(key, STUDY, make_rows(STUDY, make_records(STUDY)))
    assert num_crosses(none) == 0
    assert "diverged" not in words(none)


def test_a_run_that_diverged_before_its_first_epoch_has_a_cross_too():
    rows = some_diverged()
    records = [record for row in rows for record in row.records.values()]
    nothing = replace(records[0].curves, train_loss=(), lr=(), metrics=dict.fromkeys(records[0].curves.metrics, ()))
    ended = [replace(r, curves=nothing) if r.status == "diverged" else r for r in records]
    figure = draw("metric", STUDY, make_rows(STUDY, ended))
    assert num_crosses(figure) == 4


def test_tables_count_them():
    text = report_text(STUDY, some_diverged())
    assert "2 of 3 finished, 1 diverged" in text
    assert "Runs of patchify and depthwise diverged (loss was no longer finite)" in text


def test_a_trend_marks_them(tmp_path):
    stored(tmp_path, "short", SHORT)
    stored(tmp_path, "long", LONG, epochs=48)
    study = make_study("long", upto="recipe", seeds=(0, 1, 2, 3), epochs=48)
    assert num_crosses(drawn_trend(trend(["short", "long"], tmp_path / "results"))) == 0
    for seed in (1, 2):
        path = next((tmp_path / "results" / "long").glob(f"recipe-seed{seed}-*.json"))
        path.unlink()
        record = make_record(study, "recipe", seed, status="diverged")
        trained = record.trained_recipe | {"warmup_epochs": 0.2 * 48}
        save_record(replace(record, trained_recipe=trained), tmp_path / "results")
    found = trend(["short", "long"], tmp_path / "results")
    assert [row["diverged"] for row in trend_rows(found)] == [0, 2]
    assert trend_table(found).rows[0][2].text.endswith("(2 diverged)")
    assert num_crosses(drawn_trend(found)) == 1
