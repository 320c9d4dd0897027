"""Making single images for the decoded feed; runs in the decoding processes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from modernize.datasets.dataset import Dataset, SplitName
from modernize.datasets.transforms import eval_transform, seeded, train_transform
from modernize.errors import DataError
from modernize.spec import Recipe


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


class ImageMaker(torch_data.Dataset[tuple[Tensor, int, int] | str]):
    """Maps what is wanted to an image.

    Args:
        data: The data set.
        recipe: Its augmentation fields are read.
        mean: The data's mean colour in units of 0 to 255.
    """

    def __init__(self, data: Dataset, recipe: Recipe, mean: tuple[float, ...]) -> None:
        self._splits = data.splits
        self._train = train_transform(recipe, data.image_size, mean)
        self._eval = eval_transform(recipe, data.image_size)

    def __getitem__(self, wanted: Wanted) -> tuple[Tensor, int, int] | str:
        """Return the image, uint8 (h, w, 3), its label and its position, or what is wrong with it.

        An exception would reach the other process with a traceback in its message.
        """
        split = self._splits[wanted.split]
        try:
            image = split.image(wanted.position)
        except DataError as error:
            return str(error)
        if wanted.split == "train":
            with seeded(wanted.seed):
                image = self._train(image)
        else:
            image = self._eval(image)
        return torch.from_numpy(np.array(image)), int(split.labels[wanted.position]), wanted.position


def collate(samples: list[tuple[Tensor, int, int] | str]) -> Any:
    """Stack images, labels and positions; or return what is wrong with the first image that has something wrong."""
    wrong = next((sample for sample in samples if isinstance(sample, str)), None)
    return torch_data.default_collate(samples) if wrong is None else wrong
