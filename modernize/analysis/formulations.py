"""The same layer written in several ways, timed against each other: LayerNorm and depthwise convolution.

The field's standing question: LayerNorm over channels wants channels-last memory, convolutions used to want NCHW.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.analysis.speed import LAYOUTS, Candidate
from modernize.cost import cost
from modernize.measure.timing import Task
from modernize.nn.convs import DepthwiseConv2d
from modernize.nn.layers import LayerNorm2d
from modernize.results.record import CostFacts
from modernize.results.speeds import Setting, Work
from modernize.spec import Spec
from modernize.train.device import autocast
from modernize.train.runtime import Runtime

KERNELS = (3, 7)
MOST_PIXELS = 16
"""Of a map whose depthwise convolution is a product with a matrix of all its positions."""


class PermutedLayerNorm(LayerNorm2d):
    """LayerNorm over channels of NCHW memory: to NHWC, normalised, and back, each a copy."""

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        x_nhwc = x_nchw.permute(0, 2, 3, 1).contiguous()
        normalised = F.layer_norm(x_nhwc, self.weight.shape, self.weight, self.bias, self.eps)
        return normalised.permute(0, 3, 1, 2).contiguous()


class WrittenLayerNorm(LayerNorm2d):
    """LayerNorm over channels of NCHW memory, as ConvNeXt's released code writes it: mean and variance by hand."""

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        mean = x_nchw.mean(1, keepdim=True)
        variance = (x_nchw - mean).pow(2).mean(1, keepdim=True)
        normalised = (x_nchw - mean) / torch.sqrt(variance + self.eps)
        return self.weight[:, None, None] * normalised + self.bias[:, None, None]


class MatmulDepthwise(nn.Module):
    """A depthwise convolution as one matrix product a channel: the k x k taps are gathered into (C, HW, HW)."""

    def __init__(self, channels: int, kernel: int, pixels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, kernel * kernel))
        rows = torch.arange(pixels)
        # tap[i, o]: which tap joins input position i to output position o; one more than there are where none does.
        dy = rows[:, None] - rows[None, :] + kernel // 2
        inside = (dy >= 0) & (dy < kernel)
        tap = dy[:, None, :, None] * kernel + dy[None, :, None, :]
        valid = inside[:, None, :, None] & inside[None, :, None, :]
        index = torch.where(valid, tap, kernel * kernel).reshape(-1)
        self.register_buffer("index", index)

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Convolve (N, C, H, W) without a bias."""
        n, c, h, w = x_nchw.shape
        matrix = F.pad(self.weight, (0, 1)).index_select(1, self.index).view(c, h * w, h * w)  # type: ignore[arg-type]
        out = torch.bmm(x_nchw.permute(1, 0, 2, 3).reshape(c, n, h * w), matrix)
        out_nhwc = out.permute(1, 2, 0).contiguous().view(n, h, w, c)
        return out_nhwc.permute(0, 3, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Formulation(Candidate):
    """One way of writing a layer.

    Attributes:
        build: Makes the layer.
        layout: Of its input.
        channels: Of its input.
        pixels: Height and width of its input.
    """

    build: Callable[[], nn.Module]
    layout: str
    channels: int
    pixels: int

    def tasks(self, setting: Setting, device: torch.device) -> dict[Work, Task]:
        """Forward alone, and forward and backward."""
        memory = LAYOUTS[self.layout]
        torch.manual_seed(0)
        layer = self.build().to(device)
        if setting.compiled:
            layer.compile()
        shape = (self.batch_size, self.channels, self.pixels, self.pixels)
        images = torch.randn(shape, device=device).contiguous(memory_format=memory).requires_grad_()
        inside = Runtime(device=setting.device, precision=setting.precision)

        @torch.inference_mode()
        def forward() -> None:
            with autocast(inside, device):
                layer(images)

        def both() -> None:
            images.grad = None
            layer.zero_grad()
            with autocast(inside, device):
                out = layer(images)
            out.backward(torch.ones_like(out))

        found: dict[Work, Task] = {"forward": Task(forward), "training": Task(both)}
        return {work: found[work] for work in self.works if work in found}


Way = tuple[str, str, Callable[[], nn.Module]]
"""How a layer is written, the layout of its input, and what makes it."""


def _norms(channels: int) -> list[Way]:
    return [
        ("per position, channels-last", "channels-last", lambda: LayerNorm2d(channels)),
        ("permuted, NCHW", "nchw", lambda: PermutedLayerNorm(channels)),
        ("written out, NCHW", "nchw", lambda: WrittenLayerNorm(channels)),
        ("GroupNorm(1), channels-last", "channels-last", lambda: nn.GroupNorm(1, channels)),
        ("GroupNorm(1), NCHW", "nchw", lambda: nn.GroupNorm(1, channels)),
    ]


def _depthwise(channels: int, kernel: int, pixels: int) -> list[Way]:
    def plain() -> nn.Module:
        return nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)

    ways: list[Way] = [
        ("nn.Conv2d, channels-last", "channels-last", plain),
        ("nn.Conv2d, NCHW", "nchw", plain),
        ("strips, channels-last", "channels-last", lambda: DepthwiseConv2d(channels, kernel, bias=False)),
    ]
    if pixels <= MOST_PIXELS:
        ways.append(("product a channel", "channels-last", lambda: MatmulDepthwise(channels, kernel, pixels)))
    return ways


def formulations(spec: Spec, image_size: int, batch_size: int, works: tuple[Work, ...]) -> list[Formulation]:
    """Return ways of writing the norms and depthwise convolutions of each stage of a network.

    Args:
        spec: Its stages' channels and maps are taken.
        image_size: Height and width of the images in pixels.
        batch_size: Images of a pass.
        works: "forward" and "training"; a layer has no latency of its own.
    """
    found = []
    for stage in cost(spec, image_size).stages:
        if not stage.path.startswith("stages"):
            continue
        channels, pixels, _ = stage.out_shape
        layers = {"LayerNorm": (0, _norms(channels))} | {
            f"depthwise {k}x{k}": (channels * (k * pixels) ** 2, _depthwise(channels, k, pixels)) for k in KERNELS
        }
        found += [
            Formulation(
                name=f"{layer}, {pixels} px, {channels} channels: {how}",
                role="formulation",
                cost=CostFacts(macs=macs, num_params=sum(each.numel() for each in build().parameters())),
                batch_size=batch_size,
                works=tuple(work for work in works if work != "latency"),
                build=build,
                layout=layout,
                channels=channels,
                pixels=pixels,
            )
            for layer, (macs, ways) in layers.items()
            for how, layout, build in ways
        ]
    return found
