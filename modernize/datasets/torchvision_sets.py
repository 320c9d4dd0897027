"""The public data sets, through torchvision's own classes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from modernize.datasets.cache import cache_dir
from modernize.datasets.catalogue import DATASETS, Torchvision
from modernize.datasets.data_request import TEST, TRAIN, DataRequest
from modernize.datasets.dataset import Dataset, Files, Split, in_memory
from modernize.datasets.image_files import from_files
from modernize.datasets.resize import resize_images, to_rgb
from modernize.errors import DataError, MissingDataError
from modernize.nn.pairing import check_torch_pair


def load(request: DataRequest) -> Dataset:
    """Read a torchvision data set, choosing a subset before anything is decoded.

    Raises:
        DataError: If it is not there, cannot be downloaded, or would not fit into memory.
    """
    how = DATASETS[request.kind].torchvision
    assert how is not None  # noqa: S101 - `load_data` asks for no others here
    root = data_root(request)
    train, test = _open(request, how, root, how.train), _open(request, how, root, how.test)
    names = tuple(name if isinstance(name, str) else name[0] for name in train.classes)
    note = f"{how.cls} through torchvision, evaluated on its {how.test.get('split', 'test')} split"
    chosen = [_split(request, how, data, which) for data, which in ((train, TRAIN), (test, TEST))]
    if isinstance(chosen[0].source, Files):
        return from_files(request, root, chosen[0], chosen[1], names, note)
    request.check_memory(sum(map(len, chosen)))
    resized = [Split(resize_images(to_rgb(its.images_nhwc), request.image_size), its.labels) for its in chosen]
    return in_memory(request.name, resized[0], resized[1], names, note)


def _split(request: DataRequest, how: Torchvision, data: Any, which: int) -> Split:
    """Return the chosen images of a split."""
    images = getattr(data, how.images)
    targets = getattr(data, how.labels) if how.labels else [label for _, label in images]
    labels = np.asarray(targets, dtype=np.int64)
    members = request.choose(labels, which)
    if isinstance(images, list):
        paths = images if how.labels else [path for path, _ in images]
        return Split(Files.of(paths[member] for member in members), labels[members])
    return Split(np.asarray(images), labels).take(members)


def data_root(request: DataRequest) -> Path:
    """Return where downloaded data sets lie: as asked for, else `$MODERNIZE_DATA`, else `data` in the cache."""
    if request.data_dir is not None:
        return request.data_dir
    if from_environment := os.environ.get("MODERNIZE_DATA"):
        return Path(from_environment).expanduser()
    return (request.cache or cache_dir()) / "data"


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
