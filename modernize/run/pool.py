"""A pool of worker processes that do tasks, one each at a time.

Two workers of one thread each do a study in little more than half the time of one (`benchmarks/two_workers.py`). The
workers are plain subprocesses that speak JSON lines, so a study also runs from a notebook or any script.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from modernize.errors import ModernizeError
from modernize.results.record import Record
from modernize.run.outcome import record_of
from modernize.run.task import Task

# One thread a worker: results repeat bit for bit, and cores are shared out by the number of workers. The allocator
# keeps freed memory: returning it to the system costs page faults at every step.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
}


STOP_SECONDS = 20.0
"""What workers get for a last checkpoint when a study is interrupted."""


@dataclass(frozen=True, slots=True)
class Started:
    """A worker took a task."""

    task: Task


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about a run, in one line."""

    task: Task
    text: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run is not done: another process (`holder`) has it in hand or, if that is "", has finished it."""

    task: Task
    holder: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """A run has done `step` steps and is in `epoch` (from 0)."""

    task: Task
    epoch: int
    step: int
    images: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A run ended, well or not; its record says which."""

    task: Task
    record: Record


Event = Started | Progressed | Noted | Elsewhere | Ended


class Pool:
    """Worker processes; use as a context manager.

    They start at once and load torch while the caller plans; leaving the context ends them. Leaving it by an exception,
    Ctrl-C included, gives runs in hand the time for a last checkpoint.

    Args:
        jobs: How many.
        log_folder: Their error output goes to files here.
    """

    def __init__(self, jobs: int, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._messages: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
        self._jobs = jobs
        self._workers: list[_Worker] = []
        self._busy: dict[_Worker, Task] = {}

    def __enter__(self) -> Pool:
        try:
            for number in range(self._jobs):
                self._start(number)
        except BaseException:
            self._end()
            raise
        return self

    def _start(self, number: int) -> _Worker:
        try:
            self._log_folder.mkdir(parents=True, exist_ok=True)
            worker = _Worker(number, self._log_folder, self._messages)
        except OSError as error:
            raise ModernizeError(f"no worker can start with its log in {self._log_folder}: {error}.") from error
        self._workers.append(worker)
        return worker

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self._stop()
        finally:
            self._end()

    def _stop(self) -> None:
        """Ask the workers that have a run in hand to stop, and wait."""
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self._busy:
            worker.process.terminate()
        for worker in self._busy:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))

    def _end(self) -> None:
        for worker in self._workers:
            worker.end()
        for folder in (self._log_folder, self._log_folder.parent):
            with suppress(OSError):  # it is not empty: there is something to read
                folder.rmdir()

    def do(self, tasks: Sequence[Task]) -> Iterator[Event]:
        """Do tasks, the longest first, and yield what happens; more than once if need be.

        A worker that dies gives its task a failed record and is replaced; the other tasks go on.
        """
        waiting = sorted(tasks, key=lambda task: task.work, reverse=True)
        for number in {*range(self._jobs)} - {worker.number for worker in self._workers}:
            self._start(number)
        idle = list(self._workers)
        busy = self._busy
        while waiting or busy:
            while waiting and idle:
                worker, task = idle.pop(0), waiting.pop(0)
                worker.send(task)
                busy[worker] = task
                yield Started(task)
            worker, message = self._messages.get()
            if message is None:
                if worker in idle:
                    idle.remove(worker)
                self._workers.remove(worker)
                error = worker.last_words()
                worker.end()
                if worker in busy:
                    task = busy.pop(worker)
                    yield Ended(task, record_of(task, None, error=error))
                if waiting:
                    idle.append(self._start(worker.number))
                continue
            event = _event(busy[worker], message)
            if isinstance(event, Ended | Elsewhere):
                del busy[worker]
                idle.append(worker)
            yield event


def _event(task: Task, message: dict[str, Any]) -> Event:
    match message["event"]:
        case "step":
            return Progressed(task, message["epoch"], message["step"], message["images"])
        case "note":
            return Noted(task, message["text"])
        case "elsewhere":
            return Elsewhere(task, message["holder"])
        case _:
            return Ended(task, Record.from_json(message["record"]))


class _Worker:
    """One process and the thread that listens to it."""

    def __init__(
        self, number: int, log_folder: Path, messages: queue.Queue[tuple[_Worker, dict[str, Any] | None]]
    ) -> None:
        self.number = number
        self.log = log_folder / f"worker-{os.getpid()}-{number}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "modernize.run.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**WORKER_ENVIRONMENT, **os.environ, "OMP_NUM_THREADS": "1"},
                text=True,
                encoding="utf-8",
            )
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def _listen(self, messages: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self.process.stdout:
            # What a library prints before the worker guards its output, and half a line of a killed one, are no events.
            with suppress(ValueError, TypeError, KeyError):
                message = json.loads(line)
                if message["event"] != "ready":
                    messages.put((self, message))
        messages.put((self, None))

    def send(self, task: Task) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it has died; the listener will say so
            self.process.stdin.write(json.dumps(task.to_json()) + "\n")
            self.process.stdin.flush()

    def last_words(self) -> str:
        """Say in one line how the process ended."""
        code = self.process.wait()
        how = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with exit code {code}"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return f"its worker process {how}" + (f": {lines[-1].strip()}; see {self.log}" if lines else "")

    def end(self) -> None:
        """End the process, and drop its log if there is nothing in it."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()
        with suppress(OSError):
            if self.log.stat().st_size == 0:
                self.log.unlink()
