"""The decoded feed: image by image, in processes of their own, through a torch DataLoader.

For files that would not fit into memory, and for augmentation that is defined on single images (RandAugment, colour
jitter). Batches travel as uint8; they are normalised, and erased in, on the device. The second half of this file runs
in the decoding processes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from modernize.datasets.dataset import Dataset, Images, SplitName
from modernize.datasets.feed import Feed
from modernize.datasets.hashing import TRANSFORMS, epoch_keys
from modernize.datasets.transforms import TrainTransform, eval_transform, generators_kept, seed_generators
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
        self._loader: torch_data.DataLoader[Any] = torch_data.DataLoader(
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
        order = self.draw_order(seed, epoch)[0].numpy()
        seeds = epoch_keys(seed, epoch, np.arange(count), TRANSFORMS)
        erase = self.erasing(seed, epoch)
        batches = (
            [
                Wanted("train", int(index), int(seeds[index]))
                for index in order[start : start + batch_size][self.share(batch_size)]
            ]
            for start in range(first_batch * batch_size, count - batch_size + 1, batch_size)
        )
        for images, labels, index in self._make(batches):
            normalised = self.normalise(self.here(images))
            if erase:
                normalised = erase(normalised, self.here(erase.draw(index.numpy())))
            yield normalised.permute(0, 3, 1, 2), self.here(labels)

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's share of a split; see `Feed.eval_batches`."""
        mine = self.share(self._sizes[split])
        batches = (
            [Wanted(split, index) for index in range(start, min(start + batch_size, mine.stop))]
            for start in range(mine.start, mine.stop, batch_size)
        )
        for images, labels, _ in self._make(batches):
            yield self.normalise(self.here(images)).permute(0, 3, 1, 2), self.here(labels)

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


class _Batches:
    """What the DataLoader is to make next; the processes live on from one iteration to the next."""

    def __init__(self) -> None:
        self.wanted: Iterable[list[Wanted]] = ()

    def __iter__(self) -> Iterator[list[Wanted]]:
        return iter(self.wanted)


class Wanted(NamedTuple):
    """One image to make: all that a decoding process is told.

    Attributes:
        split: Which split it is of.
        position: In the split.
        seed: What its augmentation is drawn from.
    """

    split: SplitName
    position: int
    seed: int = 0


Made = tuple[Images, int, int]


class ImageMaker(torch_data.Dataset[Any]):
    """Maps what is wanted of a batch to images.

    Args:
        data: The data set.
        recipe: Its augmentation fields are read.
        mean: The data's mean colour in units of 0 to 255.
    """

    def __init__(self, data: Dataset, recipe: Recipe, mean: tuple[float, ...]) -> None:
        self._splits = data.splits
        self._train = TrainTransform(recipe, data.image_size, mean)
        self._eval = eval_transform(recipe, data.image_size)

    def __getitems__(self, wanted: list[Wanted]) -> list[Made | str]:
        """Return images, uint8 (h, w, 3), their labels and positions, or what is wrong with one.

        An exception would reach the other process with a traceback in its message.
        """
        with generators_kept():
            return [self._made(each) for each in wanted]

    def _made(self, wanted: Wanted) -> Made | str:
        split = self._splits[wanted.split]
        try:
            if wanted.split == "train":
                seed_generators(wanted.seed)
                with split.opened(wanted.position) as image:
                    piece = self._train.cut(image)
            else:
                piece = split.image(wanted.position)
        except DataError as error:
            return str(error)
        image = self._train.finish(piece) if wanted.split == "train" else self._eval(piece)
        return np.asarray(image), int(split.labels[wanted.position]), wanted.position


def collate(samples: list[Made | str]) -> Any:
    """Stack images, labels and positions; or return what is wrong with the first image that has something wrong."""
    made = []
    for sample in samples:
        if isinstance(sample, str):
            return sample
        made.append(sample)
    images, labels, positions = zip(*made, strict=True)
    return torch.from_numpy(np.stack(images)), torch.tensor(labels), torch.tensor(positions)
