"""`modernize run` and `modernize report` from the outside."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from factories import make_record, make_study

from modernize.cli import main
from modernize.run.study import StudyResult

TINY = "run --upto base --data digits --epochs 1 --train-images 256 --test-images 100 --name tiny"


@pytest.fixture
def trained(monkeypatch):
    """Let `run` end with these statuses (step -> status) without training; returns what it was asked."""
    asked = {}

    def pretend(**statuses):
        study = make_study("pretended", upto="recipe")
        steps = [rung.step for rung in study.rungs]
        records = tuple(make_record(study, step, 0, status=statuses.get(step, "finished")) for step in steps)

        def run_study(request, observer):
            asked["request"] = request
            return StudyResult(study=study, records=records, num_skipped=0)

        monkeypatch.setattr(importlib.import_module("modernize.run.study"), "run_study", run_study)
        monkeypatch.setattr("modernize.report.write_report", lambda *_: [Path("report.md")])
        return asked

    return pretend


def test_a_finished_study_prints_its_table_and_report(trained, capsys):
    trained()
    assert main(["run"]) == 0
    head, base, recipe, _, report = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["rung", "seed", "top-1", "%"]
    assert (base.split()[0], recipe.split()[0]) == ("base", "recipe")
    assert report == "report: report.md"


def test_options_reach_the_request(trained, capsys):
    asked = trained()
    line = "run --regime resnet50 --from recipe --upto ln --skip gelu,width --probes --seeds 3 --jobs 1 --image-size 64"
    assert main(line.split()) == 0
    request = asked["request"]
    assert (request.regime, request.num_seeds, request.jobs, request.image_size) == ("resnet50", 3, 1, 64)
    chosen = request.selection
    assert (chosen.start, chosen.upto, chosen.skip, chosen.probes) == ("recipe", "ln", ("gelu", "width"), True)


def test_a_failed_run_gives_3_and_still_a_report(trained, capsys):
    trained(recipe="failed")
    assert main(["run"]) == 3
    printed = capsys.readouterr()
    assert "report: report.md" in printed.out
    assert "1 of 2 runs failed" in printed.err


def test_a_diverged_run_is_a_result(trained, capsys):
    trained(recipe="diverged")
    assert main(["run"]) == 0
    assert "diverged" in capsys.readouterr().out


def test_no_report_where_every_run_failed(trained, capsys):
    trained(base="failed", recipe="failed")
    assert main(["run"]) == 3
    assert "nothing to report" in capsys.readouterr().err


def test_interruption_says_how_to_go_on(monkeypatch, capsys):
    def interrupt(request, observer):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("modernize.run.study"), "run_study", interrupt)
    assert main(["run"]) == 130
    assert "the same command goes on" in capsys.readouterr().err


@pytest.mark.slow
def test_run_again_skips_and_report_writes_tables(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(TINY.split()) == 0
    assert "report: reports/tiny/report.md" in capsys.readouterr().out
    assert (tmp_path / "reports/tiny/report.md").exists()
    assert main(TINY.split()) == 0
    assert "1 of 1 run finished already: skipped" in capsys.readouterr().err
    assert main(["report", "--format", "csv,json"]) == 0
    assert capsys.readouterr().out.split() == ["reports/tiny/report.csv", "reports/tiny/report.json"]
    assert json.loads((tmp_path / "reports/tiny/report.json").read_text())
