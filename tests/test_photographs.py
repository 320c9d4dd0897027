"""What makes photographs fast leaves them the pictures they were: shifts, and decoding at a reduced size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from modernize.datasets.reading import crop_rgb, opened

FILL = (124, 116, 104)


@pytest.mark.parametrize("amount", [0.0, 0.27, -0.3, 0.013, -0.5, 1.0])
@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateXRel", "TranslateYRel"])
@pytest.mark.parametrize(("resample", "rounded_otherwise"), [("BICUBIC", 0.02), ("BILINEAR", 0.1)])
def test_shears_and_translations_are_pillows(name, amount, resample, rounded_otherwise):
    from timm.data.auto_augment import NAME_TO_OP

    from modernize.datasets.shifting import SHIFTS

    options = {"fillcolor": FILL, "resample": Image.Resampling[resample]}
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (31, 40, 3), dtype=np.uint8))
    ours, pillows = (np.asarray(op[name](picture, amount, **options)).astype(int) for op in (SHIFTS, NAME_TO_OP))
    assert np.abs(ours - pillows).max() <= 1
    assert (ours != pillows).mean() < rounded_otherwise
    np.testing.assert_array_equal((ours == FILL).all(axis=2), (pillows == FILL).all(axis=2))


def photograph(width: int, height: int) -> Image.Image:
    """Edges, gradients and a little grain."""
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize((width, height), 3)
    pixels = np.asarray(smooth).astype(int) + rng.normal(0, 3, (height, width, 3)).astype(int)
    pixels[height // 3 : height // 2, width // 4 : width // 2] //= 3
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


BOXES = {
    "all": ((0, 0, 1600, 1200), True),
    "wide": ((101, 33, 1377, 1100), True),
    "half": ((700, 500, 1300, 1121), True),
    "small": ((333, 222, 450, 400), False),
}


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_reduced_decode_shows_the_same_crop(tmp_path, mode, box):
    path, (place, reduced) = tmp_path / "large.jpg", BOXES[box]
    photograph(1600, 1200).convert(mode).save(path, quality=92)
    size = 112
    with opened(path) as image:
        cut = crop_rgb(image, place, size)
    with opened(path) as image:
        whole = image.convert("RGB").crop(place)
    assert cut.mode == "RGB"
    assert (cut.size != whole.size) is reduced
    assert min(cut.size) >= min(size, min(whole.size))
    ours, theirs = (np.asarray(each.resize((size, size), 3)).astype(float) for each in (cut, whole))
    if reduced:
        assert np.abs(ours - theirs).mean() < 1.0, "levels of 255"
        assert abs(ours.mean() - theirs.mean()) < 0.1
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("suffix", ["png", "webp", "bmp"])
def test_what_cannot_be_reduced_is_decoded_whole(tmp_path, suffix):
    path = tmp_path / f"large.{suffix}"
    photograph(800, 600).save(path)
    with opened(path) as image:
        cut = crop_rgb(image, (10, 20, 710, 580), 64)
    with opened(path) as image:
        np.testing.assert_array_equal(np.asarray(cut), np.asarray(image.convert("RGB").crop((10, 20, 710, 580))))


def test_training_sees_large_photographs_as_it_would_undecoded(tmp_path):
    """A stream of crops, from the file and from the same picture in memory: the same to within a quarter of a pixel."""
    from modernize.datasets.transforms import TrainTransform, generators_kept, seed_generators
    from modernize.spec import Recipe

    path = tmp_path / "large.jpg"
    photograph(1600, 1200).save(path, quality=92)
    in_memory = Image.open(path).convert("RGB")
    transform = TrainTransform(Recipe(interpolation="bicubic"), 64, (0.0, 0.0, 0.0))
    differences = []
    with generators_kept():
        for seed in range(20):
            seed_generators(seed)
            with opened(path) as image:
                ours = np.asarray(transform.finish(transform.cut(image))).astype(float)
            seed_generators(seed)
            differences.append(np.abs(ours - np.asarray(transform(in_memory))).mean())
    assert max(differences) < 3, "levels of 255"
    assert np.mean(differences) < 1.5
