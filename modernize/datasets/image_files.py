"""A data set from a list of image files: decoded all at once, or left for later to be decoded batch by batch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from modernize.datasets import data_request as asked
from modernize.datasets.cache import cache_dir
from modernize.datasets.data_request import DataRequest
from modernize.datasets.dataset import Dataset, Files, Split, in_memory
from modernize.datasets.watching import counting
from modernize.errors import DataError, ModernizeError
from modernize.results.files import write_atomically

STREAM_FROM_PIXELS = 128
"""From this image size up, files stay files unless asked for otherwise: decoding is then worth its while each epoch,
as random crops see more of an image than a copy of that size holds."""

NORMALISATION = "normalised by ImageNet's published mean and standard deviation"


def from_files(
    request: DataRequest,
    root: Path,
    train: Split,
    test: Split,
    class_names: tuple[str, ...],
    note: str,
    val: Split | None = None,
) -> Dataset:
    """Decode files now, or leave it for later.

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
        stream = request.image_size >= STREAM_FROM_PIXELS or request.decoded_bytes(count) > asked.MAX_BYTES
    if stream:
        return Dataset(
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
    request.check_memory(count)
    images = decode_files([*_paths(splits)], request.image_size)
    parts = np.split(images, np.cumsum([len(split) for split in splits])[:-1])
    decoded = [Split(its, split.labels) for its, split in zip(parts, splits, strict=True)]
    return in_memory(request.name, decoded[0], decoded[1], class_names, note, decoded[2] if val else None)


def check_headers(data: Dataset, cache: Path | None = None) -> None:
    """Look whether all files begin as images do, once for each fingerprint; the cache remembers it.

    Decoding them all would find more, but takes what an epoch takes: 0.6 ms of a core for a JPEG of 22 kB, so a quarter
    of an hour for 1.3 million of them, and ImageNet's are larger. A header takes 0.04 ms, or a minute for all, beside
    what the disk takes to find them (measured on 400 files in memory). What is broken further behind is named by the
    run that comes upon it.

    Args:
        data: A data set of files.
        cache: The cache folder, or None for the default one.

    Raises:
        DataError: If a file cannot be an image that is read here, in a line that names it.
    """
    from modernize.datasets.resize import check_header

    seen = (cache or cache_dir()) / f"readable-{data.fingerprint}"
    with suppress(OSError):  # the cache cannot be looked into
        if seen.exists():
            return
    splits = data.splits.values()
    with counting(sum(map(len, splits))) as tell:
        for number, path in enumerate(_paths(splits)):
            tell(number)
            check_header(path)
    with suppress(ModernizeError):
        write_atomically(seen, "")


def _paths(splits: Iterable[Split]) -> Iterator[Path]:
    return (path for split in splits if isinstance(split.source, Files) for path in split.source.paths())


def _fingerprint(request: DataRequest, root: Path, splits: list[Split], class_names: tuple[str, ...]) -> str:
    """Hash names below the root, sizes and labels."""
    digest = hashlib.sha256(repr(("files", request.image_size, class_names)).encode())
    above = os.fsencode(root / "x")[:-1]
    for split in splits:
        digest.update(repr(len(split)).encode())
        digest.update(split.labels.astype("<i8").data)
        for path in _paths([split]):
            try:
                size = path.stat().st_size
            except OSError as error:
                raise DataError(f"{path} cannot be read: {error.strerror}.") from error
            name = os.fsencode(path).removeprefix(above).replace(os.fsencode(os.sep), b"/")
            digest.update(name + b"\0%d\0" % size)
    return digest.hexdigest()[:16]
