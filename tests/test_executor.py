"""A third executor fits: what plans, records and reports does not change, whoever does the runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_run_study import Diary, measured
from tiny_runs import left_behind, tiny_data, tiny_request

from modernize.report import write_report
from modernize.results.store import load_records
from modernize.run.executor import Ended, from_line, to_line
from modernize.run.perform import perform
from modernize.run.plan import plan_study
from modernize.run.run_study import run_study


class Cluster:
    """Two jobs at a time, each with a file of its task and a file of what happens; the folder of results is common."""

    jobs = 2

    def __init__(self, spool: Path) -> None:
        self.spool = spool

    def __enter__(self) -> Cluster:
        self.spool.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks, handle) -> None:
        for task in tasks:
            asked, told = self.spool / f"{task.run_id}.task", self.spool / f"{task.run_id}.events"
            asked.write_text(json.dumps(task.to_json()))
            with asked.open() as before, told.open("w") as after:
                command = [sys.executable, "-m", "modernize.run.worker", str(os.getpid())]
                subprocess.run(command, stdin=before, stdout=after, stderr=subprocess.DEVNULL, check=False)
            for line in told.read_text().splitlines():
                handle(from_line(line))


class Queue(Cluster):
    """Keeps what it is given, and says of each run that it has ended."""

    def __init__(self, spool: Path, error: str = "") -> None:
        super().__init__(spool)
        self.error = error
        self.tasks = []

    def run(self, tasks, handle) -> None:
        self.tasks += tasks
        for task in tasks:
            handle(Ended(task.run_id, error=self.error))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data")
    tiny_data(path)
    return path


@pytest.mark.slow
def test_a_cluster_does_a_study_that_is_recorded_reported_and_resumed_as_any_other(folder, tmp_path):
    request, diary = tiny_request(folder, out=tmp_path), Diary()
    result = run_study(request, diary, Cluster(tmp_path / "spool"))
    assert [measured(record) for record in result.records] == [measured(perform(t)) for t in plan_study(request).tasks]
    assert diary.lines[0] == "start 2 runs, 0 done, 2 jobs"
    assert [line for line in diary.lines if line.startswith("finished")] == [
        "finished base finished",
        "finished recipe finished",
    ]
    assert left_behind(tmp_path) == []
    (report, *_) = write_report(tmp_path / "results", tmp_path / "reports", result.study.name)
    assert report.is_file()
    assert run_study(request).num_skipped == 2, "here nothing is left to do"


@pytest.mark.parametrize(("error", "said"), [("the queue is closed", "the queue is closed"), ("", "without a record")])
def test_what_ends_without_a_record_gets_one_that_says_why(folder, tmp_path, error, said):
    result = run_study(tiny_request(folder, out=tmp_path), executor=Queue(tmp_path / "spool", error))
    for records in (result.records, load_records(tmp_path / "results").records):
        assert [record.error.removeprefix("it ended ") for record in records] == [said] * 2


def test_a_machine_without_a_gpu_plans_runs_for_those_of_a_cluster(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    queue = Queue(tmp_path / "spool", "the queue is closed")
    run_study(tiny_request(folder, out=tmp_path, device="cuda"), executor=queue)
    assert [task.runtime.device for task in queue.tasks] == ["cuda", "cuda"]


def test_an_event_reads_as_it_is_written_and_nothing_else_is_one():
    event = Ended("0123", error="out of \u2028 words")
    assert from_line(to_line(event)) == event
    assert to_line(event).count("\n") == 1
    for line in (
        "7",
        "[]",
        "{}",
        "null",
        to_line(event)[:-5],
        '{"event": "Ended"}',
        '{"event": "Other", "run_id": ""}',
    ):
        assert from_line(line) is None
