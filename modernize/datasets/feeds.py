"""Choosing the feed that a data set and a recipe need."""

from __future__ import annotations

import torch

from modernize.datasets.arrays import ImageArrays
from modernize.datasets.feed import Feed
from modernize.datasets.files import ImageFiles
from modernize.datasets.resident import ResidentFeed
from modernize.spec import Recipe


def make_feed(
    data: ImageArrays | ImageFiles,
    recipe: Recipe,
    *,
    device: torch.device | str = "cpu",
    rank: int = 0,
    world_size: int = 1,
    decode_workers: int = 0,
) -> Feed:
    """Make what hands training and evaluation their batches.

    Args:
        data: The data set.
        recipe: Its augmentation fields are read, but for mixup and CutMix, which are the training loop's.
        device: Where batches are wanted.
        rank: Of this process.
        world_size: Processes that share each batch.
        decode_workers: Processes that decode images, for data that is not resident; 0 for none but this one.
    """
    if not isinstance(data, ImageFiles) and fits_resident(recipe):
        return ResidentFeed(data, recipe, device=device, rank=rank, world_size=world_size)
    # Imports timm and torchvision, which takes seconds.
    from modernize.datasets.decoded import DecodedFeed

    return DecodedFeed(data, recipe, device=device, rank=rank, world_size=world_size, decode_workers=decode_workers)


def fits_resident(recipe: Recipe) -> bool:
    """Say whether a recipe asks only for what is done to whole batches on the device."""
    return not recipe.rand_augment and not recipe.color_jitter
