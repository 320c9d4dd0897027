"""A row's network, ours or another library's: built, counted, and where its head and its layers are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.external import External
from modernize.models.counted import count_external
from modernize.models.handle import Handle, Preprocessing, handle_of, preprocessing_of
from modernize.models.libraries import build_external
from modernize.nn import build
from modernize.regimes import spec_of
from modernize.spec import Arch, Recipe

__all__ = [
    "Handle",
    "Preprocessing",
    "build_external",
    "build_model",
    "count_external",
    "handle_of",
    "preprocessing_of",
]


def build_model(model: Arch | External, recipe: Recipe, *, num_classes: int, image_size: int) -> nn.Module:
    """Build and initialise a network, drawing from torch's global generator.

    Args:
        model: What to build.
        recipe: Its `dropout` is read; for ours also `stochastic_depth`, `layer_scale_init` and `head_init_scale`, where
            a network of another library has what its options say.
        num_classes: Outputs of the classifier.
        image_size: Height and width of the images in pixels.

    Returns:
        A network in channels-last memory that maps images (N, 3, image_size, image_size) to logits (N, num_classes).

    Raises:
        ModernizeError: If another library has no such network, or it takes no such images.
    """
    if isinstance(model, External):
        network = build_external(model, num_classes=num_classes, image_size=image_size)
        for path in handle_of(network).classifiers if recipe.dropout else ():
            network.get_submodule(path).register_forward_pre_hook(partial(_drop, recipe.dropout))
        return network
    return build(spec_of(replace(model, num_classes=num_classes), recipe))


def _drop(rate: float, classifier: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    """Drop features before the classifier; a hook, so that the names of weights stay the library's."""
    return F.dropout(inputs[0], rate, classifier.training)
