"""A data set in memory: two splits of uint8 images, and which images a subset holds."""

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

TRAIN, TEST = 0, 1
MAX_BYTES = 8 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageArrays:
    """A data set in memory.

    Attributes:
        name: As the user wrote it.
        train_images_nhwc: uint8, (n, h, w, 3).
        train_labels: int64, (n,).
        test_images_nhwc: The evaluation split: uint8, (m, h, w, 3).
        test_labels: int64, (m,).
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
) -> ImageArrays:
    """Put two splits together and fingerprint them.

    Args:
        request: What was asked for; gives the name.
        train: Images, uint8 (n, h, w, 3), and labels, int64 (n,).
        test: The same for the evaluation split.
        class_names: A name for each label.
        note: One honest sentence for reports.
    """
    return ImageArrays(
        name=request.name,
        train_images_nhwc=train[0],
        train_labels=train[1],
        test_images_nhwc=test[0],
        test_labels=test[1],
        class_names=class_names,
        fingerprint=fingerprint([*train, *test], class_names),
        note=note,
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
        split: `TRAIN` or `TEST`.

    Returns:
        Positions in the split, ascending, (count,).

    Raises:
        DataError: If more images were asked for than there are, or the result would not fit into memory.
    """
    count = (request.train_images, request.test_images)[split]
    if count is not None and count > len(labels):
        what = ("training", "test")[split]
        raise DataError(f"{request.name} has {len(labels)} {what} images; {count} were asked for.")
    check_memory(request, len(labels) if count is None else count)
    if count is None or count == len(labels):
        return np.arange(len(labels), dtype=np.int64)
    keys = image_keys(request.seed, split, np.arange(len(labels)))
    by_class = np.lexsort((keys, labels))
    sizes = np.bincount(labels)
    starts = np.cumsum(sizes) - sizes
    # An image's rank in its shuffled class, as a fraction of the class: cutting all classes at one fraction stratifies.
    fraction = np.empty(len(labels))
    fraction[by_class] = (np.arange(len(labels)) - starts[labels[by_class]] + 0.5) / sizes[labels[by_class]]
    return np.sort(np.lexsort((keys, fraction))[:count]).astype(np.int64)


def check_memory(request: DataRequest, num_images: int) -> None:
    """Refuse a split whose decoded images would not reasonably fit into memory.

    Raises:
        DataError: If they would take more than `MAX_BYTES`.
    """
    num_bytes = num_images * request.image_size**2 * 3
    if num_bytes > MAX_BYTES:
        raise DataError(
            f"{num_images} images of {request.name} at {request.image_size} px would take {num_bytes / 1e9:.0f} GB of "
            f"memory (at most {MAX_BYTES / 1e9:.0f} GB): larger sets need the streaming loader of a later release; "
            "ask for fewer training images or a smaller image size."
        )
