"""The feed: what hands training and evaluation their batches, whatever the images come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from torch import Tensor


class Feed(Protocol):
    """Batches of one data set for one process, normalised, on the device, in channels-last memory.

    Attributes:
        input_path: "resident" or "decoded", see `modernize.results.record.Execution`.
        num_train_images: In the whole training split.
        has_val: Whether there is a validation split.
    """

    input_path: Literal["resident", "decoded"]
    num_train_images: int
    has_val: bool

    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of each shuffled, augmented batch of an epoch; an incomplete last one is left out.

        Args:
            batch_size: Images in one batch over all processes; a multiple of their number.
            seed: Of the run. Order and augmentation of an image depend on seed and epoch alone, not on the number of
                processes or workers.
            epoch: Counted from 0.
            first_batch: So many are left out at the start; the others are the same ones.

        Yields:
            Images (n, 3, h, w) and labels (n,), int64.
        """
        ...

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of a split, unaugmented: over all processes, every image exactly once."""
        ...
