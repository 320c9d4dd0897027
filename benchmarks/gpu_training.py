"""P11: training at 224 px on a GPU against a plain bf16 channels-last eager loop, both on resident images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.gpu_time import seconds_a_call
from benchmarks.measured import Measured
from benchmarks.plain_loop import plain_optimizer
from benchmarks.roofs import measure_roofs
from modernize.ladder import rung_of
from modernize.nn import build
from modernize.objectives.classification import Classification
from modernize.regimes import get_regime
from modernize.run.devices import find_gpus
from modernize.spec import Spec
from modernize.train.distributed import World
from modernize.train.learner import Learner
from modernize.train.runtime import Runtime

GOALS = {"base": (1.15, 1.4), "downsample": (1.25, 1.6)}
AGAINST = "plain bf16 channels-last eager loop, resident images"

Step = Callable[[Tensor, Tensor], Any]


def measure(quick: bool) -> list[Measured]:
    """Train ResNet-50 and ConvNeXt-T with either loop in turn."""
    found = find_gpus()
    sizes = {"batch_size": 32, "num_steps": 5, "repeats": 1} if quick else {}
    return [compare(rung, "cuda", **sizes) if found.gpus else row(rung, note=found.why_none) for rung in GOALS]


def row(rung: str, *, note: str, ours: float | None = None, other: float | None = None) -> Measured:
    """Put two times of a step beside the goal, or with neither say why they were not measured."""
    at_least, aim = GOALS[rung]
    regime = get_regime("resnet50")
    return Measured(
        goal="P11",
        what=f"training step of {regime.start if rung == 'base' else regime.end} at 224 px",
        against=AGAINST,
        ours=ours,
        other=other,
        unit="ms",
        at_least=at_least,
        aim=aim,
        note=note,
    )


def compare(
    rung: str, device: str, *, batch_size: int = 256, num_steps: int = 30, repeats: int = 5, image_size: int = 224
) -> Measured:
    """Measure one rung."""
    spec = rung_of(rung, "resnet50").spec
    images, labels = resident_batch(spec, device, batch_size, image_size)
    steps = {"ours": our_step(spec, device, batch_size), "plain": plain_step(spec, device)}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats + 1):  # the first compiles and warms up
        for name, step in steps.items():
            seconds[name].append(seconds_a_call(partial(step, images, labels), images.device, num_steps))
    ours, plain = (1e3 * median(seconds[name][1:]) for name in ("ours", "plain"))
    note = f"batch {batch_size}; {measure_roofs(device).shares(spec, image_size, 1e3 * batch_size / ours)}"
    return row(rung, ours=ours, other=plain, note=note)


def resident_batch(spec: Spec, device: str, batch_size: int, image_size: int) -> tuple[Tensor, Tensor]:
    """Return random images in channels-last memory, (n, 3, h, w), and random labels, (n,), on the device."""
    images = torch.randn(batch_size, 3, image_size, image_size, device=device)
    labels = torch.randint(0, spec.arch.num_classes, (batch_size,), device=device)
    return images.to(memory_format=torch.channels_last), labels


def our_step(spec: Spec, device: str, batch_size: int, *, cuda_graphs: bool = False) -> Step:
    """Return a step of `modernize.train`: bf16, and on a GPU compiled and, if wanted, replayed as a CUDA graph."""
    recipe = replace(spec.recipe, mixup=0.0, cutmix=0.0)  # the plain loop has neither
    objective = Classification(
        replace(spec, recipe=recipe),
        num_classes=spec.arch.num_classes,
        image_size=spec.regime.image_size,
        batch_size=batch_size,
        seed=0,
    )
    learner = Learner(
        objective,
        runtime=Runtime(
            device=device,
            precision="bf16",
            compile=device != "cpu",
            cuda_graphs=cuda_graphs and device != "cpu",
        ),
        device=torch.device(device),
        world=World(),
    )
    return lambda images, labels: learner.train_batch(images, labels, step=0, lr=1e-3)


def plain_step(spec: Spec, device: str) -> Step:
    """Return a step of the plain loop: eager, under bf16 autocast, in channels-last memory."""
    network = build(spec, formulation="plain").to(device)
    optimizer = plain_optimizer(network, spec.recipe)

    def step(images: Tensor, labels: Tensor) -> None:
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            loss = F.cross_entropy(network(images), labels, label_smoothing=spec.recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
