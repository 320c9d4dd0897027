"""Draw images of shapes: background, clutter, the object with its texture, an occluder, light and noise.

Every operation works on whole chunks of images and is rounded alike by every IEEE machine (no sin, exp, sum or dot), so
that the same seed gives the same bytes everywhere.
"""

from __future__ import annotations

import numpy as np

from modernize.datasets.dataset import Images, Labels
from modernize.datasets.hashing import Draws, Floats, Keys, image_keys, mix
from modernize.datasets.outlines import OUTLINES

Planes = tuple[Floats, Floats, Floats]

CLASS_NAMES = tuple(OUTLINES)
CHUNK_PIXELS = 1 << 16
CLUTTER = 4


def draw_shapes(seed: int, split: int, num_images: int, image_size: int, difficulty: float) -> Images:
    """Draw the first images of a split; image i depends on nothing but seed, split, i, size and difficulty.

    Args:
        seed: Any integer.
        split: 0 for training, 1 for evaluation; the two never share an image.
        num_images: How many.
        image_size: Height and width in pixels.
        difficulty: From 0 (clean) over 1 (faint, cluttered, noisy) to 1.5 (hopeless).

    Returns:
        uint8, (n, h, w, 3); their labels are `shape_labels`.
    """
    keys = image_keys(seed, split, np.arange(num_images))
    images = np.empty((num_images, image_size, image_size, 3), dtype=np.uint8)
    chunk = max(1, CHUNK_PIXELS // image_size**2)
    for label in range(len(CLASS_NAMES)):
        members = np.arange(label, num_images, len(CLASS_NAMES))
        for start in range(0, len(members), chunk):
            some = members[start : start + chunk]
            images[some] = _draw(label, keys[some], image_size, difficulty)
    return images


def shape_labels(num_images: int) -> Labels:
    """Return the classes of the first images of a split, int64 (n,): i mod 10, so that every prefix is balanced."""
    return np.arange(num_images, dtype=np.int64) % len(CLASS_NAMES)


def _draw(label: int, keys: Keys, size: int, difficulty: float) -> Images:
    """Draw images of one class: keys (n,) -> uint8 (n, h, w, 3)."""
    draws = Draws(keys)
    x, y = axes(size)
    hard = difficulty

    luma = draws.between(0.16, 0.36)
    contrast = draws.between(0.42 - 0.22 * hard, 0.62 - 0.22 * hard)
    ground = colour(draws, luma, 0.3)
    other_ground = colour(draws, luma + contrast * draws.between(0.0, 0.2 + 0.2 * hard), 0.3)
    fill = colour(draws, luma + contrast, 0.5)
    other_fill = colour(draws, luma + contrast * draws.between(0.75 - 0.4 * hard, 1.25), 0.4)

    planes = blend(ground, other_ground, ground_texture(draws, x, y, size))
    for _ in range(CLUTTER):
        strength = draws.between(0.1, 0.5 + 0.4 * hard)
        planes = _clutter(draws, planes, x, y, size, colour(draws, luma + contrast * strength, 0.4), 0.05 + 0.13 * hard)

    radius = draws.between(0.66 - 0.3 * hard, 0.84)
    distance, u, v = pose(draws, label, x, y, size, hard, radius)
    planes = paint(draws, planes, (fill, other_fill), distance, u, v, size)

    planes = _clutter(draws, planes, x, y, size, blend(ground, other_ground, draws.between(0, 1)), 0.02 + 0.07 * hard)
    light_x, light_y = draws.between(-0.25, 0.25), draws.between(-0.25, 0.25)
    planes = scale(planes, 1 + x * light_x + y * light_y)
    return quantise(draws, planes, size, draws.between(0.02, 0.04 + 0.14 * hard))


def axes(size: int) -> tuple[Floats, Floats]:
    """Return the pixels' x (1, 1, w) and y (1, h, 1), -1 to 1 across the image."""
    side = np.float32(size)
    centre = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2) - side) / side
    return centre[None, None, :], centre[None, :, None]


def pose(
    draws: Draws, label: int, x: Floats, y: Floats, size: int, hard: float, radius: Floats
) -> tuple[Floats, Floats, Floats]:
    """Pose an object: signed distance in image units, and its own coordinates, each (n, h, w)."""
    room = 0.95 - radius
    warp = radius * draws.between(0.04, 0.08 + 0.22 * hard)
    x = x - room * draws.between(-1, 1) + (_clouds(draws, size, 4) - 0.5) * warp
    y = y - room * draws.between(-1, 1) + (_clouds(draws, size, 4) - 0.5) * warp
    turn = 0.04 + 0.22 * hard
    cos, sin = _direction(draws.between(-turn, turn))
    u, v = (x * cos + y * sin) / radius, (y * cos - x * sin) / radius
    stretch = draws.between(1 - 0.22 * hard, 1 + 0.22 * hard)
    mirror = np.where(draws.between(-1, 1) < 0, np.float32(-1), np.float32(1))
    u, v = (u + v * draws.between(-0.2 * hard, 0.2 * hard)) * stretch * mirror, v / stretch
    return OUTLINES[CLASS_NAMES[label]](u, v, draws.between(0, 1)) * radius, u, v


def paint(
    draws: Draws, planes: Planes, fills: tuple[Planes, Planes], distance: Floats, u: Floats, v: Floats, size: int
) -> Planes:
    """Paint a posed object in two colours, with a shadow round it."""
    shadow = np.clip(1 - distance * 5, 0, 1) * draws.between(0.1, 0.4)
    planes = scale(planes, 1 - shadow)
    return blend(planes, blend(*fills, _fill_texture(draws, u, v)), np.clip(0.5 - distance * (size / 2), 0, 1))


