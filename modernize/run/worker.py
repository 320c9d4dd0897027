"""The worker process: reads tasks, one JSON line each, does them, and tells events, one JSON line each.

Started as `python -m modernize.run.worker PID`, by the process of that number. It ends when its input ends, when that
process does, or at SIGTERM, after a checkpoint. The record of a run is on disk before its end is told.

Where several workers share each run (RANK and WORLD_SIZE are set), the first one speaks for all; the others begin when
it has claimed the run. Whichever fails says so, and all of them have to be ended: they are out of step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from modernize.errors import ModernizeError
from modernize.results.artifact import RUNS, clear_run, keep_pictures
from modernize.results.record import Record
from modernize.results.store import find_finished, save_record
from modernize.run.claim import BEAT_SECONDS, Claim
from modernize.run.executor import Elsewhere, Ended, Event, Noted, Started, Tell, to_line
from modernize.run.perform import perform
from modernize.run.position import forget_position, positioning
from modernize.run.task import Task
from modernize.run.trackers import track

Perform = Callable[[Task, Tell, Callable[[], bool]], Record]

PR_SET_PDEATHSIG = 1
SECONDS_BETWEEN_LOOKS = 1.0
FAILED = 1
STOPPED = 128 + signal.SIGTERM


class Server:
    """Claims runs, does them and writes their records.

    It holds what the process has in hand, for the signal handler and the watching thread to know.
    """

    def __init__(self) -> None:
        self.busy = False
        self.stopping = False
        self.claim: Claim | None = None

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """End at once, or after the step and the checkpoint of the run in hand."""
        self.stopping = True
        if not self.busy:
            os._exit(STOPPED)

    def watch(self, parent: int) -> None:
        """Start a thread that keeps the claim fresh.

        It ends the process once `parent` is gone, in the middle of a run: nobody would hear of it.
        """
        threading.Thread(target=self._watch, args=(parent,), daemon=True).start()

    def _watch(self, parent: int) -> None:
        beat = time.monotonic()
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if (claim := self.claim) and time.monotonic() - beat >= BEAT_SECONDS:
                beat = time.monotonic()
                claim.beat()
        os._exit(FAILED)

    def serve(self, task: Task, tell: Tell, do: Perform = perform) -> Record | None:
        """Do one run, unless another process has it in hand or has done it.

        Args:
            task: What to do.
            tell: Told of everything that happens.
            do: Does it.

        Returns:
            Its record, which is on disk where the task has a folder of results; None if the run is not done here.

        Raises:
            Stopped: If the process was asked to stop; the claim is given back.
            ModernizeError: If the record cannot be written; likewise.
        """
        claim = self.claim = Claim(Path(task.folder)) if task.folder else None
        results = Path(task.results) if task.results else None
        record, file, holder = None, "", ""
        try:
            holder = _take(claim, task, tell) if claim else ""
            is_done = claim and results and not task.repeat and find_finished([task.run_id], results)
            if not (holder or is_done):
                tell(Started(task.run_id))
                position = positioning(task)

                def hear(event: Event) -> None:
                    position(event)
                    tell(event)

                record = do(task, hear, lambda: self.stopping)
                if results:
                    file = str(save_record(record, results))
                    for problem in track(record, task.trackers, results.parent / RUNS):
                        tell(Noted(task.run_id, problem))
                    if task.folder:
                        keep_pictures(record, results, Path(task.folder))
                    if task.folder and record.status != "failed":
                        clear_run(Path(task.folder))
        finally:
            self.claim = None
            if claim:
                if not holder:
                    forget_position(claim.path.parent)
                claim.release()
        # Whoever hears of it may end this process: nothing is left to do.
        tell(Ended(task.run_id, file) if record else Elsewhere(task.run_id, holder))
        return record


def _take(claim: Claim, task: Task, tell: Tell) -> str:
    try:
        return claim.take()
    except OSError as error:
        why = f"no claim can be made at {claim.path}: {error.strerror or error}; it goes on without"
        tell(Noted(task.run_id, why))
        return ""


def main(parent: int) -> None:
    """Serve tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    _end_with(parent)
    server = Server()
    signal.signal(signal.SIGTERM, server.stop)
    server.watch(parent)

    # Nothing but events may reach the pipe, whatever a library prints.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: Event) -> None:
        pipe.write(to_line(event))
        pipe.flush()

    def fail(task: Task, error: str) -> NoReturn:
        tell(Ended(task.run_id, error=error))
        while task.runtime.num_processes > 1:  # the parent ends the whole crew, and looks which of them died
            time.sleep(1)
        os._exit(FAILED)

    def perform_well(task: Task, tell: Tell | None, should_stop: Callable[[], bool]) -> Record:
        record = perform(task, tell, should_stop)
        if record.status == "failed" and task.runtime.num_processes > 1:
            fail(task, record.error)
        return record

    from modernize.train.loop import Stopped  # loads torch, which takes seconds, before there is a task

    speaks = os.environ.get("RANK", "0") == "0"
    try:
        for line in sys.stdin:
            server.busy = True
            task = Task.from_json(json.loads(line))
            try:
                if speaks:
                    server.serve(task, tell, perform_well)
                else:
                    perform_well(task, None, lambda: server.stopping)
            except ModernizeError as error:
                fail(task, str(error))
            server.busy = False
            if server.stopping:
                os._exit(STOPPED)
    except Stopped:
        os._exit(STOPPED)
    except BrokenPipeError:
        os._exit(FAILED)  # the parent is gone


def _end_with(parent: int) -> None:
    """End this process as soon as its parent has ended, where the system (Linux) does that; at once if it has.

    The watching thread is not enough: no thread runs while a large library is being loaded. The parent's thread that
    started this process counts as the parent.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(FAILED)


if __name__ == "__main__":
    main(int(sys.argv[1]))
