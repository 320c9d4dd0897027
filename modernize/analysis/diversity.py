"""Feature diversity: how far the channels of each layer are apart, 0 where all say the same.

ConvNeXt V2 (arXiv:2301.00808) measures with it that masked pre-training makes the channels of ConvNeXt
copies of each other, and that GRN keeps them apart. It is the mean over pairs of channels of (1 - cosine) / 2, each
channel's map taken as a vector, of an image, then over images. The paper's sum also pairs each channel with itself,
which makes its number smaller by one part in as many as there are channels; here pairs are of two channels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from modernize.datasets.feeds import make_feed
from modernize.errors import ModernizeError
from modernize.inference.runs import data_of, untrained
from modernize.inference.runs import trained as trained_network
from modernize.results.record import Record
from modernize.spec import Recipe
from modernize.strict import from_dict

BATCH_SIZE = 100
"""Images at a time: the widest layers of a large network fill memory."""


def channel_diversity(features_ncp: Tensor) -> Tensor:
    """Return the mean distance of two channels in each image, (N,).

    Args:
        features_ncp: (N, channels, positions), two channels or more. One that is zero everywhere is like any other
            such channel, and orthogonal to the rest.

    Examples:
        >>> channel_diversity(torch.ones(1, 3, 4)).item()
        0.0
        >>> channel_diversity(torch.eye(4)[None]).item()
        0.5
    """
    channels = features_ncp.shape[1]
    unit = functional.normalize(features_ncp.double(), dim=2)
    num_zero = (features_ncp == 0).all(dim=2).sum(dim=1)
    # The sum of all cosines is the squared length of the sum of all unit vectors; each channel's own is 1.
    cosines = unit.sum(dim=1).square().sum(dim=1) + num_zero.square() - channels
    return ((1 - cosines / (channels * (channels - 1))) / 2).clamp(0.0, 1.0)  # not -1e-17


def layer_diversity(network: nn.Module, batches: Iterable[Tensor]) -> dict[str, float]:
    """Measure the wide layers of a network: what enters each 1x1 convolution or linear layer that narrows it.

    In ConvNeXt that is a block's 4C channels behind the activation (and GRN), the layer in which the paper sees
    features collapse; in a ResNet's bottleneck the block's input, in a ViT the MLP's hidden tokens.

    Args:
        network: Any; it is evaluated, not trained.
        batches: Images (N, 3, H, W).

    Returns:
        Mean over images by the module's path, in the order of the layers; empty where there are none.
    """
    found: dict[str, list[Tensor]] = defaultdict(list)

    def looking(path: str, *, channels_last: bool) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def look(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            x = given[0]
            if x.ndim > 2:  # behind the global pool there are no positions
                features_ncp = (x.movedim(-1, 1) if channels_last else x).flatten(2)
                if features_ncp.shape[2] > 1:
                    found[path].append(channel_diversity(features_ncp))

        return look

    hooks = [
        module.register_forward_pre_hook(looking(path, channels_last=isinstance(module, nn.Linear)))
        for path, module in network.named_modules()
        if _narrows(module)
    ]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()
            for images_nchw in batches:
                network(images_nchw)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return {path: float(torch.cat(values).mean()) for path, values in found.items()}


def diversity_of(
    record: Record, out: Path, *, num_images: int, data_dir: Path | None = None, trained: bool = True
) -> dict[str, float]:
    """Measure the network of a run on the first test images of the data set that it was evaluated on.

    Args:
        record: Of the run.
        out: Folder that holds runs/.
        num_images: How many, if there are so many.
        data_dir: Where downloaded data sets lie.
        trained: Whether with the weights that the run left, or with others drawn by its seed.

    Raises:
        ModernizeError: If the weights are gone or changed, or the network has no such layer.
        DataError: If the data set is not here, or is another than the run's.
    """
    torch.manual_seed(record.seed)
    network = trained_network(record, out) if trained else untrained(record)
    feed = make_feed(data_of(record, data_dir), from_dict(Recipe, record.trained_recipe, "recipe"))
    size = min(num_images, BATCH_SIZE)
    batches = islice(feed.eval_batches("test", size), -(-num_images // size))
    found = layer_diversity(network, (images_nchw for images_nchw, _ in batches))
    if not found:
        raise ModernizeError(
            f"run {record.run_id} ({record.entry.name}) has no layer to measure: no 1x1 convolution or linear layer "
            "narrows a map of several positions."
        )
    return found


def _narrows(module: nn.Module) -> bool:
    if isinstance(module, nn.Linear):
        return module.in_features > module.out_features
    if not isinstance(module, nn.Conv2d) or module.kernel_size != (1, 1) or module.groups > 1:
        return False
    return module.in_channels > module.out_channels
