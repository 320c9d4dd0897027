"""A study end to end: what is done stays done, and it repeats bit for bit however it is run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runs import alive, left_behind, started_python, tiny_data, tiny_request

import modernize
from modernize.errors import ModernizeError
from modernize.results.record import Record
from modernize.results.store import load_record, load_records, load_study, save_record
from modernize.run.observer import Observer
from modernize.run.perform import perform
from modernize.run.plan import plan_study
from modernize.run.run_study import StudyResult, run_study


class Diary(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.num_done = -1

    def start(self, plan, done, jobs):
        self.num_done = len(done)
        self.lines.append(f"start {len(plan.tasks)} runs, {len(done)} done, {jobs} jobs")

    def run_started(self, task):
        self.lines.append(f"started {task.entry.name}")

    def step(self, task, epoch, step, images):
        self.lines.append(f"step {task.entry.name}")
        assert 0 <= epoch < task.budget.epochs
        assert 0 < images == step * task.trained_recipe["batch_size"]

    def run_finished(self, task, record):
        self.lines.append(f"finished {task.entry.name} {record.status}")

    def close(self):
        self.lines.append("close")


def measured(record: Record) -> str:
    """The text of what must repeat bit for bit."""
    facts = record.to_json()
    return json.dumps({key: facts[key] for key in ("run_id", "status", "seed", "curves", "result", "cost")})


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def first(folder) -> tuple[StudyResult, Diary]:
    diary = Diary()
    return run_study(tiny_request(folder), diary), diary


@pytest.fixture
def copied(first, folder, tmp_path):
    """The finished study, to be changed by one test."""
    shutil.copytree(folder / "out", tmp_path / "out")
    return tmp_path / "out"


def test_records_and_plan_are_on_disk(first, folder):
    result, _ = first
    study = folder / "out" / "results" / result.study.name
    names = [f"{r.entry.name}-seed0-{r.run_id[:8]}.json" for r in result.records]
    assert sorted(path.name for path in study.glob("*.json")) == sorted([*names, "study.json"])
    assert load_study(study) == result.study
    on_disk = {record.run_id: record for record in load_records(study).records}
    for record in result.records:
        assert measured(on_disk[record.run_id]) == measured(record)
        assert record.status == "finished"
        assert record.result.epoch == 1
        assert record.result.top1_percent == record.curves.metrics["top1_percent"][-1]
        assert record.speed.images_per_second > 0
        assert record.speed.peak_memory_mb > 50
        assert record.seed == 0
    assert [record.entry.name for record in result.records] == ["base", "recipe"]
    assert (result.num_skipped, result.num_failed) == (0, 0)
    assert left_behind(folder / "out") == [], "no worker had anything to say"


def test_the_observer_hears_of_everything(first):
    _, diary = first
    lines = [line for n, line in enumerate(diary.lines) if n == 0 or line != diary.lines[n - 1]]
    assert lines[0] == "start 2 runs, 0 done, 1 jobs"
    assert lines[-1] == "close"
    for step in ("base", "recipe"):
        own = [line.split()[0] for line in lines if step in line]
        assert own == ["started", "step", "finished"]


def test_the_same_command_again_skips_what_is_finished_and_says_so(first, copied, folder):
    before, diary = files(copied), Diary()
    again = run_study(tiny_request(folder, out=copied), diary)
    assert diary.lines == ["start 2 runs, 2 done, 1 jobs", "close"]
    assert again.num_skipped == 2
    assert [measured(r) for r in again.records] == [measured(r) for r in first[0].records]
    assert files(copied) == before


def test_a_note_stays_until_another_is_given_and_heads_the_report(first, copied, folder):
    from modernize.report import write_report

    for note, kept in (("Other work ran beside it.", "Other work ran beside it."), ("", "Other work ran beside it.")):
        study = run_study(tiny_request(folder, out=copied, note=note)).study
        assert study.note == load_study(copied / "results" / study.name).note == kept
    assert run_study(tiny_request(folder, out=copied, note="Quiet.")).study.note == "Quiet."
    (report, *_) = write_report(copied / "results", copied / "reports", study.name)
    assert "| Note | Quiet. |" in report.read_text(encoding="utf-8")


def test_failed_runs_are_repeated_and_others_are_not(first, copied, folder):
    base, recipe = first[0].records
    study = copied / "results" / base.study
    (study / f"base-seed0-{base.run_id[:8]}.json").unlink()
    save_record(replace(base, status="failed", error="it rained"), copied / "results")
    diary = Diary()
    again = run_study(tiny_request(folder, out=copied), diary)
    assert diary.num_done == 1
    assert [line for line in diary.lines if line.startswith("finished")] == ["finished base finished"]
    assert [measured(r) for r in again.records] == [measured(base), measured(recipe)]
    assert len(list(study.glob("base-*.json"))) == 1, "the failed record has given way"
    assert load_record(next(study.glob("base-*.json"))).status == "finished"


def test_runs_of_another_study_count_and_are_shown_as_this_ones(first, copied, folder):
    diary = Diary()
    result = run_study(tiny_request(folder, out=copied, name="another", upto="", only=("recipe",)), diary)
    assert diary.num_done == 2
    assert {record.study for record in result.records} == {"another"}
    assert [record.entry.name for record in result.records] == ["base", "recipe"]
    assert (copied / "results" / "another" / "study.json").is_file()


@pytest.mark.slow
def test_alone_in_a_pool_or_in_two_workers_the_measured_values_are_the_same_bytes(first, folder, tmp_path):
    request = tiny_request(folder, out=tmp_path, jobs=2)
    expected = [measured(record) for record in first[0].records]
    assert [measured(record) for record in run_study(request).records] == expected
    assert [measured(perform(task)) for task in plan_study(request).tasks] == expected


def test_a_wrong_request_starts_nothing_and_leaves_nothing(tmp_path):
    tiny_data(tmp_path)
    with pytest.raises(ModernizeError, match="unknown step"):
        run_study(tiny_request(tmp_path, upto="recipes"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModernizeError, match="nowhere"):
        run_study(tiny_request(tmp_path, data="npz:nowhere.npz"))
    assert not files(tmp_path / "out")


def test_no_more_workers_than_runs(first, copied, folder):
    diary = Diary()
    run_study(tiny_request(folder, out=copied, jobs=50), diary)
    assert diary.lines[0] == "start 2 runs, 2 done, 2 jobs"


def test_the_python_api_returns_the_records_and_says_what_it_does(first, copied, folder, capsys):
    options = {"data": f"npz:{folder / 'tiny.npz'}", "upto": "recipe", "epochs": 1, "jobs": 1}
    records = modernize.run("laptop", **options, out=str(copied))
    assert [measured(r) for r in records] == [measured(r) for r in first[0].records]
    assert "2 of 2 runs finished already: skipped" in capsys.readouterr().err
    modernize.run("laptop", **options | {"upto": "base"}, seeds="7-7", out=copied, name="more")
    printed = capsys.readouterr()
    assert printed.out == ""
    head, todo, end = printed.err.splitlines()
    assert (head.partition(":")[0], todo.partition(";")[0]) == ("more", "1 run to do, 1 at a time")
    assert end.startswith("base seed 7: top-1 ")
    modernize.run("laptop", **options, out=copied, progress=False)
    assert capsys.readouterr() == ("", "")


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path):
    data = tiny_data(tmp_path, num_train=640)
    command = ["-m", "modernize", "run", "--data", data, "--upto", "patchify", "--epochs", "3"]
    command += ["--jobs", "1", "--out", str(tmp_path), "--name", "study"]
    study = tmp_path / "results" / "study"

    def finished() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in study.glob("*-seed*.json")}

    process = started_python(*command)
    deadline = time.monotonic() + 120
    while not finished() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert workers
    assert not any(alive(pid) for pid in workers)
    kept = finished()
    assert 1 <= len(kept) < 4, "interrupted in the middle"
    loaded = load_records(study)
    assert len(loaded.records) == len(kept)
    assert not loaded.problems
    assert not (tmp_path / "runs" / "logs").exists(), "an interruption is nothing to log"

    done = started_python(*command)
    _, errors = done.communicate(timeout=300)
    assert done.returncode == 0, errors
    (said,) = [line for line in errors.splitlines() if "skipped" in line]
    assert said.startswith(f"{len(kept)} of 4 runs")
    assert len(finished()) == 4
    assert kept.items() <= finished().items()
    assert left_behind(tmp_path) == [], "no checkpoint outlives its run's record"
    assert (tmp_path / "reports" / "study" / "report.md").is_file()
