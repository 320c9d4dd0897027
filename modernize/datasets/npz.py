"""`npz:PATH`: one file of arrays x_train, y_train, x_test, y_test and, if wanted, x_val, y_val, class_names and a note.

Images are in colour, (n, h, w, 3), or grey, (n, h, w); labels are (n,) or, as Keras has them, (n, 1). The note is a
string that every report on the data repeats: where the images come from, what is wrong with them.

`numpy.load` reads as much as an array's own header asks for: it allocates what a header claims, and where a damaged
header asks for too little it never comes to the end, where zip compares the checksum. Here a header is held against
the size that zip knows, before anything is allocated, and everything is read to its end. Python objects are never read.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from modernize.datasets.data_request import MAX_BYTES, DataRequest
from modernize.datasets.dataset import VAL_NOTE, Images, Labels, Source, Split, SplitName
from modernize.errors import DataError

SPLITS: tuple[SplitName, ...] = ("train", "test", "val")


def read(request: DataRequest) -> Source:
    """Open a file of arrays; images are read when they are chosen, split by split.

    Raises:
        DataError: If the file is missing or damaged, lacks an array, or an array is not what its name promises.
    """
    path = Path(request.path).expanduser()
    with _opened(path) as archive:
        headers = _headers(path, archive)
        names = tuple(str(name) for name in archive.read("class_names").astype(str)) if "class_names" in headers else ()
        labels = {part: archive.read(f"y_{part}").reshape(-1) for part in SPLITS if f"y_{part}" in headers}
        _check_labels(path, labels, names)
        note = _note(path, str(archive.read("note")) if "note" in headers else "", "val" in labels)
    classes = names or tuple(str(k) for k in range(int(labels["train"].max()) + 1))
    splits = {part: Split(partial(_images, path, part), its.astype(np.int64)) for part, its in labels.items()}
    return Source(splits=splits, class_names=classes, note=note)


def _images(path: Path, part: str, members: Labels) -> Images:
    """Read the chosen images of a split; those that were not chosen are dropped before the next split is read."""
    with _opened(path) as archive:
        return archive.read(f"x_{part}")[members]


class Header(NamedTuple):
    """What an array says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        """Memory that the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """An .npz file open for reading. A damaged one can raise nearly anything, here and in every method.

    Args:
        stream: The file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream)
        self._members = {name.removesuffix(".npy"): name for name in self._zip.namelist()}
        # Damage to the list of members would pass for an array that is not there: a name is written twice, and a wrong
        # length swallows the entries behind it.
        for member in self._zip.infolist():
            self._zip.open(member).close()
        stream.seek(self._zip.start_dir)
        if stream.read().count(b"PK\1\2") != len(self._zip.infolist()):
            raise zipfile.BadZipFile("its list of arrays is broken")
        self.names = tuple(self._members)

    def header(self, name: str) -> Header:
        """Read what an array says of itself.

        Raises:
            TypeError: If it is no array, or one of Python objects.
        """
        with self._zip.open(self._members[name]) as member:
            readers = {
                np.lib.format.magic(1, 0): np.lib.format.read_array_header_1_0,
                np.lib.format.magic(2, 0): np.lib.format.read_array_header_2_0,
            }
            read = readers.get(member.read(np.lib.format.MAGIC_LEN))
            if read is None:
                raise TypeError(f"{name} is not an array")
            shape, _, dtype = read(member)
            header = Header(shape, dtype)
            if dtype.hasobject:
                raise TypeError(f"{name} is an array of Python objects; save numbers or strings")
            if member.tell() + header.num_bytes != self._zip.getinfo(member.name).file_size:
                raise zipfile.BadZipFile(f"{name} does not have the size that its header claims")
            return header

    def read(self, name: str) -> npt.NDArray[Any]:
        """Read an array whose header is as it should be."""
        with self._zip.open(self._members[name]) as member:
            array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):
                raise zipfile.BadZipFile(f"{name} goes on behind its end")
            return array


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """Open the file, and say in one line what is wrong with it, whatever that is."""
    try:
        if not path.is_file():
            raise DataError(f"{path} is not a file.")
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":
                raise DataError(f"{path} is not an .npz file, a zip file of arrays as numpy.savez writes it.")
            yield Archive(stream)
    except DataError:
        raise
    except TypeError as error:
        raise DataError(f"{path}: {error}.") from error
    except Exception as error:
        what = f"{error}".partition("\n")[0] or type(error).__name__
        raise DataError(f"{path} is damaged or cannot be read: {what.rstrip('.')}.") from error


