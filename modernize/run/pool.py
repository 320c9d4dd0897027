"""A pool of crews that do tasks, one each at a time. A crew is the processes that do a run together, most often one.

Two workers of one thread each do a study in little more than half the time of one (`benchmarks/two_workers.py`). The
workers are plain subprocesses that speak lines of JSON, so a study also runs from a notebook or any script.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

from modernize.errors import unusable
from modernize.run.events import Elsewhere, Ended, Event, Started, Tell, from_line
from modernize.run.logs import keep, open_log, sweep
from modernize.run.placement import Placement, settle
from modernize.run.task import Task
from modernize.train.runtime import Runtime

# The allocator keeps freed memory: returning it to the system costs page faults at every step.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
}

# What a launcher tells its processes; a worker hears it from its crew alone.
LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")

STOP_SECONDS = 20.0
"""What workers get for a last checkpoint when a study is interrupted."""

GRACE_SECONDS = 1.0
"""After the first sign that something is wrong: the process that was killed may not be the first one to show."""

DRAIN_SECONDS = 0.5
"""What is still in the pipe of a process that has ended is read in this time."""


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
        """Do tasks, the longest first, and hand over what happens; more than once if need be.

        A crew of which a process dies is replaced; the other tasks go on.
        """
        waiting = sorted(tasks, key=lambda task: task.work, reverse=True)
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


class Crew:
    """Worker processes, one a device, and threads that listen to them.

    Args:
        number: Of the crew in its pool.
        devices: One a process; "cpu", or "cuda:1".
        here: How this machine executes runs.
        log_folder: Error output goes to files here.
        events: Where what they tell is put; None when a process has ended.

    Raises:
        OSError: If a process cannot start.
    """

    def __init__(
        self,
        number: int,
        devices: Sequence[str],
        here: Runtime,
        log_folder: Path,
        events: queue.Queue[tuple[Crew, Event | None]],
    ) -> None:
        self.number = number
        self._devices = devices
        self._here = here
        self._failed = False
        self._events = events
        self._processes: list[subprocess.Popen[str]] = []
        self._watchers: list[threading.Thread] = []
        self._open_logs: list[IO[bytes]] = []
        stem = f"worker-{secrets.token_hex(4)}-{number}"
        size = len(devices)
        self.logs = [log_folder / (f"{stem}-rank{rank}.log" if size > 1 else f"{stem}.log") for rank in range(size)]
        environment = {**WORKER_ENVIRONMENT, **os.environ, "OMP_NUM_THREADS": f"{here.num_threads}"}
        for name in LAUNCHER:
            environment.pop(name, None)
        if size > 1:
            environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{_free_port()}"}
            environment |= {"WORLD_SIZE": f"{size}", "LOCAL_WORLD_SIZE": f"{size}"}
        try:
            for rank in range(size):
                self._start(rank, environment)
        except BaseException:
            self.end()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """Of all processes; the first one speaks for the crew."""
        return tuple(process.pid for process in self._processes)

    def _start(self, rank: int, environment: dict[str, str]) -> None:
        if len(self._devices) > 1:
            # The GPU's number, for crews side by side share a machine.
            local_rank = self._devices[rank].partition(":")[2] or f"{rank}"
            environment = environment | {"RANK": f"{rank}", "LOCAL_RANK": local_rank}
        self._open_logs.append(open_log(self.logs[rank]))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "modernize.run.worker", f"{os.getpid()}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._open_logs[-1],
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._processes.append(process)
        self._watchers.append(threading.Thread(target=self._watch, args=(process,), daemon=True))
        self._watchers[-1].start()

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Listen until the process has ended, not until its pipe is closed: its own decoders hold that open longer."""
        listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        process.wait()
        listener.join(DRAIN_SECONDS)
        self._events.put((self, None))

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout:
            for line in process.stdout:
                if event := from_line(line):
                    self._events.put((self, event))

    def begin(self, task: Task) -> None:
        """Give a task to the first process; the others should join when it has started."""
        self._send(0, task)

    def join(self, task: Task) -> None:
        """Give a task to the others."""
        for rank in range(1, len(self._devices)):
            self._send(rank, task)

    def _send(self, rank: int, task: Task) -> None:
        mine = replace(task, runtime=settle(task.runtime, self._here, self._devices[rank]))
        pipe = self._processes[rank].stdin
        assert pipe is not None  # noqa: S101
        with suppress(BrokenPipeError):  # it has died; its listener will say so
            pipe.write(json.dumps(mine.to_json()) + "\n")
            pipe.flush()

    def stop(self) -> None:
        """Ask for an end after a checkpoint."""
        for process in self._processes:
            process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until the processes have ended, but no longer than that."""
        deadline = time.monotonic() + seconds
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))

    def last_words(self, said: str = "") -> str:
        """Say in one line what went wrong.

        Args:
            said: What one of the processes says. Where another one was killed, that is why.
        """
        self._failed = True
        size = len(self._devices)
        deadline = time.monotonic() + GRACE_SECONDS * (size > 1)
        while time.monotonic() < deadline and not any((process.poll() or 0) < 0 for process in self._processes):
            time.sleep(0.02)
        codes = {rank: code for rank, process in enumerate(self._processes) if (code := process.poll()) is not None}
        rank, code = min(codes.items(), key=lambda item: item[1], default=(0, 0))
        if said and code >= 0:
            return said
        who = f"process {rank + 1} of its {size}" if size > 1 else "its worker process"
        how = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with exit code {code}"
        log = self.logs[rank]
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return f"{who} {how}" + (f": {lines[-1].strip()}; see {keep(log)}" if lines else "")

    def end(self) -> None:
        """End the processes, and drop logs that nobody needs."""
        for process in self._processes:
            process.kill()
        for process, watcher in zip(self._processes, self._watchers, strict=False):
            process.wait()
            watcher.join()
            if process.stdin is not None:
                with suppress(OSError, ValueError):
                    process.stdin.close()
        for file in self._open_logs:
            file.close()
        for log in self.logs:
            with suppress(OSError):
                # Where several processes meet, the library that connects them reports so in their logs.
                if log.stat().st_size == 0 or (len(self.logs) > 1 and not self._failed):
                    log.unlink()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
