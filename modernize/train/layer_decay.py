"""Layer-wise learning-rate decay: lower layers, which fine-tuning should change least, learn more slowly."""

from __future__ import annotations

import math
import re

from torch import nn

from modernize.entry import Trainable
from modernize.models import handle_of
from modernize.spec import Arch

_BLOCK = re.compile(r"stages\.(\d+)\.(?:downsample|blocks\.(\d+))\.")


def layer_factors(network: nn.Module, entry: Trainable) -> dict[nn.Parameter, float]:
    """Return the factor on the learning rate of each parameter; empty where all learn alike.

    Groups: the stem; each stage with what brings the map there, but the last but one (or the only one) in groups of
    `layer_decay_blocks` blocks, the first with the downsampling before it; and the head, which learns at the full rate.
    Each group has `layer_decay` times the rate of the next. So has the code released with the paper, which is written
    for depths (3, 3, 27, 3); with fewer blocks in stage 3 it leaves a gap of rates below stage 4, which is closed here.

    Of another library's network each layer is a group, as the library parts it (`handle_of`), the classifier's with
    the full rate: so timm fine-tunes its own.

    Args:
        network: Built from the entry.
        entry: Its depths, `layer_decay` and `layer_decay_blocks` are read.
    """
    recipe, decay = entry.recipe, entry.recipe.layer_decay
    if decay == 1.0:
        return {}
    if not isinstance(entry.model, Arch):
        layers = reversed(handle_of(network).layers)
        return {network.get_parameter(name): decay**below for below, names in enumerate(layers) for name in names}
    depths = entry.model.depths
    parted = max(0, len(depths) - 2)
    sizes = [math.ceil(d / recipe.layer_decay_blocks) if i == parted else 1 for i, d in enumerate(depths)]
    head = 1 + sum(sizes)

    def group(name: str) -> int:
        if name.startswith("stem."):
            return 0
        if not (found := _BLOCK.match(name)):
            return head
        stage, block = int(found[1]), int(found[2] or 0)
        return 1 + sum(sizes[:stage]) + (block // recipe.layer_decay_blocks if stage == parted else 0)

    return {parameter: decay ** (head - group(name)) for name, parameter in network.named_parameters()}
