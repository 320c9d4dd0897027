"""Grids of sample images of files, and of what a recipe makes of images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modernize.cli import main
from modernize.datasets import load_data, preview_grid
from modernize.datasets.preview import augmented_grid
from modernize.recipes import named_recipe
from modernize.spec import Recipe

PLAIN = Recipe(random_resized_crop=False, horizontal_flip=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    root = tmp_path / "photos"
    for part, count in (("train", 3), ("val", 2), ("test", 1)):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for k in range(count):
                Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(root / part / name / f"{k}.png")
    return root


@pytest.mark.parametrize("stream", [False, True])
def test_files_are_laid_out_like_arrays(photos, stream):
    data = load_data(f"folder:{photos}", image_size=16, stream=stream)
    grid = preview_grid(data, rows=9, columns=2)
    assert grid.shape == (2 * 18 - 2, 2 * 18 - 2, 3)
    expected = np.asarray(Image.open(photos / "train" / "dog" / "1.png"))
    np.testing.assert_array_equal(grid[18:, 18:], expected)


@pytest.mark.parametrize("stream", [False, True])
def test_without_augmentation_every_epoch_shows_the_image_itself(photos, stream):
    data = load_data(f"folder:{photos}", image_size=16, stream=stream)
    grid = augmented_grid(data, PLAIN, rows=9, columns=3)
    for row, name in enumerate(("cat", "dog")):
        expected = np.asarray(Image.open(photos / "train" / name / "0.png"))
        for column in range(3):
            np.testing.assert_array_equal(grid[18 * row :, 18 * column :][:16, :16], expected)


def test_a_class_without_images_keeps_its_row(tmp_path):
    images = np.full((4, 8, 8, 3), 9, np.uint8)
    labels, names = np.array([0, 2, 0, 2]), np.array(["ant", "dodo", "cat"])
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels, class_names=names)
    data = load_data(f"npz:{tmp_path / 'a.npz'}", image_size=8)
    for grid in (preview_grid(data, columns=1), augmented_grid(data, PLAIN, columns=1)):
        assert [int(grid[row * 10, 0, 0]) for row in range(3)] == [9, 255, 9]


@pytest.mark.parametrize("recipe", ["classic", "convnext"])
def test_epochs_show_the_image_augmented_in_other_ways(photos, recipe):
    data = load_data(f"folder:{photos}", image_size=16)
    grid = augmented_grid(data, named_recipe(recipe), rows=1, columns=4)
    tiles = {grid[:16, 18 * column :][:, :16].tobytes() for column in range(4)}
    assert len(tiles) == 4


def test_the_command_line_shows_val_and_writes_what_training_sees(photos, tmp_path, capsys):
    out = tmp_path / "seen.png"
    assert main(["data", f"folder:{photos}", "--json", "--out", str(out), "--augment", "classic"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train_images"], facts["val_images"], facts["test_images"]) == (6, 4, 2)
    with Image.open(out) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("size", ["32", "128"])
def test_a_broken_picture_is_named_whether_it_is_decoded_now_or_later(photos, size, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    broken = photos / "val" / "dog" / "1.png"
    broken.write_bytes(b"broken")
    assert main(["data", f"folder:{photos}", "--image-size", size]) == 2
    assert str(broken) in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--augment", "classic"], "give --out too"),
        (["--out", "never.png", "--augment", "clasic"], "Did you mean 'classic'?"),
    ],
)
def test_a_wrong_augment_is_explained(options, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "digits", *options]) == 2
    assert said in capsys.readouterr().err
    assert not Path("never.png").exists()
