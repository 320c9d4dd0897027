"""What happens to one image on its way to a batch, by Pillow, timm and torchvision.

timm's `create_transform` makes the same training images from the same random numbers (tested), but knows no shifts.
Normalisation and random erasing follow in the batch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from modernize.spec import Recipe

Transform = Callable[[Image.Image], Image.Image]


def train_transform(recipe: Recipe, image_size: int, mean: tuple[float, ...]) -> Transform:
    """Return the augmentation of a recipe.

    Args:
        recipe: Its augmentation fields are read, but for random erasing, mixup and CutMix.
        image_size: Height and width of the result.
        mean: The data's mean colour in units of 0 to 255, which RandAugment fills gaps with.
    """
    from timm.data.transforms import RandomResizedCropAndInterpolation as RandomResizedCrop
    from torchvision import transforms

    steps: list[Any] = []
    if recipe.shift_pixels or not recipe.random_resized_crop:
        steps += [eval_transform(recipe, image_size, crop_ratio=1.0)]
    if recipe.shift_pixels:
        steps += [_Shift(recipe.shift_pixels)]
    if recipe.random_resized_crop:
        steps += [RandomResizedCrop(image_size, interpolation=recipe.interpolation)]  # type: ignore[no-untyped-call]
    if recipe.horizontal_flip:
        steps += [transforms.RandomHorizontalFlip()]
    if recipe.rand_augment:
        steps += [_rand_augment(recipe, image_size, mean)]
    elif recipe.color_jitter:
        steps += [transforms.ColorJitter(*(recipe.color_jitter,) * 3)]
    if recipe.brightness:
        steps += [transforms.ColorJitter(brightness=recipe.brightness)]
    transform: Transform = transforms.Compose(steps)
    return transform


def eval_transform(recipe: Recipe, image_size: int, *, crop_ratio: float | None = None) -> Transform:
    """Return what evaluation does: resize the short side, or with "squash" both, and cut out the middle.

    Args:
        recipe: Its `interpolation`, `eval_crop_ratio` and `eval_crop_mode` are read.
        image_size: Height and width of the result.
        crop_ratio: In place of the recipe's.
    """
    ratio = crop_ratio or recipe.eval_crop_ratio
    return resize_and_crop(image_size, ratio, recipe.interpolation, squash=recipe.eval_crop_mode == "squash")


def resize_and_crop(image_size: int, crop_ratio: float, interpolation: str, *, squash: bool = False) -> Transform:
    """Return what resizes an image to `image_size` / `crop_ratio` and cuts out the middle.

    Args:
        image_size: Height and width of the result.
        crop_ratio: Share of the resized image that is kept.
        interpolation: Resampling.
        squash: Whether both sides are resized, and not the short one alone.
    """
    from torchvision import transforms

    # A ratio may have been divided from two whole sizes, one of which it should give again.
    enlarged = int(image_size / crop_ratio + 1e-6)
    resize = transforms.Resize(
        (enlarged, enlarged) if squash else enlarged, interpolation=transforms.InterpolationMode(interpolation)
    )
    transform: Transform = transforms.Compose([resize, transforms.CenterCrop(image_size)])
    return transform


def _rand_augment(recipe: Recipe, image_size: int, mean: tuple[float, ...]) -> Any:
    from timm.data import auto_augment

    resample = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[recipe.interpolation]
    colour = tuple(min(255, round(value)) for value in mean)
    options = {"translate_const": int(image_size * 0.45), "img_mean": colour, "interpolation": resample}
    augment = auto_augment.rand_augment_transform(recipe.rand_augment, options)
    for op in augment.ops:
        if op.aug_fn is auto_augment.posterize:
            op.aug_fn = _posterize
    return augment


def _posterize(image: Image.Image, bits: int, **_: Any) -> Image.Image:
    """Keep so many bits of each pixel; timm also asks for none, which Pillow does not take from version 13 on."""
    if bits >= 8:
        return image
    return ImageOps.posterize(image, bits) if bits else Image.new(image.mode, image.size)


class _Shift:
    """Move an image by up to so many pixels in both directions, over black."""

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels

    def __call__(self, image: Image.Image) -> Image.Image:
        left, top = (random.randint(0, 2 * self.pixels) for _ in range(2))  # noqa: S311
        padded = ImageOps.expand(image, self.pixels)
        return padded.crop((left, top, left + image.width, top + image.height))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed every generator that a transform may draw from, and put things back behind it.

    The GPU's generators are left alone: a decoding process must not wake the GPU.
    """
    python, numpy, of_torch = random.getstate(), np.random.get_state(), torch.default_generator.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.default_generator.set_state(of_torch)
