"""The resident feed: the whole data set lives on the device as uint8, and a batch is augmented there at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from modernize.datasets.batches import SmallImages
from modernize.datasets.dataset import Dataset
from modernize.datasets.normalise import statistics
from modernize.spec import Recipe


class ResidentFeed:
    """Batches of arrays for one process; implements `modernize.datasets.feed.Feed`.

    Args:
        data: The data set, in memory.
        recipe: Its augmentation fields are read.
        device: Where the images live.
        rank: Of this process.
        world_size: Processes that share each batch.
    """

    input_path: Literal["resident", "decoded"] = "resident"

    def __init__(
        self,
        data: Dataset,
        recipe: Recipe,
        *,
        device: torch.device | str = "cpu",
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.recipe = recipe
        self.rank, self.world_size = rank, world_size
        mean, std = statistics(data)
        self._splits = {
            name: SmallImages(split.images_nhwc, split.labels, mean, std, device) for name, split in data.splits.items()
        }
        self.num_train_images = len(data.train)
        self.has_val = data.val is not None

    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of each batch of an epoch; see `Feed.train_batches`."""
        recipe = self.recipe
        return self._splits["train"].train_batches(
            batch_size,
            seed=seed,
            epoch=epoch,
            shift_pixels=recipe.shift_pixels,
            horizontal_flip=recipe.horizontal_flip,
            random_resized_crop=recipe.interpolation if recipe.random_resized_crop else None,
            brightness=recipe.brightness,
            random_erasing=recipe.random_erasing,
            first_batch=first_batch,
            rank=self.rank,
            world_size=self.world_size,
        )

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of a split; see `Feed.eval_batches`."""
        return self._splits[split].test_batches(
            batch_size,
            crop_ratio=self.recipe.eval_crop_ratio,
            interpolation=self.recipe.interpolation,
            rank=self.rank,
            world_size=self.world_size,
        )
