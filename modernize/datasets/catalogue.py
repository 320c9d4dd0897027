"""The data sets by name, and the one function that loads any of them.

Imports neither numpy nor torch: `modernize data` lists from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from modernize.datasets.request import DataRequest
from modernize.errors import ModernizeError, unknown_name

if TYPE_CHECKING:
    from modernize.datasets.arrays import ImageArrays
    from modernize.datasets.files import ImageFiles

SMALLEST_IMAGE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """One data set as a listing shows it.

    Attributes:
        usage: What the user writes: "shapes", "folder:PATH".
        title: Its name in full.
        classes: Number of classes, or None where the user's files decide.
        native_size: Height and width in pixels, or None where images vary or any size can be drawn.
        train_images: Images to train on, or None where it depends on the user's files.
        test_images: Images to evaluate on, or None likewise.
        needs_download: Whether the images have to be fetched first.
        about: What it is, in a sentence.
        source: Where it comes from.
        module: The module of `modernize.datasets` whose `load` reads it.
        mirror: Whether a mirrored image keeps its class.
    """

    usage: str
    title: str
    classes: int | None
    native_size: int | None
    train_images: int | None
    test_images: int | None
    needs_download: bool
    about: str
    source: str
    module: str
    mirror: bool = True


def _downloaded(
    usage: str, title: str, classes: int, size: int | None, train: int, test: int, about: str, source: str
) -> DataInfo:
    return DataInfo(
        usage=usage,
        title=title,
        classes=classes,
        native_size=size,
        train_images=train,
        test_images=test,
        needs_download=True,
        about=about,
        source=source,
        module="torchvision_sets",
    )


def _embedded(
    usage: str, title: str, classes: int | None, size: int | None, about: str, source: str, *, mirror: bool = True
) -> DataInfo:
    return DataInfo(
        usage=usage,
        title=title,
        classes=classes,
        native_size=size,
        train_images=None,
        test_images=None,
        needs_download=False,
        about=about,
        source=source,
        module=usage.partition(":")[0],
        mirror=mirror,
    )


_INFOS = (
    _embedded(
        "shapes",
        "Procedural shapes",
        10,
        None,
        "ten outlines of varied pose, colour and texture among clutter; any number, any size",
        "drawn by modernize",
    ),
    _embedded(
        "digits",
        "Optical digits",
        10,
        8,
        "handwritten digits; every network saturates: smoke data",
        "scikit-learn",
        mirror=False,
    ),
    _embedded(
        "folder:PATH",
        "A folder of images",
        None,
        None,
        "PATH/train/CLASS/*.jpg beside val/ or test/ or both",
        "your files",
    ),
    _embedded(
        "npz:PATH",
        "A file of arrays",
        None,
        None,
        "x_train y_train x_test y_test [x_val y_val class_names note], uint8",
        "your file",
    ),
    _downloaded(
        "cifar10",
        "CIFAR-10",
        10,
        32,
        50_000,
        10_000,
        "small photographs of animals and vehicles",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    _downloaded(
        "cifar100",
        "CIFAR-100",
        100,
        32,
        50_000,
        10_000,
        "small photographs in a hundred fine classes",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    _downloaded(
        "fashion-mnist",
        "Fashion-MNIST",
        10,
        28,
        60_000,
        10_000,
        "grey pictures of clothing",
        "https://github.com/zalandoresearch/fashion-mnist",
    ),
    _downloaded(
        "oxford-pets",
        "Oxford-IIIT Pet",
        37,
        None,
        3_680,
        3_669,
        "photographs of cat and dog breeds",
        "https://www.robots.ox.ac.uk/~vgg/data/pets/",
    ),
    _downloaded(
        "imagenette",
        "Imagenette (320 px)",
        10,
        None,
        9_469,
        3_925,
        "ten easily told classes of ImageNet",
        "https://github.com/fastai/imagenette",
    ),
    _downloaded(
        "imagenet",
        "ImageNet-1K",
        1_000,
        None,
        1_281_167,
        50_000,
        "the paper's data; its archives are fetched by hand",
        "https://image-net.org/",
    ),
)

DATASETS: dict[str, DataInfo] = {info.usage.partition(":")[0]: info for info in _INFOS}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """The facts about a loaded data set that planning a run needs.

    Attributes:
        name: As the user wrote it.
        num_classes: Number of classes.
        image_size: Height and width in pixels.
        train_images: Number of training images.
        test_images: Number of images that results are reported on.
        fingerprint: 16 hex digits of the content.
        note: One honest sentence for reports.
        val_images: Number of images to look at after each epoch; 0 where there is no such split.
        streamed: Whether its image files are read as they are needed, instead of held in memory decoded.
    """

    name: str
    num_classes: int
    image_size: int
    train_images: int
    test_images: int
    fingerprint: str
    note: str
    val_images: int = 0
    streamed: bool = False


def load_arrays(name: str, **options: Any) -> ImageArrays:
    """Load a data set into memory; takes what `load_data` takes, but for `stream`.

    Raises:
        ModernizeError: If the name is unknown or an option is out of range.
        DataError: If the data set is missing, empty, corrupt, mislabelled or too large for memory.
    """
    return cast("ImageArrays", load_data(name, **options, stream=False))


def load_data(
    name: str,
    *,
    image_size: int = 32,
    train_images: int | None = None,
    test_images: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    download: bool = False,
    data_dir: Path | None = None,
    stream: bool | None = None,
) -> ImageArrays | ImageFiles:
    """Load a data set: into memory, or as a list of image files where that would be unwise.

    Args:
        name: A key of `DATASETS`, with a path where its usage says so: "folder:photos", "npz:cifar.npz".
        image_size: Height and width in pixels; other images are resized (short side) and cropped (centre).
        train_images: How many training images at most: a seeded, stratified subset. None for all.
        test_images: How many test images at most, likewise; and of a validation split.
        seed: Chooses the images of `shapes` and the members of a subset. It is not the seed of a training run: runs
            that are compared share it.
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
    request = DataRequest(
        name=name,
        kind=kind,
        path=path,
        image_size=image_size,
        train_images=train_images,
        test_images=test_images,
        seed=seed,
        cache=cache,
        download=download,
        data_dir=data_dir,
        stream=stream,
    )
    load = import_module(f"modernize.datasets.{DATASETS[kind].module}").load
    data: ImageArrays | ImageFiles = load(request)
    if stream:
        from modernize.datasets.files import ImageFiles

        if not isinstance(data, ImageFiles):
            raise ModernizeError(f"{name} cannot be streamed: it does not consist of image files.")
    return data


