"""P2: a rung's training throughput against the plain loop, one thread each."""

from __future__ import annotations

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from benchmarks.training import median_step
from benchmarks.workload import rung_names, trained_spec


def measure(quick: bool) -> list[Measured]:
    """Train every rung for a few epochs on few images, in turn with either loop."""
    repeats, num_images = (1, 192) if quick else (3, 640)
    rungs = ["base", "kernel-7"] if quick else rung_names()
    found = []
    with Side(1, OURS) as ours, Side(1) as plain:
        for rung in rungs:
            fast, slow = [], []
            for _ in range(repeats):
                arguments = {"rung": rung, "num_images": num_images, "num_epochs": 2}
                slow.append(plain.call("training:epochs", which="plain", **arguments))
                fast.append(ours.call("training:epochs", which="ours", **arguments))
            found.append(
                Measured(
                    goal="P2",
                    what=f"training step of {rung}",
                    against="plain loop, 1 thread",
                    ours=1e3 * median_step(fast),
                    other=1e3 * median_step(slow),
                    unit="ms",
                    at_least=2,
                    aim=3,
                    note=f"processor time of a step at batch {trained_spec(rung).recipe.batch_size}, data included",
                )
            )
    return found
