"""What chance decides in an epoch, as functions of seed, epoch and image alone.

So the stream is the same for every number of processes and workers, on every device, and wherever an epoch is
resumed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from modernize.datasets.hashing import Keys, image_keys, mix

CROP, ERASING, NOISE, TRANSFORMS, BRIGHTNESS = range(5)
"""What an image's keys are drawn for: each purpose has its own."""


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """Return the generator of an epoch, on the CPU; the first thing drawn from it is the order."""
    return torch.Generator().manual_seed(_epoch_seed(seed, epoch))


def draw_order(count: int, generator: torch.Generator) -> Tensor:
    """Return the order of an epoch's images, (count,)."""
    return torch.randperm(count, generator=generator)


def epoch_keys(seed: int, epoch: int, index: npt.NDArray[Any], purpose: int) -> Keys:
    """Return one key an image, uint64 (n,), for images `index` (n,) of the training split."""
    return mix(image_keys(_epoch_seed(seed, epoch), 0, index) + np.uint64(purpose))


def share(count: int, rank: int, world_size: int) -> slice:
    """Return one process's contiguous share of `count` things; shares differ by at most one."""
    return slice(count * rank // world_size, count * (rank + 1) // world_size)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) * 2 + 1
