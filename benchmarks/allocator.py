"""Whether the allocator settings of the pool's workers pay: a model step with and without them."""

from __future__ import annotations

import resource
from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from benchmarks.training import model_steps


def measure(quick: bool) -> list[Measured]:
    """Time steps in turn in two processes that differ in these settings only."""
    repeats, num_steps = (1, 2) if quick else (3, 12)
    rungs = ("inverted",) if quick else ("base", "inverted", "kernel-7", "ln")
    rows = []
    with Side(1, OURS) as kept, Side(1) as default:
        for rung in rungs:
            results: dict[str, list[tuple[float, float]]] = {"kept": [], "default": []}
            for _ in range(repeats):
                for name, side in (("default", default), ("kept", kept)):
                    results[name].append(side.call("allocator:step_and_faults", rung=rung, num_steps=num_steps))
            ours, our_faults = (median(values) for values in zip(*results["kept"], strict=True))
            other, faults = (median(values) for values in zip(*results["default"], strict=True))
            rows.append(
                Measured(
                    goal="",
                    what=f"model step of {rung}, memory kept",
                    against="glibc's defaults",
                    ours=1e3 * ours,
                    other=1e3 * other,
                    unit="ms",
                    note=f"page faults a step: {our_faults:.0f} against {faults:.0f}",
                )
            )
    return rows


def step_and_faults(rung: str, num_steps: int) -> tuple[float, float]:
    """Return the median processor seconds and the page faults of a model step."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    seconds = median(model_steps("ours", rung, num_steps, 64))
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return seconds, faults / (num_steps + 2)
