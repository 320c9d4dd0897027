"""A data set as a list of image files, for sets that are decoded batch by batch instead of all at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modernize.datasets.arrays import MAX_BYTES, ImageArrays, Labels, check_memory, decoded_bytes, make_arrays
from modernize.datasets.cache import cache_dir
from modernize.datasets.reading import counting
from modernize.datasets.request import DataRequest
from modernize.errors import DataError, ModernizeError
from modernize.results.files import write_atomically

STREAM_FROM_PIXELS = 128
"""From this image size up, files stay files unless asked for otherwise: decoding is then worth its while each epoch,
as random crops see more of an image than a copy of that size holds."""

NORMALISATION = "normalised by ImageNet's published mean and standard deviation"


@dataclass(frozen=True, slots=True, eq=False)
class FileSplit:
    """One split.

    Attributes:
        names: The files as the operating system writes them, bytes, (n,); a plain array, for a list of a million
            strings would be copied into every decoding process.
        labels: int64, (n,).
    """

    names: npt.NDArray[np.bytes_]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def path(self, index: int) -> Path:
        """Return where an image lies."""
        return Path(os.fsdecode(bytes(self.names[index])))

    def paths(self) -> Iterator[Path]:
        """Yield where each image lies."""
        return map(self.path, range(len(self)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageFiles:
    """A data set on the disk.

    Attributes:
        name: As the user wrote it.
        train: Images to train on.
        test: Images that results are reported on.
        val: Images to look at after each epoch, or None where there is no such split.
        class_names: A name for each label.
        image_size: Height and width in pixels that images are brought to.
        fingerprint: 16 hex digits of the files' names and sizes, labels, class names and image size; the files are
            not read.
        note: One honest sentence for reports.
    """

    name: str
    train: FileSplit
    test: FileSplit
    val: FileSplit | None = None
    class_names: tuple[str, ...]
    image_size: int
    fingerprint: str
    note: str

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def train_labels(self) -> Labels:
        """Labels of the training images, int64 (n,)."""
        return self.train.labels

    @property
    def test_labels(self) -> Labels:
        """Labels of the test images, int64 (m,)."""
        return self.test.labels

    @property
    def val_labels(self) -> Labels | None:
        """Labels of the validation images, or None."""
        return self.val.labels if self.val else None


def make_split(paths: Sequence[Any], labels: Labels, members: Labels) -> FileSplit:
    """Return the chosen members of a list of files (paths or strings) with their labels."""
    return FileSplit(np.array([os.fsencode(paths[k]) for k in members], dtype=np.bytes_), labels[members])


def arrays_or_files(
    request: DataRequest,
    root: Path,
    train: FileSplit,
    test: FileSplit,
    class_names: tuple[str, ...],
    note: str,
    val: FileSplit | None = None,
) -> ImageArrays | ImageFiles:
    """Decode a list of files now, or leave it for later.

    Args:
        request: What was asked for; says whether to stream.
        root: What file names are relative to in the fingerprint.
        train: Images to train on.
        test: Images that results are reported on.
        class_names: A name for each label.
        note: One honest sentence for reports.
        val: Images to look at after each epoch, if there is such a split.

    Raises:
        DataError: If a file is missing or unreadable, or the images were to be decoded and would not fit into memory.
    """
    splits = [split for split in (train, test, val) if split]
    count = sum(map(len, splits))
    stream = request.stream
    if stream is None:
        stream = request.image_size >= STREAM_FROM_PIXELS or decoded_bytes(request, count) > MAX_BYTES
    if stream:
        return ImageFiles(
            name=request.name,
            train=train,
            test=test,
            val=val,
            class_names=class_names,
            image_size=request.image_size,
            fingerprint=_fingerprint(request, root, splits, class_names),
            note=f"{note}; {NORMALISATION}",
        )
    from modernize.datasets.resize import decode_files

    # Sized up as a whole before the first is decoded: a refusal should not take an hour.
    check_memory(request, count)
    images = decode_files([path for split in splits for path in split.paths()], request.image_size)
    ends = np.cumsum([len(split) for split in splits])
    arrays = [(its, split.labels) for its, split in zip(np.split(images, ends[:-1]), splits, strict=True)]
    return make_arrays(request, arrays[0], arrays[1], class_names, note, arrays[2] if val else None)


def check_headers(files: ImageFiles, cache: Path | None) -> None:
    """Look whether all files begin as images do, once for each fingerprint; the cache remembers it.

    Decoding them all would find more, but takes what an epoch takes: 0.6 ms of a core for a JPEG of 22 kB, so a quarter
    of an hour for 1.3 million of them, and ImageNet's are larger. A header takes 0.04 ms, or a minute for all, beside
    what the disk takes to find them (measured on 400 files in memory). What is broken further behind is named by the
    run that comes upon it.

    Args:
        files: The data set.
        cache: The cache folder, or None for the default one.

    Raises:
        DataError: If a file cannot be an image that is read here, in a line that names it.
    """
    from modernize.datasets.resize import check_header

    seen = (cache or cache_dir()) / f"readable-{files.fingerprint}"
    if seen.exists():
        return
    splits = [split for split in (files.train, files.test, files.val) if split]
    with counting(sum(map(len, splits))) as tell:
        for number, path in enumerate(path for split in splits for path in split.paths()):
            tell(number)
            check_header(path)
    with suppress(ModernizeError):
        write_atomically(seen, "")


def _fingerprint(request: DataRequest, root: Path, splits: list[FileSplit], class_names: tuple[str, ...]) -> str:
    """Hash names below the root, sizes and labels."""
    digest = hashlib.sha256(repr(("files", request.image_size, class_names)).encode())
    above = os.fsencode(root / "x")[:-1]
    for split in splits:
        digest.update(repr(len(split)).encode())
        digest.update(split.labels.astype("<i8").data)
        for index, name in enumerate(map(bytes, split.names)):
            try:
                size = split.path(index).stat().st_size
            except OSError as error:
                raise DataError(f"{split.path(index)} cannot be read: {error.strerror}.") from error
            digest.update(name.removeprefix(above).replace(os.fsencode(os.sep), b"/") + b"\0%d\0" % size)
    return digest.hexdigest()[:16]
