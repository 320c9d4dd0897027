"""The feed: what hands training and evaluation their batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from modernize.datasets.dataset import Dataset
from modernize.datasets.hashing import epoch_seed
from modernize.spec import Recipe

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from modernize.datasets.erasing import Erasing


class Feed(ABC):
    """Batches of one data set for one process, normalised, on the device, in channels-last memory.

    Args:
        data: The data set.
        recipe: Its augmentation fields are read, but for mixup and CutMix, which are the training loop's.
        device: Where batches are wanted.
        rank: Of this process.
        world_size: Processes that share each batch.

    Attributes:
        input_path: "resident" or "decoded", see `modernize.results.record.Execution`.
        num_train_images: In the whole training split.
        num_classes: Of the labels.
        class_names: A name for each.
        image_size: Height and width of the images in pixels.
        has_val: Whether there is a validation split.
        normalise: What is done to pixels last.
    """

    input_path: ClassVar[Literal["resident", "decoded"]]

    def __init__(
        self, data: Dataset, recipe: Recipe, *, device: torch.device | str = "cpu", rank: int = 0, world_size: int = 1
    ) -> None:
        from modernize.datasets.normalise import normalise_of

        self.recipe = recipe
        self.rank, self.world_size = rank, world_size
        self.normalise = normalise_of(data, recipe, device)
        self.device = self.normalise.scale.device
        self.num_train_images = len(data.train)
        self.num_classes, self.image_size = data.num_classes, data.image_size
        self.class_names = data.class_names
        self.has_val = data.val is not None

    def draw_order(self, seed: int, epoch: int) -> tuple[Tensor, torch.Generator]:
        """Draw the order of an epoch's images, (count,), on the CPU; what else an epoch needs may be drawn next."""
        import torch

        generator = torch.Generator().manual_seed(epoch_seed(seed, epoch))
        return torch.randperm(self.num_train_images, generator=generator), generator

    def erasing(self, seed: int, epoch: int) -> Erasing | None:
        """Return an epoch's random erasing, if the recipe has any."""
        from modernize.datasets.erasing import Erasing

        if not self.recipe.random_erasing:
            return None
        return Erasing(self.image_size, self.recipe.random_erasing, seed=seed, epoch=epoch, device=self.device)

    def share(self, count: int) -> slice:
        """Return this process's contiguous share of `count` things; shares differ by at most one."""
        return slice(count * self.rank // self.world_size, count * (self.rank + 1) // self.world_size)

    def here(self, tensor: Tensor) -> Tensor:
        """Copy to the device without waiting for it."""
        if self.device.type != "cuda":
            return tensor
        return (tensor if tensor.is_pinned() else tensor.pin_memory()).to(self.device, non_blocking=True)

    @abstractmethod
    def train_batches(
        self, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Any]]:
        """Yield this process's share of each shuffled, augmented batch of an epoch; an incomplete last one is left out.

        Args:
            batch_size: Images in one batch over all processes; a multiple of their number.
            seed: Of the run. Order and augmentation of an image depend on seed and epoch alone, not on the number of
                processes or workers.
            epoch: Counted from 0.
            first_batch: So many are left out at the start; the others are the same ones.

        Yields:
            Images (n, 3, h, w) and labels (n,), int64, or what is in each image (`things.Things`).
        """

    @abstractmethod
    def eval_batches(self, split: Literal["val", "test"], batch_size: int) -> Iterator[tuple[Tensor, Any]]:
        """Yield this process's share of a split, unaugmented: over all processes, every image exactly once."""
