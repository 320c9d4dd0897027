"""A data set from what a source holds: read into memory, or image files left to be decoded batch by batch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

import numpy as np

from modernize.datasets import data_request as asked
from modernize.datasets.data_request import DataRequest, cache_dir
from modernize.datasets.dataset import Dataset, Files, Images, Source, Split, in_memory
from modernize.datasets.hold_out import hold_out
from modernize.errors import DataError, ModernizeError
from modernize.results.files import write_atomically

STREAM_FROM_PIXELS = 128
"""From this image size up, files stay files unless asked for otherwise: decoding is then worth its while each epoch,
as random crops see more of an image than a copy of that size holds."""

NORMALISATION = "normalised by ImageNet's published mean and standard deviation, if its recipe says nothing else"

Watcher = Callable[[int, int], None]
"""Told how many images have been read, and of how many; both are equal at the end, be it a bad one."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let somebody hear of all images that are read in this context: it can take minutes, deep below who waits."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def _counting(total: int) -> Iterator[Callable[[int], None]]:
    """Give what is to be called with the number of images that have been read so far."""
    watcher = _watcher.get() or (lambda done, total: None)  # noqa: ARG005
    try:
        yield lambda done: watcher(done, total)
    finally:
        watcher(total, total)


def settle(request: DataRequest, source: Source) -> Dataset:
    """Choose the images that were asked for, and read them into memory unless they are files that are to stay files.

    Raises:
        DataError: If a file is missing or unreadable, or the images would not fit into memory.
    """
    parts, note = hold_out(request, source)
    members = {name: its[request.choose(split.labels[its], name)] for name, (split, its) in parts.items()}
    val_share = request.val_share if "val" not in source.splits else 0.0
    count = sum(map(len, members.values()))
    stream = request.stream
    if stream is None:
        stream = request.image_size >= STREAM_FROM_PIXELS or request.decoded_bytes(count) > asked.MAX_BYTES
    first = source.splits["train"]
    stream = stream and isinstance(first.source, Files) and first.objects is None
    if not stream:
        # Sized up as a whole before the first is read: a refusal should not take an hour.
        request.check_memory(count)
    splits = {name: split.take(members[name]) for name, (split, _) in parts.items()}
    if stream:
        return Dataset(
            name=request.name,
            train=splits["train"],
            test=splits["test"],
            val=splits.get("val"),
            class_names=source.class_names,
            image_size=request.image_size,
            fingerprint=_fingerprint(request, source, splits.values()),
            note=f"{note}; {NORMALISATION}",
            val_share=val_share,
        )
    images = _square_images(splits.values(), request.image_size, smooth=source.smooth)
    read = {name: replace(split, source=its) for (name, split), its in zip(splits.items(), images, strict=True)}
    names, val = source.class_names, read.get("val")
    return in_memory(request.name, read["train"], read["test"], names, note, val, val_share)


def _square_images(splits: Collection[Split], size: int, *, smooth: bool) -> list[Images]:
    """Bring the images of each split to one size, uint8 (n, size, size, 3), if they do not have it."""
    if all(isinstance(split.source, np.ndarray) and split.source.shape[1:3] == (size, size) for split in splits):
        return [split.images_nhwc for split in splits]
    count = sum(map(len, splits))
    images = np.empty((count, size, size, 3), dtype=np.uint8)
    with _counting(count) as tell:
        every = ((split, position) for split in splits for position in range(len(split)))
        for index, (split, position) in enumerate(every):
            tell(index)
            images[index] = split.square(position, size, smooth=smooth)
    return np.split(images, np.cumsum([len(split) for split in splits])[:-1])


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
    from modernize.datasets.reading import check_header

    seen = cache_dir(cache) / f"readable-{data.fingerprint}"
    with suppress(OSError):  # the cache cannot be looked into
        if seen.exists():
            return
    paths = [path for split in data.splits.values() for path in split.paths()]
    with _counting(len(paths)) as tell:
        for number, path in enumerate(paths):
            tell(number)
            check_header(path)
    with suppress(ModernizeError):
        write_atomically(seen, "")


def _fingerprint(request: DataRequest, source: Source, splits: Collection[Split]) -> str:
    """Hash names below the root, sizes and labels."""
    digest = hashlib.sha256(repr(("files", request.image_size, source.class_names)).encode())
    above = os.fsencode(source.root / "x")[:-1]
    for split in splits:
        digest.update(repr(len(split)).encode())
        digest.update(split.labels.astype("<i8").data)
        for path in split.paths():
            try:
                size = path.stat().st_size
            except OSError as error:
                raise DataError(f"{path} cannot be read: {error.strerror}.") from error
            name = os.fsencode(path).removeprefix(above).replace(os.fsencode(os.sep), b"/")
            digest.update(name + b"\0%d\0" % size)
    return digest.hexdigest()[:16]
