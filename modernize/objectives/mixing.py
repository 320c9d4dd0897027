"""Mixup and CutMix, by timm, drawn anew from seed, step and rank at each batch, so that a resumed run repeats them."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from modernize.errors import ModernizeError
from modernize.spec import Recipe


class Mixing:
    """Mixes the images of a batch in pairs, and their labels with them.

    timm is imported here, which takes seconds: make one only for a recipe that mixes.

    Args:
        recipe: Its `mixup`, `cutmix`, `mix_probability`, `mix_switch_probability` and `label_smoothing` are read.
        num_classes: Of the labels.
        batch_size: Images in a batch of this process.
        seed: Of the run.
        rank: Of this process; each mixes its own share of a batch.

    Raises:
        ModernizeError: If the batch cannot be split into pairs.
    """

    def __init__(self, recipe: Recipe, *, num_classes: int, batch_size: int, seed: int, rank: int = 0) -> None:
        if batch_size % 2:
            raise ModernizeError(
                f"mixup and CutMix mix images in pairs: a process should have an even number of them, not {batch_size}."
            )
        from timm.data.mixup import Mixup

        self.seed, self.rank = seed, rank
        self.mixup = Mixup(  # type: ignore[no-untyped-call]
            mixup_alpha=recipe.mixup,
            cutmix_alpha=recipe.cutmix,
            prob=recipe.mix_probability,
            switch_prob=recipe.mix_switch_probability,
            mode="batch",
            label_smoothing=recipe.label_smoothing,
            num_classes=num_classes,
        )

    def __call__(self, images_nchw: Tensor, labels: Tensor, *, step: int) -> tuple[Tensor, Tensor]:
        """Mix a batch.

        Args:
            images_nchw: (n, 3, h, w), changed in place.
            labels: (n,), int64.
            step: Optimizer steps done before.

        Returns:
            The images, and targets (n, num_classes) that sum to one, smoothed.
        """
        # timm draws from numpy's global generator.
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(np.random.SeedSequence((self.seed, step, self.rank)).generate_state(4))  # noqa: NPY002
        try:
            images, targets = self.mixup(images_nchw, labels)
        finally:
            np.random.set_state(before)  # noqa: NPY002
        return images, targets


def mixes(recipe: Recipe) -> bool:
    """Whether any batch may be mixed."""
    return recipe.mix_probability > 0 and (recipe.mixup > 0 or recipe.cutmix > 0)
