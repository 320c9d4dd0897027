"""One run in this process, from a task to a record. Of several processes that share it, each performs the task."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from modernize.entry import Entry, model_of
from modernize.errors import DataError, ModernizeError
from modernize.measure.memory import (
    peak_device_memory_mb,
    peak_memory_mb,
    reset_peak_device_memory,
    reset_peak_memory,
)
from modernize.metrics import CLASSIFICATION, MASKED_RECONSTRUCTION
from modernize.results.artifact import MOST_PICTURE_BYTES, sample_file
from modernize.results.files import write_atomically
from modernize.results.record import Record
from modernize.results.sources import sources
from modernize.run.executor import Noted, Progressed, Tell
from modernize.run.run_record import now, record_of
from modernize.run.task import DataSource, Task
from modernize.spec import Recipe
from modernize.strict import from_dict

if TYPE_CHECKING:
    from modernize.datasets import Dataset
    from modernize.train.checkpoint import Checkpoints

SECONDS_BETWEEN_EVENTS = 0.25
CHECKPOINT_SECONDS = "MODERNIZE_CHECKPOINT_SECONDS"
"""Environment variable: time between checkpoints, 0 for one at every step."""


def perform(task: Task, tell: Tell | None = None, should_stop: Callable[[], bool] = lambda: False) -> Record:
    """Do one run; whatever goes wrong becomes a record that says so.

    Args:
        task: What to do; with a folder, it is resumed from there and keeps its checkpoints there.
        tell: Told how far it is and what may interest a user; None for nobody.
        should_stop: Asked after each step.

    Raises:
        Stopped: If it should stop.
    """
    import torch

    from modernize.train.loop import Stopped, train

    sources()  # before anybody edits what has been imported
    torch.set_num_threads(task.runtime.num_threads)
    started_at, began = now(), time.perf_counter()
    device = task.runtime.device
    reset_peak_memory()
    reset_peak_device_memory(device)
    outcome, error = None, ""
    try:
        outcome = train(
            _entry(task),
            _data_of(task),
            seed=task.seed,
            runtime=task.runtime,
            on_step=_progress(task, tell) if tell else None,
            checkpoints=_checkpoints(task, tell),
            should_stop=should_stop,
            weights=Path(task.weights) if task.weights else None,
            keep=Path(task.folder) if task.folder and task.keep_weights else None,
        )
    except ModernizeError as problem:
        error = str(problem)
    except (BrokenPipeError, Stopped):
        raise  # nobody listens any more, or wants it
    except Exception as problem:
        # One failed run must not take the ladder with it.
        error = _why(problem, alone=task.runtime.num_processes == 1)
    record = record_of(
        task,
        outcome,
        error=error,
        started_at=started_at,
        seconds=time.perf_counter() - began,
        peak_memory_mb=peak_memory_mb(),
        peak_device_memory_mb=peak_device_memory_mb(device),
    )
    if outcome and task.results:
        _keep_samples(record, Path(task.results), _data_of(task))
    return record


def _keep_samples(record: Record, results: Path, data: Dataset) -> None:
    """Leave a report something to show of the data, unless a run did before; a record does without."""
    from modernize.datasets.preview import sample_sheet

    path = sample_file(record, results)
    if record.objective in (CLASSIFICATION, MASKED_RECONSTRUCTION) and not path.exists():
        with suppress(OSError, ModernizeError):
            if len(sheet := sample_sheet(data)) <= MOST_PICTURE_BYTES:
                write_atomically(path, sheet)


def _why(problem: Exception, *, alone: bool) -> str:
    """Say in one line what went wrong; the rest goes to the log, unless it went wrong in another process."""
    text = f"{type(problem).__name__}: {problem}".splitlines()[0]
    if not alone and "/gloo/" in text:
        what = text.partition("] ")[2].partition(". ")[0]
        return f"the connection to another of its processes was lost: {what}"
    import traceback

    traceback.print_exc()
    return text


def _entry(task: Task) -> Entry:
    """Return the row as it is trained."""
    return Entry(
        name=task.entry.name,
        title=task.entry.title,
        role=task.entry.role,
        model=model_of(task.model),
        recipe=from_dict(Recipe, task.trained_recipe, "recipe"),
    )


def _checkpoints(task: Task, tell: Tell | None) -> Checkpoints | None:
    from modernize.train.checkpoint import SECONDS_BETWEEN, Checkpoints

    if task.folder is None:
        return None
    wanted = os.environ.get(CHECKPOINT_SECONDS) or str(SECONDS_BETWEEN)
    try:
        seconds = float(wanted)
    except ValueError as error:
        raise ModernizeError(f"{CHECKPOINT_SECONDS} should be a number of seconds, not '{wanted}'.") from error

    def note(text: str) -> None:
        if tell:
            tell(Noted(task.run_id, text))

    return Checkpoints(Path(task.folder), f"run {task.run_id}", seconds_between=seconds, note=note)


def _data_of(task: Task) -> Dataset:
    data = _data(task.source)
    if data.fingerprint != task.data.fingerprint:
        raise DataError(f"{task.source.name} has changed since the study was planned; run the command again.")
    return data


@lru_cache(maxsize=1)
def _data(source: DataSource) -> Dataset:
    """Load a task's data; a worker's tasks usually share it."""
    from modernize.datasets import load_data

    return load_data(**source.arguments())


def _progress(task: Task, tell: Tell) -> Callable[[int, int], None]:
    """Return what tells how far a run is, a few times a second."""
    sent = 0.0

    def on_step(epoch: int, step: int) -> None:
        nonlocal sent
        now = time.monotonic()
        if step == 1 or now - sent >= SECONDS_BETWEEN_EVENTS:
            sent = now
            tell(Progressed(task.run_id, epoch, step, step * task.trained_recipe["batch_size"]))

    return on_step
