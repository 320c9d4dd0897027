"""What happens to one image on its way to a batch, by Pillow, timm and torchvision.

timm's `create_transform` makes the same training images from the same random numbers up to rounding (tested), but takes
twice as long and knows no shifts.
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

from modernize.datasets.crops import AREAS, ASPECTS
from modernize.datasets.reading import crop_rgb, to_rgb
from modernize.datasets.shifting import SHIFTS
from modernize.spec import Recipe

Transform = Callable[[Image.Image], Image.Image]


class TrainTransform:
    """The augmentation of a recipe: `finish` behind `cut`.

    Args:
        recipe: Its augmentation fields are read, but for random erasing, mixup and CutMix.
        image_size: Height and width of the result.
        mean: The data's mean colour in units of 0 to 255, which RandAugment fills gaps with.
    """

    def __init__(self, recipe: Recipe, image_size: int, mean: tuple[float, ...]) -> None:
        from torchvision import transforms

        first = recipe.random_resized_crop and not recipe.shift_pixels
        self._crop = _RandomCrop(image_size, recipe.interpolation) if recipe.random_resized_crop else None
        self._cuts = self._crop if first else None
        steps: list[Any] = [] if first else [eval_transform(recipe, image_size, crop_ratio=1.0)]
        if recipe.shift_pixels:
            steps += [_Shift(recipe.shift_pixels)]
        if self._crop:
            steps += [self._crop.resize if first else self._crop]
        if recipe.horizontal_flip:
            steps += [transforms.RandomHorizontalFlip()]
        if recipe.rand_augment:
            steps += [_rand_augment(recipe, image_size, mean)]
        elif recipe.color_jitter:
            steps += [transforms.ColorJitter(*(recipe.color_jitter,) * 3)]
        if recipe.brightness:
            steps += [transforms.ColorJitter(brightness=recipe.brightness)]
        self.finish: Transform = transforms.Compose(steps)

    def cut(self, image: Image.Image) -> Image.Image:
        """Read what is needed of an image, which may be an open file: its random crop, where that comes first."""
        return self._cuts.cut(image) if self._cuts else to_rgb(image)

    def __call__(self, image: Image.Image) -> Image.Image:
        """Augment an image."""
        return self.finish(self.cut(image))


class _RandomCrop:
    """RandomResizedCrop, cropping before anything else is done to the image; drawn as timm draws."""

    def __init__(self, image_size: int, interpolation: str) -> None:
        from timm.data.transforms import RandomResizedCropAndInterpolation as RandomResizedCrop

        self.image_size, self.interpolation = image_size, interpolation
        self._draw: Any = RandomResizedCrop.get_params

    def cut(self, image: Image.Image) -> Image.Image:
        top, left, tall, wide = self._draw(image, AREAS, ASPECTS)
        return crop_rgb(image, (left, top, left + wide, top + tall), self.image_size)

    def resize(self, image: Image.Image) -> Image.Image:
        """Resize as Pillow does, by torch, which takes a quarter of the time."""
        pixels = torch.from_numpy(np.array(image))[None].permute(0, 3, 1, 2)
        size = (self.image_size, self.image_size)
        resized = torch.nn.functional.interpolate(pixels, size, mode=self.interpolation, antialias=True)
        return Image.fromarray(resized[0].permute(1, 2, 0).contiguous().numpy())

    def __call__(self, image: Image.Image) -> Image.Image:
        return self.resize(self.cut(image))


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
        op.aug_fn = _posterize if op.aug_fn is auto_augment.posterize else SHIFTS.get(op.name, op.aug_fn)
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
def generators_kept() -> Iterator[None]:
    """Put every generator that a transform may draw from back behind it.

    The GPU's generators are left alone: a decoding process must not wake the GPU.
    """
    python, numpy, of_torch = random.getstate(), np.random.get_state(), torch.default_generator.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.default_generator.set_state(of_torch)


def seed_generators(seed: int) -> None:
    """Seed each of them."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)
