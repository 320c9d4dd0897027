"""`shapes`: the procedural data set that needs no download."""

from __future__ import annotations

import hashlib
from functools import partial

from modernize.datasets.cache import cached_images
from modernize.datasets.data_request import TEST, TRAIN, DataRequest
from modernize.datasets.dataset import Dataset, Split, in_memory
from modernize.datasets.shapes_draw import CLASS_NAMES, draw_shapes, shape_labels

DIFFICULTY = 0.85
"""From 0 (clean) over 1 (faint, cluttered, noisy) to 1.5 (hopeless)."""

TRAIN_IMAGES, TEST_IMAGES = 4_000, 2_000
"""How many images are drawn where the user does not say."""


def load(request: DataRequest) -> Dataset:
    """Draw, or read from the cache, as many images as were asked for."""
    num_train, num_test = request.train_images or TRAIN_IMAGES, request.test_images or TEST_IMAGES
    request.check_memory(num_train + num_test)
    train, test = _split(request, TRAIN, num_train), _split(request, TEST, num_test)
    return in_memory(request.name, train, test, CLASS_NAMES, "procedural images drawn by modernize; not photographs")


def _split(request: DataRequest, split: int, num_images: int) -> Split:
    size = request.image_size
    part = ("train", "test")[split]
    # Ten tiny images stand for the drawing code and its difficulty: change either, and older files are left alone.
    drawing = hashlib.sha256(draw_shapes(0, TRAIN, 10, 16, DIFFICULTY).data).hexdigest()[:8]
    stem = f"shapes-{drawing}-{part}-{num_images}x{size}px-seed{request.seed}"
    make = partial(draw_shapes, request.seed, split, num_images, size, DIFFICULTY)
    images = cached_images(request.cache, stem, (num_images, size, size, 3), make)
    return Split(images, shape_labels(num_images))
