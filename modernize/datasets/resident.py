"""The resident feed: each split is one uint8 tensor on the device, and a batch is augmented there at once.

Far faster than transforming image by image in a DataLoader (`benchmarks/input_pipeline.py`). Order and
augmentation depend on the seed and the epoch alone, so every rung with the same seed sees the same stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from modernize.datasets.crops import centre_crops, random_crops, resize_crops
from modernize.datasets.dataset import Dataset
from modernize.datasets.feed import Feed
from modernize.datasets.hashing import BRIGHTNESS, CROP, Draws, epoch_keys
from modernize.spec import Recipe


class ResidentFeed(Feed):
    """Batches of a data set in memory, made on the device where it lives."""

    input_path = "resident"

    def __init__(self, data: Dataset, recipe: Recipe, **where: Any) -> None:
        super().__init__(data, recipe, **where)
        self._splits = {
            name: tuple(torch.from_numpy(array).to(self.device) for array in (split.images_nhwc, split.labels))
            for name, split in data.splits.items()
        }

    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of each batch of an epoch; see `Feed.train_batches`."""
        recipe = self.recipe
        images_nhwc, labels = self._splits["train"]
        count, height, width, _ = images_nhwc.shape
        # Drawn on the CPU whatever the device, so that every device and process sees the same numbers.
        order, generator = self.draw_order(seed, epoch)
        shifts = torch.randint(0, 2 * recipe.shift_pixels + 1, (2, count, 1), generator=generator)
        flips = torch.randint(0, 2, (count, 1), generator=generator, dtype=torch.bool) & recipe.horizontal_flip
        order, shifts, flips = self.here(order), self.here(shifts), self.here(flips)
        every = np.arange(count)
        if recipe.random_resized_crop:
            crops = self.here(torch.from_numpy(random_crops(epoch_keys(seed, epoch, every, CROP), height, width)))
        if recipe.brightness:
            draws = Draws(epoch_keys(seed, epoch, every, BRIGHTNESS))
            drawn = draws.between(max(0.0, 1 - recipe.brightness), 1 + recipe.brightness)
            factors = self.here(torch.from_numpy(drawn)[..., None])
        if erase := self.erasing(seed, epoch):
            erased = self.here(erase.draw(every))

        s = recipe.shift_pixels
        padded = torch.nn.functional.pad(images_nhwc, (0, 0, s, s, s, s)) if s else images_nhwc
        down, right = (torch.arange(length, device=self.device) for length in (height, width))
        rows = shifts[0] + down
        columns = shifts[1] + torch.where(flips, right.flip(0), right)
        pixels, (tall, wide) = padded.view(-1, 3), padded.shape[1:3]
        for start in range(first_batch * batch_size, count - batch_size + 1, batch_size):
            batch = order[start : start + batch_size][self.share(batch_size)]
            index = ((batch * tall)[:, None] + rows[batch])[:, :, None] * wide + columns[batch][:, None, :]
            images = pixels.index_select(0, index.view(-1)).view(len(batch), height, width, 3)
            if recipe.random_resized_crop:
                images = resize_crops(images, crops[batch], recipe.interpolation)
            if recipe.brightness:
                images = (images * factors[batch]).clamp_(0, 255).floor_()  # as Pillow does
            images = self.normalise(images)
            if erase:
                images = erase(images, erased[batch])
            yield images.permute(0, 3, 1, 2), labels[batch]

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of a split; see `Feed.eval_batches`."""
        images_nhwc, labels = self._splits[split]
        mine = self.share(len(labels))
        for start in range(mine.start, mine.stop, batch_size):
            batch = slice(start, min(start + batch_size, mine.stop))
            images = images_nhwc[batch]
            if self.recipe.eval_crop_ratio < 1:
                images = centre_crops(images, self.recipe.eval_crop_ratio, self.recipe.interpolation)
            yield self.normalise(images).permute(0, 3, 1, 2), labels[batch]
