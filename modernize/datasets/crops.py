"""Cropping and resizing many images of one size at once, each by its own rectangle.

Resizing is two products with a matrix of weights, one along each axis. The weights are Pillow's: where an image
shrinks the kernel is widened (antialiasing), pixels outside the crop have no weight, and each of the two passes rounds
to whole values. A result differs from Pillow's by at most two of 255 levels, in few pixels (tested).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from modernize.datasets.boxes import Boxes, random_boxes
from modernize.datasets.hashing import Draws, Keys

Interpolation = Literal["bilinear", "bicubic"]

AREAS = (0.08, 1.0)
ASPECTS = (3 / 4, 4 / 3)


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
    rows = _weights(top, tall, top, top + tall, height, height, interpolation)
    columns = _weights(left, wide, left, left + wide, width, width, interpolation)
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
    one = images_nhwc.new_ones(1, dtype=torch.float32)
    rows, columns = (_middle(one, size, ratio, interpolation) for size in images_nhwc.shape[1:3])
    return _apply(images_nhwc, rows, columns)


def _middle(one: Tensor, size: int, ratio: float, interpolation: Interpolation) -> Tensor:
    """Return the weights of a centre crop along one axis, (1, size, size)."""
    enlarged = math.floor(size / ratio)
    # torchvision's CenterCrop rounds so.
    start = round((enlarged - size) / 2) * size / enlarged
    return _weights(one * start, one * size * size / enlarged, one * 0, one * size, size, size, interpolation)


def _weights(
    start: Tensor,
    length: Tensor,
    low: Tensor,
    high: Tensor,
    size_in: int,
    size_out: int,
    interpolation: Interpolation,
) -> Tensor:
    """Return resampling weights along one axis.

    Args:
        start: Where each image is sampled from, in pixels, (n,).
        length: How much of it is sampled, in pixels, (n,).
        low: First pixel that may be looked at, (n,).
        high: Pixel before which looking ends, (n,).
        size_in: Pixels of the image along the axis.
        size_out: Pixels of the result.
        interpolation: The kernel.

    Returns:
        (n, size_out, size_in); each row adds up to 1.
    """
    pixels, results = (torch.arange(size, device=start.device) for size in (size_in, size_out))
    start, length, low, high = (edge[:, None, None] for edge in (start, length, low, high))
    scale = length / size_out
    centres = start + (results[:, None] + 0.5) * scale
    distance = ((pixels + 0.5 - centres) / scale.clamp(min=1)).abs()
    weights = _KERNELS[interpolation](distance) * ((pixels >= low) & (pixels < high))
    return weights / weights.sum(dim=2, keepdim=True)


def _triangle(x: Tensor) -> Tensor:
    return (1 - x).clamp(min=0)


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -0.5, as Pillow has it."""
    near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic}


def _apply(images_nhwc: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Weight columns, then rows, (n or 1, out, in) each, as Pillow does."""
    count, height, width, channels = images_nhwc.shape
    across = images_nhwc.permute(0, 2, 1, 3).reshape(count, width, -1).float()
    across = _round(columns.expand(count, -1, -1) @ across)
    down = across.view(count, -1, height, channels).permute(0, 2, 1, 3).reshape(count, height, -1)
    return _round(rows.expand(count, -1, -1) @ down).view(count, rows.shape[1], columns.shape[1], channels)


def _round(values: Tensor) -> Tensor:
    return values.add_(0.5).floor_().clamp_(0, 255)
