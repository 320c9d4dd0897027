"""Timings that run in a side's process: epochs, steps and the input pipeline of either loop."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812

from benchmarks import plain_loop
from benchmarks.workload import images, trained_spec
from modernize.datasets.resident import ResidentFeed
from modernize.nn import build
from modernize.train import loop

Loop = Literal["ours", "plain"]

KERNELS = {f"aten::{name}" for name in ("mkldnn_convolution", "convolution_backward", "mm", "addmm", "bmm")}


def epochs(which: Loop, rung: str, num_images: int, num_epochs: int) -> dict[str, list[float]]:
    """Train a rung on a few images.

    Args:
        which: The loop.
        rung: What to train.
        num_images: Training images; half as many are evaluated on, as in the default job.
        num_epochs: The first warms up and is not returned.

    Returns:
        Wall seconds of the epochs, evaluation included, and processor seconds of every training step.
    """
    spec, arrays = trained_spec(rung, epochs=num_epochs), images(num_images, num_images // 2)
    stamps: list[tuple[int, float]] = []

    def stamp(epoch: int, step: int) -> None:  # noqa: ARG001
        stamps.append((epoch, time.process_time()))

    if which == "ours":
        walls = loop.train(spec, arrays, seed=0, on_step=stamp).epoch_seconds
    else:
        walls = plain_loop.train(spec, arrays, seed=0, on_step=stamp)
    steps = [b - a for (e, a), (f, b) in pairwise(stamps) if e == f > 0]
    return {"epoch_seconds": list(walls[1:]), "step_seconds": steps}


def model_steps(which: Loop, rung: str, num_steps: int, batch_size: int) -> list[float]:
    """Return processor seconds of forward and backward passes, without data and optimizer.

    Args:
        which: The network's formulation.
        rung: What to build.
        num_steps: Passes; two more warm up and are not returned.
        batch_size: Images of a pass.
    """
    spec = trained_spec(rung)
    torch.manual_seed(0)
    network = build(spec) if which == "ours" else plain_loop.plain_network(spec)
    layout = torch.channels_last if which == "ours" else torch.contiguous_format
    batch = torch.randn(batch_size, 3, 32, 32).contiguous(memory_format=layout)
    labels = torch.randint(0, spec.arch.num_classes, (batch_size,))
    seconds = []
    for _ in range(num_steps + 2):
        network.zero_grad()
        began = time.process_time()
        F.cross_entropy(network(batch), labels).backward()
        seconds.append(time.process_time() - began)
    return seconds[2:]


def kernel_seconds(rung: str, num_steps: int, batch_size: int) -> float:
    """Return the seconds a forward and backward pass of ours spends in convolutions and matrix products."""
    from torch.profiler import ProfilerActivity, profile

    spec = trained_spec(rung)
    torch.manual_seed(0)
    network = build(spec)
    batch = torch.randn(batch_size, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, spec.arch.num_classes, (batch_size,))

    def step() -> None:
        network.zero_grad()
        F.cross_entropy(network(batch), labels).backward()

    step()
    step()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(num_steps):
            step()
    microseconds = sum(row.self_cpu_time_total for row in profiled.key_averages() if row.key in KERNELS)
    return microseconds / 1e6 / num_steps


def pipeline(which: Loop, num_images: int) -> float:
    """Return processor seconds an image of one epoch of shuffled, augmented, normalised batches."""
    arrays, recipe = images(num_images, 250), trained_spec("recipe").recipe
    ours = ResidentFeed(arrays, recipe).train_batches(recipe.batch_size, seed=0, epoch=0)
    batches = ours if which == "ours" else plain_loop.loaders(arrays, recipe)[0]
    began = time.process_time()
    seen = sum(len(labels) for _, labels in batches)
    return (time.process_time() - began) / seen


def median_epoch(results: list[dict[str, list[float]]]) -> float:
    """Return the median wall seconds of an epoch over several calls of `epochs`."""
    return median(second for result in results for second in result["epoch_seconds"])


def median_step(results: list[dict[str, list[float]]]) -> float:
    """Return the median processor seconds of a training step over several calls of `epochs`."""
    return median(second for result in results for second in result["step_seconds"])
