"""P15: decoding and augmenting photographs at 224 px with the paper's recipe, against timm's and torchvision's loaders.

Photographs are drawn ones, of the sizes that ImageNet's have, or those of an image folder:
`MODERNIZE_PHOTOGRAPHS=../photos python -m benchmarks P15`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from modernize.datasets.decoded import DecodedFeed
from modernize.datasets.load import load_data
from modernize.datasets.transforms import _posterize
from modernize.recipes import named_recipe

IMAGE_SIZE, BATCH_SIZE = 224, 64
OTHERS = {"timm": "timm's create_loader, 1 thread", "torchvision": "torchvision's DataLoader, 1 thread"}
FOLDER = "MODERNIZE_PHOTOGRAPHS"


def measure(quick: bool) -> list[Measured]:
    """Draw epochs of training batches in turn from each loader."""
    repeats = 2 if quick else 5
    times: dict[str, list[float]] = {"ours": [], **{name: [] for name in OTHERS}}
    with TemporaryDirectory() as drawn, Side(1, OURS) as ours, Side(1) as timms, Side(1) as torchvisions:
        folder = os.environ.get(FOLDER) or draw_photographs(Path(drawn), 4 if quick else 64)
        sides = {"ours": ours, "timm": timms, "torchvision": torchvisions}
        for number in range(repeats + 1):
            for name, side in sides.items():
                seconds = side.call("photographs:image_seconds", which=name, folder=folder, epoch=number)
                times[name] += [seconds] if number else []
    what = "photographs of a folder" if FOLDER in os.environ else "drawn photographs, 500 x 375"
    note = f"processor time of training batches, {what}: decode, crop, flip, RandAugment, normalise, erase"
    return [
        Measured(
            goal="P15",
            what="a photograph through the input pipeline",
            against=against,
            ours=1e3 * median(times["ours"]),
            other=1e3 * median(times[name]),
            unit="ms",
            at_least=1.2,
            aim=2,
            note=note,
        )
        for name, against in OTHERS.items()
    ]


def draw_photographs(folder: Path, count: int) -> str:
    """Write JPEG files with edges, gradients and grain, as photographs have them."""
    rng = np.random.default_rng(0)
    for number in range(2 * count):
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        picture = np.asarray(small.resize((500, 375), Image.Resampling.BICUBIC)).astype(np.int64)
        picture = picture + rng.normal(0, 6, picture.shape).astype(np.int64)
        path = folder / ("val" if number % 8 == 0 else "train") / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path, quality=90)
    return str(folder)


def image_seconds(which: str, folder: str, epoch: int) -> float:
    """Return processor seconds an image of one epoch of training batches."""
    torch.manual_seed(epoch)
    batches = {"ours": _ours, "timm": _timms, "torchvision": _torchvisions}[which](folder, epoch)
    began = time.process_time()
    seen = sum(len(labels) for _, labels in batches)
    return (time.process_time() - began) / seen


def _batch_size(images: int) -> int:
    return min(BATCH_SIZE, images)


def _ours(folder: str, epoch: int) -> Iterable[Any]:
    data = load_data(f"folder:{folder}", image_size=IMAGE_SIZE, stream=True)
    feed = DecodedFeed(data, named_recipe("convnext"))
    return feed.train_batches(_batch_size(len(data.train)), seed=0, epoch=epoch)


def _timms(folder: str, epoch: int) -> Iterable[Any]:  # noqa: ARG001
    from timm.data import auto_augment, create_loader
    from torchvision.datasets import ImageFolder

    # Posterising to no bits is an error with today's Pillow.
    for name in ("Posterize", "PosterizeIncreasing"):
        auto_augment.NAME_TO_OP[name] = _posterize
    recipe = named_recipe("convnext")
    images = ImageFolder(Path(folder) / "train")
    loader: Iterable[Any] = create_loader(
        images,
        (3, IMAGE_SIZE, IMAGE_SIZE),
        _batch_size(len(images)),
        is_training=True,
        re_prob=recipe.random_erasing,
        re_mode="pixel",
        color_jitter=recipe.color_jitter,
        auto_augment=recipe.rand_augment,
        interpolation=recipe.interpolation,
        num_workers=0,
        device=torch.device("cpu"),
    )
    return loader


def _torchvisions(folder: str, epoch: int) -> Iterable[Any]:  # noqa: ARG001
    from timm.data.auto_augment import rand_augment_transform
    from timm.data.random_erasing import RandomErasing
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    recipe = named_recipe("convnext")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    cubic = Image.Resampling.BICUBIC
    options = {"translate_const": 100, "img_mean": (124, 116, 104), "interpolation": cubic}
    augment = rand_augment_transform(recipe.rand_augment, options)
    for op in augment.ops:
        if op.name == "PosterizeIncreasing":
            op.aug_fn = _posterize
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(IMAGE_SIZE, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.RandomHorizontalFlip(),
            augment,
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
            RandomErasing(recipe.random_erasing, mode="pixel", device="cpu"),
        ]
    )
    images = ImageFolder(Path(folder) / "train", transform)
    load = partial(torch.utils.data.DataLoader, shuffle=True, drop_last=True, num_workers=0)
    loader: Iterable[Any] = load(images, batch_size=_batch_size(len(images)))
    return loader
