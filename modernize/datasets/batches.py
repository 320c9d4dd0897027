"""Batches for small images: the whole set is one uint8 tensor, and a batch is cropped and flipped at once.

Far faster than transforming image by image in a DataLoader (`benchmarks/input_pipeline.py`). Order and
augmentation depend on the seed and the epoch alone, so every rung with the same seed sees the same stream.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from modernize.datasets.arrays import Images, Labels


class SmallImages:
    """One split of a data set in memory.

    Args:
        images_nhwc: uint8 (n, h, w, 3).
        labels: int64 (n,).
        mean: Per-channel mean that is subtracted, in units of 0 to 255, (3,).
        std: Per-channel standard deviation that is divided by, in the same units, (3,).
    """

    def __init__(self, images_nhwc: Images, labels: Labels, mean: Tensor, std: Tensor) -> None:
        self.images_nhwc = torch.from_numpy(images_nhwc)
        self.labels = torch.from_numpy(labels)
        self.scale = 1.0 / std
        self.offset = -mean / std

    def __len__(self) -> int:
        return len(self.labels)

    def _finish(self, images_nhwc: Tensor) -> Tensor:
        """Normalise; the result is (n, 3, h, w) in channels-last memory."""
        # Whole rows at once: three channels alone would be too short for the processor's vectors.
        width = images_nhwc.shape[2]
        scale, offset = self.scale.repeat(width), self.offset.repeat(width)
        return images_nhwc.flatten(2).float().mul_(scale).add_(offset).view(images_nhwc.shape).permute(0, 3, 1, 2)

    def train_batches(
        self,
        batch_size: int,
        *,
        seed: int,
        epoch: int,
        shift_pixels: int,
        horizontal_flip: bool,
        first_batch: int = 0,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield one epoch of shuffled, augmented batches; a last incomplete one is left out.

        Args:
            batch_size: Images a batch.
            seed: Of the run.
            epoch: Counted from 0; each has its own order and augmentation.
            shift_pixels: Each image is shifted by up to this much in both directions; the border is filled with black.
            horizontal_flip: Whether to mirror half of the images.
            first_batch: So many are left out at the start; the others are the same ones.

        Yields:
            Normalised images (batch_size, 3, h, w) in channels-last memory, and labels (batch_size,).
        """
        count, height, width, _ = self.images_nhwc.shape
        generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) * 2 + 1)
        order = torch.randperm(count, generator=generator)
        shifts = torch.randint(0, 2 * shift_pixels + 1, (2, count, 1), generator=generator)
        flips = torch.randint(0, 2, (count, 1), generator=generator, dtype=torch.bool) & horizontal_flip
        s = shift_pixels
        padded = torch.nn.functional.pad(self.images_nhwc, (0, 0, s, s, s, s)) if s else self.images_nhwc
        rows = shifts[0] + torch.arange(height)
        columns = shifts[1] + torch.where(flips, torch.arange(width).flip(0), torch.arange(width))
        pixels, (tall, wide) = padded.view(-1, 3), padded.shape[1:3]
        for start in range(first_batch * batch_size, count - batch_size + 1, batch_size):
            batch = order[start : start + batch_size]
            index = ((batch * tall)[:, None] + rows[batch])[:, :, None] * wide + columns[batch][:, None, :]
            images = pixels.index_select(0, index.view(-1)).view(batch_size, height, width, 3)
            yield self._finish(images), self.labels[batch]

    def test_batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every image once, in order, unchanged but for the normalisation."""
        for start in range(0, len(self), batch_size):
            images, labels = (split[start : start + batch_size] for split in (self.images_nhwc, self.labels))
            yield self._finish(images), labels


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
