"""Run a study: plan, skip what is done, have the rest done, and read each record as its run ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from modernize.datasets.image_files import watched
from modernize.errors import ModernizeError
from modernize.regimes import get_regime
from modernize.results.artifact import RUNS, Artifact, artifacts, clear_run, weights_of_run
from modernize.results.files import check_writable
from modernize.results.record import Record
from modernize.results.rounds import runs_wanted
from modernize.results.sources import sources
from modernize.results.store import find_finished, load_record, load_records, save_record, save_study
from modernize.results.study import Study
from modernize.run.again import plan_again
from modernize.run.claim import Claim
from modernize.run.executor import Elsewhere, Ended, Event, Executor, Noted, Progressed, Queued, Started
from modernize.run.identity import study_name
from modernize.run.observer import Observer
from modernize.run.placement import Placement, place, torchrun
from modernize.run.plan import Plan, refuse_misfits
from modernize.run.pool import Pool
from modernize.run.request import RunRequest
from modernize.run.request_entries import plan_entries
from modernize.run.run_record import record_of
from modernize.run.task import Task
from modernize.run.together import Together
from modernize.run.trackers import check_trackers

RESULTS = "results"
REPORTS = "reports"
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """A study that has run.

    Attributes:
        study: What was planned.
        records: One a run, in the order of the plan.
        num_skipped: How many of them were there before.
        queued: By id of a run, the job that will do it; what begins with its weights and further rounds come after.
    """

    study: Study
    records: tuple[Record, ...]
    num_skipped: int
    queued: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_failed(self) -> int:
        """Runs that neither finished nor diverged."""
        return sum(record.status == "failed" for record in self.records)


def check_request(request: RunRequest, *, here: bool = True, elsewhere: bool = False) -> Placement:
    """Refuse what does not fit together or could not be written, without a look at the data.

    Args:
        request: What is asked.
        here: See `place`.
        elsewhere: See `place`.

    Returns:
        Where the runs will be done.

    Raises:
        ModernizeError: Naming the first thing that does not.
    """
    study_name(request)
    check_trackers(request.track)
    for folder in (RESULTS, REPORTS, RUNS):
        check_writable(request.out / folder)
    entries, _ = plan_entries(request)
    if request.baseline or request.definition.entries:
        refuse_misfits(entries, request.image_size or get_regime(request.regime).image_size)
    return place(request, len(entries) * len(request.seeds), here=here, elsewhere=elsewhere)


def plan_whole(request: RunRequest, placement: Placement | None = None, *, here: bool = True) -> Plan:
    """Lay out a request and check all that can be checked before a run begins.

    Raises:
        ModernizeError: If a run, or what is written of it, would fail, or a run that is done would leave its study.
    """
    plan = plan_again(request, request.out / RESULTS, placement, here=here)
    for folder in (RESULTS, REPORTS):
        check_writable(request.out / folder / plan.study.name)
    return plan


def run_study(request: RunRequest, observer: Observer | None = None, executor: Executor | None = None) -> StudyResult:
    """Have every run of a request done that is not done yet.

    A record is on disk as soon as its run ends, and a run in hand leaves checkpoints: the same request again goes on
    behind both. Runs that another process has in hand come last; their records are taken over as they appear.

    Args:
        request: What to run.
        observer: Told of everything that happens.
        executor: What does the runs, where it is not this machine; it need not have the GPUs that are asked for.

    Raises:
        ModernizeError: If the request does not fit together, or the data cannot be read.
        KeyboardInterrupt: At Ctrl-C, after the workers have ended.
        SystemExit: At SIGTERM (in the main thread), likewise, with code 143.
    """
    observer = observer or Observer()
    results, runs = request.out / RESULTS, request.out / RUNS
    # What does not fit together is refused before any worker starts.
    placement = replace(check_request(request, here=executor is None, elsewhere=executor is not None), missing="")
    # The workers load torch while the plan is made.
    with _exit_at_sigterm(), executor or _executor(placement, runs / "logs") as does:
        with watched(observer.reading):
            plan = plan_whole(request, placement)
        save_study(plan.study, results)
        done = {} if request.repeat else _done(plan.tasks, results)
        again = {task.begins_with for task in plan.tasks if task.run_id not in done} & done.keys()
        again = {run_id for run_id in again if not _kept(done[run_id], request.out)}
        done = {run_id: record for run_id, record in done.items() if run_id not in again}
        for run_id in done:
            folder = runs / run_id
            if folder.is_dir() and not Claim(folder).holder():
                clear_run(folder)  # a process was killed right after it wrote the record
        todo = [
            replace(
                task,
                folder=str(runs / task.run_id),
                results=str(results),
                repeat=request.repeat or task.run_id in again,
            )
            for task in plan.tasks
            if task.run_id not in done
        ]
        doing = _Doing(observer, request.out, todo, done)
        doing.do_rounds(does, plan)
    with suppress(OSError):  # a run has failed: its checkpoints wait there
        runs.rmdir()
    return StudyResult(
        study=plan.study,
        records=tuple(doing.records[task.run_id] for task in plan.tasks if task.run_id in doing.records),
        num_skipped=len(done),
        queued=doing.queued,
    )


def _executor(placement: Placement, log_folder: Path) -> Executor:
    """Return what does the runs here: workers of this process, or the processes that torchrun started."""
    launched = torchrun()
    return Together(launched, placement.runtime) if launched else Pool(placement.jobs, log_folder, placement)


class _Doing:
    """Has runs done and gathers their records, whoever writes them."""

    def __init__(self, observer: Observer, out: Path, tasks: Iterable[Task], done: Mapping[str, Record]) -> None:
        self.records = dict(done)
        self.queued: dict[str, str] = {}
        self._observer = observer
        self._out, self._results = out, out / RESULTS
        self._tasks = {task.run_id: task for task in tasks}
        self._elsewhere: dict[str, Task] = {}

    def do_rounds(self, executor: Executor, plan: Plan) -> None:
        """Do what is wanted until nothing is: all at once, or where seeds come in rounds, a round at a time."""
        open_runs = self._open(plan)
        while True:
            tasks = tuple(task for task in plan.tasks if task.run_id in {*open_runs, *self.records})
            self._observer.start(replace(plan, tasks=tasks), list(self.records.values()), executor.jobs)
            try:
                self.do(executor, open_runs)
            finally:
                self._observer.close()
            open_runs = self._open(plan)
            if self.queued or not open_runs:
                return

    def _open(self, plan: Plan) -> set[str]:
        """Return the runs that are wanted in view of the records there are, and those whose weights they begin with."""
        values: dict[str, dict[int, float | None]] = {entry.name: {} for entry in plan.study.entries}
        for entry in plan.study.entries:
            for seed, run_id in zip(plan.study.seeds, entry.run_ids, strict=True):
                if run_id in self.records:
                    values[entry.name][seed] = self.records[run_id].value
        wanted = runs_wanted(plan.study, values)
        for task in reversed(plan.tasks):  # what others begin with comes before them
            wanted |= {task.begins_with} if task.run_id in wanted else set()
        return {run_id for run_id in self._tasks if run_id in wanted and run_id not in self.records}

    def do(self, executor: Executor, waiting: set[str]) -> None:
        """Have these runs done."""
        # What begins with a run's weights comes when that run has ended.
        while ready := {one for one in waiting if self._tasks[one].begins_with not in waiting | self.queued.keys()}:
            waiting -= ready
            tasks = [task for run_id in self._tasks if run_id in ready and (task := self._begun(run_id))]
            while tasks:
                executor.run(tasks, self._handle)
                tasks = self._wait()

    def _begun(self, run_id: str) -> Task | None:
        """Name the file of weights that a run begins with; None, and a record that says why, where it is not there."""
        task = self._tasks[run_id]
        if task.begins_with:
            before = self.records[task.begins_with]
            try:
                if before.status != "finished":
                    raise ModernizeError(f"run {before.run_id}, with whose weights it begins, {before.status}.")
                path = weights_of_run(before, self._out)
            except ModernizeError as error:
                self._end(task, self._look(task, str(error)))
                return None
            start = replace(task.starts_from, sha256=_kept(before, self._out)[-1].about.sha256[:16])
            task = self._tasks[run_id] = replace(task, weights=str(path), starts_from=start)
        return task

    def _handle(self, event: Event) -> None:
        task = self._tasks[event.run_id]
        match event:
            case Started():
                self._observer.run_started(task)
            case Progressed(_, epoch, step, images):
                self._observer.step(task, epoch, step, images)
            case Noted(_, text):
                self._observer.note(task, text)
            case Queued(_, job):
                self.queued[task.run_id] = job
            case Elsewhere(_, holder):
                self._elsewhere[task.run_id] = task
                if holder:
                    self._observer.note(task, f"{holder} has it in hand; its record is waited for")
            case Ended(_, file, error):
                self._end(task, load_record(Path(file)) if file else self._look(task, error))

    def _look(self, task: Task, error: str) -> Record:
        """Find the record of a run of which none was named; one that left none gets one that says why."""
        if not task.repeat and (found := _done([task], self._results)):
            return found[task.run_id]
        record = record_of(task, None, error=error or "it ended without a record")
        save_record(record, self._results)
        return record

    def _end(self, task: Task, record: Record) -> None:
        self.records[task.run_id] = record
        self._observer.run_finished(task, record)

    def _wait(self) -> list[Task]:
        """Take over records of runs that are elsewhere; return runs that nobody has in hand any more."""
        while self._elsewhere:
            for run_id, record in self._written().items():
                self._end(self._elsewhere.pop(run_id), record)
            free = [task for task in self._elsewhere.values() if not Claim(Path(str(task.folder))).holder()]
            if free:
                for task in free:
                    del self._elsewhere[task.run_id]
                return free
            if self._elsewhere:
                time.sleep(SECONDS_BETWEEN_LOOKS)
        return []

    def _written(self) -> dict[str, Record]:
        """Of the runs that are elsewhere; files that cannot be read were named before, and not at every look."""
        asked = [run_id for run_id, task in self._elsewhere.items() if not task.repeat]
        ready = find_finished(asked, self._results)
        return _done([self._elsewhere[run_id] for run_id in ready], self._results)


def _kept(record: Record, out: Path) -> list[Artifact]:
    """List the files of weights that a run left and that are there."""
    return [one for one in artifacts([record], out) if one.state == "kept"]


@contextmanager
def _exit_at_sigterm() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, unless somebody else has plans for it."""
    usable = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    )

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if usable:
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if usable:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _done(tasks: Iterable[Task], results: Path) -> dict[str, Record]:
    """Find the records of runs that need no repeating; failed ones do.

    What another study has done is copied into this one's folder, which stands by itself.
    """
    by_id = {task.run_id: task for task in tasks}
    done: dict[str, Record] = {}
    # A run that was repeated after the code had changed has two records: the later one stands.
    for record in sorted(load_records(results, set(by_id)).records, key=lambda r: r.sources == sources()):
        task = by_id[record.run_id]
        own = record.study == task.study
        if record.status != "failed" and (own or record.run_id not in done):
            # Another study may have come to the same network by other steps; here it is this study's rung.
            done[record.run_id] = replace(
                record,
                study=task.study,
                entry=task.entry,
                recipe=task.recipe,
                budget=task.budget,
                copied_from=record.copied_from if own else record.copied_from or record.study,
            )
    for record in done.values():
        if record.copied_from:
            save_record(record, results)
    return done
