"""A data set in memory: splits of uint8 images, and which images a subset holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modernize.datasets.hashing import image_keys
from modernize.datasets.request import DataRequest
from modernize.errors import DataError

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

TRAIN, TEST, VAL = 0, 1, 2
MAX_BYTES = 8 * 10**9
VAL_NOTE = "evaluated on its val split after each epoch and on its test split once, at the end"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageArrays:
    """A data set in memory.

    Attributes:
        name: As the user wrote it.
        train_images_nhwc: uint8, (n, h, w, 3).
        train_labels: int64, (n,).
        test_images_nhwc: The images that results are reported on: uint8, (m, h, w, 3).
        test_labels: int64, (m,).
        val_images_nhwc: Images to look at after each epoch, so that the test images are looked at once, at the end;
            None where the data set has no such split.
        val_labels: Their labels, or None.
        class_names: A name for each label.
        fingerprint: 16 hex digits of images, labels and class names.
        note: One honest sentence for reports.
    """

    name: str
    train_images_nhwc: Images
    train_labels: Labels
    test_images_nhwc: Images
    test_labels: Labels
    class_names: tuple[str, ...]
    fingerprint: str
    note: str
    val_images_nhwc: Images | None = None
    val_labels: Labels | None = None

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def image_size(self) -> int:
        """Height and width in pixels."""
        return int(self.train_images_nhwc.shape[1])


def make_arrays(
    request: DataRequest,
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    class_names: tuple[str, ...],
    note: str,
    val: tuple[Images, Labels] | None = None,
) -> ImageArrays:
    """Put the splits together and fingerprint them.

    Args:
        request: What was asked for; gives the name.
        train: Images, uint8 (n, h, w, 3), and labels, int64 (n,).
        test: The same for the test split.
        class_names: A name for each label.
        note: One honest sentence for reports.
        val: The same for the validation split, if there is one.
    """
    return ImageArrays(
        name=request.name,
        train_images_nhwc=train[0],
        train_labels=train[1],
        test_images_nhwc=test[0],
        test_labels=test[1],
        class_names=class_names,
        fingerprint=fingerprint([*train, *test, *(val or ())], class_names),
        note=note,
        val_images_nhwc=val[0] if val else None,
        val_labels=val[1] if val else None,
    )


def fingerprint(arrays: list[Images | Labels], class_names: tuple[str, ...]) -> str:
    """Return 16 hex digits that change with any pixel, label, shape or class name."""
    digest = hashlib.sha256(repr(class_names).encode())
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        # Little-endian whatever the machine, so that one content has one fingerprint.
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return digest.hexdigest()[:16]


def choose(request: DataRequest, labels: Labels, split: int) -> Labels:
    """Choose the images of a split that were asked for: a seeded subset with the class proportions of the whole.

    A smaller subset of the same seed lies within a larger one.

    Args:
        request: What was asked for.
        labels: Labels of the whole split, (n,).
        split: `TRAIN`, `TEST` or `VAL`; of a validation split at most as many are chosen as were asked for of the test
            split.

    Returns:
        Positions in the split, ascending, (count,); all of them where more were asked for.
    """
    count = request.train_images if split == TRAIN else request.test_images
    if count is None or count >= len(labels):
        return np.arange(len(labels), dtype=np.int64)
    keys = image_keys(request.seed, min(split, TEST), np.arange(len(labels)))
    by_class = np.lexsort((keys, labels))
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    # An image's rank in its shuffled class, as a fraction of the class: cutting all classes at one fraction stratifies.
    fraction = np.empty(len(labels))
    fraction[by_class] = (np.arange(len(labels)) - starts[labels[by_class]] + 0.5) / sizes[labels[by_class]]
    return np.sort(np.lexsort((keys, fraction))[:count]).astype(np.int64)


def decoded_bytes(request: DataRequest, num_images: int) -> int:
    """Return the memory that images take once they are decoded."""
    return num_images * request.image_size**2 * 3


def check_memory(request: DataRequest, num_images: int) -> None:
    """Refuse images that would not reasonably fit into memory once they are decoded.

    Raises:
        DataError: If they would take more than `MAX_BYTES`.
    """
    num_bytes = decoded_bytes(request, num_images)
    if num_bytes > MAX_BYTES:
        raise DataError(
            f"{num_images} images of {request.name} at {request.image_size} px would take {num_bytes / 1e9:.0f} GB of "
            f"memory (at most {MAX_BYTES / 1e9:.0f} GB): ask for fewer or smaller images, or stream "
            "them from image files."
        )
