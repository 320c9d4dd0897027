"""A crew: the processes that do one run at a time together. Most runs take a crew of one."""

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
from typing import IO, Any

from modernize.run.logs import keep, open_log
from modernize.run.task import Task

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

Messages = queue.Queue[tuple["Crew", int, dict[str, Any] | None]]


class Crew:
    """Worker processes, one a device, and threads that listen to them.

    Args:
        number: Of the crew in its pool.
        devices: One a process; "cpu", or "cuda:1".
        threads: Of each process.
        log_folder: Error output goes to files here.
        messages: Where what they say is put, with the crew and the rank; None when a process has ended.

    Raises:
        OSError: If a process cannot start.
    """

    def __init__(self, number: int, devices: Sequence[str], threads: int, log_folder: Path, messages: Messages) -> None:
        self.number = number
        self.devices = devices
        self.failed = False
        self._messages = messages
        self._processes: list[subprocess.Popen[str]] = []
        self._watchers: list[threading.Thread] = []
        self._open_logs: list[IO[bytes]] = []
        stem = f"worker-{secrets.token_hex(4)}-{number}"
        size = len(devices)
        self.logs = [log_folder / (f"{stem}-rank{rank}.log" if size > 1 else f"{stem}.log") for rank in range(size)]
        environment = {**WORKER_ENVIRONMENT, **os.environ, "OMP_NUM_THREADS": f"{threads}"}
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
    def size(self) -> int:
        """Number of processes."""
        return len(self.devices)

    @property
    def pid(self) -> int:
        """Of the process that speaks for the crew."""
        return self._processes[0].pid

    @property
    def pids(self) -> tuple[int, ...]:
        """Of all processes, by rank."""
        return tuple(process.pid for process in self._processes)

    def _start(self, rank: int, environment: dict[str, str]) -> None:
        if self.size > 1:
            # The GPU's number, for crews side by side share a machine.
            local_rank = self.devices[rank].partition(":")[2] or f"{rank}"
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
        self._watchers.append(threading.Thread(target=self._watch, args=(rank, process), daemon=True))
        self._watchers[-1].start()

    def _watch(self, rank: int, process: subprocess.Popen[str]) -> None:
        """Listen until the process has ended, not until its pipe is closed: its own decoders hold that open longer."""
        listener = threading.Thread(target=self._listen, args=(rank, process), daemon=True)
        listener.start()
        process.wait()
        listener.join(DRAIN_SECONDS)
        self._messages.put((self, rank, None))

    def _listen(self, rank: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout:
            for line in process.stdout:
                # What a library prints before the worker guards its output, and half a line of a killed one, are no
                # messages.
                with suppress(ValueError, TypeError, KeyError):
                    message = json.loads(line)
                    if message["event"] != "ready":
                        self._messages.put((self, rank, message))

    def begin(self, task: Task) -> None:
        """Give a task to the first process; it says "claimed" when the others should join."""
        self._send(0, task)

    def join(self, task: Task) -> None:
        """Give a task to the others."""
        for rank in range(1, self.size):
            self._send(rank, task)

    def _send(self, rank: int, task: Task) -> None:
        mine = replace(task, runtime=replace(task.runtime, device=self.devices[rank]))
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
        self.failed = True
        if self.size == 1:
            self._processes[0].wait()
        else:
            self._wait_for_a_death()
        codes = [process.poll() for process in self._processes]
        ended = [rank for rank, code in enumerate(codes) if code is not None]
        rank = min(ended, key=lambda rank: codes[rank] or 0, default=0)
        code = codes[rank] or 0
        if said and code >= 0:
            return said
        who = f"process {rank + 1} of its {self.size}" if self.size > 1 else "its worker process"
        how = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with exit code {code}"
        log = self.logs[rank]
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return f"{who} {how}" + (f": {lines[-1].strip()}; see {keep(log)}" if lines else "")

    def _wait_for_a_death(self) -> None:
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            if any((process.poll() or 0) < 0 for process in self._processes):
                return
            time.sleep(0.02)

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
                if log.stat().st_size == 0 or (self.size > 1 and not self.failed):
                    log.unlink()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
