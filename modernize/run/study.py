"""Run a study: plan, skip what is done, train the rest, and write each record as its run ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from modernize.results.record import Record
from modernize.results.store import load_records, save_record, save_study
from modernize.results.study import Study
from modernize.run.environment import num_cores
from modernize.run.observer import Observer
from modernize.run.plan import Plan, plan_rungs, plan_study
from modernize.run.pool import Ended, Pool, Progressed, Started
from modernize.run.request import RunRequest

RESULTS = "results"
REPORTS = "reports"
RUNS = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """A study that has run.

    Attributes:
        study: What was planned.
        records: One a run, in the order of the plan.
        num_skipped: How many of them were there before.
    """

    study: Study
    records: tuple[Record, ...]
    num_skipped: int

    @property
    def num_failed(self) -> int:
        """Runs that neither finished nor diverged."""
        return sum(record.status == "failed" for record in self.records)


def run_study(request: RunRequest, observer: Observer | None = None) -> StudyResult:
    """Do every run of a request that is not done yet.

    A record is on disk as soon as its run ends, so an interruption loses no more than the runs in flight; the same
    request again continues behind them.

    Args:
        request: What to run.
        observer: Told of everything that happens.

    Raises:
        ModernizeError: If the request does not fit together, or the data cannot be read.
        KeyboardInterrupt: After the workers have been ended.
    """
    observer = observer or Observer()
    results = request.out / RESULTS
    # No more workers than runs; a selection that does not fit together is refused before any starts.
    jobs = min(request.jobs or num_cores(), len(plan_rungs(request)) * request.num_seeds)
    # The workers load torch while the plan is made.
    with Pool(jobs, request.out / RUNS / "logs") as pool:
        plan = plan_study(request)
        save_study(plan.study, results)
        done = {} if request.force else _done(plan, results)
        observer.start(plan, list(done.values()), jobs)
        try:
            records = dict(done)
            for event in pool.do([task for task in plan.tasks if task.run_id not in done]):
                match event:
                    case Started(task):
                        observer.run_started(task)
                    case Progressed(task, epoch, step, images):
                        observer.step(task, epoch, step, images)
                    case Ended(task, record):
                        save_record(record, results)
                        records[task.run_id] = record
                        observer.run_finished(task, record)
        finally:
            observer.close()
    return StudyResult(
        study=plan.study,
        records=tuple(records[task.run_id] for task in plan.tasks),
        num_skipped=len(done),
    )


def _done(plan: Plan, results: Path) -> dict[str, Record]:
    """Find the records of runs that need no repeating, in any study; failed ones do."""
    tasks = {task.run_id: task for task in plan.tasks}
    done: dict[str, Record] = {}
    for record in load_records(results, set(tasks)).records:
        if record.status != "failed":
            # Another study may have come to the same network by other steps; here it is this study's rung.
            task = tasks[record.run_id]
            done.setdefault(record.run_id, replace(record, study=task.study, rung=task.rung, recipe=task.recipe))
    return done
