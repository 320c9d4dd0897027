"""What was asked of a data set: the one argument of every loader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modernize.datasets.dataset import Labels, SplitName
from modernize.datasets.hashing import image_keys
from modernize.errors import DataError

MAX_BYTES = 8 * 10**9
"""Of images in memory."""


def cache_dir(asked: Path | None = None) -> Path:
    """Return the cache folder: what was asked for, else `$XDG_CACHE_HOME/modernize`, else `~/.cache/modernize`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return asked or (Path(base) if base else Path.home() / ".cache") / "modernize"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """A data set and how much of it is wanted: the arguments of `load_data`, its name parted at the colon."""

    name: str
    kind: str
    path: str = ""
    image_size: int = 32
    train_images: int | None = None
    test_images: int | None = None
    val_share: float = 0.0
    seed: int = 0
    cache: Path | None = None
    download: bool = False
    data_dir: Path | None = None
    stream: bool | None = False

    def choose(self, labels: Labels, split: SplitName) -> Labels:
        """Choose the images of a split that were asked for: a seeded subset with the class proportions of the whole.

        A smaller subset of the same seed lies within a larger one.

        Args:
            labels: Labels of the whole split, (n,).
            split: Of a validation split at most as many are chosen as were asked for of the test split.

        Returns:
            Positions in the split, ascending, (count,); all of them where more were asked for.
        """
        count = self.train_images if split == "train" else self.test_images
        if count is None or count >= len(labels):
            return np.arange(len(labels), dtype=np.int64)
        keys = image_keys(self.seed, int(split != "train"), np.arange(len(labels)))
        by_class = np.lexsort((keys, labels))
        sizes = np.bincount(labels)
        starts = np.cumsum(sizes) - sizes
        # An image's rank in its shuffled class, as a fraction of the class: cutting all at one fraction stratifies.
        fraction = np.empty(len(labels))
        fraction[by_class] = (np.arange(len(labels)) - starts[labels[by_class]] + 0.5) / sizes[labels[by_class]]
        return np.sort(np.lexsort((keys, fraction))[:count]).astype(np.int64)

    def decoded_bytes(self, num_images: int) -> int:
        """Return the memory that images take once they are decoded."""
        return num_images * self.image_size**2 * 3

    def check_memory(self, num_images: int) -> None:
        """Refuse images that would not reasonably fit into memory once they are decoded.

        Raises:
            DataError: If they would take more than `MAX_BYTES`.
        """
        num_bytes = self.decoded_bytes(num_images)
        if num_bytes > MAX_BYTES:
            raise DataError(
                f"{num_images} images of {self.name} at {self.image_size} px would take {num_bytes / 1e9:.0f} GB of "
                f"memory (at most {MAX_BYTES / 1e9:.0f} GB): ask for fewer or smaller images, or stream them from "
                "image files."
            )
