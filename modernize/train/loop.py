"""One run: train a spec from scratch on one data set with one seed, and evaluate it after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from modernize.datasets.arrays import ImageArrays
from modernize.datasets.batches import SmallImages, channel_statistics
from modernize.nn import build
from modernize.results.record import Curves
from modernize.spec import Spec
from modernize.train.budget import refuse_untrained
from modernize.train.optimizer import Optimizer, parameter_groups
from modernize.train.outcome import Outcome, final_result
from modernize.train.schedule import learning_rate

TEST_BATCH = 250


def train(spec: Spec, arrays: ImageArrays, *, seed: int, on_step: Callable[[int, int], None] | None = None) -> Outcome:
    """Train a spec with its recipe as given (shorten it first if need be).

    The same spec, data and seed give the same numbers bit for bit on one machine with one thread. The data order and
    augmentation depend on the seed alone, not on the spec.

    Args:
        spec: What to train; `arch.num_classes` must fit the data.
        arrays: Training and evaluation images.
        seed: Of weights, order and augmentation.
        on_step: Called with the epochs and the steps done after each step.

    Returns:
        The outcome; a run whose loss stops being finite ends there as diverged.

    Raises:
        ModernizeError: If the recipe asks for what this loop does not do.
    """
    recipe = spec.recipe
    refuse_untrained(recipe)
    torch.manual_seed(seed)
    network = build(spec)
    optimizer = Optimizer(parameter_groups(network, recipe), recipe)
    mean, std = channel_statistics(arrays.train_images_nhwc)
    train_set = SmallImages(arrays.train_images_nhwc, arrays.train_labels, mean, std)
    test_set = SmallImages(arrays.test_images_nhwc, arrays.test_labels, mean, std)
    batch_size = min(recipe.batch_size, len(train_set))
    steps_per_epoch = len(train_set) // batch_size
    # Noise inside the network (stochastic depth) must not depend on how many numbers the weights took.
    torch.manual_seed(seed + 1)

    losses: list[float] = []
    test_losses: list[float] = []
    top1: list[float] = []
    rates: list[float] = []
    seconds: list[float] = []
    training_seconds = 0.0
    step, diverged = 0, False
    for epoch in range(recipe.epochs):
        began = time.perf_counter()
        network.train()
        loss_sum, lr = 0.0, 0.0
        for images, labels in train_set.train_batches(
            batch_size,
            seed=seed,
            epoch=epoch,
            shift_pixels=recipe.shift_pixels,
            horizontal_flip=recipe.horizontal_flip,
        ):
            lr = learning_rate(recipe, step, steps_per_epoch)
            loss = F.cross_entropy(network(images), labels, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(lr)
            loss_sum += float(loss.detach())
            step += 1
            if on_step:
                on_step(epoch, step)
            if not math.isfinite(loss_sum):
                diverged = True
                break
        training_seconds += time.perf_counter() - began
        if diverged:
            break
        test_loss, test_top1 = evaluate(network, test_set)
        if not math.isfinite(test_loss):
            diverged = True
            break
        losses.append(loss_sum / steps_per_epoch)
        test_losses.append(test_loss)
        top1.append(test_top1)
        rates.append(lr)
        seconds.append(time.perf_counter() - began)
    curves = Curves(
        train_loss=tuple(losses),
        test_loss=tuple(test_losses),
        test_top1_percent=tuple(top1),
        lr=tuple(rates),
    )
    return Outcome(
        diverged=diverged,
        curves=curves,
        result=final_result(curves, diverged=diverged),
        images_per_second=step * batch_size / training_seconds,
        epoch_seconds=tuple(seconds),
    )


@torch.no_grad()
def evaluate(network: nn.Module, images: SmallImages) -> tuple[float, float]:
    """Return the mean cross-entropy and the top-1 accuracy in percent over every image."""
    network.eval()
    loss_sum, correct = 0.0, 0
    for batch, labels in images.test_batches(TEST_BATCH):
        logits = network(batch)
        loss_sum += float(F.cross_entropy(logits, labels, reduction="sum"))
        correct += int((logits.argmax(dim=1) == labels).sum())
    return loss_sum / len(images), 100.0 * correct / len(images)
