"""What is in an image: objects, each with a class, a box and a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The objects of n images of one size, m in all, image by image.

    Attributes:
        counts: Of each image, int64 (n,).
        classes: int64 (m,).
        boxes: Left, top, right and bottom edge in pixels, float32 (m, 4).
        bits: Masks, eight pixels a byte row by row, uint8 (m, bytes); see `masks`.
        crowd: Whether it is a group that is not told apart, as COCO has them, bool (m,): no example to learn from, and
            nothing that is found there is wrong.
        size: Height and width of the images in pixels.
    """

    counts: Numbers
    classes: Numbers
    boxes: Boxes
    bits: Bits
    crowd: Flags
    size: int

    def __len__(self) -> int:
        return len(self.counts)

    def of(self, index: int) -> npt.NDArray[np.int64]:
        """Return the positions of an image's objects."""
        start = int(self.counts[:index].sum())
        return np.arange(start, start + int(self.counts[index]), dtype=np.int64)

    def masks(self, members: npt.NDArray[np.int64]) -> Bits:
        """Return the masks of objects, 0 and 1, uint8 (len(members), h, w)."""
        flat = np.unpackbits(self.bits[members], axis=1, count=self.size**2)
        return flat.reshape(len(members), self.size, self.size)

    def take(self, images: Numbers) -> Objects:
        """Return the objects of the images at these positions."""
        starts = np.cumsum(self.counts) - self.counts
        spans = [np.arange(starts[i], starts[i] + self.counts[i]) for i in images]
        kept = np.concatenate([np.empty(0, dtype=np.int64), *spans])
        return Objects(
            self.counts[images], self.classes[kept], self.boxes[kept], self.bits[kept], self.crowd[kept], self.size
        )

    @property
    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        """All that they are, for a fingerprint."""
        return self.counts, self.classes, self.boxes, self.bits, self.crowd.astype(np.uint8)


def objects_of(counts: Numbers, classes: Numbers, masks: Bits) -> Objects:
    """Put objects together from their masks alone: boxes are as tight as can be.

    Args:
        counts: Of each image, (n,).
        classes: (m,).
        masks: uint8 (m, h, w), none of them empty.
    """
    rows, columns = masks.max(axis=2), masks.max(axis=1)
    size = masks.shape[1]
    edges = [
        columns.argmax(axis=1),
        rows.argmax(axis=1),
        size - columns[:, ::-1].argmax(axis=1),
        size - rows[:, ::-1].argmax(axis=1),
    ]
    return Objects(
        counts=counts,
        classes=classes,
        boxes=np.stack(edges, axis=1).astype(np.float32),
        bits=np.packbits(masks.reshape(len(masks), -1), axis=1),
        crowd=np.zeros(len(masks), dtype=np.bool_),
        size=size,
    )
