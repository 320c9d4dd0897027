"""The worker process: reads tasks, one JSON line each, and writes events, one JSON line each.

Started as `python -m modernize.run.worker`. It ends when its input ends, or when the process that started it does.
Events:

    {"event": "ready"}
    {"event": "step", "run_id": ..., "epoch": ..., "step": ..., "images": ...}
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
from typing import TYPE_CHECKING, Any, TextIO

from modernize.errors import DataError, ModernizeError
from modernize.measure.memory import peak_memory_mb, reset_peak_memory
from modernize.regimes import get_regime
from modernize.results.record import Record
from modernize.run.outcome import now, record_of
from modernize.run.task import DataSource, Task
from modernize.spec import Arch, Recipe, Spec
from modernize.strict import from_dict

if TYPE_CHECKING:
    from modernize.datasets import ImageArrays

SECONDS_BETWEEN_EVENTS = 0.25
SECONDS_BETWEEN_LOOKS = 1.0


def main() -> None:
    """Serve tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # Nothing but events may reach the pipe, whatever a library prints.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    import modernize.train.loop  # noqa: F401 - loads torch, which takes seconds, before there is a task

    _send(events, event="ready")
    for line in sys.stdin:
        task = Task.from_json(json.loads(line))
        record = perform(task, events)
        _send(events, event="record", run_id=task.run_id, record=record.to_json())


def _end_with(parent: int) -> None:
    """End this process once `parent` is gone, even in the middle of a run: nobody would hear of it."""
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def perform(task: Task, events: TextIO | None = None) -> Record:
    """Do one run; whatever goes wrong becomes a record that says so.

    Args:
        task: What to do.
        events: Where progress goes, if anywhere.
    """
    import torch

    from modernize.train.loop import train

    torch.set_num_threads(task.num_threads)
    started_at, began = now(), time.perf_counter()
    reset_peak_memory()
    progress = _Progress(task, events)
    outcome, error = None, ""
    try:
        outcome = train(_spec(task), _arrays_of(task), seed=task.seed, on_step=progress)
    except ModernizeError as problem:
        error = str(problem)
    except BrokenPipeError:
        raise  # nobody listens any more
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


def _send(events: TextIO, **fields: Any) -> None:
    events.write(json.dumps(fields) + "\n")
    events.flush()


if __name__ == "__main__":
    main()
