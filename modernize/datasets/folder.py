"""`folder:PATH`: images sorted into one folder a class, under train/ and val/ or test/."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modernize.datasets.arrays import TEST, TRAIN, ImageArrays, Labels, choose, make_arrays
from modernize.datasets.request import DataRequest
from modernize.datasets.resize import decode_files
from modernize.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})


def load(request: DataRequest) -> ImageArrays:
    """Decode a folder of images; val/ is the evaluation split if there is one, else test/.

    Raises:
        DataError: If a folder is missing, empty or mislabelled, or an image is unreadable.
    """
    root = Path(request.path).expanduser()
    if not root.is_dir():
        raise DataError(f"{root} is not a folder.")
    if not (root / "train").is_dir():
        raise DataError(f"{root} holds no train folder; it should hold train/CLASS/*.jpg beside val/ or test/.")
    evaluation = next((part for part in ("val", "test") if (root / part).is_dir()), None)
    if evaluation is None:
        raise DataError(f"{root} holds no val or test folder; one of them is needed for evaluation.")

    classes = _class_folders(root / "train")
    train_paths, train_labels = _files(root / "train", classes, classes)
    test_paths, test_labels = _files(root / evaluation, _class_folders(root / evaluation), classes)
    train, test = choose(request, train_labels, TRAIN), choose(request, test_labels, TEST)
    return make_arrays(
        request,
        (decode_files([train_paths[k] for k in train], request.image_size), train_labels[train]),
        (decode_files([test_paths[k] for k in test], request.image_size), test_labels[test]),
        tuple(classes),
        f"images of the folder {root.name or root}, evaluated on its {evaluation} split",
    )


def _class_folders(split: Path) -> list[str]:
    names = sorted(entry.name for entry in split.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise DataError(f"{split} holds no class folders; images belong in {split / 'CLASS'}.")
    return names


def _files(split: Path, present: list[str], classes: list[str]) -> tuple[list[Path], Labels]:
    """List the images of a split in order of class and path, and their labels, (n,)."""
    paths: list[Path] = []
    labels: list[int] = []
    for name in present:
        if name not in classes:
            raise DataError(f"{split / name} is a class that train lacks. Classes of train: {_some(classes)}.")
        found = sorted(
            path
            for path in (split / name).rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
        if not found:
            raise DataError(f"{split / name} holds no images.")
        paths += found
        labels += [classes.index(name)] * len(found)
    return paths, np.array(labels, dtype=np.int64)


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
