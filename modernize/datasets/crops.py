"""Random rectangles of many images of one size, and cropping and resizing them all at once.

Resizing is two products with a matrix of weights, one along each axis. The weights are Pillow's: where an image
shrinks the kernel is widened (antialiasing), pixels outside the crop have no weight, and each of the two passes rounds
to whole values. A result differs from Pillow's by at most two of 255 levels, in few pixels (tested).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from modernize.datasets.hashing import Draws, Keys

Interpolation = Literal["bilinear", "bicubic"]
Boxes = npt.NDArray[np.int64]

AREAS = (0.08, 1.0)
ASPECTS = (3 / 4, 4 / 3)
"""Of RandomResizedCrop."""

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


def random_crops(keys: Keys, height: int, width: int) -> Boxes:
    """Draw RandomResizedCrop's rectangles: top, left, height, width in pixels, (n, 4)."""
    boxes = random_boxes(Draws(keys), height, width, areas=AREAS, aspects=ASPECTS)
    boxes[boxes[:, 2] == 0] = (0, 0, height, width)
    return boxes


def resize_crops(images_nhwc: Tensor, boxes: Tensor, interpolation: Interpolation) -> Tensor:
    """Cut a rectangle out of each image and resize it to the size of the image.

    Args:
        images_nhwc: uint8 (n, h, w, c).
        boxes: top, left, height, width in pixels, (n, 4).
        interpolation: How pixels are weighted.

    Returns:
        Whole numbers from 0 to 255 as float32, (n, h, w, c).
    """
    _, height, width, _ = images_nhwc.shape
    top, left, tall, wide = boxes.float().unbind(1)
    rows, columns = _weights(top, tall, height, interpolation), _weights(left, wide, width, interpolation)
    return _apply(images_nhwc, rows, columns)


def centre_crops(images_nhwc: Tensor, ratio: float, interpolation: Interpolation) -> Tensor:
    """Enlarge images to 1 / ratio and cut the middle out, as evaluation does with a crop ratio below 1.

    Args:
        images_nhwc: uint8 (n, h, w, c).
        ratio: Share of the height and width that is kept.
        interpolation: How pixels are weighted.

    Returns:
        Whole numbers from 0 to 255 as float32, (n, h, w, c).
    """
    height, width = images_nhwc.shape[1:3]
    tall, wide = math.floor(height / ratio), math.floor(width / ratio)
    images = images_nhwc.permute(0, 3, 1, 2).float()
    for size in ((height, wide), (tall, wide)):  # each of Pillow's two passes rounds
        images = _round(F.interpolate(images, size, mode=interpolation, antialias=True))
    # torchvision's CenterCrop rounds so.
    top, left = round((tall - height) / 2), round((wide - width) / 2)
    return images[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1)


def _weights(start: Tensor, length: Tensor, size: int, interpolation: Interpolation) -> Tensor:
    """Return resampling weights along one axis.

    Args:
        start: First pixel that is sampled from each image, (n,).
        length: How much of it is sampled, in pixels, (n,); no pixel beside it is looked at.
        size: Pixels of the image along the axis, and of the result.
        interpolation: The kernel.

    Returns:
        (n, size, size), results by pixels; each row adds up to 1.
    """
    pixels = torch.arange(size, device=start.device)
    start, length = start[:, None, None], length[:, None, None]
    scale = length / size
    centres = start + (pixels[:, None] + 0.5) * scale
    distance = ((pixels + 0.5 - centres) / scale.clamp(min=1)).abs()
    weights = _KERNELS[interpolation](distance) * ((pixels >= start) & (pixels < start + length))
    return weights / weights.sum(dim=2, keepdim=True)


def _triangle(x: Tensor) -> Tensor:
    return (1 - x).clamp(min=0)


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -0.5, as Pillow has it."""
    near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic}


def _apply(images_nhwc: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Weight columns, then rows, (n, out, in) each, as Pillow does."""
    count, height, width, channels = images_nhwc.shape
    across = images_nhwc.permute(0, 2, 1, 3).reshape(count, width, -1).float()
    across = _round(columns @ across)
    down = across.view(count, -1, height, channels).permute(0, 2, 1, 3).reshape(count, height, -1)
    return _round(rows @ down).view(count, height, width, channels)


def _round(values: Tensor) -> Tensor:
    return values.add_(0.5).floor_().clamp_(0, 255)
