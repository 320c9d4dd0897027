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

from modernize.datasets.boxes import random_boxes
from modernize.datasets.epochs import ERASING, NOISE, epoch_keys
from modernize.datasets.hashing import Draws, unit_floats

AREAS = (0.02, 1 / 3)
ASPECTS = (0.3, 1 / 0.3)
STRETCHES = 1 << 20
"""How many different stretches of noise there are; they overlap."""


class Erasing:
    """Random erasing of one epoch.

    Args:
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        probability: That an image is erased in.
        seed: Of the run.
        epoch: Counted from 0.
        device: Where the images are.
    """

    def __init__(
        self, height: int, width: int, *, probability: float, seed: int, epoch: int, device: torch.device
    ) -> None:
        self.height, self.width = height, width
        self.probability = probability
        self.seed, self.epoch = seed, epoch
        (key,) = epoch_keys(seed, epoch, np.zeros(1, dtype=np.int64), NOISE)
        generator = torch.Generator().manual_seed(int(key))
        noise = torch.randn(STRETCHES + 3 * height * width, generator=generator).to(device)
        self._stretches = noise.unfold(0, 3 * height * width, 1)

    def draw(self, index: npt.NDArray[Any]) -> Tensor:
        """Draw where images `index` (n,) of the training split are erased.

        Returns:
            top, left, height, width in pixels and the stretch of noise, int64 (n, 5); height 0 for no erasing.
        """
        draws = Draws(epoch_keys(self.seed, self.epoch, index, ERASING))
        boxes = random_boxes(draws, self.height, self.width, areas=AREAS, aspects=ASPECTS, smaller=True)
        boxes[unit_floats(draws.bits()) >= self.probability] = 0
        stretch = (draws.bits() % np.uint64(STRETCHES)).astype(np.int64)
        return torch.from_numpy(np.concatenate((boxes, stretch[:, None]), axis=1))

    def __call__(self, images_nhwc: Tensor, drawn: Tensor) -> Tensor:
        """Erase in normalised images (n, h, w, 3) what `draw` said, (n, 5), on the same device."""
        top, left, tall, wide, stretch = (column[:, None] for column in drawn.unbind(1))
        rows, columns = (torch.arange(size, device=drawn.device) for size in (self.height, self.width))
        erased_rows = (rows >= top) & (rows < top + tall)
        erased_columns = (columns >= left) & (columns < left + wide)
        erased = (erased_rows[:, :, None] & erased_columns[:, None, :])[..., None]
        return torch.where(erased, self._stretches[stretch[:, 0]].view(images_nhwc.shape), images_nhwc)
