"""Augmentation of whole batches against what Pillow, torchvision and timm do to one image."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from test_batches import raw

from modernize.datasets.crops import centre_crops, random_crops, resize_crops
from modernize.datasets.erasing import Erasing
from modernize.datasets.hashing import BRIGHTNESS, CROP, Draws, epoch_keys

MANY = 4000
# Area, aspect ratio and place of boxes, (n, 4).
OF_A_BOX = (
    lambda box: box[:, 2] * box[:, 3],
    lambda box: box[:, 3] / box[:, 2],
    lambda box: box[:, 0],
    lambda box: box[:, 1],
)
RESAMPLE = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def noise_images(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def keys(count: int = MANY) -> np.ndarray:
    return epoch_keys(0, 0, np.arange(count), CROP)


def same_distribution(ours: np.ndarray, theirs: np.ndarray) -> bool:
    from scipy.stats import ks_2samp

    return bool(ks_2samp(ours, theirs).pvalue > 0.001)


@pytest.mark.parametrize("size", [31, 32])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_crops_are_resized_as_pillow_does(interpolation, size):
    images = noise_images(200, size)
    boxes = random_crops(keys(200), size, size)
    resized = resize_crops(torch.from_numpy(images), torch.from_numpy(boxes), interpolation).numpy()
    pillow = np.stack(
        [
            Image.fromarray(image)
            .crop((left, top, left + wide, top + tall))
            .resize((size, size), RESAMPLE[interpolation])
            for image, (top, left, tall, wide) in zip(images, boxes.tolist(), strict=True)
        ]
    )
    difference = np.abs(resized - pillow)
    assert difference.max() <= 2
    assert (difference > 0).mean() < 0.03


@pytest.mark.parametrize("ratio", [0.5, 0.875, 0.9])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_evaluation_crops_are_torchvisions(interpolation, ratio):
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    images = noise_images(50, 32)
    crop = Compose([Resize(math.floor(32 / ratio), InterpolationMode(interpolation)), CenterCrop(32)])
    torchvisions = np.stack([crop(Image.fromarray(image)) for image in images])
    ours = centre_crops(torch.from_numpy(images), ratio, interpolation).numpy()
    assert np.abs(ours - torchvisions).max() <= 2
    assert np.abs(ours - torchvisions).mean() < 0.2


def test_the_whole_image_is_a_crop_that_changes_nothing():
    images = noise_images(3, 16)
    box = torch.tensor([[0, 0, 16, 16]]).expand(3, -1)
    for interpolation in RESAMPLE:
        assert (resize_crops(torch.from_numpy(images), box, interpolation).numpy() == images).all()


def test_crops_are_drawn_as_timm_draws_them():
    import random

    from timm.data.transforms import RandomResizedCropAndInterpolation as RandomResizedCrop

    random.seed(0)
    picture = Image.new("RGB", (32, 32))
    theirs = np.array([RandomResizedCrop.get_params(picture, (0.08, 1.0), (3 / 4, 4 / 3)) for _ in range(MANY)])
    ours = random_crops(keys(), 32, 32)
    assert (ours[:, :2] >= 0).all()
    assert (ours[:, :2] + ours[:, 2:] <= 32).all()
    for measure in OF_A_BOX:
        assert same_distribution(measure(ours), measure(theirs))


def brightened(images: np.ndarray, brightness: float, epoch: int = 0) -> tuple[np.ndarray, list[int]]:
    feed = raw(images, shift_pixels=0, horizontal_flip=False, brightness=brightness)
    ((batch, labels),) = feed.train_batches(len(images), seed=0, epoch=epoch)
    return batch.permute(0, 2, 3, 1).numpy().astype(np.uint8), labels.tolist()


def test_brightness_is_pillows_and_torchvisions():
    from torchvision.transforms import ColorJitter

    images = noise_images(200, 8)
    batch, labels = brightened(images, 0.5)
    factors = Draws(epoch_keys(0, 0, np.arange(MANY), BRIGHTNESS)).between(0.5, 1.5).ravel()
    for image, label in zip(batch, labels, strict=True):
        pillows = ImageEnhance.Brightness(Image.fromarray(images[label])).enhance(float(factors[label]))
        np.testing.assert_array_equal(image, pillows)
    theirs = [float(ColorJitter.get_params([0.5, 1.5], None, None, None)[1]) for _ in range(MANY)]
    assert same_distribution(factors, np.array(theirs))


def test_brightness_depends_on_seed_epoch_and_image_alone():
    images = noise_images(20, 4)
    first = brightened(images, 0.5)
    assert np.array_equal(first[0], brightened(images, 0.5)[0])
    assert not np.array_equal(np.sort(first[0], axis=0), np.sort(brightened(images, 0.5, epoch=1)[0], axis=0))
    untouched, labels = brightened(images, 0.0)
    assert np.array_equal(untouched, images[labels])
    assert labels == first[1]


def erased(count: int = MANY, size: int = 32, probability: float = 0.25, **options) -> torch.Tensor:
    options = {"seed": 0, "epoch": 0, "device": torch.device("cpu")} | options
    erase = Erasing(size, probability, **options)
    return erase(torch.full((count, size, size, 3), 9.0), erase.draw(np.arange(count)))


def rectangles(changed: torch.Tensor) -> np.ndarray:
    """top, left, height, width of what differs in each of the images that differ, (n, h, w) -> (m, 4)."""
    found = []
    for image in changed[changed.flatten(1).any(dim=1)]:
        rows, columns = (np.flatnonzero(image.any(dim=d).numpy()) for d in (1, 0))
        assert image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all(), "a full rectangle"
        found.append((rows[0], columns[0], len(rows), len(columns)))
    return np.array(found)


def test_random_erasing_is_timms():
    import random

    from timm.data.random_erasing import RandomErasing

    random.seed(0)
    torch.manual_seed(0)
    theirs = RandomErasing(0.25, mode="pixel", device="cpu")(torch.full((MANY, 3, 32, 32), 9.0)).permute(0, 2, 3, 1)
    boxes = []
    for images in (erased(), theirs):
        changed = (images != 9).all(dim=3)
        assert ((images == 9).all(dim=3) | changed).all(), "all channels or none"
        boxes.append(rectangles(changed))
        values = images[changed]
        assert abs(float(values.mean())) < 0.02
        assert abs(float(values.std()) - 1) < 0.02
    ours, timms = boxes
    # Two standard errors of a share of 0.25 are 0.014.
    assert abs(len(ours) / MANY - 0.25) < 0.02
    for measure in OF_A_BOX:
        assert same_distribution(measure(ours), measure(timms))


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_none_or_all_images_are_erased_in(probability, share):
    changed = (erased(500, probability=probability) != 9).flatten(1).any(dim=1)
    assert float(changed.float().mean()) == share


def test_noise_differs_between_pixels_images_epochs_and_seeds():
    images = erased(60, probability=1.0)
    noise = [image[image != 9] for image in images]
    assert all(len(values.unique()) > 0.99 * len(values) for values in noise)
    assert len({round(float(values[0]), 5) for values in noise}) == 60
    for other in ({"epoch": 1}, {"seed": 1}):
        assert not torch.equal(images, erased(60, probability=1.0, **other))


def test_an_image_is_erased_the_same_way_in_any_company():
    erase = Erasing(16, 0.5, seed=3, epoch=2, device=torch.device("cpu"))
    images = torch.zeros(40, 16, 16, 3)
    together = erase(images, erase.draw(np.arange(40)))
    some = np.array([7, 31, 2])
    assert torch.equal(erase(images[some], erase.draw(some)), together[some])
