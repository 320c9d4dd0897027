"""Data sets that stay image files and are decoded batch by batch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from modernize.datasets import load_data
from modernize.datasets.image_files import check_headers, watched
from modernize.errors import DataError, ModernizeError


def write_image(path: Path, value: int = 100, size: tuple[int, int] = (20, 12)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "holiday photos"
    for part, count in (("train", 4), ("val", 2), ("test", 3)):
        for value, name in ((50, "cat"), (200, "Hündin mit Ball")):
            for k in range(count):
                write_image(root / part / name / f"bild {k} é.png", value)
    return root


def test_small_images_are_decoded_and_large_ones_stay_files(photos):
    assert not load_data(f"folder:{photos}", image_size=127).streamed
    assert load_data(f"folder:{photos}", image_size=128).streamed
    assert load_data(f"folder:{photos}", image_size=16, stream=True).streamed
    assert not load_data(f"folder:{photos}", image_size=128, stream=False).streamed


def test_files_hold_what_arrays_hold(photos):
    options = {"train_images": 4, "test_images": 3, "seed": 2}
    files = load_data(f"folder:{photos}", image_size=16, stream=True, **options)
    arrays = load_data(f"folder:{photos}", image_size=16, **options)
    for split in ("train", "val", "test"):
        np.testing.assert_array_equal(files.splits[split].labels, arrays.splits[split].labels)
    assert (files.class_names, files.num_classes, files.image_size) == (arrays.class_names, 2, 16)
    assert files.train.source.path(0).read_bytes()
    assert "on its val split after each epoch" in files.note
    assert "ImageNet's published mean" in files.note
    assert "ImageNet" not in arrays.note


def test_files_are_described_without_being_decoded(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    data = load_data(f"folder:{photos}", image_size=128)
    check_headers(data, tmp_path)
    assert (data.num_classes, data.image_size) == (2, 128)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 8, "val": 4, "test": 6}


def test_headers_of_files_are_looked_at_once(photos, tmp_path):
    def described() -> list[tuple[int, int]]:
        heard: list[tuple[int, int]] = []
        with watched(lambda done, total: heard.append((done, total))):
            check_headers(load_data(f"folder:{photos}", image_size=128), tmp_path)
        return heard

    broken = photos / "val" / "cat" / "bild 1 é.png"
    whole = broken.read_bytes()
    for content, said in ((b"no image", "it is none of JPEG"), (whole[:20], "cannot be read as an image")):
        broken.write_bytes(content)
        for _ in range(2):
            with pytest.raises(DataError, match=said) as error:
                described()
            assert str(broken) in str(error.value)
    broken.write_bytes(whole)
    assert described()[-1] == (18, 18)
    assert not described(), "the cache remembers them"
    write_image(photos / "val" / "cat" / "new.png")
    assert described()[-1] == (19, 19)


def fingerprint(root: Path, image_size: int = 128) -> str:
    return load_data(f"folder:{root}", image_size=image_size, stream=True).fingerprint


def test_the_fingerprint_follows_names_sizes_and_image_size_but_not_the_place(photos, tmp_path):
    first = fingerprint(photos)
    assert len(first) == 16
    moved = photos.rename(tmp_path / "elsewhere")
    assert fingerprint(moved) == first
    assert fingerprint(moved, 64) != first
    path = moved / "train" / "cat" / "bild 0 é.png"
    path = path.rename(path.with_name("other.png"))
    renamed = fingerprint(moved)
    assert renamed != first
    with path.open("ab") as file:
        file.write(b"more")
    assert fingerprint(moved) not in {first, renamed}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_names_that_are_not_utf8_are_read(photos):
    odd = os.fsencode(photos / "train" / "cat") + b"/\xff\xfe.png"
    write_image(photos / "a.png", 7).rename(os.fsdecode(odd))
    files = load_data(f"folder:{photos}", image_size=16, stream=True)
    assert any(os.fsencode(files.train.source.path(k)) == odd for k in range(len(files.train)))
    assert len(load_data(f"folder:{photos}", image_size=16).train.labels) == 9


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_what_has_no_files_cannot_be_streamed(name, tmp_path):
    with pytest.raises(ModernizeError, match=f"{name} cannot be streamed: it does not consist of image files"):
        load_data(name, stream=True, cache=tmp_path, image_size=8, train_images=20, test_images=20)


def test_imagenet_is_streamed_where_it_would_not_fit_into_memory(monkeypatch, tmp_path):
    path = str(write_image(tmp_path / "ILSVRC" / "a.jpg"))
    monkeypatch.setattr("modernize.datasets.data_request.MAX_BYTES", 1000)

    def make(_root, **options):
        count = 30 if options["split"] == "train" else 10
        return SimpleNamespace(samples=[(path, k % 5) for k in range(count)], classes=list("abcde"))

    monkeypatch.setattr("torchvision.datasets.ImageNet", make)
    for size in (8, 224):
        files = load_data("imagenet", data_dir=tmp_path, image_size=size)
        assert files.streamed
        assert (len(files.train), len(files.test), files.val) == (30, 10, None)
        assert files.train.source.path(3) == Path(path)
    with pytest.raises(DataError, match="or stream them from image files"):
        load_data("imagenet", data_dir=tmp_path, image_size=8, stream=False)
    small = load_data("imagenet", data_dir=tmp_path, image_size=8, train_images=3, test_images=2)
    assert not small.streamed


def test_a_file_that_vanishes_while_the_set_is_listed_is_named(monkeypatch, tmp_path):
    missing = tmp_path / "gone.jpg"

    def make(_root, **_options):
        return SimpleNamespace(samples=[(str(missing), 0)], classes=["a"])

    monkeypatch.setattr("torchvision.datasets.ImageNet", make)
    with pytest.raises(DataError, match=r"gone\.jpg cannot be read: No such file"):
        load_data("imagenet", data_dir=tmp_path, image_size=224)
