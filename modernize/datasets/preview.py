"""A grid of sample images, a row a class: as they are, or as a recipe augments them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modernize.datasets.dataset import Dataset, Images
from modernize.errors import ModernizeError
from modernize.results.files import write_atomically
from modernize.spec import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 2
PAPER = 255
TILE_PIXELS = 72


def preview_grid(data: Dataset, rows: int = 10, columns: int = 12) -> Images:
    """Lay out training images, a row a class.

    Args:
        data: The data set.
        rows: How many classes at most, from the first.
        columns: How many images a class at most; a class with fewer leaves its row open.

    Returns:
        The grid, uint8 (height, width, 3), tiles `GAP` pixels apart.
    """
    rows = min(rows, data.num_classes)
    members = (np.flatnonzero(data.train.labels == row)[:columns] for row in range(rows))
    tiles = ((data.train.square(member, data.image_size) for member in its) for its in members)
    return _lay_out(tiles, rows, columns, data.image_size)


def augmented_grid(data: Dataset, recipe: Recipe, rows: int = 10, columns: int = 12) -> Images:
    """Lay out the first image of each class as training sees it, an epoch a column.

    Args:
        data: The data set.
        recipe: Its augmentation is shown, but for mixup and CutMix.
        rows: How many classes at most, from the first.
        columns: How many epochs.

    Returns:
        The grid, uint8 (height, width, 3).
    """
    from modernize.datasets.feeds import make_feed

    rows, size = min(rows, data.num_classes), data.image_size
    labels, first = np.unique(data.train.labels, return_index=True)
    one_a_class = replace(data, train=data.train.take(first[labels < rows]))
    feed = make_feed(one_a_class, recipe)
    tiles = np.full((rows, columns, size, size, 3), PAPER, dtype=np.uint8)
    for epoch in range(columns):
        images, _ = next(feed.train_batches(len(one_a_class.train), seed=0, epoch=epoch))
        its_labels = one_a_class.train.labels[feed.draw_order(0, epoch)[0].numpy()]
        pixels = (images.permute(0, 2, 3, 1) * feed.normalise.std + feed.normalise.mean).round().clamp(0, 255)
        tiles[its_labels, epoch] = pixels.byte().numpy()
    return _lay_out(tiles, rows, columns, size)


def _lay_out(tiles: Iterable[Iterable[Images]], rows: int, columns: int, size: int) -> Images:
    """Lay out rows of tiles, uint8 (size, size, 3), `GAP` pixels apart."""
    step = size + GAP
    grid = np.full((rows * step - GAP, columns * step - GAP, 3), PAPER, dtype=np.uint8)
    for row, its in enumerate(tiles):
        for column, tile in enumerate(its):
            top, left = row * step, column * step
            grid[top : top + size, left : left + size] = tile
    return grid


def save_preview(
    data: Dataset, path: Path, rows: int = 10, columns: int = 12, *, augment: Recipe | None = None
) -> None:
    """Write a grid of sample images with the class names beside its rows as a PNG.

    Small images are enlarged by a whole factor, so that their pixels stay visible as they are.

    Args:
        data: The data set.
        path: The PNG file; a file that is there is replaced.
        rows: How many classes at most.
        columns: How many images a class at most.
        augment: Show one image a class as this recipe augments it in epoch after epoch, mixing aside.

    Raises:
        ModernizeError: If `path` is no PNG or cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise ModernizeError(f"{path} should end in .png.")
    grid = augmented_grid(data, augment, rows, columns) if augment else preview_grid(data, rows, columns)
    file = BytesIO()
    _with_names(grid, data, rows).save(file, format="PNG")
    write_atomically(path, file.getvalue())


def sample_sheet(data: Dataset, rows: int = 10, columns: int = 8) -> bytes:
    """Return a small PNG of sample images for a report: of a palette, and large images made smaller.

    Args:
        data: The data set.
        rows: How many classes at most.
        columns: How many images a class at most.
    """
    from PIL.Image import Dither

    grid = preview_grid(data, rows, columns)
    sheet = _with_names(grid, data, rows, most_pixels=TILE_PIXELS)
    file = BytesIO()
    sheet.quantize(256, dither=Dither.NONE).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _with_names(grid: Images, data: Dataset, rows: int, most_pixels: int | None = None) -> Image:
    """Write class names beside the rows of a grid; small images are enlarged by a whole factor."""
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    tile = data.image_size
    if most_pixels and tile > most_pixels:
        scale, tile = most_pixels / tile, most_pixels
        size = (round(grid.shape[1] * scale), round(grid.shape[0] * scale))
        grid = np.asarray(Pictures.fromarray(grid).resize(size, Pictures.Resampling.LANCZOS))
    factor = max(1, round(TILE_PIXELS / tile))
    grid = grid.repeat(factor, axis=0).repeat(factor, axis=1)
    names = data.class_names[:rows]
    step = grid.shape[0] / len(names)
    font = ImageFont.load_default(max(12, min(18, int(step) // 4)))
    margin = int(max(font.getlength(name) for name in names)) + 24
    edge = 8
    sheet = Pictures.new("RGB", (margin + grid.shape[1] + edge, grid.shape[0] + 2 * edge), (PAPER, PAPER, PAPER))
    sheet.paste(Pictures.fromarray(grid), (margin, edge))
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        middle = edge + row * step + tile * factor // 2
        pen.text((margin - 12, middle), name, fill=(40, 40, 40), font=font, anchor="rm")
    return sheet
