"""`folder:PATH`: images sorted into one folder a class, under train/ and val/ or test/ or both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modernize.datasets.data_request import DataRequest
from modernize.datasets.dataset import VAL_NOTE, Files, Source, Split, SplitName
from modernize.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})


def read(request: DataRequest) -> Source:
    """List a folder of images.

    With both val/ and test/, val/ is for looking after each epoch; one of them alone is the evaluation split.

    Raises:
        DataError: If a folder is missing, empty or mislabelled.
    """
    root = Path(request.path).expanduser()
    try:
        return _read(root, alone=bool(request.val_share))
    except OSError as error:
        raise DataError(f"{error.filename or root} cannot be read: {error.strerror or error}.") from error


def _read(root: Path, *, alone: bool) -> Source:
    """List it; `alone` says that training images will do, in train/ or in the folder itself: others are held out."""
    if not root.is_dir():
        raise DataError(f"{root} is not a folder.")
    held_out = [part for part in ("val", "test") if (root / part).is_dir()]
    train = root if alone and not held_out and not (root / "train").is_dir() else root / "train"
    if not train.is_dir():
        raise DataError(f"{root} holds no train folder; it should hold train/CLASS/*.jpg beside val/ or test/.")
    if not held_out and not alone:
        raise DataError(f"{root} holds no val or test folder; one of them is needed for evaluation.")

    classes = _class_folders(train)
    note = f"images of the folder {root.name or root}"
    splits: dict[SplitName, Split] = {"train": _files(train, classes, classes)}
    if held_out:
        splits["test"] = _files(root / held_out[-1], _class_folders(root / held_out[-1]), classes)
        note += f", {VAL_NOTE if len(held_out) == 2 else f'evaluated on its {held_out[0]} split'}"
    if len(held_out) == 2:
        splits["val"] = _files(root / "val", _class_folders(root / "val"), classes)
    return Source(splits=splits, class_names=tuple(classes), note=note, root=root)


def _class_folders(split: Path) -> list[str]:
    names = sorted(entry.name for entry in split.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise DataError(f"{split} holds no class folders; images belong in {split / 'CLASS'}.")
    return names


def _files(split: Path, present: list[str], classes: list[str]) -> Split:
    """List the images of a split in order of class and path."""
    paths: list[Path] = []
    labels: list[int] = []
    for name in present:
        if name not in classes:
            raise DataError(f"{split / name} is a class that train lacks. Classes of train: {_some(classes)}.")
        found = sorted(
            path
            for path in (split / name).rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
        )
        if odd := [path for path in found if not path.is_file()]:
            raise DataError(f"{odd[0]} is {'a link that leads nowhere' if odd[0].is_symlink() else 'no file'}.")
        if not found:
            raise DataError(f"{split / name} holds no images.")
        paths += found
        labels += [classes.index(name)] * len(found)
    return Split(Files.of(paths), np.array(labels, dtype=np.int64))


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
