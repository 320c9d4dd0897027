"""A validation split of data that have none: held out by seed, class by class, and said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modernize.datasets import load_data
from modernize.errors import DataError, ModernizeError


def write_images(folder: Path, count: int, value: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (12, 10), (value, number, 0)).save(folder / f"{number}.png")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for value, (name, count) in enumerate({"cat": 10, "dog": 20, "owl": 30}.items()):
        write_images(tmp_path / "photos" / "train" / name, count, value)
        write_images(tmp_path / "photos" / "test" / name, 2, 100 + value)
    return tmp_path / "photos"


def test_a_share_of_each_class_is_held_out(photos):
    data = load_data(f"folder:{photos}", image_size=8, val_share=0.2)
    assert data.val is not None
    assert np.bincount(data.val.labels).tolist() == [2, 4, 6]
    assert np.bincount(data.train.labels).tolist() == [8, 16, 24]
    assert len(data.test) == 6
    assert data.val_share == 0.2
    assert "12 of its training images, chosen by seed 0, are held out to look at after each epoch" in data.note


def test_no_image_is_in_two_splits_and_the_seed_chooses_them(photos):
    streamed = [
        load_data(f"folder:{photos}", image_size=8, val_share=0.2, stream=True, seed=seed) for seed in (0, 0, 1)
    ]
    names = [{split: {*map(str, its.paths())} for split, its in data.splits.items()} for data in streamed]
    assert names[0] == names[1] != names[2]
    assert not names[0]["train"] & names[0]["val"]
    assert len(names[0]["train"] | names[0]["val"]) == 60


def test_a_folder_of_training_images_alone_gives_test_images_too(photos):
    data = load_data(f"folder:{photos / 'train'}", image_size=8, val_share=0.2)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 36, "test": 12, "val": 12}
    assert "held out to test on at the end" in data.note
    with pytest.raises(DataError, match="holds no train folder"):
        load_data(f"folder:{photos / 'train'}", image_size=8)


def test_a_validation_split_of_its_own_stays(photos):
    write_images(photos / "val" / "cat", 3, 200)
    data = load_data(f"folder:{photos}", image_size=8, val_share=0.2)
    assert data.val is not None
    assert (len(data.val), len(data.train), data.val_share) == (3, 60, 0.0)
    assert "no validation image is of dog, owl" in data.note


def test_arrays_and_drawn_images_are_held_out_too(tmp_path):
    data = load_data("shapes", image_size=8, train_images=75, test_images=30, val_share=0.25, cache=tmp_path)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 75, "test": 30, "val": 25}
    whole = load_data("shapes", image_size=8, train_images=100, test_images=30, cache=tmp_path)
    parts = np.concatenate([data.train.images_nhwc, data.val.images_nhwc])
    assert sorted(map(bytes, parts)) == sorted(map(bytes, whole.train.images_nhwc))


def test_a_class_without_training_images_is_refused(tmp_path):
    for name in ("cat", "dog"):
        write_images(tmp_path / "few" / name, 1, 0)
    with pytest.raises(DataError, match="no training image is left of"):
        load_data(f"folder:{tmp_path / 'few'}", image_size=8, val_share=0.4)


def test_a_share_out_of_range_is_refused(tmp_path):
    with pytest.raises(ModernizeError, match=r"it should be 0 to 0\.4"):
        load_data("shapes", val_share=0.5, cache=tmp_path)