def _direction(t: Floats) -> tuple[Floats, Floats]:
    """Return cosine and sine of the angle 2 atan(t), by the rational parametrisation of the circle."""
    square = t * t
    return (1 - square) / (1 + square), 2 * t / (1 + square)


def colour(draws: Draws, luma: Floats, saturation: float) -> Planes:
    """Draw a colour of a given brightness, so that hue says nothing about it: three planes (n, 1, 1)."""
    red, green, blue = draws.between(-1, 1), draws.between(-1, 1), draws.between(-1, 1)
    grey = red * 0.299 + green * 0.587 + blue * 0.114
    return (
        luma + (red - grey) * saturation * 0.5,
        luma + (green - grey) * saturation * 0.5,
        luma + (blue - grey) * saturation * 0.5,
    )


def _stripes(draws: Draws, x: Floats, y: Floats, low: float, high: float) -> Floats:
    """Return stripes of a drawn direction, phase and frequency, -1 to 1 with soft edges, (n, h, w)."""
    frequency = draws.between(low, high)
    cos, sin = _direction(draws.between(-1, 1))
    wave = x * (cos * frequency) + y * (sin * frequency) + draws.between(0, 1)
    stripes: Floats = np.clip((np.abs(wave - np.floor(wave) - 0.5) - 0.25) * 8, -1, 1)
    return stripes


def _clouds(draws: Draws, size: int, cells: int) -> Floats:
    """Return smooth noise that varies over `cells` cells an axis, 0 to 1, (n, h, w)."""
    corners = draws.lattice(cells + 1, cells + 1)
    position = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(cells) / np.float32(size)
    index = position.astype(np.int64)
    weight = position - index.astype(np.float32)
    weight = weight * weight * (3 - 2 * weight)
    rows = corners[:, index] * (1 - weight)[None, :, None] + corners[:, index + 1] * weight[None, :, None]
    columns: Floats = rows[:, :, index] * (1 - weight)[None, None, :] + rows[:, :, index + 1] * weight[None, None, :]
    return columns


def ground_texture(draws: Draws, x: Floats, y: Floats, size: int) -> Floats:
    """Return how much of the second colour each point of the background has, 0 to 1, (n, h, w)."""
    clouds = _clouds(draws, size, 3) * 0.6 + _clouds(draws, size, 8) * 0.4
    stripes = _stripes(draws, x, y, 1.5, 3.5) * 0.5 + 0.5
    share = np.where(draws.between(0, 1) < 0.4, np.float32(0.6), np.float32(0))
    return clouds + (stripes - clouds) * share


def _fill_texture(draws: Draws, u: Floats, v: Floats) -> Floats:
    """Return how much of the second colour each point of the object has: plain, striped, checked or shaded."""
    kind = draws.between(0, 4)
    one, two = _stripes(draws, u, v, 1.2, 3.0), _stripes(draws, v, u, 1.2, 3.0)
    shaded = np.clip(u * draws.between(-0.8, 0.8) + v * draws.between(-0.8, 0.8) + 0.5, 0, 1)
    return np.where(kind < 1, 0, np.where(kind < 2, one * 0.5 + 0.5, np.where(kind < 3, one * two * 0.5 + 0.5, shaded)))


def _clutter(
    draws: Draws, planes: Planes, x: Floats, y: Floats, size: int, colour: Planes, half_width: float
) -> Planes:
    """Paint one rounded bar, of any length down to a dot, across each image."""
    x, y = x - draws.between(-1, 1), y - draws.between(-1, 1)
    to_x, to_y = draws.between(-1, 1), draws.between(-1, 1)
    length = draws.between(0, 1)
    to_x, to_y = to_x * length, to_y * length
    along = np.clip((x * to_x + y * to_y) / (to_x * to_x + to_y * to_y + 1e-4), 0, 1)
    x, y = x - to_x * along, y - to_y * along
    distance = np.sqrt(x * x + y * y) - half_width * draws.between(0.3, 1)
    return blend(planes, colour, np.clip(0.5 - distance * (size / 2), 0, 1))


def blend(one: Planes, two: Planes, share: Floats) -> Planes:
    """Mix two colours by the share of the second."""
    return (
        one[0] + (two[0] - one[0]) * share,
        one[1] + (two[1] - one[1]) * share,
        one[2] + (two[2] - one[2]) * share,
    )


def scale(planes: Planes, factor: Floats) -> Planes:
    """Make all colours lighter or darker."""
    return planes[0] * factor, planes[1] * factor, planes[2] * factor


def quantise(draws: Draws, planes: Planes, size: int, noise: Floats) -> Images:
    """Add grey and coloured pixel noise and floor to uint8, (n, h, w, 3)."""
    pixels = np.arange(size * size, dtype=np.uint64).reshape(1, size, size)
    bits = mix(draws.bits()[:, None, None] + pixels)
    # One hash a pixel holds four numbers of 16 bits: one for all channels, one for each.
    words = [(bits >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4)]
    parts = [word.astype(np.float32) * np.float32(2.0**-16) - np.float32(0.5) for word in words]
    image = np.empty((*bits.shape, 3), dtype=np.uint8)
    for channel, plane in enumerate(planes):
        value = plane + (parts[0] + parts[channel + 1]) * noise
        image[..., channel] = np.floor(np.clip(value, 0, 1) * 255 + 0.5)
    return image
