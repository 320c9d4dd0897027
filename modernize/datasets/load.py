"""The one function that loads any data set."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from modernize.datasets.catalogue import DATASETS
from modernize.errors import ModernizeError, unknown_name

if TYPE_CHECKING:
    from modernize.datasets.dataset import Dataset

SMALLEST_IMAGE = 8
LARGEST_SHARE = 0.4
"""Of the training images for validation: as many may be held out for testing."""


def load_data(
    name: str,
    *,
    image_size: int = 32,
    train_images: int | None = None,
    test_images: int | None = None,
    val_share: float = 0.0,
    seed: int = 0,
    cache: Path | None = None,
    download: bool = False,
    data_dir: Path | None = None,
    stream: bool | None = None,
) -> Dataset:
    """Load a data set: into memory, or as a list of image files where that would be unwise.

    Args:
        name: A key of `DATASETS`, with a path where its usage says so: "folder:photos", "npz:cifar.npz".
        image_size: Height and width in pixels; other images are resized (short side) and cropped (centre).
        train_images: How many training images at most: a seeded, stratified subset. None for all.
        test_images: How many test images at most, likewise; and of a validation split.
        val_share: Share of the training images that is held out as a validation split, class by class, where the data
            set has none; as many again are held out for testing where an image folder has training images alone.
        seed: Chooses the images of `shapes`, what is held out and the members of a subset. It is not the seed of a
            training run: runs that are compared share it.
        cache: Where generated images are kept; default `$XDG_CACHE_HOME/modernize` or `~/.cache/modernize`.
        download: Fetch a data set that is not there.
        data_dir: Where downloaded data sets lie; default `$MODERNIZE_DATA`, else `data` in the cache.
        stream: True to leave image files on the disk and decode them batch by batch, False to decode them all now;
            None for streaming from 128 pixels up, and where memory asks for it.

    Raises:
        ModernizeError: If the name is unknown, an option is out of range, or there are no image files to stream.
        DataError: If the data set is missing, empty, corrupt, mislabelled or too large for memory.
    """
    kind, path = _parse(name)
    if image_size < SMALLEST_IMAGE:
        raise ModernizeError(f"the image size is {image_size}; it must be at least {SMALLEST_IMAGE} pixels.")
    for what, count in (("training", train_images), ("test", test_images)):
        if count is not None and count < 1:
            raise ModernizeError(f"{count} {what} images were asked for; it must be at least 1.")
    if not 0 <= val_share <= LARGEST_SHARE:
        raise ModernizeError(f"the share held out for validation is {val_share:g}; it should be 0 to {LARGEST_SHARE}.")
    from modernize.datasets.data_request import DataRequest
    from modernize.datasets.image_files import settle

    request = DataRequest(
        name=name, kind=kind, path=path, image_size=image_size, train_images=train_images, test_images=test_images,
        val_share=val_share, seed=seed, cache=cache, download=download, data_dir=data_dir, stream=stream,
    )  # fmt: skip
    reader = import_module(f"modernize.datasets.{DATASETS[kind].reader}")
    data: Dataset = settle(request, reader.read(request))
    if stream and not data.streamed:
        raise ModernizeError(f"{name} cannot be streamed: it does not consist of image files.")
    return data


def _parse(name: str) -> tuple[str, str]:
    """Split "folder:photos" into its kind and path."""
    kind, colon, path = name.partition(":")
    if kind not in DATASETS:
        raise unknown_name("data set", name, [info.usage for info in DATASETS.values()])
    usage = DATASETS[kind].usage
    if ":" in usage and not path:
        raise ModernizeError(f"the data set '{name}' lacks its path: write {usage}.")
    if ":" not in usage and colon:
        raise ModernizeError(f"the data set '{name}' takes no path: write {usage}.")
    return kind, path
