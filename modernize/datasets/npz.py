"""`npz:PATH`: one file of arrays x_train, y_train, x_test, y_test and, if wanted, x_val, y_val, class_names and a note.

The note is a string that every report on the data repeats: where the images come from, what is wrong with them.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modernize.datasets.arrays import (
    TEST,
    TRAIN,
    VAL,
    VAL_NOTE,
    ImageArrays,
    Images,
    Labels,
    check_memory,
    choose,
    make_arrays,
)
from modernize.datasets.request import DataRequest
from modernize.datasets.resize import resize_images
from modernize.errors import DataError

Members = dict[str, npt.NDArray[Any]]


def load(request: DataRequest) -> ImageArrays:
    """Read a file of arrays; images of another size than asked for are resized.

    Raises:
        DataError: If the file is missing or damaged, lacks an array, or an array is not what its name promises.
    """
    path = Path(request.path).expanduser()
    members = _read(path)
    names = _class_names(path, members)
    train, test = _split(path, members, "train", names), _split(path, members, "test", names)
    val = _split(path, members, "val", names) if "x_val" in members else None
    num_classes = int(max(labels.max() for _, labels in filter(None, (train, test, val)))) + 1
    return make_arrays(
        request,
        _take(request, train, TRAIN),
        _take(request, test, TEST),
        names or tuple(str(k) for k in range(num_classes)),
        _note(path, members),
        _take(request, val, VAL) if val else None,
    )


def _read(path: Path) -> Members:
    if not path.is_file():
        raise DataError(f"{path} is not a file.")
    try:
        # numpy leaves a file that it opened itself open when it turns out to be no zip file.
        with path.open("rb") as stream:
            return _members(path, np.load(stream, allow_pickle=False))
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is damaged: {error}.") from error
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read as an .npz file: {str(error).partition(chr(10))[0]}.") from error


def _members(path: Path, file: Any) -> Members:
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise DataError(f"{path} is not an .npz file of several arrays.")
    wanted = ["x_train", "y_train", "x_test", "y_test"]
    if "x_val" in file.files or "y_val" in file.files:
        wanted += ["x_val", "y_val"]
    if missing := [key for key in wanted if key not in file.files]:
        raise DataError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(file.files) or 'nothing'}.")
    return {key: file[key] for key in (*wanted, "class_names", "note") if key in file.files}


def _class_names(path: Path, members: Members) -> tuple[str, ...]:
    """Return the names in the file, or nothing if it has none."""
    if "class_names" not in members:
        return ()
    names = members["class_names"]
    if names.ndim != 1 or names.dtype.kind not in "US" or not len(names):
        raise DataError(f"{path}: class_names should be a list of strings, not {names.dtype} {names.shape}.")
    return tuple(str(name) for name in names.astype(str))


def _note(path: Path, members: Members) -> str:
    """Return the file's own note behind its name."""
    note, its = members.get("note"), f"images of the file {path.name}"
    if "x_val" in members:
        its += f", {VAL_NOTE}"
    if note is None:
        return its
    if note.ndim or note.dtype.kind != "U" or not str(note).strip():
        raise DataError(f"{path}: note should be one string, not {note.dtype} {note.shape}.")
    return f"{its}: {' '.join(str(note).split())}"


def _split(path: Path, members: Members, part: str, names: tuple[str, ...]) -> tuple[Images, Labels]:
    """Check the two arrays of a split."""
    images, labels = members[f"x_{part}"], members[f"y_{part}"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise DataError(f"{path}: x_{part} should be uint8 (n, h, w, 3), not {images.dtype} {images.shape}.")
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"{path}: y_{part} should be integers (n,), not {labels.dtype} {labels.shape}.")
    if len(images) != len(labels):
        raise DataError(f"{path}: x_{part} has {len(images)} images, but y_{part} has {len(labels)} labels.")
    if not images.size:
        raise DataError(f"{path}: x_{part} is empty.")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or (names and high >= len(names)):
        allowed = f"0 to {len(names) - 1}" if names else "0 or more"
        raise DataError(f"{path}: y_{part} has labels from {low} to {high}; {allowed} is allowed.")
    return images, labels.astype(np.int64)


def _take(request: DataRequest, split: tuple[Images, Labels], which: int) -> tuple[Images, Labels]:
    members = choose(request, split[1], which)
    check_memory(request, len(members))
    return resize_images(split[0][members], request.image_size), split[1][members]
