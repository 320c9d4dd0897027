"""The decoded feed: image by image, in processes of their own, through a torch DataLoader.

For files that would not fit into memory, and for augmentation that is defined on single images (RandAugment, colour
jitter). Batches travel as uint8; they are normalised, and erased in, on the device.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from modernize.datasets.dataset import Dataset
from modernize.datasets.decoding import ImageMaker, Wanted, collate
from modernize.datasets.epochs import TRANSFORMS, draw_order, epoch_generator, epoch_keys, share
from modernize.datasets.erasing import Erasing
from modernize.datasets.feed import Feed
from modernize.errors import DataError
from modernize.spec import Recipe

_GONE = (ConnectionError, EOFError, FileNotFoundError)
"""What fetching a batch from a process that is no more can raise, beside torch's own RuntimeError."""


class DecodedFeed(Feed):
    """Batches of arrays or files. One iteration at a time: a new one ends those begun before."""

    input_path = "decoded"

    def __init__(self, data: Dataset, recipe: Recipe, *, decode_workers: int = 0, **where: Any) -> None:
        super().__init__(data, recipe, **where)
        self._sizes = {name: len(split) for name, split in data.splits.items()}
        self._batches = _Batches()
        self._loader: DataLoader[Any] = DataLoader(
            ImageMaker(data, recipe, tuple(self.normalise.mean.tolist())),
            batch_sampler=self._batches,
            num_workers=decode_workers,
            collate_fn=collate,
            pin_memory=self.device.type == "cuda",
            persistent_workers=decode_workers > 0,
            # Its own, or it would draw from the one that the network draws from.
            generator=torch.Generator(),
        )
        self._iteration = 0

    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of each batch of an epoch; see `Feed.train_batches`."""
        count = self.num_train_images
        order = draw_order(count, epoch_generator(seed, epoch)).numpy()
        seeds = epoch_keys(seed, epoch, np.arange(count), TRANSFORMS)
        erase = None
        if self.recipe.random_erasing:
            erase = Erasing(
                self.image_size,
                self.image_size,
                probability=self.recipe.random_erasing,
                seed=seed,
                epoch=epoch,
                device=self.device,
            )
        batches = (
            [
                Wanted("train", int(index), int(seeds[index]))
                for index in order[start : start + batch_size][share(batch_size, self.rank, self.world_size)]
            ]
            for start in range(first_batch * batch_size, count - batch_size + 1, batch_size)
        )
        for images, labels, index in self._make(batches):
            normalised = self.normalise(self._send(images))
            if erase:
                normalised = erase(normalised, self._send(erase.draw(index.numpy())))
            yield normalised.permute(0, 3, 1, 2), self._send(labels)

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of a split; see `Feed.eval_batches`."""
        mine = share(self._sizes[split], self.rank, self.world_size)
        batches = (
            [Wanted(split, index) for index in range(start, min(start + batch_size, mine.stop))]
            for start in range(mine.start, mine.stop, batch_size)
        )
        for images, labels, _ in self._make(batches):
            yield self.normalise(self._send(images)).permute(0, 3, 1, 2), self._send(labels)

    def _make(self, batches: Iterable[list[Wanted]]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield images, uint8 (n, h, w, 3), labels (n,) and positions in the split (n,)."""
        self._iteration += 1
        iteration, self._batches.wanted = self._iteration, batches
        made = self._start()
        while True:
            if iteration != self._iteration:
                raise RuntimeError("another iteration over this feed has begun; this one cannot go on.")
            try:
                batch = next(made, None)
            except (RuntimeError, *_GONE) as error:
                if isinstance(error, _GONE) or "DataLoader worker" in str(error):
                    raise DataError("a process that decodes images ended unexpectedly; out of memory?") from error
                raise
            if batch is None:
                return
            if isinstance(batch, str):
                raise DataError(batch)
            yield batch

    def _start(self) -> Iterator[Any]:
        """Start the processes, or put them to the next iteration.

        torch's handler of SIGCHLD is taken out again: it raises wherever the program happens to be when a process
        dies. The iterator notices too.
        """
        handler = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
        made = iter(self._loader)
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, handler)
        return made

    def _send(self, tensor: Tensor) -> Tensor:
        """Copy to the device without waiting for it."""
        if self.device.type != "cuda":
            return tensor
        return (tensor if tensor.is_pinned() else tensor.pin_memory()).to(self.device, non_blocking=True)


class _Batches:
    """What the DataLoader is to make next; the processes live on from one iteration to the next."""

    def __init__(self) -> None:
        self.wanted: Iterable[list[Wanted]] = ()

    def __iter__(self) -> Iterator[list[Wanted]]:
        return iter(self.wanted)
