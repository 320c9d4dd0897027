"""Layer-wise learning-rate decay: lower layers, which fine-tuning should change least, learn more slowly."""

from __future__ import annotations

import math
import re

from torch import nn

from modernize.spec import Spec

_BLOCK = re.compile(r"stages\.(\d)\.(?:downsample|blocks\.(\d+))\.")


def layer_factors(network: nn.Module, spec: Spec) -> dict[nn.Parameter, float]:
    """Return the factor on the learning rate of each parameter; empty where all learn alike.

    Groups as in the code released with the paper, for any depths: the stem; stages 1 and 2, each with what brings the
    map there; stage 3 in groups of `layer_decay_blocks` blocks, the first with the downsampling before it; stage 4;
    and the head, which learns at the full rate. Each group has `layer_decay` times the rate of the one above it.

    Args:
        network: Built from the spec.
        spec: Its depths, `layer_decay` and `layer_decay_blocks` are read.
    """
    recipe, depths = spec.recipe, spec.arch.depths
    if recipe.layer_decay == 1.0:
        return {}
    below_last = 3 + math.ceil(depths[2] / recipe.layer_decay_blocks)

    def group(name: str) -> int:
        if name.startswith("stem."):
            return 0
        if not (found := _BLOCK.match(name)):
            return below_last + 1
        stage, block = int(found[1]), int(found[2] or 0)
        return (1, 2, 3 + block // recipe.layer_decay_blocks, below_last)[stage]

    return {
        parameter: recipe.layer_decay ** (below_last + 1 - group(name))
        for name, parameter in network.named_parameters()
    }
