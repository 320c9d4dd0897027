"""P6: the input pipeline against PIL transforms in a DataLoader."""

from __future__ import annotations

from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side


def measure(quick: bool) -> list[Measured]:
    """Draw epochs of training batches in turn from either pipeline."""
    repeats, num_images = (2, 256) if quick else (5, 4000)
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    with Side(1, OURS) as ours, Side(1) as plain:
        for which, side in (("plain", plain), ("ours", ours)):
            side.call("training:pipeline", which=which, num_images=256)
        for _ in range(repeats):
            for which, side in (("plain", plain), ("ours", ours)):
                times[which].append(side.call("training:pipeline", which=which, num_images=num_images))
    return [
        Measured(
            goal="P6",
            what="an image through the input pipeline",
            against="DataLoader and torchvision transforms, 1 thread",
            ours=1e6 * median(times["ours"]),
            other=1e6 * median(times["plain"]),
            unit="us",
            at_least=8,
            aim=15,
            note="processor time; shuffle, flip, shift, normalise, batch",
        )
    ]
