"""Normalisation: what pixels are shifted and scaled by."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from modernize.datasets.dataset import Dataset, Images
from modernize.spec import Recipe

IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)
"""In units of 0 to 255; published with torchvision's and timm's ImageNet models."""

_CACHED = 1 << 18
"""Numbers, a megabyte of them."""


class Normalise:
    """Subtract a mean and divide by a standard deviation, channel by channel.

    Args:
        mean: In units of 0 to 255, (3,).
        std: In the same units, (3,).
        device: Where images will be.
    """

    def __init__(self, mean: Tensor, std: Tensor, device: torch.device | str = "cpu") -> None:
        self.mean, self.std = mean, std
        self.scale = (1.0 / std).to(device)
        self.offset = (-mean / std).to(device)

    def __call__(self, images_nhwc: Tensor) -> Tensor:
        """Normalise images (n, h, w, 3), whose values are 0 to 255; floating-point ones are changed in place."""
        # Whole rows at once: three channels alone would be too short for the processor's vectors.
        width = images_nhwc.shape[2]
        scale, offset = self.scale.repeat(width), self.offset.repeat(width)
        rows = images_nhwc.flatten(2)
        result = rows if rows.is_floating_point() else torch.empty(rows.shape, device=rows.device)
        # On a processor as many images at a time as its cache holds.
        at_once = max(1, _CACHED // max(1, rows.shape[1:].numel())) if rows.device.type == "cpu" else len(rows)
        for start in range(0, len(rows), at_once):
            part = result[start : start + at_once]
            if result is not rows:
                part.copy_(rows[start : start + at_once])
            part.mul_(scale).add_(offset)
        return result.view(images_nhwc.shape)


def normalise_of(data: Dataset, recipe: Recipe, device: torch.device | str) -> Normalise:
    """Return what normalises a data set.

    As the recipe says; else by its training images where they are in memory, and by ImageNet's values for files, lest
    all of them be read.
    """
    if data.streamed:
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    else:
        mean, std = channel_statistics(data.train.images_nhwc)
    given = (torch.tensor(recipe.mean or mean.tolist()), torch.tensor(recipe.std or std.tolist()))
    return Normalise(*given, device)


def channel_statistics(images_nhwc: Images) -> tuple[Tensor, Tensor]:
    """Return per-channel mean and standard deviation of uint8 images, in units of 0 to 255, each (3,).

    A channel that is the same everywhere gets 1 for its standard deviation, so that dividing by it does no harm.
    """
    # Exact integer sums: the result does not depend on the order of summation.
    flat = images_nhwc.reshape(-1, images_nhwc.shape[-1])
    counts = np.stack([np.bincount(flat[:, c], minlength=256) for c in range(flat.shape[1])])
    values = np.arange(256, dtype=np.int64)
    mean = (counts * values).sum(1) / len(flat)
    variance = (counts * values**2).sum(1) / len(flat) - mean**2
    # No set that fits into memory varies less than this without being constant.
    std = np.sqrt(np.where(variance > 1e-10, variance, 1.0))
    return torch.tensor(mean, dtype=torch.float32), torch.tensor(std, dtype=torch.float32)