def _parse(name: str) -> tuple[str, str]:
    """Split "folder:photos" into its kind and path."""
    kind, colon, path = name.partition(":")
    if kind not in DATASETS:
        raise unknown_name("data set", name, [info.usage for info in _INFOS])
    usage = DATASETS[kind].usage
    if ":" in usage and not path:
        raise ModernizeError(f"the data set '{name}' lacks its path: write {usage}.")
    if ":" not in usage and colon:
        raise ModernizeError(f"the data set '{name}' takes no path: write {usage}.")
    return kind, path


def describe(name: str, **options: Any) -> DataSummary:
    """Load a data set and keep only the facts about it; takes what `load_data` takes.

    Loading is part of the check, and leaves generated images in the cache for the runs that follow. Of image files
    that will be streamed only names, sizes and headers are read.
    """
    from modernize.datasets.files import ImageFiles, check_headers

    data = load_data(name, **options)
    if isinstance(data, ImageFiles):
        check_headers(data, options.get("cache"))
    return DataSummary(
        name=name,
        num_classes=data.num_classes,
        image_size=data.image_size,
        train_images=len(data.train_labels),
        test_images=len(data.test_labels),
        val_images=0 if data.val_labels is None else len(data.val_labels),
        fingerprint=data.fingerprint,
        note=data.note,
        streamed=isinstance(data, ImageFiles),
    )
