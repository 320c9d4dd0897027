"""A grid of sample images, a row a class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from modernize.datasets.arrays import ImageArrays, Images
from modernize.errors import ModernizeError

GAP = 2
PAPER = 255
TILE_PIXELS = 72


def preview_grid(arrays: ImageArrays, rows: int = 10, columns: int = 12) -> Images:
    """Lay out training images, a row a class.

    Args:
        arrays: The data set.
        rows: How many classes at most, from the first.
        columns: How many images a class at most; a class with fewer leaves its row open.

    Returns:
        The grid, uint8 (height, width, 3), tiles `GAP` pixels apart.
    """
    rows = min(rows, arrays.num_classes)
    step = arrays.image_size + GAP
    grid = np.full((rows * step - GAP, columns * step - GAP, 3), PAPER, dtype=np.uint8)
    for row in range(rows):
        members = np.flatnonzero(arrays.train_labels == row)[:columns]
        for column, member in enumerate(members):
            top, left = row * step, column * step
            grid[top : top + arrays.image_size, left : left + arrays.image_size] = arrays.train_images_nhwc[member]
    return grid


def save_preview(arrays: ImageArrays, path: Path, rows: int = 10, columns: int = 12) -> None:
    """Write a grid of sample images with the class names beside its rows as a PNG.

    Small images are enlarged by a whole factor, so that their pixels stay visible as they are.

    Args:
        arrays: The data set.
        path: The PNG file; a file that is there is replaced.
        rows: How many classes at most.
        columns: How many images a class at most.

    Raises:
        ModernizeError: If `path` is no PNG or cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    if path.suffix.lower() != ".png":
        raise ModernizeError(f"{path} should end in .png.")
    factor = max(1, round(TILE_PIXELS / arrays.image_size))
    grid = preview_grid(arrays, rows, columns).repeat(factor, axis=0).repeat(factor, axis=1)
    step = (arrays.image_size + GAP) * factor
    names = arrays.class_names[:rows]
    font = ImageFont.load_default(max(12, min(18, step // 4)))
    margin = int(max(font.getlength(name) for name in names)) + 24
    edge = 8
    sheet = Image.new("RGB", (margin + grid.shape[1] + edge, grid.shape[0] + 2 * edge), (PAPER, PAPER, PAPER))
    sheet.paste(Image.fromarray(grid), (margin, edge))
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        middle = edge + row * step + arrays.image_size * factor // 2
        pen.text((margin - 12, middle), name, fill=(40, 40, 40), font=font, anchor="rm")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            sheet.save(file, format="PNG")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ModernizeError(f"{path} cannot be written: {error.strerror or error}.") from error
