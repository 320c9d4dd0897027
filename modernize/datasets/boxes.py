"""Random rectangles of an image, as RandomResizedCrop and random erasing draw them, for many images at once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from modernize.datasets.hashing import Draws

Boxes = npt.NDArray[np.int64]

ATTEMPTS = 10
"""As torchvision and timm try."""


def random_boxes(
    draws: Draws,
    height: int,
    width: int,
    *,
    areas: tuple[float, float],
    aspects: tuple[float, float],
    smaller: bool = False,
) -> Boxes:
    """Draw a rectangle in each of n images: its area uniformly, its aspect ratio log-uniformly, then its place.

    Args:
        draws: The images' random numbers.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        areas: Smallest and largest share of the image's area.
        aspects: Smallest and largest width / height.
        smaller: Whether a rectangle has to be smaller than the image in both directions.

    Returns:
        top, left, height and width in pixels, (n, 4); all zero where no attempt gave a rectangle that fits.
    """
    area, aspect, down, right = np.moveaxis(draws.lattice(ATTEMPTS, 4).astype(np.float64), 2, 0)
    area = (areas[0] + area * (areas[1] - areas[0])) * height * width
    low, high = math.log(aspects[0]), math.log(aspects[1])
    aspect = np.exp(low + aspect * (high - low))
    tall, wide = np.rint(np.sqrt(area / aspect)), np.rint(np.sqrt(area * aspect))
    fits = (tall <= height - smaller) & (wide <= width - smaller)
    top, left = np.floor(down * (height - tall + 1)), np.floor(right * (width - wide + 1))
    tries = np.stack((top, left, tall, wide), axis=2)
    chosen: Boxes = tries[np.arange(len(tries)), fits.argmax(axis=1)].astype(np.int64)
    chosen[~fits.any(axis=1)] = 0
    return chosen
