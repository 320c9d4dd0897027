"""The worker process: reads tasks, one JSON line each, and writes events, one JSON line each.

Started as `python -m modernize.run.worker`. It ends when its input ends, when the process that started it does, or at
SIGTERM, after a checkpoint. Events:

    {"event": "ready"}
    {"event": "step", "run_id": ..., "epoch": ..., "step": ..., "images": ...}
    {"event": "note", "run_id": ..., "text": ...}
    {"event": "elsewhere", "run_id": ..., "holder": "process 7 on host", or "" if its record is on disk}
    {"event": "record", "run_id": ..., "record": {...}}
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from modernize.errors import DataError, ModernizeError
from modernize.measure.memory import peak_memory_mb, reset_peak_memory
from modernize.regimes import get_regime
from modernize.results.record import Record
from modernize.results.store import find_finished
from modernize.run.claim import BEAT_SECONDS, Claim
from modernize.run.outcome import now, record_of
from modernize.run.task import DataSource, Task
from modernize.spec import Arch, Recipe, Spec
from modernize.strict import from_dict

if TYPE_CHECKING:
    from modernize.datasets import ImageArrays
    from modernize.train.checkpoint import Checkpoints

SECONDS_BETWEEN_EVENTS = 0.25
SECONDS_BETWEEN_LOOKS = 1.0
STOPPED = 128 + signal.SIGTERM
CHECKPOINT_SECONDS = "MODERNIZE_CHECKPOINT_SECONDS"
"""Environment variable: time between checkpoints, 0 for one at every step."""


def main() -> None:
    """Serve tasks until the input ends."""
    server = _Server()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, server.stop)
    threading.Thread(target=server.watch, args=(os.getppid(),), daemon=True).start()
    # Nothing but events may reach the pipe, whatever a library prints.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    import modernize.train.loop  # noqa: F401 - loads torch, which takes seconds, before there is a task

    _send(events, event="ready")
    try:
        for line in sys.stdin:
            server.serve(Task.from_json(json.loads(line)), events)
    except BrokenPipeError:
        os._exit(1)  # the parent is gone


class _Server:
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
        """Keep the claim fresh, and end once `parent` is gone, in the middle of a run: nobody would hear of it."""
        beat = time.monotonic()
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if (claim := self.claim) and time.monotonic() - beat >= BEAT_SECONDS:
                beat = time.monotonic()
                claim.beat()
        os._exit(1)

    def serve(self, task: Task, events: TextIO) -> None:
        """Do one run, unless another process has it in hand or has done it."""
        from modernize.train.loop import Stopped

        self.busy = True
        claim = self.claim = Claim(Path(task.folder)) if task.folder else None
        holder = _take(claim, task, events) if claim else ""
        if claim and (holder or (task.results and find_finished([task.run_id], Path(task.results)))):
            claim.release()
            _send(events, event="elsewhere", run_id=task.run_id, holder=holder)
        else:
            try:
                record = perform(task, events, self)
            except Stopped:
                if claim:
                    claim.release()
                os._exit(STOPPED)
            # The claim of a run that ended well stays until the parent has put its record on disk.
            if claim and record.status == "failed":
                claim.release()
            _send(events, event="record", run_id=task.run_id, record=record.to_json())
        self.claim = None
        self.busy = False
        if self.stopping:
            os._exit(STOPPED)


def _take(claim: Claim, task: Task, events: TextIO) -> str:
    try:
        return claim.take()
    except OSError as error:
        claim.release()
        _note(task, events, f"no claim can be made at {claim.path}: {error.strerror or error}; it goes on without")
        return ""


def perform(task: Task, events: TextIO | None = None, server: _Server | None = None) -> Record:
    """Do one run; whatever goes wrong becomes a record that says so.

    Args:
        task: What to do; with a folder, it is resumed from there and keeps its checkpoints there.
        events: Where progress goes, if anywhere.
        server: The process that does it, if it is to listen to a request to stop.

    Raises:
        Stopped: If the server was asked to stop.
    """
    import torch

    from modernize.train.loop import Stopped, train

    torch.set_num_threads(task.num_threads)
    started_at, began = now(), time.perf_counter()
    reset_peak_memory()
    progress = _Progress(task, events)
    outcome, error = None, ""
    try:
        outcome = train(
            _spec(task),
            _arrays_of(task),
            seed=task.seed,
            on_step=progress,
            checkpoints=_checkpoints(task, events),
            should_stop=lambda: server is not None and server.stopping,
        )
    except ModernizeError as problem:
        error = str(problem)
    except (BrokenPipeError, Stopped):
        raise  # nobody listens any more, or wants it
    except Exception as problem:
        # One failed run must not take the ladder with it.
        import traceback

        traceback.print_exc()
        error = f"{type(problem).__name__}: {problem}".splitlines()[0]
    return record_of(
        task,
        outcome,
        error=error,
        started_at=started_at,
        seconds=time.perf_counter() - began,
        peak_memory_mb=peak_memory_mb(),
    )


def _spec(task: Task) -> Spec:
    recipe = from_dict(Recipe, task.trained_recipe, "recipe")
    return Spec(regime=get_regime(task.rung.regime), arch=from_dict(Arch, task.arch, "arch"), recipe=recipe)


def _checkpoints(task: Task, events: TextIO | None) -> Checkpoints | None:
    from modernize.train.checkpoint import SECONDS_BETWEEN, Checkpoints

    if task.folder is None:
        return None
    wanted = os.environ.get(CHECKPOINT_SECONDS) or str(SECONDS_BETWEEN)
    try:
        seconds = float(wanted)
    except ValueError as error:
        raise ModernizeError(f"{CHECKPOINT_SECONDS} should be a number of seconds, not '{wanted}'.") from error
    return Checkpoints(
        Path(task.folder),
        f"run {task.run_id}",
        seconds_between=seconds,
        note=lambda text: _note(task, events, text),
    )


def _arrays_of(task: Task) -> ImageArrays:
    arrays = _arrays(task.source)
    if arrays.fingerprint != task.data.fingerprint:
        raise DataError(f"{task.source.name} has changed since the study was planned; run the command again.")
    return arrays


@lru_cache(maxsize=1)
def _arrays(source: DataSource) -> ImageArrays:
    """Load a task's data; a worker's tasks usually share it."""
    from modernize.datasets import load_arrays

    return load_arrays(
        source.name,
        image_size=source.image_size,
        train_images=source.train_images,
        test_images=source.test_images,
        data_dir=Path(source.data_dir) if source.data_dir else None,
    )


class _Progress:
    """Sends a "step" event a few times a second."""

    def __init__(self, task: Task, events: TextIO | None) -> None:
        self.task = task
        self.events = events
        self.sent = 0.0

    def __call__(self, epoch: int, step: int) -> None:
        now = time.monotonic()
        if self.events is not None and (step == 1 or now - self.sent >= SECONDS_BETWEEN_EVENTS):
            self.sent = now
            images = step * self.task.trained_recipe["batch_size"]
            _send(self.events, event="step", run_id=self.task.run_id, epoch=epoch, step=step, images=images)


def _note(task: Task, events: TextIO | None, text: str) -> None:
    if events is None:
        print(f"{task.rung.step} seed {task.seed}: {text}", file=sys.stderr)  # noqa: T201
    else:
        _send(events, event="note", run_id=task.run_id, text=text)


def _send(events: TextIO, **fields: Any) -> None:
    events.write(json.dumps(fields) + "\n")
    events.flush()


if __name__ == "__main__":
    main()
