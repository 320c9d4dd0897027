"""Folders of images, and the data sets that torchvision reads."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from modernize.datasets import load_data
from modernize.datasets.image_files import watched
from modernize.datasets.reading import read_rgb
from modernize.errors import DataError, ModernizeError

CLOTHING = Path(__file__).parents[2] / "shared" / "data" / "clothing"


def write_image(path: Path, value: int = 100, size: tuple[int, int] = (20, 12), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).convert(mode).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for part, count in (("train", 4), ("val", 2)):
        for value, name in ((50, "cat"), (200, "dog")):
            for k in range(count):
                write_image(root / part / name / f"{k}.png", value)
    return root


def fails(root: Path, **options) -> str:
    with pytest.raises(ModernizeError) as error:
        load_data(f"folder:{root}", image_size=8, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_folder_is_decoded_with_its_labels(photos):
    arrays = load_data(f"folder:{photos}", image_size=8)
    assert arrays.class_names == ("cat", "dog")
    assert arrays.train.images_nhwc.shape == (8, 8, 8, 3)
    np.testing.assert_array_equal(arrays.train.images_nhwc[:, 0, 0, 0], [50] * 4 + [200] * 4)
    assert arrays.test.labels.tolist() == [0, 0, 1, 1]
    assert "val split" in arrays.note


def test_test_is_the_evaluation_split_where_there_is_no_val(photos):
    (photos / "val").rename(photos / "test")
    arrays = load_data(f"folder:{photos}", image_size=8)
    assert len(arrays.test.labels) == 4
    assert "test split" in arrays.note


def test_with_val_and_test_val_is_for_looking_after_each_epoch(photos):
    for k in range(3):
        write_image(photos / "test" / "cat" / f"{k}.png", 90)
    arrays = load_data(f"folder:{photos}", image_size=8)
    assert arrays.val.labels.tolist() == [0, 0, 1, 1]
    assert arrays.val.images_nhwc.shape == (4, 8, 8, 3)
    assert arrays.test.labels.tolist() == [0, 0, 0]
    assert (arrays.test.images_nhwc == 90).all()
    assert "on its val split after each epoch and on its test split once" in arrays.note
    assert {name: len(split) for name, split in arrays.splits.items()} == {"train": 8, "val": 4, "test": 3}


def test_without_a_third_split_there_is_no_val(photos):
    assert load_data(f"folder:{photos}", image_size=8).val is None


def test_val_is_limited_like_test(photos):
    for k in range(3):
        write_image(photos / "test" / "cat" / f"{k}.png", 90)
    limited = load_data(f"folder:{photos}", image_size=8, test_images=2)
    assert (limited.val.labels.tolist(), limited.test.labels.tolist()) == ([0, 1], [0, 0])
    for k in (2, 3):
        (photos / "val" / "dog" / f"{k - 2}.png").unlink()
    write_image(photos / "val" / "dog" / "0.png")
    limited = load_data(f"folder:{photos}", image_size=8, test_images=3)
    assert len(limited.val.labels) == 3, "as many as there are"


def test_the_middle_of_an_image_is_kept(photos):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 250
    Image.fromarray(wide).save(photos / "train" / "cat" / "0.png")
    arrays = load_data(f"folder:{photos}", image_size=10)
    assert (arrays.train.images_nhwc[0] == 250).all()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "LA"])
def test_other_modes_become_rgb(photos, mode):
    write_image(photos / "train" / "cat" / "0.png", 255, mode=mode)
    assert (load_data(f"folder:{photos}", image_size=8).train.images_nhwc[0] == 255).all()


@pytest.mark.parametrize(("grey", "expected"), [(0, 0), (25_700, 100), (60_000, 233), (65_535, 255)])
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_grey_of_sixteen_bits_is_scaled_to_eight(photos, grey, expected, suffix):
    Image.fromarray(np.full((9, 9), grey, np.uint16)).save(photos / "train" / "cat" / "0.png", suffix)
    assert (load_data(f"folder:{photos}", image_size=8).train.images_nhwc[0] == expected).all()


def test_pixels_of_floating_point_are_refused(photos):
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(photos / "train" / "cat" / "0.png", "tiff")
    assert "mode F" in fails(photos)


def test_a_subset_is_chosen_before_decoding(photos):
    for k in range(4):
        (photos / "train" / "cat" / f"{k}.png").write_bytes(b"broken")
    assert "cannot be read as an image" in fails(photos)
    for k in range(3):
        write_image(photos / "train" / "cat" / f"{k}.png", 50)
    subsets = [set() for _ in range(2)]
    for seed in range(12):
        try:
            labels = load_data(f"folder:{photos}", image_size=8, train_images=4, seed=seed).train.labels
            assert labels.tolist() == [0, 0, 1, 1]
            subsets[0].add(seed)
        except DataError:
            subsets[1].add(seed)
    assert all(subsets), "some subsets hold the broken file, some do not"


def test_missing_folders_are_named(photos, tmp_path):
    assert f"{tmp_path / 'none'} is not a folder" in fails(tmp_path / "none")
    (photos / "val").rename(photos / "evaluation")
    assert "holds no val or test folder" in fails(photos)
    (photos / "train").rename(photos / "training")
    assert "holds no train folder" in fails(photos)


def test_empty_folders_are_named(photos):
    empty = photos / "train" / "eel"
    empty.mkdir()
    (empty / "notes.txt").write_text("no image")
    (empty / ".hidden.png").write_bytes(b"")
    assert f"{empty} holds no images" in fails(photos)


def test_a_split_without_classes_is_named(photos):
    for path in sorted((photos / "val").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert f"{photos / 'val'} holds no class folders" in fails(photos)


def test_a_class_that_train_lacks_is_named(photos):
    (photos / "val" / "dog").rename(photos / "val" / "dogs")
    message = fails(photos)
    assert str(photos / "val" / "dogs") in message
    assert "cat, dog" in message


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_corrupt_image_is_named(photos, damage):
    path = photos / "val" / "dog" / "1.png"
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes({"cut": path.read_bytes()[:900], "text": b"hello", "empty": b""}[damage])
    message = fails(photos)
    assert str(path) in message
    assert "cannot be read as an image" in message


def test_a_picture_that_is_a_program_in_disguise_is_never_run(photos, tmp_path, monkeypatch):
    started = tmp_path / "started"
    ghostscript = tmp_path / "bin" / "gs"
    ghostscript.parent.mkdir()
    ghostscript.write_text(f"#!/bin/sh\ntouch {started}\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(ghostscript.parent), prepend=os.pathsep)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    path = photos / "train" / "cat" / "0.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n")
    assert f"{path} cannot be read as an image: it is none of JPEG, PNG" in fails(photos)
    assert not started.exists()


def test_a_picture_may_be_of_another_format_than_its_suffix_says(photos):
    for suffix in ("png", "gif", "webp", "bmp", "tif", "ppm"):
        path = photos / "train" / "cat" / f"0.{suffix}"
        write_image(path, 50).replace(path.with_suffix(".jpg"))
        assert (load_data(f"folder:{photos}", image_size=8).train.images_nhwc[0] == 50).all()


@pytest.mark.parametrize("pixels", [100, 200])
def test_a_picture_of_too_many_pixels_is_named(photos, monkeypatch, pixels):
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 20 * 12 + pixels)
    path = write_image(photos / "train" / "cat" / "0.png", size=(20, 40))
    message = fails(photos)
    assert str(path) in message
    assert "800 pixels" in message


def test_no_damage_to_a_picture_is_more_than_a_line(photos):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    path = photos / "train" / "cat" / "0.png"
    said: list[str] = []
    for form in ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP", "GIF"):
        Image.fromarray(noise).save(path, format=form)
        whole = path.read_bytes()
        for position in [*range(60), *rng.integers(0, len(whole), 60).tolist()]:
            damaged = bytearray(whole)
            damaged[position] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                read_rgb(path)
            except DataError as error:
                said.append(str(error))
    assert len(said) > 100
    assert all(str(path) in message and "\n" not in message for message in said)


def test_a_link_that_leads_nowhere_is_named(photos):
    link = photos / "train" / "dog" / "away.png"
    link.symlink_to(photos / "nowhere.png")
    assert f"{link} is a link that leads nowhere" in fails(photos)
    link.unlink()
    link.symlink_to(link.name)
    assert f"{link} is a link that leads nowhere" in fails(photos)
    link.unlink()
    os.mkfifo(link)
    assert f"{link} is no file" in fails(photos)


def test_whoever_waits_hears_how_far_decoding_is(photos):
    heard: list[tuple[int, int]] = []
    with watched(lambda done, total: heard.append((done, total))):
        load_data(f"folder:{photos}", image_size=8)
        assert heard == [(k, 12) for k in range(13)]
        (photos / "val" / "cat" / "1.png").write_bytes(b"")
        fails(photos)
    assert heard[-2:] == [(9, 12), (12, 12)], "a bar is taken down where it ends badly too"
    load_data(f"folder:{photos}", image_size=8, test_images=1)
    assert len(heard) == 13 + 11


def test_real_photographs_load():
    if not CLOTHING.is_dir():
        pytest.skip("the shared clothing photographs are not here")
    arrays = load_data(f"folder:{CLOTHING}", image_size=32, train_images=40, test_images=20)
    assert arrays.num_classes == 10
    assert arrays.train.images_nhwc.shape == (40, 32, 32, 3)
    assert len(set(arrays.train.labels.tolist())) == 10
    assert arrays.train.images_nhwc.std() > 30


def stand_in(monkeypatch, name: str, make) -> list[tuple[str, dict]]:
    """Put a function in place of a torchvision class; return the list of its calls."""
    calls: list[tuple[str, dict]] = []

    def build(root, **options):
        calls.append((root, options))
        return make(root, options)

    monkeypatch.setattr(f"torchvision.datasets.{name}", build)
    return calls


def cifar(_root, options):
    count = 40 if options["train"] else 20
    return SimpleNamespace(
        data=np.full((count, 32, 32, 3), 9, np.uint8),
        targets=[k % 10 for k in range(count)],
        classes=[f"class {k}" for k in range(10)],
    )


@pytest.mark.parametrize(("name", "cls"), [("cifar10", "CIFAR10"), ("cifar100", "CIFAR100")])
def test_cifar_is_asked_of_torchvision(monkeypatch, tmp_path, name, cls):
    calls = stand_in(monkeypatch, cls, cifar)
    arrays = load_data(name, data_dir=tmp_path, train_images=20)
    assert calls == [(str(tmp_path), {"train": True}), (str(tmp_path), {"train": False})]
    assert arrays.train.images_nhwc.shape == (20, 32, 32, 3)
    assert arrays.class_names[3] == "class 3"


@pytest.mark.parametrize(
    ("name", "cls", "splits", "attribute"),
    [
        ("imagenette", "Imagenette", [("train", "320px"), ("val", "320px")], "_samples"),
        ("imagenet", "ImageNet", [("train", None), ("val", None)], "samples"),
        ("oxford-pets", "OxfordIIITPet", [("trainval", None), ("test", None)], "_images"),
    ],
)
def test_photographs_are_asked_of_torchvision(monkeypatch, tmp_path, name, cls, splits, attribute):
    paths = [write_image(tmp_path / f"{k}.jpg", 120) for k in range(2)]

    def make(_root, _options):
        data = SimpleNamespace(classes=[("tench", "Tinca tinca"), "church"])
        if attribute == "_images":
            data._images, data._labels = paths, [0, 1]
        else:
            setattr(data, attribute, [(str(path), k) for k, path in enumerate(paths)])
        return data

    calls = stand_in(monkeypatch, cls, make)
    arrays = load_data(name, data_dir=tmp_path, image_size=8)
    assert [(options["split"], options.get("size")) for _, options in calls] == splits
    assert arrays.class_names == ("tench", "church")
    assert abs(int(arrays.train.images_nhwc[1, 4, 4, 0]) - 120) <= 2


def test_imagenet_is_too_large_for_memory_but_a_subset_is_not(monkeypatch, tmp_path):
    path = str(write_image(tmp_path / "a.jpg"))

    def make(_root, options):
        count = 1_281_167 if options["split"] == "train" else 50
        return SimpleNamespace(samples=[(path, k % 5) for k in range(count)], classes=list("abcde"))

    stand_in(monkeypatch, "ImageNet", make)
    with pytest.raises(DataError, match=r"193 GB of memory .* or stream them from image files"):
        load_data("imagenet", data_dir=tmp_path, image_size=224, stream=False)
    assert len(load_data("imagenet", data_dir=tmp_path, image_size=8, train_images=10).train.labels) == 10


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion-mnist", "oxford-pets", "imagenette"])
def test_data_that_is_not_there_names_the_folder_and_the_way(tmp_path, name):
    with pytest.raises(DataError) as error:
        load_data(name, data_dir=tmp_path / "data")
    assert f"{name} is not at {tmp_path / 'data'}. Run again with --download" in str(error.value)
    assert not (tmp_path / "data").exists()


def test_imagenet_is_fetched_by_hand(tmp_path):
    with pytest.raises(DataError, match=r"imagenet is not at .* fetched by hand: .*ILSVRC2012_devkit") as error:
        load_data("imagenet", data_dir=tmp_path, download=True)
    assert "\n" not in str(error.value)


def test_downloading_happens_only_where_nothing_lies_yet(monkeypatch, tmp_path):
    fetched: list[bool] = []

    def make(root, options):
        if options.get("download"):
            fetched.append(options["train"])
        elif options["train"] not in fetched:
            raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")
        return cifar(root, {"train": options["train"]})

    stand_in(monkeypatch, "CIFAR10", make)
    for _ in range(2):
        load_data("cifar10", data_dir=tmp_path / "new", download=True)
    assert fetched == [True, False]


def test_a_failed_download_is_one_line(monkeypatch, tmp_path):
    from urllib.error import URLError

    def make(_root, options):
        raise URLError("no route to host") if options.get("download") else RuntimeError("Dataset not found")

    stand_in(monkeypatch, "CIFAR10", make)
    with pytest.raises(DataError) as error:
        load_data("cifar10", data_dir=tmp_path, download=True)
    assert f"cifar10 could not be downloaded to {tmp_path}" in str(error.value)
    assert "no route to host" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_environment_names_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MODERNIZE_DATA", str(tmp_path / "sets"))
    with pytest.raises(DataError, match=str(tmp_path / "sets")):
        load_data("cifar10")
    monkeypatch.delenv("MODERNIZE_DATA")
    with pytest.raises(DataError, match=str(tmp_path / "cache" / "data")):
        load_data("cifar10", cache=tmp_path / "cache")


def test_fashion_mnist_reads_real_idx_files(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 20), ("t10k", 10)):
        images = np.arange(count, dtype=np.uint8)[:, None, None].repeat(28, axis=1).repeat(28, axis=2)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for stem, magic, array in (("images-idx3", 0x803, images), ("labels-idx1", 0x801, labels)):
            content = struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()
            (raw / f"{part}-{stem}-ubyte").write_bytes(content)
            (raw / f"{part}-{stem}-ubyte.gz").write_bytes(gzip.compress(content))
    arrays = load_data("fashion-mnist", data_dir=tmp_path, image_size=28)
    assert arrays.train.images_nhwc.shape == (20, 28, 28, 3)
    np.testing.assert_array_equal(arrays.train.images_nhwc[:, 5, 5, 1], np.arange(20))
    assert arrays.class_names[9] == "Ankle boot"
    assert load_data("fashion-mnist", data_dir=tmp_path, image_size=32).image_size == 32
