"""A pool of crews that do tasks, one each at a time.

Two workers of one thread each do a study in little more than half the time of one (`benchmarks/two_workers.py`).
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from modernize.errors import unusable
from modernize.run.crew import Crew, sweep
from modernize.run.executor import Elsewhere, Ended, Event, Started, Tell
from modernize.run.placement import Placement
from modernize.run.task import Task
from modernize.train.runtime import Runtime

STOP_SECONDS = 20.0
"""What workers get for a last checkpoint when a study is interrupted."""


class Pool:
    """Worker processes; an `Executor`.

    They start at once and load torch while the caller plans; leaving the context ends them. Leaving it by an exception,
    Ctrl-C included, gives runs in hand the time for a last checkpoint.

    Args:
        jobs: How many runs at a time.
        log_folder: Their error output goes to files here.
        placement: Which devices they have; one thread of the processor each by default.
    """

    def __init__(self, jobs: int, log_folder: Path, placement: Placement | None = None) -> None:
        self.jobs = jobs
        self._log_folder = log_folder
        self._placement = placement or Placement(runtime=Runtime(), jobs=jobs)
        self._events: queue.Queue[tuple[Crew, Event | None]] = queue.Queue()
        self._crews: list[Crew] = []
        self._busy: dict[Crew, Task] = {}

    def __enter__(self) -> Pool:
        sweep(self._log_folder)
        try:
            for number in range(self.jobs):
                self._start(number)
        except BaseException:
            self._end()
            raise
        return self

    def _start(self, number: int) -> Crew:
        try:
            self._log_folder.mkdir(parents=True, exist_ok=True)
            here = self._placement
            crew = Crew(number, here.devices(number), here.runtime, self._log_folder, self._events)
        except OSError as error:
            raise unusable(error, f"no worker can start with its log in {self._log_folder}") from error
        self._crews.append(crew)
        return crew

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self._stop()
        finally:
            self._end()

    def _stop(self) -> None:
        """Ask the crews that have a run in hand to stop, and wait."""
        deadline = time.monotonic() + STOP_SECONDS
        for crew in self._busy:
            crew.stop()
        for crew in self._busy:
            crew.wait(deadline - time.monotonic())

    def _end(self) -> None:
        for crew in self._crews:
            crew.end()
        for folder in (self._log_folder, self._log_folder.parent):
            with suppress(OSError):  # it is not empty: there is something to read
                folder.rmdir()

    def run(self, tasks: Sequence[Task], handle: Tell) -> None:
        """Do tasks, turn by turn and the longest first, and hand over what happens; more than once if need be.

        A crew of which a process dies is replaced; the other tasks go on.
        """
        waiting = sorted(tasks, key=lambda task: (task.turn, -task.work))
        for number in {*range(self.jobs)} - {crew.number for crew in self._crews}:
            self._start(number)
        idle, busy = list(self._crews), self._busy
        while waiting or busy:
            while waiting and idle:
                crew = idle.pop(0)
                busy[crew] = waiting.pop(0)
                crew.begin(busy[crew])
            crew, event = self._events.get()
            if crew not in self._crews:
                continue  # last words of one that was replaced
            if event is None or (isinstance(event, Ended) and event.error):
                error = crew.last_words(event.error if event else "")
                self._crews.remove(crew)
                crew.end()
                if crew in busy:
                    handle(Ended(busy.pop(crew).run_id, error=error))
                else:
                    idle.remove(crew)
                if waiting:
                    idle.append(self._start(crew.number))
                continue
            if isinstance(event, Started):
                crew.join(busy[crew])
            elif isinstance(event, Ended | Elsewhere):
                del busy[crew]
                idle.append(crew)
            handle(event)
