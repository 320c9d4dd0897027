"""`scenes`: several shapes in a picture, with boxes and masks, drawn as `shapes` are.

Nearer objects cover those behind them; one that would leave less than half of another visible is not drawn. A mask is
what is visible of an object, so masks of a picture never overlap.
"""

from __future__ import annotations

import numpy as np

from modernize.datasets.data_request import DataRequest
from modernize.datasets.dataset import Images, Labels, Source, Split
from modernize.datasets.hashing import Draws, Floats, Keys, image_keys, mix
from modernize.datasets.objects import Bits, Objects, objects_of
from modernize.datasets.shapes_draw import (
    CHUNK_PIXELS,
    CLASS_NAMES,
    Planes,
    axes,
    blend,
    colour,
    ground_texture,
    paint,
    pose,
    quantise,
    scale,
)

TRAIN_IMAGES, TEST_IMAGES = 1_000, 250
"""How many pictures are drawn where the user does not say."""

MOST_OBJECTS = 5
LEAST_VISIBLE = 0.5
DIFFICULTY = 0.2
"""On the scale of `shapes`, for objects are smaller here, and several."""

CLASSES = ("disc", "square", "triangle", "star", "cross")
"""Half of those of `shapes`: told apart after minutes of training."""


def read(request: DataRequest) -> Source:
    """Draw as many pictures as were asked for."""
    return Source(
        splits={
            "train": _split(request, 0, request.train_images or TRAIN_IMAGES),
            "test": _split(request, 1, request.test_images or TEST_IMAGES),
        },
        class_names=CLASSES,
        note="procedural scenes drawn by modernize; not photographs",
    )


def _split(request: DataRequest, split: int, num_images: int) -> Split:
    images, objects = draw_scenes(request.seed, split, num_images, request.image_size)
    firsts = np.cumsum(objects.counts) - objects.counts  # each picture has an object
    return Split(images, objects.classes[firsts], objects)


def draw_scenes(seed: int, split: int, num_images: int, image_size: int) -> tuple[Images, Objects]:
    """Draw the first pictures of a split; picture i depends on nothing but seed, split, i and size.

    Args:
        seed: Any integer.
        split: 0 for training, 1 for evaluation; the two never share a picture.
        num_images: How many.
        image_size: Height and width in pixels.

    Returns:
        uint8 (n, h, w, 3), and 1 to `MOST_OBJECTS` objects in each, the furthest first.
    """
    # Apart from the keys of `shapes`, whose pictures would have the same backgrounds.
    keys = mix(image_keys(seed, split, np.arange(num_images)) + np.uint64(MOST_OBJECTS))
    images = np.empty((num_images, image_size, image_size, 3), dtype=np.uint8)
    counts, classes, masks = [], [], []
    chunk = max(1, CHUNK_PIXELS // image_size**2)
    for start in range(0, num_images, chunk):
        some = slice(start, start + chunk)
        images[some], visible, labels = _draw(keys[some], image_size)
        there = visible.any(axis=(2, 3))
        counts.append(there.sum(axis=1))
        classes.append(labels[there])
        masks.append(visible[there])
    return images, objects_of(np.concatenate(counts), np.concatenate(classes), np.concatenate(masks))


def _draw(keys: Keys, size: int) -> tuple[Images, Bits, Labels]:
    """Draw pictures: keys (n,) -> pixels (n, h, w, 3), visible masks (n, MOST_OBJECTS, h, w), classes likewise."""
    draws = Draws(keys)
    x, y = axes(size)
    luma = draws.between(0.16, 0.36)
    ground = colour(draws, luma, 0.3)
    other_ground = colour(draws, luma + draws.between(0.0, 0.12), 0.3)
    planes = blend(ground, other_ground, ground_texture(draws, x, y, size))
    wanted = 1 + np.floor(draws.between(0, MOST_OBJECTS))[:, 0, 0].astype(np.int64)

    visible = np.zeros((len(keys), MOST_OBJECTS, size, size), dtype=np.uint8)
    areas = np.zeros((len(keys), MOST_OBJECTS), dtype=np.int64)
    labels = np.zeros((len(keys), MOST_OBJECTS), dtype=np.int64)
    for nth in range(MOST_OBJECTS):
        own = mix(keys + np.uint64(nth + 1))
        labels[:, nth] = np.floor(Draws(mix(own)).between(0, len(CLASSES)))[:, 0, 0]
        for label, name in enumerate(CLASSES):
            members = np.flatnonzero((labels[:, nth] == label) & (nth < wanted))
            if not len(members):
                continue
            behind = planes[0][members], planes[1][members], planes[2][members]
            painted, mask = _object(Draws(own[members]), name, behind, luma[members], size)
            left = visible[members] & ~mask[:, None] & 1
            enough = left.sum(axis=(2, 3)) >= LEAST_VISIBLE * areas[members]
            good = enough.all(axis=1) & mask.any(axis=(1, 2))
            placed = members[good]
            visible[placed] = left[good]
            visible[placed, nth] = mask[good]
            areas[placed, nth] = mask[good].sum(axis=(1, 2))
            for plane, its in zip(planes, painted, strict=True):
                plane[placed] = its[good]

    light_x, light_y = draws.between(-0.25, 0.25), draws.between(-0.25, 0.25)
    planes = scale(planes, 1 + x * light_x + y * light_y)
    return quantise(draws, planes, size, draws.between(0.02, 0.08)), visible, labels


def _object(draws: Draws, shape: str, planes: Planes, luma: Floats, size: int) -> tuple[Planes, Bits]:
    """Paint one object of a shape into each picture; returns its whole mask too, (n, h, w)."""
    contrast = draws.between(0.3, 0.55)
    fills = colour(draws, luma + contrast, 0.5), colour(draws, luma + contrast * draws.between(0.6, 1.25), 0.4)
    distance, u, v = pose(draws, CLASS_NAMES.index(shape), *axes(size), size, DIFFICULTY, draws.between(0.25, 0.5))
    # Half a pixel or more of it is painted.
    return paint(draws, planes, fills, distance, u, v, size), (distance <= 0).astype(np.uint8)
