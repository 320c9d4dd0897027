"""P1: the laptop ladder's wall time against a plain sequential loop on two threads."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from benchmarks.training import median_epoch
from benchmarks.workload import default_plan, rung_names


def measure(quick: bool) -> list[Measured]:
    """Time epochs on a part of the images, evaluation included, and scale both sides to the default job."""
    repeats, num_images = (1, 128) if quick else (2, 640)
    rungs = ["base", "ln"] if quick else rung_names()
    facts = default_plan().tasks[0]
    scale = facts.data.num_train_images / num_images * facts.budget.epochs
    ours, plain = {}, {}
    with Side(1, OURS) as first, Side(1, OURS) as second, Side(2) as reference:
        for rung in rungs:
            together, alone = [], []
            for _ in range(repeats):
                arguments = {"rung": rung, "num_images": num_images, "num_epochs": 3}
                alone.append(reference.call("training:epochs", which="plain", **arguments))
                for worker in (first, second):
                    worker.begin("training:epochs", which="ours", **arguments)
                together += [worker.end() for worker in (first, second)]
            ours[rung], plain[rung] = median_epoch(together) * scale, median_epoch(alone) * scale
    return [
        Measured(
            goal="P1",
            what="laptop ladder, two workers",
            against="plain loop, 2 threads, one rung after the other",
            ours=two_workers(list(ours.values())),
            other=sum(plain.values()),
            unit="s",
            at_least=3,
            aim=4,
            note=f"{len(rungs)} rungs; epochs on {num_images} images (two workers at once) scaled to the default job's "
            f"{facts.data.num_train_images} images x {facts.budget.epochs} epochs; start-up left out on both sides",
        )
    ]


def two_workers(seconds: Sequence[float]) -> float:
    """Return the wall time of runs shared out between two workers, the longest first."""
    ends = [0.0, 0.0]
    for run in sorted(seconds, reverse=True):
        ends[ends.index(min(ends))] += run
    return max(ends)
