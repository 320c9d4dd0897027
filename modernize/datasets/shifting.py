"""Shears and translations of one image, as shifts of its rows or columns.

Pillow's `transform` weighs 4 x 4 pixels for each of a result, wherever they lie. Where only rows move, or only columns,
four pixels in a line have all the weight: the same picture up to rounding (tested), in a sixth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

Fill = tuple[int, ...]
Floats = npt.NDArray[Any]

# Pillow cuts fractions off; a sum of weighted float32 numbers may lie just below a whole one that is meant.
_WHOLE = 1 / 1024


def shear_x(image: Image.Image, factor: float, *, fillcolor: Fill, resample: Image.Resampling) -> Image.Image:
    """Move each row by `factor` for each pixel that it lies below the top; of an RGB image, as all here."""
    return _shifted(image, factor * (np.arange(image.height) + 0.5), 1, fillcolor, resample)


def shear_y(image: Image.Image, factor: float, *, fillcolor: Fill, resample: Image.Resampling) -> Image.Image:
    """Move each column by `factor` for each pixel that it lies right of the left edge."""
    return _shifted(image, factor * (np.arange(image.width) + 0.5), 0, fillcolor, resample)


def translate_x(image: Image.Image, share: float, *, fillcolor: Fill, resample: Image.Resampling) -> Image.Image:
    """Move an image to the left by a share of its width."""
    return _shifted(image, np.full(image.height, share * image.width), 1, fillcolor, resample)


def translate_y(image: Image.Image, share: float, *, fillcolor: Fill, resample: Image.Resampling) -> Image.Image:
    """Move an image up by a share of its height."""
    return _shifted(image, np.full(image.width, share * image.height), 0, fillcolor, resample)


SHIFTS: dict[str, Callable[..., Image.Image]] = {
    "ShearX": shear_x,
    "ShearY": shear_y,
    "TranslateXRel": translate_x,
    "TranslateYRel": translate_y,
}
"""By what timm calls the operation."""


def _shifted(
    image: Image.Image, offsets: Floats, axis: int, fillcolor: Fill, resample: Image.Resampling
) -> Image.Image:
    """Look so many pixels further along an axis: 1 for offsets a row, (height,), 0 for offsets a column, (width,)."""
    wide, tall = image.size
    size = image.size[1 - axis]
    # Four bytes a pixel, as Pillow holds them: one number to fetch.
    pixels = np.frombuffer(image.tobytes("raw", "RGBX"), np.int32)
    whole = np.floor(offsets).astype(np.int64)
    shares = _WEIGHTS[resample](offsets - whole).astype(np.float32)
    near = np.arange(-1, size + 2)  # every place with one before it and two behind it
    if axis == 1:
        index = np.clip(near + whole[:, None], 0, size - 1) + (np.arange(tall) * wide)[:, None]
        weights = torch.from_numpy(shares)[:, :, None]
    else:
        index = np.clip(near[:, None] + whole, 0, size - 1) * wide + np.arange(wide)
        weights = torch.from_numpy(shares.repeat(4, axis=1))[:, None]
    values = torch.from_numpy(pixels.take(index).view(np.uint8)).float()
    step = 4 if axis == 1 else 1
    taps = [values.narrow(axis, step * tap, step * size) for tap in range(4)]
    total = taps[0] * weights[0]
    for tap, weight in zip(taps[1:], weights[1:], strict=True):
        total.addcmul_(tap, weight)
    moved = total.add_(_WHOLE).clamp_(0, 255).numpy().astype(np.uint8).view(np.int32)
    nearest = np.floor(offsets + 0.5)
    places = np.arange(size, dtype=np.int16)
    first, behind = (edge.clip(0, size).astype(np.int16) for edge in (-nearest, size - nearest))
    if axis == 1:
        seen = (places >= first[:, None]) & (places < behind[:, None])
    else:
        seen = (places[:, None] >= first) & (places[:, None] < behind)
    (fill,) = np.array([*fillcolor, 0], np.uint8).view(np.int32)
    return Image.frombytes("RGB", image.size, np.where(seen, moved, fill).tobytes(), "raw", "RGBX")


def _cubic(share: Floats) -> npt.NDArray[Any]:
    """Weights of four pixels, (4, n), where a place lies so far behind the second: Keys' kernel with a = -1."""
    square, cube = share**2, share**3
    return np.stack((-share + 2 * square - cube, 1 - 2 * square + cube, share + square - cube, cube - square))


def _linear(share: Floats) -> npt.NDArray[Any]:
    none = np.zeros_like(share)
    return np.stack((none, 1 - share, share, none))


_WEIGHTS = {Image.Resampling.BICUBIC: _cubic, Image.Resampling.BILINEAR: _linear}
