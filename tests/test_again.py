"""The same name again: what was done under it stays, grows or gives way, as the user says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runs import tiny_data, tiny_request

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.report import write_report
from modernize.report.rows import make_rows
from modernize.results.record import Result
from modernize.results.store import load_records, load_results, save_record, save_study
from modernize.run.again import plan_again
from modernize.run.plan import Plan
from modernize.run.run_record import record_of
from modernize.run.run_study import run_study


@pytest.fixture
def folder(tmp_path):
    tiny_data(tmp_path)
    return tmp_path


def plan(folder: Path, **options) -> Plan:
    request = tiny_request(folder, **{"name": "note"} | options)
    return plan_again(request, request.out / "results")


def finish(plan: Plan, folder: Path) -> Plan:
    """Pretend that the runs of a plan are done."""
    save_study(plan.study, folder / "out" / "results")
    for number, task in enumerate(plan.tasks):
        top1 = 40.0 + 3 * (number % 2) + 0.7 * task.seed
        result = Result(metrics={"top1_percent": top1}, epoch=1, best=top1, best_epoch=1)
        save_record(replace(record_of(task, None), status="finished", result=result), folder / "out" / "results")
    return plan


def refused(folder: Path, **options) -> str:
    with pytest.raises(ModernizeError) as caught:
        plan(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 1}, "2 of its finished runs would no longer belong to it: seeds 0-1 -> 0. --extend adds to it"),
        ({"seeds": "8-9"}, "4 of its finished runs would no longer belong to it: seeds 0-1 -> 8-9. --extend adds"),
        ({"upto": "base"}, "2 of its finished runs would no longer belong to it: without recipe. --extend adds to it"),
        ({"upto": "", "only": ("gelu",)}, ": without recipe; with gelu. --extend"),
        ({"epochs": 2}, ": recipe.epochs 1 -> 2. --replace"),
        ({"set": {"recipe.lr": 0.5}}, ": recipe.lr 0.05 -> 0.5. --replace puts this one"),
        ({"seeds": "8-9", "set": {"recipe.lr": 0.5}}, ": seeds 0-1 -> 8-9; recipe.lr 0.05 -> 0.5. --replace puts this"),
        ({"train_images": 100}, "data.num_train_images 128 -> 100"),
        ({"precision": "bf16"}, 'execution.precision "fp32" -> "bf16"'),
        ({"seeds": "8-9", "epochs": 2, "extend": True}, "its rungs are trained otherwise, so these cannot be added"),
        ({"start": "ln", "upto": "ln", "extend": True}, "has none of these rungs"),
    ],
    ids=str,
)
def test_other_options_under_the_same_name_are_refused_and_said(folder, options, words):
    finish(plan(folder, seeds=2), folder)
    assert words in refused(folder, **{"seeds": 2} | options)


def test_a_study_may_grow_and_one_without_results_may_be_anything(folder):
    save_study(plan(folder, seeds=2).study, folder / "out" / "results")
    assert plan(folder, epochs=2).study.epochs == 2, "nothing was done under that name"
    finish(plan(folder), folder)
    grown = plan(folder, upto="stage-ratio", seeds=3).study
    assert (grown.seeds, len(grown.entries)) == ((0, 1, 2), 3)


def test_seeds_and_rungs_are_added_to_a_study(folder):
    finish(plan(folder, seeds=2, note="ours"), folder)
    added = finish(plan(folder, seeds="8-9", extend=True), folder)
    assert added.study.seeds == (0, 1, 8, 9)
    assert added.study.note == "ours"
    assert len(added.tasks) == 8
    records = load_records(folder / "out" / "results").records
    row = make_rows(added.study, records)[1]
    assert sorted(row.records) == [0, 1, 8, 9]
    assert (row.value.n, row.delta.n, row.status) == (4, 4, "finished")
    fewer = plan(folder, start="recipe", upto="stage-ratio", seeds="0,1,8,9", extend=True).study
    assert [(one.name, fewer.before(one.name)) for one in fewer.entries] == [
        ("base", ""),
        ("recipe", "base"),
        ("stage-ratio", "recipe"),
    ]
    assert fewer.entries[:2] == added.study.entries


def test_a_rung_that_is_not_asked_for_lacks_the_seeds_that_are_added(folder):
    first = finish(plan(folder), folder)
    added = plan(folder, upto="base", seeds="5-5", extend=True).study
    base, recipe = added.entries
    assert added.seeds == (0, 5)
    assert all(base.run_ids)
    assert recipe.run_ids == (first.study.entries[1].run_ids[0], "")
    assert make_rows(added, load_records(folder / "out" / "results").records)[1].status == "1 of 2 finished, 1 missing"


def test_a_study_is_replaced_when_the_user_says_so_and_its_records_stay(folder):
    finish(plan(folder, note="ours"), folder)
    new = finish(plan(folder, epochs=2, replace=True), folder).study
    assert (new.epochs, new.note) == (2, ""), "the note was about other runs"
    assert len(load_records(folder / "out" / "results" / "note").records) == 4
    assert plan(folder, epochs=2).study == new
    with pytest.raises(ModernizeError, match="give one of them"):
        tiny_request(folder, extend=True, replace=True)


def test_a_plan_that_cannot_be_read_is_not_overwritten_unasked(folder):
    save_study(plan(folder).study, folder / "out" / "results")
    (folder / "out" / "results" / "note" / "study.json").write_text("{}")
    assert "--replace puts a new plan in its place" in refused(folder)
    assert plan(folder, replace=True).study.name == "note"


def test_two_rooms_pool_their_seeds(folder):
    """Each trains seeds of its own; whoever has both folders makes one study of them, and nothing is trained again."""
    results = folder / "out" / "results"
    for seeds, room in (("0-2", "one"), ("3-5", "two")):
        request = tiny_request(folder, seeds=seeds, name=room)
        finish(plan_again(request, results), folder)
    pooled = run_study(tiny_request(folder, seeds=6, name="both"))
    assert (pooled.num_skipped, pooled.study.seeds) == (12, (0, 1, 2, 3, 4, 5))
    assert make_rows(pooled.study, pooled.records)[1].delta.n == 6
    assert {record.copied_from for record in pooled.records} == {"one", "two"}


def test_a_study_stands_by_itself(folder, capsys):
    """Its runs exist in another study, under another rung's place in the ladder: they are copied."""
    results = folder / "out" / "results"
    finish(plan(folder), folder)
    request = tiny_request(folder, upto="", only=("recipe",), name="copy", note="Mine.")
    run_study(request)
    copies = load_records(results / "copy").records
    assert {(record.study, record.copied_from) for record in copies} == {("copy", "note")}
    assert len(load_results(results / "copy")) == 2
    assert list(load_results(results)["study"]) == ["note", "note"], "one row a run"
    assert "2 of its finished runs" in refused(folder, name="copy", epochs=2), "copies count once"
    shutil.rmtree(results / "note")
    text = write_report(results, folder / "reports", "copy")[0].read_text(encoding="utf-8")
    assert "Mine." in text
    assert "results/note" not in text
    files = {path.name: path.read_bytes() for path in (results / "copy").iterdir()}
    run_study(request)
    assert {path.name: path.read_bytes() for path in (results / "copy").iterdir()} == files


def test_what_is_copied_is_said(folder, capsys, monkeypatch):
    finish(plan(folder), folder)
    monkeypatch.chdir(folder)
    line = "run --data npz:tiny.npz --upto recipe --epochs 1 --device cpu --jobs 1 --out out --name other"
    assert main(line.split()) == 0
    assert "2 of them are copies from results/note" in capsys.readouterr().err


@pytest.mark.parametrize("dry", [["--dry-run"], []], ids=["plan", "run"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_starts(folder, dry, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "file").write_text("mine")
    line = "run --data npz:tiny.npz --upto base --epochs 1 --device cpu --out file/below"
    assert main([*line.split(), *dry]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: file/below/results")
    assert error.endswith(" cannot be written: Not a directory.\n")
    assert error.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["file", "tiny.npz"]
