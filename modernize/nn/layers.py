"""The small layers a block is made of, on NCHW tensors (fastest in channels-last memory).

They are ours because timm's import takes seconds; tests hold them equal to timm's and torchvision's.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn


class LayerNorm2d(nn.Module):
    """LayerNorm over the channels at each position.

    Args:
        channels: Number of channels C.
        eps: Added to the variance.

    Shape:
        (N, C, H, W) to (N, C, H, W).
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Normalise; in channels-last memory both permutations are free."""
        x_nhwc = x_nchw.permute(0, 2, 3, 1)
        return F.layer_norm(x_nhwc, self.weight.shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)

    def extra_repr(self) -> str:
        """Show the channels and eps."""
        return f"{self.weight.numel()}, eps={self.eps}"


class LayerScale(nn.Module):
    """Multiply each channel by a learned number that starts at `initial`.

    Source: "Going deeper with Image Transformers" (arXiv:2103.17239).

    Shape:
        (N, C, H, W) to (N, C, H, W).
    """

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), initial))

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Scale."""
        return x_nchw * self.weight.view(-1, 1, 1)

    def extra_repr(self) -> str:
        """Show the channels."""
        return str(self.weight.numel())


class GRN(nn.Module):
    """Global Response Normalization: channels compete by their energy over the map.

    `gamma` and `beta` start at zero, so that the layer starts as the identity.
    Source: ConvNeXt V2 (arXiv:2301.00808), equations 1 to 3.

    Shape:
        (N, C, H, W) to (N, C, H, W).
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x_nchw: Tensor, *, over: Literal["image", "batch"] = "image") -> Tensor:
        """Normalise, scale and add to the input: gamma (x share) + beta + x, in one pass over the map.

        A channel's energy is that of each image alone, or that of the whole batch.
        """
        dims = (2, 3) if over == "image" else (0, 2, 3)
        energy: Tensor = torch.linalg.vector_norm(x_nchw, dim=dims, keepdim=True)
        share = energy / (energy.mean(dim=1, keepdim=True) + self.eps)
        return torch.addcmul(self.bias.view(-1, 1, 1), x_nchw, 1.0 + self.weight.view(-1, 1, 1) * share)


class DropPath(nn.Module):
    """Stochastic depth: in training, drop the whole branch of an image at random and rescale the others.

    Source: "Deep Networks with Stochastic Depth" (arXiv:1603.09382), per image as in timm.

    Args:
        rate: Probability of dropping.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Drop in training; the identity in evaluation."""
        if not self.training or self.rate == 0.0:
            return x_nchw
        keep = 1.0 - self.rate
        mask = x_nchw.new_empty((x_nchw.shape[0], 1, 1, 1)).bernoulli_(keep)
        return x_nchw * (mask.div_(keep) if keep > 0.0 else mask)

    def extra_repr(self) -> str:
        """Show the rate."""
        return f"rate={self.rate:.4f}"
