"""`shapes`: the procedural data set that needs no download."""

from __future__ import annotations

import hashlib

from modernize.datasets.arrays import TEST, TRAIN, ImageArrays, Images, Labels, check_memory, make_arrays
from modernize.datasets.cache import cached_images
from modernize.datasets.request import DataRequest
from modernize.datasets.shapes_draw import CLASS_NAMES, draw_shapes, shape_labels

DIFFICULTY = 0.85
"""From 0 (clean) over 1 (faint, cluttered, noisy) to 1.5 (hopeless)."""

TRAIN_IMAGES, TEST_IMAGES = 4_000, 2_000
"""How many images are drawn where the user does not say."""


def load(request: DataRequest) -> ImageArrays:
    """Draw, or read from the cache, as many images as were asked for."""
    train = _split(request, TRAIN, request.train_images or TRAIN_IMAGES)
    test = _split(request, TEST, request.test_images or TEST_IMAGES)
    return make_arrays(request, train, test, CLASS_NAMES, "procedural images drawn by modernize; not photographs")


def _split(request: DataRequest, split: int, num_images: int) -> tuple[Images, Labels]:
    check_memory(request, num_images)
    size = request.image_size
    part = ("train", "test")[split]
    # Ten tiny images stand for the drawing code and its difficulty: change either, and older files are left alone.
    drawing = hashlib.sha256(draw_shapes(0, TRAIN, 10, 16, DIFFICULTY).data).hexdigest()[:8]
    stem = f"shapes-{drawing}-{part}-{num_images}x{size}px-seed{request.seed}"

    def make() -> Images:
        return draw_shapes(request.seed, split, num_images, size, DIFFICULTY)

    images = cached_images(request.cache, stem, (num_images, size, size, 3), make)
    return images, shape_labels(num_images)
