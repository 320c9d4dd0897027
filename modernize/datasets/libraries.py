"""The data sets that scikit-learn and torchvision know."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modernize.datasets.catalogue import DATASETS, Torchvision
from modernize.datasets.data_request import DataRequest, cache_dir
from modernize.datasets.dataset import Files, Source, Split, SplitName
from modernize.errors import DataError, MissingDataError
from modernize.nn.pairing import check_torch_pair

DIGITS_TEST_IMAGES = 500
DIGITS_NOTE = (
    "scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, enlarged; every network saturates on them: smoke data"
)


def read(request: DataRequest) -> Source:
    """Open a data set of a library, without decoding image files.

    Raises:
        DataError: If it is not there or cannot be downloaded.
    """
    how = DATASETS[request.kind].torchvision
    if how is None:
        return _digits(request)
    root = data_root(request)
    train, test = _open(request, how, root, how.train), _open(request, how, root, how.test)
    names = tuple(name if isinstance(name, str) else name[0] for name in train.classes)
    note = f"{how.cls} through torchvision, evaluated on its {how.test.get('split', 'test')} split"
    return Source(
        splits={"train": _split(how, train), "test": _split(how, test)}, class_names=names, note=note, root=root
    )


def _digits(request: DataRequest) -> Source:
    """Split the handwritten digits: the same stratified split whatever the seed."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = np.floor(bunch.images * 255 / 16 + 0.5).astype(np.uint8), bunch.target.astype(np.int64)
    test = replace(request, test_images=DIGITS_TEST_IMAGES, seed=0).choose(labels, "test")
    train = np.setdiff1d(np.arange(len(labels)), test)
    splits: dict[SplitName, Split] = {
        "train": Split(images[train], labels[train]),
        "test": Split(images[test], labels[test]),
    }
    return Source(splits=splits, class_names=tuple("0123456789"), note=DIGITS_NOTE, smooth=True)


def _split(how: Torchvision, data: Any) -> Split:
    images = getattr(data, how.images)
    labels = np.asarray(getattr(data, how.labels) if how.labels else [label for _, label in images], dtype=np.int64)
    if isinstance(images, list):
        return Split(Files.of(images if how.labels else [path for path, _ in images]), labels)
    return Split(np.asarray(images), labels)


def data_root(request: DataRequest) -> Path:
    """Return where downloaded data sets lie: as asked for, else `$MODERNIZE_DATA`, else `data` in the cache."""
    if request.data_dir is not None:
        return request.data_dir
    if from_environment := os.environ.get("MODERNIZE_DATA"):
        return Path(from_environment).expanduser()
    return cache_dir(request.cache) / "data"


def _open(request: DataRequest, how: Torchvision, root: Path, split: Mapping[str, Any]) -> Any:
    """Open one split where it lies; fetch it only if it is not there and that was asked for."""
    check_torch_pair()
    from torchvision import datasets

    cls = getattr(datasets, how.cls)
    try:
        return cls(str(root), **split)
    except (RuntimeError, OSError) as error:
        missing = str(error)
    if not how.downloads:
        raise MissingDataError(f"{request.name} is not at {root} and has to be fetched by hand: {_first_line(missing)}")
    if not request.download:
        raise MissingDataError(
            f"{request.name} is not at {root}. Run again with --download, or name the folder that holds it by "
            "the environment variable MODERNIZE_DATA."
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Progress is no result: standard output belongs to data.
        with redirect_stdout(sys.stderr):
            return cls(str(root), **split, download=True)
    except (RuntimeError, OSError, EOFError) as error:
        raise DataError(f"{request.name} could not be downloaded to {root}: {_first_line(str(error))}") from error


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
