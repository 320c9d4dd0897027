"""Serving tasks: claim a run, do it, say what came of it. Shared by workers and by processes that torchrun started."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from modernize.results.store import find_finished
from modernize.run.claim import BEAT_SECONDS, Claim
from modernize.run.events import Tell
from modernize.run.perform import perform
from modernize.run.task import Task

SECONDS_BETWEEN_LOOKS = 1.0
STOPPED = 128 + signal.SIGTERM


class Server:
    """What the process has in hand, for the signal handler and the watching thread to know."""

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
        os._exit(1)

    def serve(self, task: Task, tell: Tell, claimed: Callable[[], None] = lambda: None) -> None:
        """Do one run, unless another process has it in hand or has done it.

        Args:
            task: What to do.
            tell: Told of everything that happens, see `modernize.run.worker`.
            claimed: Called when the run is about to begin; other processes may join then.

        Raises:
            Stopped: If the process was asked to stop; the claim is given back.
        """
        from modernize.train.loop import Stopped

        claim = self.claim = Claim(Path(task.folder)) if task.folder else None
        holder = _take(claim, task, tell) if claim else ""
        try:
            if claim and (holder or (task.results and find_finished([task.run_id], Path(task.results)))):
                claim.release()
                tell({"event": "elsewhere", "run_id": task.run_id, "holder": holder})
                return
            claimed()
            record = perform(task, tell, lambda: self.stopping)
            # The claim of a run that ended well stays until its record is on disk.
            if claim and record and record.status == "failed":
                claim.release()
        except Stopped:
            if claim:
                claim.release()
            raise
        finally:
            self.claim = None
        if record:
            tell({"event": "record", "run_id": task.run_id, "record": record.to_json()})


def _take(claim: Claim, task: Task, tell: Tell) -> str:
    try:
        return claim.take()
    except OSError as error:
        claim.release()
        text = f"no claim can be made at {claim.path}: {error.strerror or error}; it goes on without"
        tell({"event": "note", "run_id": task.run_id, "text": text})
        return ""
