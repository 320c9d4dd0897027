"""Feeds: what training and evaluation are handed, whatever the images come from."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modernize.datasets import load_data
from modernize.datasets.dataset import Dataset, Split, in_memory
from modernize.datasets.decoded import DecodedFeed
from modernize.datasets.feeds import make_feed
from modernize.datasets.normalise import channel_statistics
from modernize.datasets.resident import ResidentFeed
from modernize.errors import DataError, ModernizeError
from modernize.recipes import named_recipe
from modernize.spec import Recipe

CIFAR10 = Path(__file__).parents[2] / "shared" / "data" / "cifar10"
COUNT, NUM_TEST, NUM_VAL = 23, 11, 5
PLAIN = Recipe(random_resized_crop=False, horizontal_flip=False, eval_crop_ratio=1.0)
SMALL = replace(PLAIN, shift_pixels=2, horizontal_flip=True)
CROPS = Recipe(interpolation="bicubic", random_erasing=0.25)
PAPERS = replace(named_recipe("convnext"), color_jitter=0.0)
PATHS = {"resident": ResidentFeed, "decoded": DecodedFeed}

# From Python 3.12 on, a fork beside threads is warned of; the DataLoader forks before it starts its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")


def make_split(count: int, size: int = 8):
    images = np.random.default_rng(count).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return Split(images, np.arange(count) % 3)


def noise(num_train: int = COUNT, size: int = 8) -> Dataset:
    splits = [make_split(count, size) for count in (num_train, NUM_TEST, NUM_VAL)]
    return in_memory("noise", splits[0], splits[1], ("a", "b", "c"), "noise", splits[2])


@pytest.fixture
def arrays() -> Dataset:
    return noise()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    root = tmp_path / "photos mit é"
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for k in range(6):
                pixels = rng.integers(0, 256, (24 + k, 30, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / part / name / f"{k}.png")
    return root


def files(photos: Path, image_size: int = 16):
    return load_data(f"folder:{photos}", image_size=image_size, stream=True)


def same(one, other) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a, b) for pair, twin in zip(one, other, strict=True) for a, b in zip(pair, twin, strict=True)
    )


def epoch(feed, batch_size=4, seed=0, epoch=0, first_batch=0):
    return list(feed.train_batches(batch_size, seed=seed, epoch=epoch, first_batch=first_batch))


def joined(batches):
    return [tuple(map(torch.cat, zip(*batches, strict=True)))]


def test_the_recipe_and_the_data_choose_the_path(arrays, photos):
    assert make_feed(arrays, SMALL).input_path == "resident"
    assert make_feed(arrays, CROPS).input_path == "resident"
    assert make_feed(arrays, replace(SMALL, rand_augment="rand-m9-mstd0.5-inc1")).input_path == "decoded"
    assert make_feed(arrays, replace(SMALL, brightness=0.4)).input_path == "resident"
    assert make_feed(arrays, replace(SMALL, color_jitter=0.4)).input_path == "decoded"
    assert make_feed(files(photos), PLAIN).input_path == "decoded"


@pytest.mark.parametrize("path", PATHS)
def test_a_feed_says_what_it_feeds(path, arrays, photos):
    feed = PATHS[path](arrays, SMALL)
    assert (feed.input_path, feed.num_train_images, feed.has_val) == (path, COUNT, True)
    two_splits = replace(arrays, val=None)
    assert not PATHS[path](two_splits, SMALL).has_val
    assert not make_feed(files(photos), PLAIN).has_val


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("split", "count"), [("val", NUM_VAL), ("test", NUM_TEST)])
def test_each_split_is_evaluated_on_its_own_images(path, arrays, split, count):
    ((images, labels),) = PATHS[path](arrays, PLAIN).eval_batches(split, 100)
    mean, std = channel_statistics(arrays.train.images_nhwc)
    pixels = (images * std[:, None, None] + mean[:, None, None]).permute(0, 2, 3, 1).round().numpy()
    np.testing.assert_array_equal(pixels, arrays.splits[split].images_nhwc)
    assert labels.tolist() == [k % 3 for k in range(count)]
    assert labels.dtype == torch.int64


@pytest.mark.parametrize("recipe", [SMALL, CROPS, PAPERS], ids=["small", "crops", "papers"])
@pytest.mark.parametrize("world_size", [2, 4])
def test_the_shares_of_all_processes_are_the_batch(arrays, recipe, world_size):
    whole = epoch(make_feed(arrays, recipe))
    shares = [epoch(make_feed(arrays, recipe, rank=rank, world_size=world_size)) for rank in range(world_size)]
    assert same([joined(parts)[0] for parts in zip(*shares, strict=True)], whole)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("world_size", [1, 3, 7])
def test_over_all_processes_every_evaluation_image_is_seen_once(arrays, path, world_size):
    feeds = [PATHS[path](arrays, SMALL, rank=rank, world_size=world_size) for rank in range(world_size)]
    for split in ("val", "test"):
        batches = [batch for feed in feeds for batch in feed.eval_batches(split, 3)]
        assert same(joined(batches), list(PATHS[path](arrays, SMALL).eval_batches(split, 100)))


@pytest.mark.parametrize("recipe", [SMALL, CROPS, PAPERS], ids=["small", "crops", "papers"])
@pytest.mark.parametrize("first_batch", [0, 2, 5])
def test_an_epoch_that_is_gone_into_midway_goes_on_with_the_same_batches(arrays, recipe, first_batch):
    feed = make_feed(arrays, recipe)
    assert same(epoch(feed, seed=1, epoch=2, first_batch=first_batch), epoch(feed, seed=1, epoch=2)[first_batch:])


def generators():
    """The state of every generator that others may draw from."""
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002


@pytest.mark.parametrize("recipe", [CROPS, PAPERS], ids=["crops", "papers"])
def test_seed_and_epoch_decide_the_stream_and_nothing_else_is_disturbed(arrays, recipe):
    feed = make_feed(arrays, recipe)
    first = epoch(feed)
    torch.manual_seed(5)
    before = generators()
    assert same(first, epoch(feed))
    assert before == generators()
    assert not same(first, epoch(feed, epoch=1))
    assert not same(first, epoch(feed, seed=1))


def test_both_paths_have_one_order_and_one_normalisation(arrays):
    resident, decoded = (feed(arrays, PLAIN) for feed in PATHS.values())
    assert same(epoch(resident, seed=2), epoch(decoded, seed=2))
    assert same(list(resident.eval_batches("test", 4)), list(decoded.eval_batches("test", 4)))


def test_both_paths_crop_alike_at_evaluation(arrays):
    recipe = replace(PLAIN, eval_crop_ratio=0.7, interpolation="bicubic")
    ((one, _),), ((other, _),) = (feed(arrays, recipe).eval_batches("test", 100) for feed in PATHS.values())
    _, std = channel_statistics(arrays.train.images_nhwc)
    assert float((one - other).abs().max() * std.max()) <= 2.01
    assert not torch.equal(one, next(iter(ResidentFeed(arrays, PLAIN).eval_batches("test", 100)))[0])


@pytest.mark.parametrize("path", PATHS)
def test_shifts_and_mirrorings_are_spread_evenly(path):
    """A picture of two marked pixels tells how it was moved."""
    count, size = 1200, 8
    image = np.zeros((size, size, 3), np.uint8)
    image[3, 3], image[3, 5] = 255, 100
    split = Split(np.broadcast_to(image, (count, *image.shape)).copy(), np.zeros(count, int))
    data = replace(noise(count), train=split)
    feed = PATHS[path](data, replace(SMALL, shift_pixels=1))
    seen: dict[tuple[int, int], int] = {}
    for images, _ in epoch(feed, batch_size=100):
        for picture in images[:, 0]:
            ranked = picture.flatten().argsort(descending=True)
            bright, dim = int(ranked[0]), int(ranked[1])
            seen[bright, dim] = seen.get((bright, dim), 0) + 1
    assert len(seen) == 18
    expected = count / 18
    chi_square = sum((times - expected) ** 2 / expected for times in seen.values())
    assert chi_square < 40.8, "one in a thousand at 17 degrees of freedom"


@pytest.mark.parametrize("shift_pixels", [0, 1])
def test_both_paths_augment_alike(shift_pixels):
    """Mean and spread of each pixel over many epochs; crops of a gradient show where they come from."""
    size = 16
    down, right = np.mgrid[:size, :size] * 17
    image = np.stack((down, right, (down + right) / 2), axis=2).round().astype(np.uint8)
    split = Split(np.broadcast_to(image, (600, size, size, 3)).copy(), np.zeros(600, int))
    data = replace(noise(600, size), train=split)
    recipe = replace(CROPS, shift_pixels=shift_pixels)
    ours = []
    for feed in PATHS.values():
        images = torch.cat([x for k in range(4) for x, _ in epoch(feed(data, recipe), 600, epoch=k)])
        ours.append((images.mean(dim=0), images.std(dim=0)))
    (mean, std), (other_mean, other_std) = ours
    error = std / 2400**0.5 * 2**0.5
    assert float(((mean - other_mean).abs() / error).max()) < 5, "standard errors; 768 pixels are looked at"
    torch.testing.assert_close(std, other_std, rtol=0.1, atol=0.02)


@contextmanager
def seeded(seed):
    from modernize.datasets.transforms import generators_kept, seed_generators

    with generators_kept():
        seed_generators(seed)
        yield


def test_photographs_are_augmented_as_timm_does(photos):
    from timm.data import create_transform

    from modernize.datasets.transforms import TrainTransform, eval_transform

    theirs = create_transform(
        16,
        is_training=True,
        color_jitter=0.4,
        auto_augment="rand-m9-mstd0.5-inc1",
        interpolation="bicubic",
        use_prefetcher=True,
    )
    ours = TrainTransform(PAPERS, 16, (0.485 * 255, 0.456 * 255, 0.406 * 255))
    jitter, timms_jitter = (
        TrainTransform(replace(PAPERS, rand_augment="", color_jitter=0.4), 16, (0.0, 0.0, 0.0)),
        create_transform(16, is_training=True, color_jitter=0.4, interpolation="bicubic", use_prefetcher=True),
    )
    evaluation = create_transform(16, interpolation="bicubic", crop_pct=0.875, use_prefetcher=True)
    picture = Image.open(photos / "train" / "cat" / "0.png")
    differences = []
    for seed in range(40):
        for mine, timms in ((ours, theirs), (jitter, timms_jitter)):
            with seeded(seed):
                result = np.asarray(mine(picture))
            try:
                with seeded(seed):
                    expected = np.asarray(timms(picture))
            except ValueError:  # timm asks Pillow for an image of no bits
                continue
            differences.append(np.abs(result.transpose(2, 0, 1).astype(int) - expected))
    # Resizing rounds otherwise here and there, and what follows (more contrast, posterising) may enlarge that.
    assert len(differences) > 60
    assert np.mean([(each > 0).mean() for each in differences]) < 0.05
    assert max(each.mean() for each in differences) < 2
    np.testing.assert_array_equal(
        np.asarray(eval_transform(PAPERS, 16)(picture)).transpose(2, 0, 1), evaluation(picture)
    )


def test_brightness_alone_is_torchvisions_on_photographs_too(photos):
    from torchvision.transforms import ColorJitter

    from modernize.datasets.transforms import TrainTransform

    recipe = replace(PAPERS, rand_augment="", random_resized_crop=False, horizontal_flip=False, brightness=0.5)
    picture = Image.open(photos / "train" / "cat" / "0.png").resize((16, 16))
    for seed in range(5):
        with seeded(seed):
            result = np.asarray(TrainTransform(recipe, 16, (0.0, 0.0, 0.0))(picture))
        with seeded(seed):
            np.testing.assert_array_equal(result, ColorJitter(brightness=0.5)(picture))


def test_fine_tuning_evaluates_the_whole_image_squashed_as_the_released_code_does():
    from timm.data import create_transform

    from modernize.datasets.transforms import eval_transform

    picture = Image.fromarray(make_split(1, 40).images_nhwc[0][:, :25])
    released = picture.resize((16, 16), Image.Resampling.BICUBIC)
    timms = create_transform(16, interpolation="bicubic", crop_pct=1.0, crop_mode="squash", use_prefetcher=True)
    result = np.asarray(eval_transform(named_recipe("finetune"), 16)(picture))
    np.testing.assert_array_equal(result, np.asarray(released))
    np.testing.assert_array_equal(result.transpose(2, 0, 1), timms(picture))


def test_posterising_to_no_bits_is_black(photos):
    from modernize.datasets.transforms import TrainTransform

    # Magnitude 10 of 10 in every operation: posterising keeps 4 - 4 bits.
    transform = TrainTransform(replace(PAPERS, rand_augment="rand-m10-n9-inc1"), 16, (0.0, 0.0, 0.0))
    for _ in range(30):
        assert transform(Image.new("RGB", (20, 20), (90, 200, 30))).size == (16, 16)


@pytest.mark.parametrize("wrong", ["m9", "rand-m9-x1", "rand-mfoo", "augmix"])
def test_a_wrong_randaugment_string_is_explained(arrays, wrong):
    with pytest.raises(ModernizeError, match=f"recipe.rand_augment is '{wrong}'; it should be"):
        make_feed(arrays, replace(SMALL, rand_augment=wrong))


def test_workers_change_nothing(photos):
    recipe = replace(PAPERS, random_erasing=0.5)
    alone, helped = (make_feed(files(photos), recipe, decode_workers=n) for n in (0, 2))
    for number in range(2):
        assert same(epoch(helped, epoch=number), epoch(alone, epoch=number))
        assert same(list(helped.eval_batches("test", 5)), list(alone.eval_batches("test", 5)))
    assert same(epoch(helped, first_batch=2), epoch(alone, first_batch=2))


def test_an_iteration_that_was_left_does_not_disturb_the_next(photos):
    feed = make_feed(files(photos), PAPERS, decode_workers=1)
    left = feed.train_batches(2, seed=0, epoch=0)
    next(left)
    assert len(joined(list(feed.eval_batches("test", 5)))[0][1]) == 12
    with pytest.raises(RuntimeError, match="another iteration"):
        next(left)


@pytest.mark.parametrize("decode_workers", [0, 1])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_file_that_cannot_be_read_is_named(photos, decode_workers, damage):
    feed = make_feed(files(photos), PAPERS, decode_workers=decode_workers)
    path = photos / "train" / "dog" / "3.png"
    path.write_bytes(path.read_bytes()[:200]) if damage == "cut" else path.unlink()
    with pytest.raises(DataError) as error:
        epoch(feed, batch_size=12)
    assert str(error.value).startswith(f"{path} cannot be read as an image: ")
    assert "\n" not in str(error.value)


def test_a_killed_worker_is_one_clear_line(photos):
    feed = make_feed(files(photos), PAPERS, decode_workers=1)
    batches = feed.train_batches(2, seed=0, epoch=0)
    next(batches)
    (worker,) = feed._loader._iterator._workers
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(DataError, match="a process that decodes images ended unexpectedly"):
        list(batches)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "LA", "CMYK"])
def test_files_of_other_modes_become_rgb(photos, mode):
    path = photos / "val" / "cat" / "0.png"
    path.unlink()
    Image.new("RGB", (30, 20), (255, 255, 255)).convert(mode).save(path.with_suffix(".tif"))
    images, _ = next(iter(make_feed(files(photos), PLAIN).eval_batches("test", 1)))
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    white = ((1 - mean) / std)[:, None, None].expand(3, 16, 16)
    torch.testing.assert_close(images[0], white, rtol=0, atol=1e-5)


def test_the_laptop_path_needs_neither_timm_nor_torchvision_nor_pillow(tmp_path):
    code = (
        "import sys; from pathlib import Path; from modernize.datasets import load_data;"
        "from modernize.datasets.feeds import make_feed; from modernize.spec import Recipe;"
        f"data = load_data('shapes', train_images=20, test_images=10, cache=Path({str(tmp_path)!r}));"
        "feed = make_feed(data, Recipe(random_erasing=0.5));"
        "next(feed.train_batches(4, seed=0, epoch=0)), next(feed.eval_batches('test', 4));"
        "sys.exit(bool({'timm', 'torchvision', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_cifar10_is_normalised_by_its_published_constants(tmp_path):
    if not CIFAR10.is_dir():
        pytest.skip("the shared copy of CIFAR-10 is not here")
    subprocess.run([sys.executable, CIFAR10.parent / "unpack_cifar10.py", tmp_path / "cifar10.npz"], check=True)
    data = load_data(f"npz:{tmp_path / 'cifar10.npz'}", image_size=32)
    mean, std = channel_statistics(data.train.images_nhwc)
    # To the last printed digit.
    np.testing.assert_allclose((mean / 255).numpy(), (0.4914, 0.4822, 0.4465), atol=5.1e-5)
    np.testing.assert_allclose((std / 255).numpy(), (0.2470, 0.2435, 0.2616), atol=5.1e-5)
    assert (len(data.train.labels), len(data.test.labels), data.num_classes) == (50_000, 10_000, 10)
    images, _ = next(iter(make_feed(data, PLAIN).eval_batches("test", 2_000)))
    assert images.mean(dim=(0, 2, 3)).abs().max() < 0.1
