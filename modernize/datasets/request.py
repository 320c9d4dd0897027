"""What was asked of a data set: the one argument of every loader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """A data set and how much of it is wanted.

    Attributes:
        name: As the user wrote it, for example "shapes" or "folder:photos".
        kind: The part of `name` before a colon: a key of `DATASETS`.
        path: The part of `name` after the colon, or an empty string.
        image_size: Height and width in pixels of the square images wanted.
        train_images: How many training images at most, or None for all.
        test_images: How many evaluation images at most, or None for all.
        seed: Chooses the drawn images of `shapes` and the members of a subset.
        cache: Where generated images may be kept, or None for the default folder.
        download: Whether a missing data set may be fetched.
        data_dir: Where downloaded data sets lie, or None for the default folder.
        stream: Whether image files stay files, to be decoded batch by batch; None for only where that is wise.
    """

    name: str
    kind: str
    path: str = ""
    image_size: int = 32
    train_images: int | None = None
    test_images: int | None = None
    seed: int = 0
    cache: Path | None = None
    download: bool = False
    data_dir: Path | None = None
    stream: bool | None = False
