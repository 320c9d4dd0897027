"""P13: eight seeds of a small network together on one GPU against one after the other."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measured import Measured
from modernize.run.devices import find_gpus
from modernize.run.request import request_from
from modernize.run.run_study import run_study

NUM_SEEDS = 8


def measure(quick: bool) -> list[Measured]:
    """Run one rung with eight seeds, as eight jobs and as one."""
    found = find_gpus()
    if not found.gpus:
        return [_row(note=found.why_none)]
    return [compare("cuda:0", epochs=2, num_images=512) if quick else compare("cuda:0")]


def _row(*, note: str, ours: float | None = None, other: float | None = None) -> Measured:
    return Measured(
        goal="P13",
        what=f"{NUM_SEEDS} seeds of the laptop regime's ln on one GPU, together",
        against="one after the other",
        ours=ours,
        other=other,
        unit="s",
        at_least=2.5,
        aim=5,
        note=note,
    )


def compare(device: str, *, epochs: int = 30, num_images: int = 20_000, num_seeds: int = NUM_SEEDS) -> Measured:
    """Run the seeds both ways, with processes side by side and without."""
    seconds = {jobs: _seconds(device, jobs, epochs, num_images, num_seeds) for jobs in (num_seeds, 1)}
    return _row(
        ours=seconds[num_seeds], other=seconds[1], note=f"{epochs} epochs of {num_images} images, start-up included"
    )


def _seconds(device: str, jobs: int, epochs: int, num_images: int, num_seeds: int) -> float:
    with TemporaryDirectory() as folder:
        request = request_from(
            start="ln",
            upto="ln",
            device=device,
            cuda_graphs=device != "cpu",
            jobs=jobs,
            seeds=num_seeds,
            epochs=epochs,
            train_images=num_images,
            test_images=64,
            out=Path(folder),
        )
        began = time.perf_counter()
        run_study(request)
        return time.perf_counter() - began
