"""The two roofs of a device: how fast it multiplies matrices and how fast it moves memory, and what they allow."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import torch

from benchmarks.gpu_time import seconds_a_call
from benchmarks.traffic import traffic
from modernize.cost import cost
from modernize.spec import Spec

# Rows of the square matrices, and bytes of the copied tensor: far beyond any cache on a GPU; small on a processor,
# where the benchmark is only tried.
SIZES = {"cuda": (8192, 2 << 30), "cpu": (128, 1 << 22)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofs:
    """What a device reaches where nothing else holds it up.

    Attributes:
        operations_a_second: Of a large bf16 matrix product; a multiply-add is two operations.
        bytes_a_second: Of a large copy, bytes read and bytes written together.
    """

    operations_a_second: float
    bytes_a_second: float

    def images_a_second(self, spec: Spec, image_size: int) -> tuple[float, float]:
        """Return how many images of a training step in bf16 arithmetic and bandwidth allow, each by itself.

        Backward costs twice what forward does. Every operation moves its own tensors: see `benchmarks.traffic`.
        """
        operations = 2 * 3 * cost(spec, image_size).macs
        return self.operations_a_second / operations, self.bytes_a_second / traffic(spec, image_size).total_bytes

    def shares(self, spec: Spec, image_size: int, images_a_second: float) -> str:
        """Say what share of both roofs a measured speed is."""
        arithmetic, bandwidth = (100 * images_a_second / roof for roof in self.images_a_second(spec, image_size))
        return (
            f"{images_a_second:,.0f} images/s, {arithmetic:.1f} % of the arithmetic roof, "
            f"{bandwidth:.1f} % of the bandwidth roof"
        )


def measure_roofs(device: str, *, num_calls: int = 10, repeats: int = 5) -> Roofs:
    """Measure a matrix product and a copy in turn."""
    place = torch.device(device)
    num_rows, num_bytes = SIZES[place.type]
    left, right = torch.randn(2, num_rows, num_rows, device=place, dtype=torch.bfloat16)
    product = torch.empty_like(left)
    source = torch.ones(num_bytes, device=place, dtype=torch.uint8)
    target = torch.empty_like(source)
    calls = {"product": lambda: torch.mm(left, right, out=product), "copy": lambda: target.copy_(source)}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            seconds[name].append(seconds_a_call(call, place, num_calls))
    return Roofs(
        operations_a_second=2 * num_rows**3 / median(seconds["product"]),
        bytes_a_second=2 * num_bytes / median(seconds["copy"]),
    )
