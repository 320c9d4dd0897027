"""The share of a GPU's two roofs, matrix products and memory bandwidth, that training reaches on every rung."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import NamedTuple

import torch

from benchmarks.gpu_time import seconds_a_call
from benchmarks.gpu_training import our_step, resident_batch
from benchmarks.measured import Measured
from benchmarks.roofs import Roofs, measure_roofs
from modernize.ladder import Rung, ladder
from modernize.run.devices import find_gpus


class Setting(NamedTuple):
    """What is trained: every rung of a regime."""

    regime: str
    image_size: int
    batch_size: int
    cuda_graphs: bool = False


SETTINGS = (Setting("resnet50", 224, 256), Setting("laptop", 32, 512, cuda_graphs=True))


def measure(quick: bool) -> Iterator[Measured]:
    """Measure the roofs, then a training step of every rung against them; in quick mode of both ends only."""
    found = find_gpus()
    if not found.gpus:
        for setting in SETTINGS:
            yield _row(f"training steps of the {setting.regime} ladder at {setting.image_size} px", found.why_none)
        return
    roofs = measure_roofs("cuda")
    yield _alone("bf16 matrix product", roofs.operations_a_second / 1e12, "TFLOP/s")
    yield _alone("copy in memory, bytes read and written", roofs.bytes_a_second / 1e12, "TB/s")
    for setting in SETTINGS:
        rungs = ladder(setting.regime)
        for rung in (rungs[0], rungs[-1]) if quick else rungs:
            yield compare(rung, setting, roofs, "cuda", **({"num_steps": 5, "repeats": 1} if quick else {}))


def _row(what: str, note: str, ours: float | None = None, other: float | None = None) -> Measured:
    return Measured(
        goal="", what=what, against="what the nearer roof allows", ours=ours, other=other, unit="ms", note=note
    )


def _alone(what: str, ours: float, unit: str) -> Measured:
    return Measured(goal="", what=what, ours=ours, unit=unit)


def compare(
    rung: Rung, setting: Setting, roofs: Roofs, device: str, *, num_steps: int = 30, repeats: int = 5
) -> Measured:
    """Measure a training step of one rung; the result is its share of the nearer roof."""
    spec, (regime, image_size, batch_size, cuda_graphs) = rung.spec, setting
    if device != "cpu":
        torch.compiler.reset()  # else the compiler gives up after some networks of the same class
    images, labels = resident_batch(spec, device, batch_size, image_size)
    step = partial(our_step(spec, device, batch_size, cuda_graphs=cuda_graphs), images, labels)
    seconds = [seconds_a_call(step, images.device, num_steps) for _ in range(repeats + 1)][1:]  # the first compiles
    ours, nearer = median(seconds), batch_size / min(roofs.images_a_second(spec, image_size))
    note = f"batch {batch_size}; {roofs.shares(spec, image_size, batch_size / ours)}"
    return _row(f"training step of {rung.step}, {regime} at {image_size} px", note, 1e3 * ours, 1e3 * nearer)
