"""`shapes`: the procedural data set that needs no download.

What is drawn stays on disk: a convenience that may be missing, stale or unwritable without harm.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from modernize.datasets.data_request import DataRequest, cache_dir
from modernize.datasets.dataset import Images, Labels, Source, Split, SplitName
from modernize.datasets.npz import Archive, Header
from modernize.datasets.shapes_draw import CLASS_NAMES, draw_shapes, shape_labels
from modernize.errors import ModernizeError
from modernize.results.files import write_atomically

DIFFICULTY = 0.85
"""From 0 (clean) over 1 (faint, cluttered, noisy) to 1.5 (hopeless)."""

TRAIN_IMAGES, TEST_IMAGES = 4_000, 2_000
"""How many images are drawn where the user does not say."""


def read(request: DataRequest) -> Source:
    """Draw, or read from the cache, as many images as were asked for."""
    # So many that what is asked for is left when others have been held out.
    num_train = math.ceil((request.train_images or TRAIN_IMAGES) / (1 - request.val_share))
    splits: dict[SplitName, Split] = {
        "train": _split(request, 0, num_train),
        "test": _split(request, 1, request.test_images or TEST_IMAGES),
    }
    return Source(splits=splits, class_names=CLASS_NAMES, note="procedural images drawn by modernize; not photographs")


def _split(request: DataRequest, split: int, num_images: int) -> Split:
    size = request.image_size

    def images(members: Labels) -> Images:
        # Ten tiny images stand for the drawing code and its difficulty: change either, and older files are left alone.
        drawing = hashlib.sha256(draw_shapes(0, 0, 10, 16, DIFFICULTY).data).hexdigest()[:8]
        stem = f"shapes-{drawing}-{('train', 'test')[split]}-{num_images}x{size}px-seed{request.seed}"
        make = partial(draw_shapes, request.seed, split, num_images, size, DIFFICULTY)
        return cached_images(request.cache, stem, (num_images, size, size, 3), make)[members]

    return Split(images, shape_labels(num_images))


def cached_images(folder: Path | None, stem: str, shape: tuple[int, ...], make: Callable[[], Images]) -> Images:
    """Return images from the cache, or make them and keep them there.

    Args:
        folder: The cache folder, or None for the default one.
        stem: File name without its suffix; says everything the images depend on.
        shape: What the images must measure, (n, h, w, 3); a file that does not, or that is damaged, is made anew.
        make: Makes the images.
    """
    path = cache_dir(folder) / f"{stem}.npz"
    if (kept := _read(path, shape)) is not None:
        return kept
    images = make()
    _write(path, images)
    return images


def _read(path: Path, shape: tuple[int, ...]) -> Images | None:
    try:
        with path.open("rb") as stream:
            archive = Archive(stream)
            return archive.read("images") if archive.header("images") == Header(shape, np.dtype("u1")) else None
    # It is not there, or damaged in one of a hundred ways.
    except Exception:
        return None


def _write(path: Path, images: Images) -> None:
    file = io.BytesIO()
    np.savez(file, images=images)
    with suppress(ModernizeError):
        write_atomically(path, file.getbuffer())
