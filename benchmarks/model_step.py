"""P3: forward and backward alone against `nn.Conv2d` in NCHW, one thread, summed over the rungs."""

from __future__ import annotations

from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from benchmarks.workload import rung_names, trained_spec


def measure(quick: bool) -> list[Measured]:
    """Time steps on one random batch, in turn with either network."""
    repeats, num_steps = (1, 3) if quick else (3, 8)
    rungs = ["base", "kernel-7"] if quick else rung_names()
    batch_size = trained_spec(rungs[0]).recipe.batch_size
    ours, plain = 0.0, 0.0
    with Side(1, OURS) as fast, Side(1) as slow:
        for rung in rungs:
            times: dict[str, list[float]] = {"ours": [], "plain": []}
            for _ in range(repeats):
                for which, side in (("plain", slow), ("ours", fast)):
                    arguments = {"rung": rung, "num_steps": num_steps, "batch_size": batch_size}
                    times[which] += side.call("training:model_steps", which=which, **arguments)
            ours, plain = ours + 1e3 * median(times["ours"]), plain + 1e3 * median(times["plain"])
    return [
        Measured(
            goal="P3",
            what=f"model step, sum over {len(rungs)} rungs",
            against="nn.Conv2d in NCHW, 1 thread",
            ours=ours,
            other=plain,
            unit="ms",
            at_least=1.9,
            aim=3,
            note=f"processor time of forward and backward at batch {batch_size}",
        )
    ]
