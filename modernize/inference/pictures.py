"""Pictures on their way into a network: files, folders and patterns to prepared images."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from modernize.datasets.folder import SUFFIXES
from modernize.datasets.normalise import Normalise
from modernize.datasets.reading import read_rgb
from modernize.datasets.transforms import resize_and_crop
from modernize.errors import DataError, ModernizeError
from modernize.models import Preprocessing

LONGEST_RATIO = 50
"""Of a picture's sides: with the short one resized to that of the network, the long one has to fit into memory."""


def listed(given: Iterable[str]) -> list[Path]:
    """List the pictures that files, folders and patterns such as "photos/*.jpg" mean, in their order.

    Raises:
        ModernizeError: If a folder or pattern means none. A file that is not there is listed; reading it says so.
    """
    found: list[Path] = []
    for text in given:
        path = Path(text).expanduser()
        if path.is_dir():
            there = sorted(inside for inside in path.rglob("*") if inside.suffix.lower() in SUFFIXES)
        else:
            is_pattern = glob.has_magic(text) and not path.exists()
            there = sorted(map(Path, glob.glob(str(path), recursive=True))) if is_pattern else [path]  # noqa: PTH207
        if not there:
            raise ModernizeError(f"{text} holds no pictures; pictures end in {', '.join(sorted(SUFFIXES))}.")
        found += there
    return found


def read(paths: Sequence[Path]) -> tuple[list[tuple[Path, Image.Image]], list[str]]:
    """Read pictures; of those that cannot be read, say why, a line each."""
    pictures, broken = [], []
    for path in paths:
        try:
            pictures.append((path, _read(path)))
        except DataError as error:
            broken.append(str(error))
    return pictures, broken


def _read(path: Path) -> Image.Image:
    image = read_rgb(path)
    if max(image.size) > LONGEST_RATIO * min(image.size):
        raise DataError(f"{path} is {image.width} x {image.height} pixels: too long for its width.")
    return image


def preparation(preprocessing: Preprocessing) -> Callable[[Iterable[Image.Image]], Tensor]:
    """Return what makes RGB pictures of any size ready for a network, as images (N, 3, size, size)."""
    p = preprocessing
    cut = resize_and_crop(p.image_size, p.crop_ratio, p.interpolation, squash=p.crop_mode == "squash")
    normalise = Normalise(torch.tensor(p.mean), torch.tensor(p.std))

    def prepare(pictures: Iterable[Image.Image]) -> Tensor:
        images_nhwc = torch.from_numpy(np.stack([np.asarray(cut(picture)) for picture in pictures]))
        return normalise(images_nhwc).permute(0, 3, 1, 2)

    return prepare
