"""Trends: steps against the one thing in which studies differ, and a refusal where they differ in more."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from factories import DATA, make_record, make_study
from scipy import stats

from modernize.cli import main
from modernize.results.store import save_record, save_study

BASE = (70.0, 71.0, 72.0)


def stored(folder, name, recipe, *, epochs=12, **changes):
    """Store a study of two rungs; schedules are cut to its epochs, as budgets do."""
    study = make_study(name, upto="recipe", seeds=(0, 1, 2), epochs=epochs)
    save_study(study, folder / "results")
    for step, values in (("base", BASE), ("recipe", recipe)):
        for seed, value in enumerate(values):
            record = make_record(study, step, seed, top1_percent=value, **changes)
            trained = record.trained_recipe | {"warmup_epochs": 0.2 * epochs}
            save_record(replace(record, trained_recipe=trained), folder / "results")


SHORT, LONG = (72.0, 74.5, 73.0), (78.0, 79.5, 79.0)


def test_a_step_against_epochs(tmp_path, capsys):
    stored(tmp_path, "long", LONG, epochs=48)
    stored(tmp_path, "short", SHORT, epochs=12)
    assert main(["trend", "long", "short", "--out", str(tmp_path), "--format", "md,csv,html"]) == 0
    shown = capsys.readouterr().out
    assert "Steps against epochs" in shown
    deltas = [[one - base for one, base in zip(values, BASE, strict=True)] for values in (SHORT, LONG)]
    (row,) = (line.split() for line in shown.splitlines() if line.startswith("recipe against base"))
    assert [cell for cell in row if cell.startswith("+")][::2] == [
        *(f"+{sum(of) / 3:.2f}" for of in deltas),
        f"+{sum(deltas[1]) / 3 - sum(deltas[0]) / 3:.2f}",
    ], "shorter training first, whatever the order of the studies"
    folder = tmp_path / "reports" / "trend-long-short"
    rows = list(csv.DictReader((folder / "trend.csv").read_text("utf-8").splitlines()))
    assert [(line["at"], line["study"], line["n"]) for line in rows] == [("12", "short", "3"), ("48", "long", "3")]
    oracle = stats.ttest_1samp(deltas[0], 0.0).confidence_interval(0.95)
    assert (float(rows[0]["low"]), float(rows[0]["high"])) == pytest.approx((oracle.low, oracle.high))
    assert float(rows[0]["change_p_holm"]) == pytest.approx(stats.ttest_ind(*deltas, equal_var=False).pvalue)
    assert "trend.png" in (folder / "trend.md").read_text("utf-8")
    assert (folder / "trend.svg").read_bytes()
    assert "<svg" in (folder / "trend.html").read_text("utf-8")


def test_a_step_against_training_images(tmp_path, capsys):
    stored(tmp_path, "few", SHORT)
    stored(tmp_path, "many", LONG, data=replace(DATA, num_train_images=40_000, fingerprint="fedcba9876543210"))
    assert main(["trend", "few", "many", "--out", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["axis"], told["places"]) == ("training images", [4000, 40_000])


def test_studies_that_differ_in_more_or_in_nothing_are_refused(tmp_path, capsys):
    stored(tmp_path, "one", SHORT)
    stored(tmp_path, "same", LONG)
    many = replace(DATA, num_train_images=40_000, fingerprint="fedcba9876543210")
    stored(tmp_path, "two", LONG, epochs=24, data=many)
    for studies, told in (
        (
            ["one", "two"],
            "one and two differ in epochs and training images; a trend is over studies that differ in one",
        ),
        (["one", "same"], "one and same do not differ in how they were trained; a trend"),
        (["one"], "one: it makes each change once, so there is no trend"),
        (["one", "three"], "unknown study 'three'. Allowed: one, same, two."),
    ):
        assert main(["trend", *studies, "--out", str(tmp_path)]) in (2, 3)
        error = capsys.readouterr().err.strip()
        assert "\n" not in error
        assert told in error, error
    assert not (tmp_path / "reports").exists()
