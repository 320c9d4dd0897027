"""The data sets by name: one table.

Imports neither numpy nor torch: `modernize data` lists from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Torchvision:
    """How torchvision reads a data set.

    Attributes:
        cls: Name of the class in `torchvision.datasets`.
        train: Arguments that select the training split.
        test: Arguments that select the evaluation split.
        images: Attribute that holds the images, an array or a list of files.
        labels: Attribute that holds the labels; "" where `images` holds pairs of a file and its label.
        downloads: Whether torchvision can fetch it.
    """

    cls: str
    train: Mapping[str, Any] = field(default_factory=lambda: {"train": True})
    test: Mapping[str, Any] = field(default_factory=lambda: {"train": False})
    images: str = "data"
    labels: str = "targets"
    downloads: bool = True


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
        about: What it is, in a sentence.
        source: Where it comes from.
        mirror: Whether a mirrored image keeps its class.
        targets: What there is to learn of an image, see `modernize.metrics.TARGETS`.
        torchvision: How torchvision reads it, or None where it does not.
    """

    usage: str
    title: str
    classes: int | None = None
    native_size: int | None = None
    train_images: int | None = None
    test_images: int | None = None
    about: str
    source: str
    mirror: bool = True
    targets: Literal["labels", "objects"] = "labels"
    torchvision: Torchvision | None = None

    @property
    def kind(self) -> str:
        """The part of `usage` before a colon."""
        return self.usage.partition(":")[0]

    @property
    def reader(self) -> str:
        """The module here that reads it."""
        return self.kind if self.kind in {"shapes", "scenes", "coco", "folder", "npz"} else "libraries"

    @property
    def needs_download(self) -> bool:
        """Whether the images have to be fetched first."""
        return self.torchvision is not None


# fmt: off
_INFOS = (
    DataInfo(
        usage="shapes", title="Procedural shapes", classes=10, source="drawn by modernize",
        about="ten outlines of varied pose, colour and texture among clutter; any number, any size",
    ),
    DataInfo(
        usage="scenes", title="Procedural scenes", classes=5, source="drawn by modernize", targets="objects",
        about="one to five shapes in a picture, with boxes and masks; any number, any size",
    ),
    DataInfo(
        usage="digits", title="Optical digits", classes=10, native_size=8, source="scikit-learn", mirror=False,
        about="handwritten digits; every network saturates: smoke data",
    ),
    DataInfo(
        usage="folder:PATH", title="A folder of images", source="your files",
        about="PATH/train/CLASS/*.jpg beside val/ or test/ or both",
    ),
    DataInfo(
        usage="coco:PATH", title="A folder in COCO's format", source="your files", targets="objects",
        about="PATH/annotations/train.json and val.json, pictures in PATH/train/ and PATH/val/; boxes and masks",
    ),
    DataInfo(
        usage="npz:PATH", title="A file of arrays", source="your file",
        about="x_train y_train x_test y_test [x_val y_val class_names note], uint8, colour or grey",
    ),
    DataInfo(
        usage="cifar10", title="CIFAR-10", classes=10, native_size=32, train_images=50_000, test_images=10_000,
        about="small photographs of animals and vehicles", source="https://www.cs.toronto.edu/~kriz/cifar.html",
        torchvision=Torchvision("CIFAR10"),
    ),
    DataInfo(
        usage="cifar100", title="CIFAR-100", classes=100, native_size=32, train_images=50_000, test_images=10_000,
        about="small photographs in a hundred fine classes", source="https://www.cs.toronto.edu/~kriz/cifar.html",
        torchvision=Torchvision("CIFAR100"),
    ),
    DataInfo(
        usage="fashion-mnist", title="Fashion-MNIST", classes=10, native_size=28, train_images=60_000,
        test_images=10_000, about="grey pictures of clothing", source="https://github.com/zalandoresearch/fashion-mnist",
        torchvision=Torchvision("FashionMNIST"),
    ),
    DataInfo(
        usage="oxford-pets", title="Oxford-IIIT Pet", classes=37, train_images=3_680, test_images=3_669,
        about="photographs of cat and dog breeds", source="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        torchvision=Torchvision(
            "OxfordIIITPet", {"split": "trainval"}, {"split": "test"}, images="_images", labels="_labels"
        ),
    ),
    DataInfo(
        usage="imagenette", title="Imagenette (320 px)", classes=10, train_images=9_469, test_images=3_925,
        about="ten easily told classes of ImageNet", source="https://github.com/fastai/imagenette",
        torchvision=Torchvision(
            "Imagenette", {"split": "train", "size": "320px"}, {"split": "val", "size": "320px"},
            images="_samples", labels="",
        ),
    ),
    DataInfo(
        usage="imagenet", title="ImageNet-1K", classes=1_000, train_images=1_281_167, test_images=50_000,
        about="the paper's data; its archives are fetched by hand", source="https://image-net.org/",
        torchvision=Torchvision(
            "ImageNet", {"split": "train"}, {"split": "val"}, images="samples", labels="", downloads=False
        ),
    ),
)
# fmt: on

DATASETS: dict[str, DataInfo] = {info.kind: info for info in _INFOS}
