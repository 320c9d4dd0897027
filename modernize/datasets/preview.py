"""A grid of sample images, a row a class: as they are, or as a recipe augments them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np

from modernize.datasets.dataset import Dataset, Images
from modernize.errors import ModernizeError
from modernize.results.files import write_atomically
from modernize.spec import Recipe

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
    from PIL import Image, ImageDraw, ImageFont

    if path.suffix.lower() != ".png":
        raise ModernizeError(f"{path} should end in .png.")
    factor = max(1, round(TILE_PIXELS / data.image_size))
    grid = augmented_grid(data, augment, rows, columns) if augment else preview_grid(data, rows, columns)
    grid = grid.repeat(factor, axis=0).repeat(factor, axis=1)
    step = (data.image_size + GAP) * factor
    names = data.class_names[:rows]
    font = ImageFont.load_default(max(12, min(18, step // 4)))
    margin = int(max(font.getlength(name) for name in names)) + 24
    edge = 8
    sheet = Image.new("RGB", (margin + grid.shape[1] + edge, grid.shape[0] + 2 * edge), (PAPER, PAPER, PAPER))
    sheet.paste(Image.fromarray(grid), (margin, edge))
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        middle = edge + row * step + data.image_size * factor // 2
        pen.text((margin - 12, middle), name, fill=(40, 40, 40), font=font, anchor="rm")
    file = BytesIO()
    sheet.save(file, format="PNG")
    write_atomically(path, file.getvalue())
