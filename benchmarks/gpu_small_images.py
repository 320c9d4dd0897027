"""P12: training at 32 px on a GPU against a loop that is fed by a DataLoader with 16 workers."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

import torch

from benchmarks.gpu_time import wait
from benchmarks.gpu_training import plain_step
from benchmarks.measured import Measured
from benchmarks.plain_loop import loaders
from benchmarks.roofs import measure_roofs
from benchmarks.workload import trained_spec
from modernize.datasets import Dataset, load_data
from modernize.run.devices import find_gpus
from modernize.spec import Spec
from modernize.train.loop import train
from modernize.train.runtime import Runtime

RUNG, BATCH = "ln", 512


def measure(quick: bool) -> list[Measured]:
    """Train epochs of the laptop regime with either loop in turn."""
    found = find_gpus()
    if not found.gpus:
        return [_row(note=found.why_none)]
    return [compare("cuda", num_images=2048, repeats=1) if quick else compare("cuda")]


def _row(*, note: str, ours: float | None = None, other: float | None = None) -> Measured:
    return Measured(
        goal="P12",
        what=f"an image of an epoch at 32 px, {RUNG}",
        against="DataLoader with 16 workers, bf16 channels-last eager loop",
        ours=ours,
        other=other,
        unit="us",
        at_least=3,
        aim=10,
        note=note,
    )


def compare(
    device: str, *, num_images: int = 50_000, num_workers: int = 16, repeats: int = 3, batch_size: int = BATCH
) -> Measured:
    """Measure epochs of training; ours count the evaluation of a few images too."""
    trained = trained_spec(RUNG, epochs=repeats + 1)
    spec = replace(trained, recipe=replace(trained.recipe, batch_size=batch_size))
    arrays = load_data("shapes", image_size=32, train_images=num_images, test_images=64)
    on_gpu = device != "cpu"
    runtime = Runtime(device=device, precision="bf16", compile=on_gpu, cuda_graphs=on_gpu)
    seen = num_images // batch_size * batch_size
    ours = median(train(spec, arrays, seed=0, runtime=runtime).epoch_seconds[1:]) / seen
    plain = median(_plain_epochs(spec, arrays, device, num_workers)[1:]) / seen
    note = f"batch {batch_size}, {seen} images; {measure_roofs(device).shares(spec, 32, 1 / ours)}"
    return _row(ours=1e6 * ours, other=1e6 * plain, note=note)


def _plain_epochs(spec: Spec, arrays: Dataset, device: str, num_workers: int) -> list[float]:
    step, loader = plain_step(spec, device), loaders(arrays, spec.recipe, num_workers)[0]
    seconds = []
    for _ in range(spec.recipe.epochs):
        began = time.perf_counter()
        for images, labels in loader:
            step(images.to(device, memory_format=torch.channels_last), labels.to(device))
        wait(torch.device(device))
        seconds.append(time.perf_counter() - began)
    return seconds
