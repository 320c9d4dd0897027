"""Batches for images in memory: the whole set is one uint8 tensor on the device, and a batch is augmented at once.

Far faster than transforming image by image in a DataLoader (`benchmarks/input_pipeline.py`). Order and
augmentation depend on the seed and the epoch alone, so every rung with the same seed sees the same stream.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from modernize.datasets.crops import Interpolation, centre_crops, random_crops, resize_crops
from modernize.datasets.dataset import Images, Labels
from modernize.datasets.epochs import BRIGHTNESS, CROP, draw_order, epoch_generator, epoch_keys
from modernize.datasets.erasing import Erasing
from modernize.datasets.hashing import Draws
from modernize.datasets.normalise import Normalise, channel_statistics

__all__ = ["SmallImages", "channel_statistics", "share"]


class SmallImages:
    """One split of a data set in memory.

    Args:
        images_nhwc: uint8 (n, h, w, 3).
        labels: int64 (n,).
        mean: Per-channel mean that is subtracted, in units of 0 to 255, (3,).
        std: Per-channel standard deviation that is divided by, in the same units, (3,).
        device: Where the images live and batches are made.
    """

    def __init__(
        self, images_nhwc: Images, labels: Labels, mean: Tensor, std: Tensor, device: torch.device | str = "cpu"
    ) -> None:
        self.device = torch.device(device)
        self.images_nhwc = torch.from_numpy(images_nhwc).to(self.device)
        self.labels = torch.from_numpy(labels).to(self.device)
        self.normalise = Normalise(mean, std, self.device)

    def __len__(self) -> int:
        return len(self.labels)

    def train_batches(
        self,
        batch_size: int,
        *,
        seed: int,
        epoch: int,
        shift_pixels: int,
        horizontal_flip: bool,
        random_resized_crop: Interpolation | None = None,
        brightness: float = 0.0,
        random_erasing: float = 0.0,
        first_batch: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield one epoch of shuffled, augmented batches; a last incomplete one is left out.

        Args:
            batch_size: Images a batch.
            seed: Of the run.
            epoch: Counted from 0; each has its own order and augmentation.
            shift_pixels: Each image is shifted by up to this much in both directions; the border is filled with black.
            horizontal_flip: Whether to mirror half of the images.
            random_resized_crop: Kernel to resize random crops with, or None for no such crops.
            brightness: Pixels are multiplied by a number from 1 - it to 1 + it, one an image; 0 for no jitter.
            random_erasing: Probability of noise in place of a rectangle of an image.
            first_batch: So many are left out at the start; the others are the same ones.
            rank: Which share of each batch to yield.
            world_size: How many shares there are.

        Yields:
            Normalised images (batch_size / world_size, 3, h, w) in channels-last memory, and their labels.
        """
        count, height, width, _ = self.images_nhwc.shape
        # Drawn on the CPU whatever the device, so that every device and process sees the same numbers.
        generator = epoch_generator(seed, epoch)
        order = draw_order(count, generator)
        shifts = torch.randint(0, 2 * shift_pixels + 1, (2, count, 1), generator=generator)
        flips = torch.randint(0, 2, (count, 1), generator=generator, dtype=torch.bool) & horizontal_flip
        order, shifts, flips = self._here(order), self._here(shifts), self._here(flips)
        every = np.arange(count)
        if random_resized_crop:
            crops = self._here(torch.from_numpy(random_crops(epoch_keys(seed, epoch, every, CROP), height, width)))
        if brightness:
            draws = Draws(epoch_keys(seed, epoch, every, BRIGHTNESS))
            factors = self._here(torch.from_numpy(draws.between(max(0.0, 1 - brightness), 1 + brightness))[..., None])
        if random_erasing:
            erase = Erasing(height, width, probability=random_erasing, seed=seed, epoch=epoch, device=self.device)
            erased = self._here(erase.draw(every))

        s = shift_pixels
        padded = torch.nn.functional.pad(self.images_nhwc, (0, 0, s, s, s, s)) if s else self.images_nhwc
        down, right = (torch.arange(length, device=self.device) for length in (height, width))
        rows = shifts[0] + down
        columns = shifts[1] + torch.where(flips, right.flip(0), right)
        pixels, (tall, wide) = padded.view(-1, 3), padded.shape[1:3]
        for start in range(first_batch * batch_size, count - batch_size + 1, batch_size):
            batch = order[start : start + batch_size][share(batch_size, rank, world_size)]
            index = ((batch * tall)[:, None] + rows[batch])[:, :, None] * wide + columns[batch][:, None, :]
            images = pixels.index_select(0, index.view(-1)).view(len(batch), height, width, 3)
            if random_resized_crop:
                images = resize_crops(images, crops[batch], random_resized_crop)
            if brightness:
                images = (images * factors[batch]).clamp_(0, 255).floor_()  # as Pillow does
            images = self.normalise(images)
            if random_erasing:
                images = erase(images, erased[batch])
            yield images.permute(0, 3, 1, 2), self.labels[batch]

    def test_batches(
        self,
        batch_size: int,
        *,
        crop_ratio: float = 1.0,
        interpolation: Interpolation = "bicubic",
        rank: int = 0,
        world_size: int = 1,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every image of a share once, in order.

        Args:
            batch_size: Images a batch, but for the last.
            crop_ratio: Share of the height and width that is kept and enlarged; at 1, images are unchanged but for
                the normalisation.
            interpolation: Kernel to enlarge with.
            rank: Which share of the split to yield.
            world_size: How many shares there are.

        Yields:
            Normalised images (n, 3, h, w) in channels-last memory, and labels (n,).
        """
        mine = share(len(self), rank, world_size)
        for start in range(mine.start, mine.stop, batch_size):
            batch = slice(start, min(start + batch_size, mine.stop))
            images = self.images_nhwc[batch]
            if crop_ratio < 1:
                images = centre_crops(images, crop_ratio, interpolation)
            yield self.normalise(images).permute(0, 3, 1, 2), self.labels[batch]

    def _here(self, drawn: Tensor) -> Tensor:
        """Copy to the device without waiting for it."""
        return drawn.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else drawn


def share(count: int, rank: int, world_size: int) -> slice:
    """Return one process's contiguous share of `count` things; shares differ by at most one."""
    return slice(count * rank // world_size, count * (rank + 1) // world_size)
