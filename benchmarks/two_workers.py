"""P5: two workers against one, on the same runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.measured import Measured
from modernize.run.plan import plan_study
from modernize.run.pool import Pool
from modernize.run.request import RunRequest
from modernize.run.task import Task
from modernize.selection import Selection


def measure(quick: bool) -> list[Measured]:
    """Do the same four runs in turn with a pool of one and a pool of two, both started and warm."""
    repeats, num_images = (1, 128) if quick else (5, 1024)
    tasks = _tasks(num_images, seeds=4)
    with tempfile.TemporaryDirectory() as folder, Pool(1, Path(folder)) as one, Pool(2, Path(folder)) as two:
        for pool in (one, two):
            _seconds(pool, _tasks(64, seeds=2))
            _seconds(pool, tasks)
        alone, together = [], []
        for _ in range(repeats):
            alone.append(_seconds(one, tasks))
            together.append(_seconds(two, tasks))
    return [
        Measured(
            goal="P5",
            what="four runs, two workers",
            against="one worker",
            ours=median(together),
            other=median(alone),
            unit="s",
            at_least=1.8,
            aim=1.95,
            note="kernel-7 with four seeds, workers started and data loaded before",
        )
    ]


def _tasks(num_images: int, seeds: int) -> Sequence[Task]:
    request = RunRequest(
        selection=Selection(upto="kernel-7", start="kernel-7"),
        seeds=tuple(range(seeds)),
        epochs=1,
        train_images=num_images,
        test_images=250,
    )
    return plan_study(request).tasks


def _seconds(pool: Pool, tasks: Sequence[Task]) -> float:
    began = time.perf_counter()
    pool.run(tasks, lambda _: None)
    return time.perf_counter() - began