def _headers(path: Path, archive: Archive) -> dict[str, Header]:
    """Check what the arrays say of themselves, before any of them takes memory."""
    parts = ["train", "test", *(["val"] if {"x_val", "y_val"} & {*archive.names} else [])]
    wanted = [f"{kind}_{part}" for part in parts for kind in "xy"]
    if missing := [name for name in wanted if name not in archive.names]:
        raise DataError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(archive.names) or 'nothing'}.")
    optional = [name for name in ("class_names", "note") if name in archive.names]
    headers = {name: archive.header(name) for name in (*wanted, *optional)}
    for part in parts:
        _check_split(path, part, headers[f"x_{part}"], headers[f"y_{part}"])
    _check_words(path, headers)
    num_bytes = sum(header.num_bytes for header in headers.values())
    if num_bytes > MAX_BYTES:
        raise DataError(
            f"the arrays in {path} would take {num_bytes / 1e9:,.0f} GB of memory (at most {MAX_BYTES / 1e9:.0f} GB)."
        )
    return headers


def _check_split(path: Path, part: str, images: Header, labels: Header) -> None:
    colour = len(images.shape) == 4 and images.shape[3] in {1, 3}
    if images.dtype != np.uint8 or not (colour or len(images.shape) == 3):
        raise DataError(
            f"{path}: x_{part} should be uint8 (n, h, w, 3) or (n, h, w), not {images.dtype} {images.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.shape[1:] not in {(), (1,)} or not labels.shape:
        raise DataError(f"{path}: y_{part} should be integers (n,), not {labels.dtype} {labels.shape}.")
    if images.shape[0] != labels.shape[0]:
        raise DataError(f"{path}: x_{part} has {images.shape[0]} images, but y_{part} has {labels.shape[0]} labels.")
    if not images.num_bytes:
        raise DataError(f"{path}: x_{part} is empty.")


def _check_words(path: Path, headers: dict[str, Header]) -> None:
    names, note = headers.get("class_names"), headers.get("note")
    if names and (len(names.shape) != 1 or names.dtype.kind not in "US" or not names.num_bytes):
        raise DataError(f"{path}: class_names should be a list of strings, not {names.dtype} {names.shape}.")
    if note and (note.shape or note.dtype.kind != "U"):
        raise DataError(f"{path}: note should be one string, not {note.dtype} {note.shape}.")


def _check_labels(path: Path, labels: dict[SplitName, Labels], names: tuple[str, ...]) -> None:
    """Refuse labels that are no class of the training images; they may still be of any integer type."""
    present = {part: np.unique(its).tolist() for part, its in labels.items()}
    known = set(present["train"])
    for part, its in present.items():
        low, high = its[0], its[-1]
        if names and not 0 <= low <= high < len(names):
            raise DataError(f"{path}: y_{part} has labels from {low} to {high}; 0 to {len(names) - 1} is allowed.")
        if part == "train" and not names and (low, high) != (0, len(known) - 1):
            raise DataError(
                f"{path}: y_train has {len(known)} different labels, from {low} to {high}; they should be 0 to "
                f"{len(known) - 1}, or class_names should name a class for each label up to the highest."
            )
        if odd := [label for label in its if label not in known]:
            raise DataError(f"{path}: y_{part} has the label {odd[0]}, a class that y_train lacks.")


def _note(path: Path, own: str, has_val: bool) -> str:
    """Return the file's own note behind its name."""
    its = f"images of the file {path.name}{f', {VAL_NOTE}' if has_val else ''}"
    return f"{its}: {' '.join(own.split())}" if own.strip() else its
