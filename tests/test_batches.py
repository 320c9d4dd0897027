"""Batches against a slow reference that handles one image at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modernize.datasets.dataset import Split, in_memory
from modernize.datasets.normalise import Normalise, channel_statistics
from modernize.datasets.resident import ResidentFeed
from modernize.spec import Recipe

COUNT, HEIGHT, WIDTH = 23, 6, 8


@pytest.fixture
def images_nhwc():
    return np.random.default_rng(0).integers(1, 256, (COUNT, HEIGHT, WIDTH, 3), dtype=np.uint8)


def feed_of(images_nhwc, shift_pixels=2, horizontal_flip=True, **fields) -> ResidentFeed:
    """A feed of one split; its labels number the images."""
    split = Split(images_nhwc, np.arange(len(images_nhwc)))
    off = {"random_resized_crop": False, "eval_crop_ratio": 1.0}
    recipe = Recipe(shift_pixels=shift_pixels, horizontal_flip=horizontal_flip, **off | fields)
    return ResidentFeed(in_memory("raw", split, split, (), ""), recipe)


def raw(images_nhwc, **fields) -> ResidentFeed:
    """The same, but pixels come through as they are."""
    feed = feed_of(images_nhwc, **fields)
    feed.normalise = Normalise(torch.zeros(3), torch.ones(3))
    return feed


def epoch(feed: ResidentFeed, batch_size=4, seed=0, epoch=0, first_batch=0):
    return list(feed.train_batches(batch_size, seed=seed, epoch=epoch, first_batch=first_batch))


def moved(image: np.ndarray, down: int, right: int, flipped: bool) -> np.ndarray:
    """One image, shifted over black and mirrored."""
    height, width, _ = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            from_y, from_x = y + down, (width - 1 - x if flipped else x) + right
            if 0 <= from_y < height and 0 <= from_x < width:
                out[y, x] = image[from_y, from_x]
    return out


def how_moved(image: np.ndarray, batch_image: np.ndarray, shift: int) -> list[tuple[int, int, bool]]:
    return [
        (down, right, flipped)
        for down in range(-shift, shift + 1)
        for right in range(-shift, shift + 1)
        for flipped in (False, True)
        if np.array_equal(moved(image, down, right, flipped), batch_image)
    ]


def test_every_image_is_some_shift_and_mirroring_of_itself(images_nhwc):
    for batch, labels in epoch(raw(images_nhwc)):
        for image, label in zip(batch, labels, strict=True):
            found = image.permute(1, 2, 0).numpy().astype(np.uint8)
            assert len(how_moved(images_nhwc[label], found, shift=2)) == 1


def test_shifts_and_mirrorings_are_spread_evenly():
    images = np.random.default_rng(1).integers(1, 256, (1500, 4, 4, 1), dtype=np.uint8).repeat(3, axis=3)
    seen: dict[tuple[int, int, bool], int] = {}
    for batch, labels in epoch(raw(images, shift_pixels=1), batch_size=100):
        for image, label in zip(batch, labels, strict=True):
            (way,) = how_moved(images[label], image.permute(1, 2, 0).numpy().astype(np.uint8), shift=1)
            seen[way] = seen.get(way, 0) + 1
    assert len(seen) == 18
    expected = 1500 / 18
    chi_square = sum((count - expected) ** 2 / expected for count in seen.values())
    assert chi_square < 40.8, "one in a thousand at 17 degrees of freedom"


def test_without_augmentation_pixels_are_untouched(images_nhwc):
    for batch, labels in epoch(raw(images_nhwc, shift_pixels=0, horizontal_flip=False)):
        assert np.array_equal(batch.permute(0, 2, 3, 1).numpy().astype(np.uint8), images_nhwc[labels])


def test_no_image_is_mirrored_where_mirroring_is_off(images_nhwc):
    for batch, labels in epoch(raw(images_nhwc, horizontal_flip=False)):
        for image, label in zip(batch, labels, strict=True):
            ((*_, flipped),) = how_moved(images_nhwc[label], image.permute(1, 2, 0).numpy().astype(np.uint8), shift=2)
            assert not flipped


def test_an_epoch_has_every_image_once_but_for_the_last_incomplete_batch(images_nhwc):
    labels = torch.cat([labels for _, labels in epoch(raw(images_nhwc), batch_size=4)]).tolist()
    assert len(labels) == len(set(labels)) == 20
    whole = torch.cat([labels for _, labels in epoch(raw(images_nhwc), batch_size=COUNT)]).tolist()
    assert sorted(whole) == list(range(COUNT))
    assert whole != sorted(whole)


def same(a, b) -> bool:
    return all(torch.equal(x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True))


def test_seed_and_epoch_decide_the_stream(images_nhwc):
    split = raw(images_nhwc)
    first = epoch(split)
    torch.manual_seed(99)  # what a network draws meanwhile does not matter
    torch.randn(1000)
    assert same(first, epoch(split))
    assert not same(first, epoch(split, epoch=1))
    assert not same(first, epoch(split, seed=1))


@pytest.mark.parametrize("first_batch", [0, 1, 4, 5])
def test_an_epoch_that_is_gone_into_midway_goes_on_with_the_same_batches(images_nhwc, first_batch):
    split = raw(images_nhwc)
    rest = epoch(split, first_batch=first_batch)
    assert len(rest) == 5 - first_batch
    assert same(rest, epoch(split)[first_batch:])


def test_the_order_does_not_depend_on_the_augmentation(images_nhwc):
    orders = [
        [labels.tolist() for _, labels in epoch(raw(images_nhwc, shift_pixels=shift, horizontal_flip=flip))]
        for shift in (0, 2)
        for flip in (False, True)
    ]
    assert all(order == orders[0] for order in orders)


def test_batches_are_normalised_and_channels_last(images_nhwc):
    feed = feed_of(images_nhwc)
    (batch, labels), *_ = feed.eval_batches("test", COUNT)
    assert batch.shape == (COUNT, 3, HEIGHT, WIDTH)
    assert batch.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert batch.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(batch.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(batch.std(dim=(0, 2, 3), unbiased=False), torch.ones(3), atol=1e-5, rtol=0)
    for train_batch, _ in epoch(feed):
        assert train_batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("batch_size", [1, 4, COUNT, 250])
def test_evaluation_covers_every_image_in_order(images_nhwc, batch_size):
    batches = list(raw(images_nhwc).eval_batches("test", batch_size))
    assert torch.cat([labels for _, labels in batches]).tolist() == list(range(COUNT))
    pixels = torch.cat([batch for batch, _ in batches]).permute(0, 2, 3, 1).numpy().astype(np.uint8)
    assert np.array_equal(pixels, images_nhwc)


def test_channel_statistics_are_numpys(images_nhwc):
    mean, std = channel_statistics(images_nhwc)
    pixels = images_nhwc.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(mean.numpy(), pixels.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std.numpy(), pixels.std(axis=0), rtol=1e-6)


def test_a_constant_channel_stays_small(images_nhwc):
    images_nhwc[..., 1] = 77
    mean, std = channel_statistics(images_nhwc)
    assert (mean[1], std[1]) == (77.0, 1.0)
    (batch, _), *_ = epoch(feed_of(images_nhwc))
    assert batch[:, 1].abs().max() <= 77, "the black border included"
