"""The feed of images with objects, in memory: pictures are mirrored, and their boxes and masks with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypedDict

import torch
from torch import Tensor

from modernize.datasets.dataset import Dataset, Split
from modernize.datasets.feed import Feed
from modernize.spec import Recipe


class Things(TypedDict):
    """What is in one image, on the device, as torchvision's detectors take it, but that classes begin at 0.

    boxes are left, top, right and bottom edges in pixels, fp32 (k, 4), labels int64 (k,), masks uint8 (k, h, w), and
    crowd bool (k,), see `modernize.datasets.objects.Objects`.
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor
    crowd: Tensor


class ThingsFeed(Feed):
    """Batches of images (n, 3, h, w), each with a list of n `Things`."""

    input_path = "resident"

    def __init__(self, data: Dataset, recipe: Recipe, **where: Any) -> None:
        super().__init__(data, recipe, **where)
        self._splits = data.splits

    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, list[Things]]]:
        """Yield this process's share of each batch of an epoch; see `Feed.train_batches`."""
        count = self.num_train_images
        order, generator = self.draw_order(seed, epoch)
        flips = torch.randint(0, 2, (count,), generator=generator, dtype=torch.bool) & self.recipe.horizontal_flip
        for start in range(first_batch * batch_size, count - batch_size + 1, batch_size):
            batch = order[start : start + batch_size][self.share(batch_size)]
            yield self._batch(self._splits["train"], batch.tolist(), flips[batch])

    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, list[Things]]]:
        """Yield this process's share of a split; see `Feed.eval_batches`."""
        mine = self.share(len(self._splits[split]))
        for start in range(mine.start, mine.stop, batch_size):
            index = range(start, min(start + batch_size, mine.stop))
            yield self._batch(self._splits[split], list(index), torch.zeros(len(index), dtype=torch.bool))

    def _batch(self, split: Split, index: list[int], flips: Tensor) -> tuple[Tensor, list[Things]]:
        images = torch.from_numpy(split.images_nhwc[index])
        images = torch.where(flips[:, None, None, None], images.flip(2), images)
        images_nchw = self.normalise(self.here(images)).permute(0, 3, 1, 2)
        return images_nchw, [self._things(split, i, bool(flip)) for i, flip in zip(index, flips, strict=True)]

    def _things(self, split: Split, index: int, flip: bool) -> Things:
        objects = split.things
        members = objects.of(index)
        boxes, masks = torch.from_numpy(objects.boxes[members]), torch.from_numpy(objects.masks(members))
        if flip:
            left, top, right, bottom = boxes.unbind(dim=1)
            boxes = torch.stack([objects.size - right, top, objects.size - left, bottom], dim=1)
            masks = masks.flip(2)
        labels, crowd = torch.from_numpy(objects.classes[members]), torch.from_numpy(objects.crowd[members])
        return Things(boxes=self.here(boxes), labels=self.here(labels), masks=self.here(masks), crowd=self.here(crowd))
