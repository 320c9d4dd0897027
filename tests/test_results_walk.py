"""A results folder in which other things lie too: one line each, and nothing waits, ends or is overwritten."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_record, make_records, make_study

from modernize.cli import main
from modernize.errors import MissingResultsError, ModernizeError
from modernize.results.store import (
    find_finished,
    find_studies,
    load_records,
    load_results,
    load_study,
    save_record,
    save_study,
)

STUDY = make_study("here", upto="recipe")
posix = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")


@pytest.fixture
def results(tmp_path):
    save_study(STUDY, tmp_path / "results")
    for record in make_records(STUDY):
        save_record(record, tmp_path / "results")
    return tmp_path / "results"


def refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As a folder without permission is to all but the superuser."""
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


@posix
@pytest.mark.parametrize("kind", ["pipe", "link to itself", "link to nothing", "folder", "link in a circle", "refused"])
def test_what_is_no_record_is_said_in_one_line_and_skipped(results, monkeypatch, capsys, kind):
    other = results / "here" / f"base-seed7-{STUDY.entries[0].run_ids[0][:8]}.json"
    if kind == "pipe":
        os.mkfifo(other)
    elif kind == "link to itself":
        other.symlink_to(other)
    elif kind == "link to nothing":
        other.symlink_to("nothing")
    elif kind == "folder":
        other.mkdir()
    elif kind == "link in a circle":
        other = results / "here" / "circle"
        other.symlink_to(results)
    else:
        other = results / "theirs"
        other.mkdir()
        refused(monkeypatch, other)
    problems = {"folder": 0}.get(kind, 1)
    loaded = load_records(results)
    assert sorted(loaded.records, key=lambda r: len(r.entry.steps)) == make_records(STUDY)
    assert len(loaded.problems) == problems
    assert all(str(other) in problem for problem in loaded.problems)
    assert capsys.readouterr().err.count("\n") == problems
    assert len(find_finished([run_id for rung in STUDY.entries for run_id in rung.run_ids], results)) == 2
    assert save_record(make_record(STUDY, "base", run_id=STUDY.entries[0].run_ids[0]), results).is_file()
    capsys.readouterr()
    for words in (["report", "here"], ["report", "--all"]):
        assert main([*words, "--format", "json", "--out", str(results.parent)]) == 0
        said = capsys.readouterr().err
        assert said.count(str(other)) == problems
        assert "Traceback" not in said


@posix
def test_records_are_never_written_over_what_cannot_be_read(results):
    record = make_record(STUDY, "base")
    path = save_record(record, results)
    path.unlink()
    path.symlink_to("nothing")
    assert save_record(record, results) != path
    assert path.is_symlink()


def damaged(path: Path, kind: str) -> None:
    facts = json.loads(path.read_text())
    texts = {
        "unreadable": "{",
        "edited": path.read_text().replace('"seed": 0', '"seed": 1'),
        "future": json.dumps(facts | {"schema_version": 99}),
    }
    path.write_text(texts[kind])


@pytest.mark.parametrize("kind", ["unreadable", "edited", "future"])
def test_a_record_that_is_passed_over_is_said_each_time(results, capsys, kind):
    path = next((results / "here").glob("base-*.json"))
    damaged(path, kind)
    before = path.read_bytes()
    for _ in range(2):
        assert len(load_results(results)) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"warning: {path}")
        assert said.count("\n") == 1
        assert main(["report", "here", "--format", "json", "--out", str(results.parent)]) == 0
        said = capsys.readouterr().err
        assert said.count(str(path)) == 1
    beside = save_record(make_record(STUDY, "base"), results)
    assert beside != path
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["{", '{"schema_version": 99}', "[]"])
def test_a_plan_that_cannot_be_read_stops_a_run_and_costs_no_other_report(results, capsys, text):
    other = replace(STUDY, name="other")
    path = save_study(other, results)
    path.write_text(text)
    assert main(["run", "--upto", "base", "--name", "other", "--dry-run", "--out", str(results.parent)]) == 2
    assert "other/study.json" in capsys.readouterr().err
    assert main(["report", "--all", "--format", "json", "--out", str(results.parent)]) == 0
    said = capsys.readouterr().err
    assert said.count(str(path)) == 1
    assert (results.parent / "reports" / "here" / "report.json").is_file()


@posix
def test_a_plan_that_is_a_pipe_is_no_plan(results):
    (results / "here" / "study.json").unlink()
    os.mkfifo(results / "here" / "study.json")
    with pytest.raises(ModernizeError, match="is no file that can be read"):
        load_study(results / "here")


def test_a_deleted_plan_beside_records_is_said_as_that(results, capsys, monkeypatch):
    (results / "here" / "study.json").unlink()
    with pytest.raises(MissingResultsError, match=r"is gone, though records lie beside it: .* --all"):
        load_study(results / "here")
    assert find_studies(results) == {}
    monkeypatch.chdir(results.parent)
    folder = "results/here"
    for words in (["report"], ["report", "here"], ["slides", "--study", "here"], ["compare", folder, folder]):
        assert main(words) == 4, words
        assert "is gone, though records lie beside it" in capsys.readouterr().err
    assert len(load_results(results)) == 2


def test_a_results_folder_without_permission_is_said_as_that(results, monkeypatch, capsys):
    refused(monkeypatch, results)
    assert main(["report", "--format", "json", "--out", str(results.parent)]) == 2
    assert "Permission denied" in capsys.readouterr().err
    with pytest.raises(MissingResultsError, match="Permission denied"):
        load_results(results)
