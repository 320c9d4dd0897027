"""Evaluation: mean loss and accuracy over a split, every image counted once over all processes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.train.distributed import World


@torch.no_grad()
def evaluate(
    network: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    world: World = World(),  # noqa: B008 - frozen
    autocast: AbstractContextManager[object] | None = None,
) -> tuple[float, float]:
    """Return the mean cross-entropy and the top-1 accuracy in percent.

    Args:
        network: Maps images (n, 3, h, w) to logits (n, classes).
        batches: This process's share of the images and labels.
        world: The processes that have the other shares.
        autocast: Context to compute the logits in; the loss is in fp32.
    """
    network.eval()
    world.spread(network.buffers())
    loss_sum: Tensor | float = 0.0
    correct: Tensor | int = 0
    count = 0
    # The sums stay on the device, so that nothing waits for a batch.
    for images, labels in batches:
        with autocast or nullcontext():
            logits = network(images)
        logits = logits.float()
        loss_sum = loss_sum + F.cross_entropy(logits, labels, reduction="sum").double()
        correct = correct + (logits.argmax(dim=1) == labels).sum()
        count += len(labels)
    loss, right, images_seen = world.sum(float(loss_sum), float(correct), float(count))
    return loss / images_seen, 100.0 * right / images_seen
