"""MACs and parameters counted on a built network, by torch rather than by our arithmetic."""

from __future__ import annotations

import torch
from torch import nn


def counted_macs(network: nn.Module, image_size: int) -> int:
    """Count a forward pass on one image.

    torch counts two operations a multiply-accumulate, in convolutions and matrix products only: the paper's
    convention, doubled. Nothing is computed if the network lives on the meta device.

    Args:
        network: Any image network.
        image_size: Height and width of the input in pixels.
    """
    from torch.utils.flop_counter import FlopCounterMode  # imports triton, where there is one

    device = next(network.parameters()).device
    training = network.training
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network.eval()(torch.empty(1, 3, image_size, image_size, device=device))
    finally:
        network.train(training)
    flops: int = counter.get_total_flops()
    return flops // 2


def counted_params(network: nn.Module) -> int:
    """Count the learned numbers of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
