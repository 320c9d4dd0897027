"""The procedural data set: same bytes everywhere, prefixes, balance, cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import modernize.datasets.shapes as shapes
from modernize.datasets import load_data, preview_grid, save_preview
from modernize.datasets.hashing import Draws, image_keys, mix
from modernize.datasets.outlines import OUTLINES
from modernize.datasets.shapes import cached_images
from modernize.datasets.shapes_draw import CLASS_NAMES, draw_shapes, shape_labels


def small(cache: Path, **options):
    return load_data("shapes", **{"image_size": 16, "train_images": 40, "test_images": 20, "cache": cache} | options)


@pytest.mark.parametrize(
    ("split", "digest"),
    [
        (0, "03c7a8c960d5910b0fd608b6b861f8d9b1a2efcf3338b81acf31acd2c4dea07b"),
        (1, "b4288dd2d3e97c53852189d003cd2f2d86a7aa6057c7fcea9fa58c586775fe05"),
    ],
)
def test_the_bytes_are_the_same_on_every_machine(split, digest):
    drawn = b"".join(draw_shapes(0, split, 20, size, 1.0).tobytes() for size in (16, 32, 64))
    assert hashlib.sha256(drawn).hexdigest() == digest


def test_splitmix64_gives_the_published_sequence():
    # Seed 1234567, as in the reference implementation's widely used check values.
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + k * golden) % 2**64 for k in range(3)], dtype=np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_draws_are_uniform_and_differ_from_call_to_call():
    draws = Draws(image_keys(3, 0, np.arange(4000)))
    first, second = draws.between(2, 4).ravel(), draws.between(2, 4).ravel()
    assert first.min() >= 2
    assert first.max() < 4
    assert abs(first.mean() - 3) < 0.05
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_a_smaller_set_is_a_prefix_of_a_larger_one():
    np.testing.assert_array_equal(draw_shapes(5, 0, 23, 16, 1.0), draw_shapes(5, 0, 60, 16, 1.0)[:23])


def test_the_chunk_size_does_not_matter(monkeypatch):
    whole = draw_shapes(5, 0, 60, 16, 1.0)
    monkeypatch.setattr("modernize.datasets.shapes_draw.CHUNK_PIXELS", 600)
    np.testing.assert_array_equal(draw_shapes(5, 0, 60, 16, 1.0), whole)


def test_no_image_is_drawn_twice():
    images = np.concatenate([draw_shapes(0, split, 300, 16, 1.0) for split in (0, 1)])
    assert len({image.tobytes() for image in images}) == 600
    keys = np.concatenate([image_keys(0, split, np.arange(5000)) for split in (0, 1)])
    assert len(np.unique(keys)) == 10_000


def test_seeds_give_other_images():
    assert (draw_shapes(0, 0, 10, 16, 1.0) != draw_shapes(1, 0, 10, 16, 1.0)).any(axis=(1, 2, 3)).all()
    assert draw_shapes(-1, 0, 10, 16, 1.0).shape == (10, 16, 16, 3)


def test_classes_are_balanced_in_every_prefix():
    counts = np.bincount(shape_labels(47), minlength=10)
    assert counts.max() - counts.min() <= 1


def test_objects_are_brighter_than_the_background():
    for difficulty, share in ((0.0, 0.98), (1.0, 0.9)):
        images = draw_shapes(0, 0, 400, 32, difficulty).mean(axis=3)
        middle = images[:, 8:24, 8:24].mean(axis=(1, 2))
        corners = np.concatenate(
            [images[:, :3, :3], images[:, :3, -3:], images[:, -3:, :3], images[:, -3:, -3:]], axis=1
        )
        assert (middle > corners.mean(axis=(1, 2))).mean() > share


def test_difficulty_lowers_contrast_against_the_noise():
    def nearest_mean_accuracy(difficulty):
        images = draw_shapes(0, 0, 600, 16, difficulty).mean(axis=3).reshape(600, -1)
        images -= images.mean(axis=1, keepdims=True)
        labels = shape_labels(600)
        means = np.stack([images[:400][labels[:400] == k].mean(axis=0) for k in range(10)])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return float(((images[400:] @ means.T).argmax(axis=1) == labels[400:]).mean())

    easy, hard = nearest_mean_accuracy(0.0), nearest_mean_accuracy(1.0)
    assert easy > hard + 0.15
    assert hard < 0.5, "an average image should not be enough to tell the classes"


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_outlines_are_filled_near_the_middle_and_end_within_the_frame(name):
    axis = np.linspace(-1.5, 1.5, 151, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    for vary in (0.0, 0.5, 1.0):
        distance = OUTLINES[name](u[None], v[None], np.full((1, 1, 1), vary, dtype=np.float32))[0]
        assert distance.dtype == np.float32
        inside = distance < 0
        assert 0.1 < inside.mean() * 9 / 4 < 0.75
        assert not inside[np.maximum(abs(u), abs(v)) > 1.05].any()


def test_arrays_have_the_promised_form(tmp_path):
    arrays = small(tmp_path)
    assert arrays.train.images_nhwc.shape == (40, 16, 16, 3)
    assert arrays.train.images_nhwc.dtype == np.uint8
    assert arrays.test.labels.dtype == np.int64
    assert (arrays.num_classes, arrays.image_size) == (10, 16)
    assert "not photographs" in arrays.note


def test_the_fingerprint_follows_the_content(tmp_path, monkeypatch):
    first = small(tmp_path).fingerprint
    assert first == small(tmp_path / "elsewhere").fingerprint
    assert len(first) == 16
    int(first, 16)
    assert small(tmp_path, seed=1).fingerprint != first
    monkeypatch.setattr(shapes, "DIFFICULTY", 0.25)
    assert small(tmp_path).fingerprint != first


def test_the_second_load_reads_the_cache(tmp_path, monkeypatch):
    first = small(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    stored = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert small(tmp_path).fingerprint == first.fingerprint
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == stored


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text"])
def test_a_corrupt_cache_file_is_drawn_anew(tmp_path, damage):
    first = small(tmp_path)
    for path in tmp_path.iterdir():
        data = bytearray(path.read_bytes())
        if damage == "flip":
            data[len(data) // 2] ^= 1
        path.write_bytes({"flip": data, "cut": data[:-700], "empty": b"", "text": b"not an array"}[damage])
    assert small(tmp_path).fingerprint == first.fingerprint
    assert small(tmp_path).fingerprint == first.fingerprint


def test_no_flipped_bit_of_a_cache_file_changes_a_pixel(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    made: list[int] = []

    def load() -> np.ndarray:
        return cached_images(tmp_path, "images", images.shape, lambda: made.append(position) or images.copy())

    position = -1
    load()
    path = tmp_path / "images.npz"
    whole = path.read_bytes()
    positions = [*range(200), *range(1000, len(whole), 997), *range(len(whole) - 140, len(whole))]
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        np.testing.assert_array_equal(load(), images)
    assert 100 < len(made) <= 1 + len(positions), "the others carry nothing, a time or a version"
    made.clear()
    load()
    load()
    assert len(made) <= 1, "what was made anew is kept"


def test_an_unwritable_cache_is_no_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert small(blocked / "cache").fingerprint == small(tmp_path / "fine").fingerprint
    assert blocked.read_text() == "in the way"


def test_the_default_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    small(None)
    assert len(list((tmp_path / "modernize").glob("shapes-*.npz"))) == 2


def test_the_preview_has_a_row_a_class(tmp_path):
    arrays = small(tmp_path)
    grid = preview_grid(arrays, rows=3, columns=5)
    assert grid.shape == (3 * 18 - 2, 5 * 18 - 2, 3)
    np.testing.assert_array_equal(grid[18:34, :16], arrays.train.images_nhwc[1])
    assert (grid[:, 4 * 18 :] == 255).all(), "four images a class leave the fifth column open"
    assert preview_grid(arrays, rows=99, columns=1).shape[0] == 10 * 18 - 2


def test_the_preview_is_written_as_png(tmp_path):
    from PIL import Image

    path = tmp_path / "new" / "grid.png"
    save_preview(small(tmp_path), path, rows=4, columns=3)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width > 3 * 16 * 4
    assert [entry.name for entry in path.parent.iterdir()] == ["grid.png"]
