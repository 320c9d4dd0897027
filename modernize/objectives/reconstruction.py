"""Masked reconstruction (FCMAE): most of an image is hidden, and drawn from what is seen.

Source: ConvNeXt V2 (arXiv:2301.00808), section 3.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.entry import Trainable
from modernize.metrics import MASKED_LOSS
from modernize.objectives.masking import MaskedAutoencoder, draw_hidden, patch_size
from modernize.objectives.objective import Evaluator, Forward, Objective, Processes
from modernize.regimes import spec_of
from modernize.spec import Arch

EVALUATION_SEED = 60
"""The same patches are hidden at every evaluation of every run, so that losses can be compared."""


class MaskedReconstruction(Objective):
    """Targets are the pixels themselves; the feed's labels are not looked at."""

    shows = True

    def __init__(self, entry: Trainable, **facts: Any) -> None:
        super().__init__(entry, **facts)
        self.patch_size = patch_size(entry.model, self.image_size)

    def build(self) -> nn.Module:
        """Build encoder and decoder."""
        spec = spec_of(cast(Arch, self.entry.model), self.recipe)
        network = MaskedAutoencoder(spec, image_size=self.image_size, over=self.recipe.grn_over)
        return network.to(memory_format=torch.channels_last)

    def prepare(self, inputs: Tensor, targets: Any, *, step: int) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Draw which patches are hidden; they stand in the labels' place."""
        seed = (self.seed * 1_000_003 + step) * 1_009 + self.rank
        return inputs, self.draw(inputs, torch.Generator().manual_seed(seed % 2**63))

    def draw(self, images_nchw: Tensor, generator: torch.Generator) -> Tensor:
        """Return which patches of images are hidden, bool (N, h, w)."""
        patches = self.image_size // self.patch_size
        hidden = draw_hidden(len(images_nchw), patches, self.recipe.mask_ratio, generator)
        return hidden.to(images_nchw.device, non_blocking=True)

    def loss(self, forward: Forward, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean squared error over the hidden patches."""
        return self.errors(forward, inputs, targets).sum() / targets.sum()

    def errors(self, forward: Forward, images_nchw: Tensor, hidden: Tensor) -> Tensor:
        """Return the mean squared error of each patch, fp32 (N, h, w), zero where it is seen."""
        wanted = normalised_patches(images_nchw.float(), self.patch_size)[0]
        drawn: Tensor = forward(images_nchw, hidden).float()
        return (drawn - wanted).square().mean(dim=1) * hidden

    def pictures(self, forward: Forward, inputs: Tensor, targets: Any) -> Tensor:  # noqa: ARG002
        """Return images with the hidden patches grey, with what is drawn in their place, and as they are.

        Patches are drawn with no brightness and contrast of their own, which are taken from the hidden ones.
        """
        hidden = self.draw(inputs, torch.Generator().manual_seed(EVALUATION_SEED))
        _, mean, std = normalised_patches(inputs.float(), self.patch_size)
        drawn = F.pixel_shuffle(forward(inputs, hidden).float() * std + mean, self.patch_size)
        covered = hidden[:, None].repeat_interleave(self.patch_size, 2).repeat_interleave(self.patch_size, 3)
        return torch.stack([inputs.masked_fill(covered, 0.0), torch.where(covered, drawn, inputs), inputs])

    def evaluator(self) -> Evaluator:
        """Return what adds up the error of hidden patches."""
        return _Errors(self)


def normalised_patches(images_nchw: Tensor, patch_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cut images in patches, each with mean 0 and variance 1 over its numbers.

    Returns:
        (N, 3 * patch_size**2, h, w), and each patch's mean and standard deviation, (N, 1, h, w).
    """
    patches = F.pixel_unshuffle(images_nchw, patch_size)
    variance, mean = torch.var_mean(patches, dim=1, keepdim=True)
    std = (variance + 1e-6).sqrt()
    return (patches - mean) / std, mean, std


class _Errors(Evaluator):
    def __init__(self, objective: MaskedReconstruction) -> None:
        self.objective = objective
        self.generator = torch.Generator().manual_seed(EVALUATION_SEED + objective.rank)
        self.total: Tensor | float = 0.0
        self.count: Tensor | int = 0

    def add(self, forward: Forward, inputs: Tensor, targets: Any) -> None:  # noqa: ARG002
        hidden = self.objective.draw(inputs, self.generator)
        self.total = self.total + self.objective.errors(forward, inputs, hidden).double().sum()
        self.count = self.count + hidden.sum()

    def metrics(self, world: Processes) -> dict[str, float]:
        total, count = world.sum(float(self.total), float(self.count))
        return {MASKED_LOSS.name: total / count}
