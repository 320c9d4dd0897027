"""What P2 and P3 could reach with today's formulations: the time of their convolutions and matrix products alone.

These are oneDNN's and MKL's. Were everything else in a step free (norms, activations, additions, the framework itself,
data and optimizer), a step would still take as long as they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from benchmarks.training import median_step
from benchmarks.workload import rung_names, trained_spec

QUIET_PROFILER = {"KINETO_LOG_LEVEL": "99"}


def measure(quick: bool) -> Iterator[Measured]:
    """Set the kernels of our step beside our whole step and the plain network's, in turn."""
    repeats, num_steps, num_images = (1, 3, 192) if quick else (3, 8, 640)
    rungs = ["base", "kernel-7"] if quick else rung_names()
    with Side(1, {**OURS, **QUIET_PROFILER}) as fast, Side(1) as slow:
        for rung in rungs:
            arguments = {"rung": rung, "num_steps": num_steps, "batch_size": trained_spec(rung).recipe.batch_size}
            ours, plain, whole = [], [], []
            for _ in range(repeats):
                plain += slow.call("training:model_steps", which="plain", **arguments)
                ours.append(fast.call("training:kernel_seconds", **arguments))
                whole.append(fast.call("training:epochs", which="ours", rung=rung, num_images=num_images, num_epochs=2))
            yield Measured(
                goal="",
                what=f"convolutions and matrix products of {rung} alone",
                against="a whole step of nn.Conv2d in NCHW, 1 thread",
                ours=1e3 * median(ours),
                other=1e3 * median(plain),
                unit="ms",
                note="processor time of the plain step; ours by torch's profiler, whose time other programs disturb",
            )
            yield Measured(
                goal="bound",
                what=f"training step of {rung}",
                against="its convolutions and matrix products alone",
                ours=1e3 * median_step(whole),
                other=1e3 * median(ours),
                unit="ms",
                better="lower",
                at_least=1.8,
                aim=1.5,
                note="processor time of the whole step, data and optimizer included; its kernels by torch's profiler",
            )
