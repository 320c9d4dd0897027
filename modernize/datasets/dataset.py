"""A data set: splits of images with labels, each in memory or still in files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from modernize.datasets.hashing import image_keys

if TYPE_CHECKING:
    from PIL import Image

    from modernize.datasets.objects import Objects

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

    def path(self, index: int) -> Path:
        """Return where an image lies."""
        return Path(os.fsdecode(bytes(self.names[index])))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One part of a data set.

    Attributes:
        source: Its images, uint8 (n, h, w, 3) or grey (n, h, w) and (n, h, w, 1), or their files, or a function that
            reads those at given positions, (m,).
        labels: int64, (n,); of images with objects the class of one of them.
        objects: What is in the images, or a function that reads that of those at given positions, (m,); None where an
            image has one label and nothing else.
    """

    source: Images | Files | Callable[[Labels], Images]
    labels: Labels
    objects: Objects | Callable[[Labels], Objects] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images_nhwc(self) -> Images:
        """The images of a split in memory, uint8 (n, h, w, 3)."""
        if not isinstance(self.source, np.ndarray):
            raise TypeError("these images are not in memory.")
        return self.source

    def paths(self) -> Iterator[Path]:
        """Yield where each image lies, if they are files."""
        return map(self.source.path, range(len(self))) if isinstance(self.source, Files) else iter(())

    def image(self, index: int) -> Image.Image:
        """Return one image, RGB.

        Raises:
            DataError: If its file cannot be read.
        """
        with self.opened(index) as image:
            from modernize.datasets.reading import to_rgb

            return to_rgb(image)

    def opened(self, index: int) -> AbstractContextManager[Image.Image]:
        """Open one image, of any mode and perhaps not decoded yet; an error of its decoder there names its file."""
        if isinstance(self.source, Files):
            from modernize.datasets.reading import opened

            return opened(self.source.path(index))
        from PIL import Image

        return nullcontext(Image.fromarray(self.images_nhwc[index]))

    @property
    def things(self) -> Objects:
        """The objects of a split whose images have some."""
        if self.objects is None or callable(self.objects):
            raise TypeError("these images' objects are not in memory.")
        return self.objects

    def square(self, index: int, size: int, *, smooth: bool = False) -> Images:
        """Return the middle of one image, resized to uint8 (size, size, 3), bicubically unless `smooth` (bilinear).

        Of an image with objects all is kept, and its sides are made equal.

        Raises:
            DataError: If its file cannot be read.
        """
        from PIL.Image import Resampling

        image = self.image(index)
        width, height = image.size
        left, top = (max(0, width - height) / 2, max(0, height - width) / 2) if self.objects is None else (0, 0)
        kernel = Resampling.BILINEAR if smooth else Resampling.BICUBIC
        return np.asarray(image.resize((size, size), kernel, box=(left, top, width - left, height - top)))

    def take(self, members: Labels) -> Split:
        """Return the images at these positions, (m,), arrays with three channels."""
        labels, objects = self.labels[members], self.objects
        if objects is not None:
            objects = objects(members) if callable(objects) else objects.take(members)
        if isinstance(self.source, Files):
            return Split(Files(self.source.names[members]), labels, objects)
        images = self.source(members) if callable(self.source) else self.source[members]
        grey = images[..., None] if images.ndim == 3 else images
        return Split(grey if grey.shape[3] == 3 else grey.repeat(3, axis=3), labels, objects)


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
        val_share: Share of the training images that was held out by seed as `val`; 0 where the data set has its own,
            or none.
    """

    name: str
    train: Split
    test: Split
    val: Split | None = None
    class_names: tuple[str, ...]
    image_size: int
    fingerprint: str
    note: str
    val_share: float = 0.0

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def streamed(self) -> bool:
        """Whether its images are files that are read as they are needed, instead of held in memory decoded."""
        return isinstance(self.train.source, Files)

    @property
    def has_objects(self) -> bool:
        """Whether its images have objects, instead of one label each."""
        return self.train.objects is not None

    def with_shuffled_labels(self, seed: int) -> Dataset:
        """Return it with the labels of its training images dealt out anew among them: each class keeps its number."""
        order = np.argsort(image_keys(seed, 0, np.arange(len(self.train))), kind="stable")
        return replace(self, train=replace(self.train, labels=self.train.labels[order]))

    @property
    def splits(self) -> dict[SplitName, Split]:
        """Those that there are, by name."""
        some: dict[SplitName, Split] = {"train": self.train, "test": self.test}
        return some | {"val": self.val} if self.val else some


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A data set as it lies, before anything is chosen of it or decoded.

    Attributes:
        splits: By name: train, test and perhaps val. Any number of images may be chosen from one by `Split.take`.
        class_names: A name for each label.
        note: One honest sentence for reports.
        root: Of image files, what their names are relative to in the fingerprint.
        smooth: Whether enlarging is bilinear instead of bicubic, which overshoots at edges.
    """

    splits: Mapping[SplitName, Split]
    class_names: tuple[str, ...]
    note: str
    root: Path = Path()
    smooth: bool = False


def in_memory(
    name: str,
    train: Split,
    test: Split,
    class_names: tuple[str, ...],
    note: str,
    val: Split | None = None,
    val_share: float = 0.0,
) -> Dataset:
    """Put splits in memory together and fingerprint them."""
    splits = [split for split in (train, test, val) if split]
    arrays: list[npt.NDArray[Any]] = [part for split in splits for part in (split.images_nhwc, split.labels)]
    arrays += [part for split in splits if split.objects is not None for part in split.things.arrays]
    return Dataset(
        name=name,
        train=train,
        test=test,
        val=val,
        class_names=class_names,
        image_size=int(train.images_nhwc.shape[1]),
        fingerprint=_fingerprint(arrays, class_names),
        note=note,
        val_share=val_share,
    )


def _fingerprint(arrays: Iterable[npt.NDArray[Any]], class_names: tuple[str, ...]) -> str:
    """Return 16 hex digits that change with any pixel, label, shape or class name."""
    digest = hashlib.sha256(repr(class_names).encode())
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        # Little-endian whatever the machine, so that one content has one fingerprint.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return digest.hexdigest()[:16]
