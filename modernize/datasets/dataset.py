"""A data set: splits of images with labels, each in memory or still in files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
SplitName = Literal["train", "val", "test"]

VAL_NOTE = "evaluated on its val split after each epoch and on its test split once, at the end"


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """Image files that are decoded when they are needed.

    Attributes:
        names: As the operating system writes them, bytes, (n,); a plain array, for a list of a million strings would be
            copied into every decoding process.
    """

    names: npt.NDArray[np.bytes_]

    @staticmethod
    def of(paths: Iterable[Path | str]) -> Files:
        """Make it from paths."""
        return Files(np.array([os.fsencode(path) for path in paths], dtype=np.bytes_))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, members: Labels) -> Files:
        return Files(self.names[members])

    def path(self, index: int) -> Path:
        """Return where an image lies."""
        return Path(os.fsdecode(bytes(self.names[index])))

    def paths(self) -> Iterator[Path]:
        """Yield where each image lies."""
        return map(self.path, range(len(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One part of a data set.

    Attributes:
        source: Its images, uint8 (n, h, w, 3), or their files.
        labels: int64, (n,).
    """

    source: Images | Files
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images_nhwc(self) -> Images:
        """The images of a split in memory, uint8 (n, h, w, 3)."""
        if isinstance(self.source, Files):
            raise TypeError("these images are files, not arrays.")
        return self.source

    def image(self, index: int) -> Image.Image:
        """Return one image, RGB.

        Raises:
            DataError: If its file cannot be read.
        """
        if isinstance(self.source, Files):
            from modernize.datasets.resize import read_rgb

            return read_rgb(self.source.path(index))
        from PIL import Image

        return Image.fromarray(self.source[index])

    def take(self, members: Labels) -> Split:
        """Return the images at these positions, (m,)."""
        return Split(self.source[members], self.labels[members])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """A data set.

    Attributes:
        name: As the user wrote it.
        train: Images to train on.
        test: The images that results are reported on.
        val: Images to look at after each epoch, so that the test images are looked at once, at the end; None where the
            data set has no such split.
        class_names: A name for each label.
        image_size: Height and width in pixels that images have, or are brought to when they are decoded.
        fingerprint: 16 hex digits of the content; of files only names and sizes are read.
        note: One honest sentence for reports.
    """

    name: str
    train: Split
    test: Split
    val: Split | None = None
    class_names: tuple[str, ...]
    image_size: int
    fingerprint: str
    note: str

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def streamed(self) -> bool:
        """Whether its images are files that are read as they are needed, instead of held in memory decoded."""
        return isinstance(self.train.source, Files)

    @property
    def splits(self) -> dict[SplitName, Split]:
        """Those that there are, by name."""
        some: dict[SplitName, Split] = {"train": self.train, "test": self.test}
        return some | {"val": self.val} if self.val else some


def in_memory(
    name: str, train: Split, test: Split, class_names: tuple[str, ...], note: str, val: Split | None = None
) -> Dataset:
    """Put splits in memory together and fingerprint them."""
    arrays = [part for split in (train, test, val) if split for part in (split.images_nhwc, split.labels)]
    return Dataset(
        name=name,
        train=train,
        test=test,
        val=val,
        class_names=class_names,
        image_size=int(train.images_nhwc.shape[1]),
        fingerprint=_fingerprint(arrays, class_names),
        note=note,
    )


def _fingerprint(arrays: Iterable[Images | Labels], class_names: tuple[str, ...]) -> str:
    """Return 16 hex digits that change with any pixel, label, shape or class name."""
    digest = hashlib.sha256(repr(class_names).encode())
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        # Little-endian whatever the machine, so that one content has one fingerprint.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return digest.hexdigest()[:16]
