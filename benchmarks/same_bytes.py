"""P14: a run gives the same measured values alone, in a pool, and in a study that was interrupted and resumed."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from modernize.results.record import Record
from modernize.run.observer import Observer
from modernize.run.plan import plan_study
from modernize.run.request import RunRequest
from modernize.run.run_study import run_study
from modernize.run.task import Task
from modernize.selection import Selection


def measure(quick: bool) -> list[Measured]:
    """Compare the bytes of result and curves, run by run."""
    rungs = ("depthwise",) if quick else ("depthwise", "kernel-7", "gelu", "ln")
    with tempfile.TemporaryDirectory() as folder:
        request = RunRequest(
            selection=Selection(only=rungs),
            epochs=2,
            train_images=128 if quick else 640,
            test_images=100,
            seeds=(0, 1),
            jobs=2,
            out=Path(folder) / "pool",
        )
        tasks = plan_study(request).tasks
        alone = {}
        for task in tasks:
            with Side(1, OURS) as side:
                alone[task.run_id] = side.call("same_bytes:perform_task", task=task.to_json())
        pooled = run_study(request).records
        resumed_request = replace(request, out=Path(folder) / "resumed")
        with suppress(KeyboardInterrupt):
            run_study(resumed_request, _InterruptAfterOne())
        resumed = run_study(resumed_request)
        if not 0 < resumed.num_skipped < len(tasks):
            raise RuntimeError("the interruption did not leave some runs done and some undone")
    return [
        _row(name, alone, records)
        for name, records in (("in a pool of two", pooled), ("interrupted and resumed", resumed.records))
    ]


def _row(name: str, alone: dict[str, str], records: tuple[Record, ...]) -> Measured:
    differing = sum(measured_bytes(record) != alone[record.run_id] for record in records)
    return Measured(
        goal="P14",
        what=f"runs {name} whose measured values differ from the run alone, of {len(records)}",
        ours=differing,
        unit="runs",
        better="lower",
        at_least=0,
    )


def measured_bytes(record: Record) -> str:
    """Return what a run measured on the data, as the record stores it."""
    return json.dumps({"result": asdict(record.result), "curves": asdict(record.curves)})


def perform_task(task: dict[str, object]) -> str:
    """Do one run in this process."""
    from modernize.run.perform import perform

    return measured_bytes(perform(Task.from_json(task)))


class _InterruptAfterOne(Observer):
    def run_finished(self, task: Task, record: Record) -> None:  # noqa: ARG002
        raise KeyboardInterrupt
