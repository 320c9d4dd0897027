"""A crew: the worker processes that do a run together, most often one, and their logs.

They are plain subprocesses that speak lines of JSON, so a study also runs from a notebook or any script.
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
from typing import IO

from modernize.run.executor import Event, from_line
from modernize.run.placement import settle
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

GRACE_SECONDS = 1.0
"""After the first sign that something is wrong: the process that was killed may not be the first one to show."""

DRAIN_SECONDS = 0.5
"""What is still in the pipe of a process that has ended is read in this time."""


class Crew:
    """Worker processes, one a device, and threads that listen to them.

    Args:
        number: Of the crew in its pool.
        devices: One a process; "cpu", or "cuda:1".
        here: How this machine executes runs.
        log_folder: Error output goes to files here.
        events: Where what they tell is put; None when a process has ended.

    Attributes:
        processes: One a device; the first one speaks for the crew.

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
        self.processes: list[subprocess.Popen[str]] = []
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
        self.processes.append(process)
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
        pipe = self.processes[rank].stdin
        assert pipe is not None  # noqa: S101
        with suppress(BrokenPipeError):  # it has died; its listener will say so
            pipe.write(json.dumps(mine.to_json()) + "\n")
            pipe.flush()

    def stop(self) -> None:
        """Ask for an end after a checkpoint."""
        for process in self.processes:
            process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until the processes have ended, but no longer than that."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
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
        while time.monotonic() < deadline and not any((process.poll() or 0) < 0 for process in self.processes):
            time.sleep(0.02)
        codes = {rank: code for rank, process in enumerate(self.processes) if (code := process.poll()) is not None}
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
        for process in self.processes:
            process.kill()
        for process, watcher in zip(self.processes, self._watchers, strict=False):
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


def open_log(path: Path) -> IO[bytes]:
    """Open a log. A process that inherits it keeps it locked as long as it lives.

    Raises:
        OSError: If it cannot be written.
    """
    while True:
        log = path.open("ab")
        with suppress(OSError):  # a file system without locks: its logs are not swept up either
            _lock(log, wait=True)
        if path.exists():
            return log
        log.close()  # swept up by another command just now


def sweep(folder: Path) -> None:
    """Remove the logs of workers that live no more, but for those that say why a run failed."""
    for path in folder.glob("worker-*.log"):
        with suppress(OSError), path.open("ab") as log:
            _lock(log, wait=False)
            path.unlink()


def keep(path: Path) -> Path:
    """Keep the log of a worker that failed from being swept up; return its path from now on."""
    with suppress(OSError):
        path = path.rename(path.with_name(f"failed-{path.name}"))
    return path


def _lock(log: IO[bytes], *, wait: bool) -> None:
    if sys.platform != "win32":  # there a file in use cannot be removed
        import fcntl

        fcntl.flock(log, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
