"""Layers that fine-tuning leaves as they begin: for all of a run, or for its first epochs."""

from __future__ import annotations

from torch import nn

from modernize.models import handle_of
from modernize.spec import Recipe


class Freezing:
    """The layers of a network that do not learn yet, or never.

    Args:
        network: Its groups of layers are those of its handle, from the stem up.
        recipe: Its `freeze_groups` and `unfreeze_epoch` are read.

    Attributes:
        parameters: What is frozen; none without freezing.
    """

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.until = recipe.unfreeze_epoch or recipe.epochs
        layers = handle_of(network).layers if recipe.freeze_groups else ()
        named = (network.get_parameter(name) for names in layers[:-1][: recipe.freeze_groups] for name in names)
        self.parameters = frozenset(parameter for parameter in named if parameter.requires_grad)

    def begin_epoch(self, network: nn.Module, epoch: int) -> bool:
        """Say which layers learn, of a network that is ready for training; frozen norms keep their statistics.

        Args:
            network: What is trained.
            epoch: Counted from 0.

        Returns:
            Whether other layers learn than before.
        """
        learn = epoch >= self.until
        changed = any(parameter.requires_grad != learn for parameter in self.parameters)
        for parameter in self.parameters:
            parameter.requires_grad_(learn)
        if not learn:
            for module in network.modules():
                if getattr(module, "running_mean", None) is not None and module.weight in self.parameters:
                    module.eval()
        return changed
