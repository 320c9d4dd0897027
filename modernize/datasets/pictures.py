"""Single images of a data set, whether it is in memory or on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from modernize.datasets.arrays import ImageArrays, Images, Labels
from modernize.datasets.files import FileSplit, ImageFiles
from modernize.datasets.resize import read_rgb

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The images of one split, one at a time.

    Attributes:
        source: Arrays, uint8 (n, h, w, 3), or files.
        labels: int64, (n,).
    """

    source: Images | FileSplit
    labels: Labels

    def read(self, index: int) -> Image.Image:
        """Return one image, RGB.

        Raises:
            DataError: If its file cannot be read.
        """
        if isinstance(self.source, FileSplit):
            return read_rgb(self.source.path(index))
        return Image.fromarray(self.source[index])


def pictures_of(data: ImageArrays | ImageFiles) -> dict[Split, Pictures]:
    """Return the splits of a data set; one without validation images has no "val"."""
    sources: tuple[tuple[Split, Images | FileSplit | None, Labels | None], ...]
    if isinstance(data, ImageFiles):
        sources = (
            ("train", data.train, data.train_labels),
            ("test", data.test, data.test_labels),
            ("val", data.val, data.val_labels),
        )
    else:
        sources = (
            ("train", data.train_images_nhwc, data.train_labels),
            ("test", data.test_images_nhwc, data.test_labels),
            ("val", data.val_images_nhwc, data.val_labels),
        )
    return {
        split: Pictures(source, labels)
        for split, source, labels in sources
        if source is not None and labels is not None
    }
