"""Random erasing: a rectangle of some images becomes noise, like timm's RandomErasing in mode "pixel".

Applied to normalised images, many at once. The noise is normal; to be the same on every device it is drawn on the CPU,
once an epoch, and each image is given its own stretch of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from modernize.datasets.crops import random_boxes
from modernize.datasets.hashing import ERASING, NOISE, Draws, epoch_keys, unit_floats

AREAS = (0.02, 1 / 3)
ASPECTS = (0.3, 1 / 0.3)
STRETCHES = 1 << 20
"""How many different stretches of noise there are; they overlap."""


class Erasing:
    """Random erasing of one epoch.

    Args:
        image_size: Height and width of the images.
        probability: That an image is erased in.
        seed: Of the run.
        epoch: Counted from 0.
        device: Where the images are.
    """

    def __init__(self, image_size: int, probability: float, *, seed: int, epoch: int, device: torch.device) -> None:
        self.image_size, self.probability = image_size, probability
        self.seed, self.epoch = seed, epoch
        (key,) = epoch_keys(seed, epoch, np.zeros(1, dtype=np.int64), NOISE)
        generator = torch.Generator().manual_seed(int(key))
        length = 3 * image_size**2
        self._stretches = torch.randn(STRETCHES + length, generator=generator).to(device).unfold(0, length, 1)

    def draw(self, index: npt.NDArray[Any]) -> Tensor:
        """Draw where images `index` (n,) of the training split are erased.

        Returns:
            top, left, height, width in pixels and the stretch of noise, int64 (n, 5); height 0 for no erasing.
        """
        draws = Draws(epoch_keys(self.seed, self.epoch, index, ERASING))
        boxes = random_boxes(draws, self.image_size, self.image_size, areas=AREAS, aspects=ASPECTS, smaller=True)
        boxes[unit_floats(draws.bits()) >= self.probability] = 0
        stretch = (draws.bits() % np.uint64(STRETCHES)).astype(np.int64)
        return torch.from_numpy(np.concatenate((boxes, stretch[:, None]), axis=1))

    def __call__(self, images_nhwc: Tensor, drawn: Tensor) -> Tensor:
        """Erase in normalised images (n, h, w, 3) what `draw` said, (n, 5), on the same device; changed in place."""
        if drawn.device.type == "cpu":  # a GPU would have to wait until it is known here which images those are
            for number in drawn[:, 2].nonzero().flatten().tolist():
                top, left, tall, wide, stretch = drawn[number].tolist()
                where = slice(top, top + tall), slice(left, left + wide)
                images_nhwc[number][where] = self._stretches[stretch].view(images_nhwc.shape[1:])[where]
            return images_nhwc
        top, left, tall, wide, stretch = (column[:, None] for column in drawn.unbind(1))
        pixels = torch.arange(self.image_size, device=drawn.device)
        rows, columns = (pixels >= top) & (pixels < top + tall), (pixels >= left) & (pixels < left + wide)
        erased = (rows[:, :, None] & columns[:, None, :])[..., None]
        return images_nhwc.copy_(
            torch.where(erased, self._stretches[stretch[:, 0]].view(images_nhwc.shape), images_nhwc)
        )
