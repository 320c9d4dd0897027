"""The public data sets, through torchvision's own classes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modernize.datasets.arrays import TEST, TRAIN, ImageArrays, Images, Labels, check_memory, choose, make_arrays
from modernize.datasets.cache import cache_dir
from modernize.datasets.files import FileSplit, ImageFiles, arrays_or_files, make_split
from modernize.datasets.request import DataRequest
from modernize.datasets.resize import resize_images
from modernize.errors import DataError, MissingDataError, ModernizeError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """How one data set is asked for and read.

    Attributes:
        cls: Name of the class in `torchvision.datasets`.
        train: Arguments that select the training split.
        test: Arguments that select the evaluation split.
        read: Takes the torchvision data set; returns its images, an array or a list of files, and its labels.
        split_name: What the evaluation split is called.
        downloads: Whether torchvision can fetch it.
    """

    cls: str
    read: Callable[[Any], tuple[Any, Any]]
    train: Mapping[str, Any] = field(default_factory=lambda: {"train": True})
    test: Mapping[str, Any] = field(default_factory=lambda: {"train": False})
    split_name: str = "test"
    downloads: bool = True


def _arrays(data: Any) -> tuple[Any, Any]:
    return data.data, data.targets


def _samples(data: Any) -> tuple[Any, Any]:
    pairs = data.samples if hasattr(data, "samples") else data._samples
    return [path for path, _ in pairs], [label for _, label in pairs]


def _pets(data: Any) -> tuple[Any, Any]:
    return data._images, data._labels


SOURCES: dict[str, _Source] = {
    "cifar10": _Source(cls="CIFAR10", read=_arrays),
    "cifar100": _Source(cls="CIFAR100", read=_arrays),
    "fashion-mnist": _Source(cls="FashionMNIST", read=_arrays),
    "oxford-pets": _Source(cls="OxfordIIITPet", read=_pets, train={"split": "trainval"}, test={"split": "test"}),
    "imagenette": _Source(
        cls="Imagenette",
        read=_samples,
        train={"split": "train", "size": "320px"},
        test={"split": "val", "size": "320px"},
        split_name="val",
    ),
    "imagenet": _Source(
        cls="ImageNet",
        read=_samples,
        train={"split": "train"},
        test={"split": "val"},
        split_name="val",
        downloads=False,
    ),
}


def load(request: DataRequest) -> ImageArrays | ImageFiles:
    """Read a torchvision data set, choosing a subset before anything is decoded.

    Raises:
        DataError: If it is not there, cannot be downloaded, or would not fit into memory.
    """
    source = SOURCES[request.kind]
    root = data_root(request)
    train, test = _open(request, source, root, source.train), _open(request, source, root, source.test)
    names = tuple(name if isinstance(name, str) else name[0] for name in train.classes)
    note = f"{source.cls} through torchvision, evaluated on its {source.split_name} split"
    (train_images, train_labels), (test_images, test_labels) = source.read(train), source.read(test)
    if isinstance(train_images, list):
        train_split = _files(request, train_images, train_labels, TRAIN)
        test_split = _files(request, test_images, test_labels, TEST)
        return arrays_or_files(request, root, train_split, test_split, names, note)
    return make_arrays(
        request,
        _take(request, train_images, train_labels, TRAIN),
        _take(request, test_images, test_labels, TEST),
        names,
        note,
    )


def data_root(request: DataRequest) -> Path:
    """Return where downloaded data sets lie: as asked for, else `$MODERNIZE_DATA`, else `data` in the cache."""
    if request.data_dir is not None:
        return request.data_dir
    if from_environment := os.environ.get("MODERNIZE_DATA"):
        return Path(from_environment).expanduser()
    return (request.cache or cache_dir()) / "data"


def _open(request: DataRequest, source: _Source, root: Path, split: Mapping[str, Any]) -> Any:
    """Open one split where it lies; fetch it only if it is not there and that was asked for."""
    cls = getattr(_torchvision_datasets(), source.cls)
    try:
        return cls(str(root), **split)
    except (RuntimeError, OSError) as error:
        missing = str(error)
    if not source.downloads:
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


def _torchvision_datasets() -> Any:
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError) as error:
        raise ModernizeError(
            f"torchvision cannot be imported ({_first_line(str(error))}): install the torchvision made for your torch."
        ) from error
    return datasets


def _files(request: DataRequest, paths: list[Any], targets: Any, split: int) -> FileSplit:
    labels = np.asarray(targets, dtype=np.int64)
    return make_split(paths, labels, choose(request, labels, split))


def _take(request: DataRequest, images: Any, targets: Any, split: int) -> tuple[Images, Labels]:
    """Return the chosen images at the wanted size, and their labels, (n,)."""
    labels = np.asarray(targets, dtype=np.int64)
    members = choose(request, labels, split)
    check_memory(request, len(members))
    chosen = np.asarray(images)[members]
    rgb = chosen if chosen.ndim == 4 else chosen[..., None].repeat(3, axis=3)
    return resize_images(rgb, request.image_size), labels[members]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
