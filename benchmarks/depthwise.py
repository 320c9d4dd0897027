"""Formulations of depthwise and 1x1 convolutions compared: why `modernize.nn.convs` is written as it is.

`modernize bench --formulations` compares them on any regime's maps and devices, and those of LayerNorm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.measured import Measured
from benchmarks.side import OURS, Side
from modernize.analysis.formulations import MatmulDepthwise
from modernize.nn.convs import DepthwiseConv2d

# The stages of the laptop regime's `width` rung: pixels and channels of the narrow map.
STAGES = ((16, 12), (8, 24), (4, 48), (2, 96))
BATCH = 64


def measure(quick: bool) -> list[Measured]:
    """Time forward and backward of every formulation in turn, one thread."""
    repeats = 3 if quick else 31
    with Side(1, OURS) as side:
        rows = side.call("depthwise:compare", repeats=repeats, stages=STAGES[2:] if quick else STAGES)
    return [
        Measured(goal="", what=what, against=against, ours=ours, other=other, unit="us")
        for what, against, ours, other in rows
    ]


def compare(repeats: int, stages: list[tuple[int, int]]) -> list[tuple[str, str, float, float]]:
    """Return rows: what, against what, and the two medians of processor time in microseconds."""
    rows = []
    for pixels, channels in stages:
        for kernel in (3, 7):
            native = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
            strips = DepthwiseConv2d(channels, kernel, bias=False)
            matmul = MatmulDepthwise(channels, kernel, pixels)
            last, first = (
                _batch(channels, pixels, torch.channels_last),
                _batch(channels, pixels, torch.contiguous_format),
            )
            sides = {
                "nn.Conv2d channels-last": (native, last),
                "nn.Conv2d NCHW": (native, first),
                "matrix product a channel": (matmul, last),
                "strips": (strips, last),
            }
            rows += _rows(f"depthwise {kernel}x{kernel}, {pixels} px, {channels} channels", "strips", sides, repeats)
        wide = 4 * channels
        last, first = _batch(channels, pixels, torch.channels_last), _batch(channels, pixels, torch.contiguous_format)
        conv = nn.Conv2d(channels, wide, 1, bias=False).to(memory_format=torch.channels_last)
        sides = {
            "nn.Conv2d channels-last": (conv, last),
            "nn.Conv2d NCHW": (nn.Conv2d(channels, wide, 1, bias=False), first),
            "linear": (_LinearConv(channels, wide, bias=False), last),
        }
        rows += _rows(f"1x1, {pixels} px, {channels} to {wide} channels", "linear", sides, repeats)
    return rows


def _rows(
    what: str, ours: str, sides: dict[str, tuple[nn.Module, Tensor]], repeats: int
) -> list[tuple[str, str, float, float]]:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats + 2):
        for name, (module, batch) in sides.items():
            times[name].append(_step_seconds(module, batch))
    middle = {name: 1e6 * median(seconds[2:]) for name, seconds in times.items()}
    return [(f"{what}: {ours}", name, middle[ours], middle[name]) for name in sides if name != ours]


def _step_seconds(module: Callable[[Tensor], Tensor], batch: Tensor) -> float:
    batch = batch.detach().requires_grad_()
    began = time.process_time()
    out = module(batch)
    forward = time.process_time() - began
    gradient = torch.ones_like(out)
    began = time.process_time()
    out.backward(gradient)
    return forward + time.process_time() - began


def _batch(channels: int, pixels: int, layout: torch.memory_format) -> Tensor:
    return torch.randn(BATCH, channels, pixels, pixels).contiguous(memory_format=layout)


class _LinearConv(nn.Linear):
    """A 1x1 convolution as a matrix product over channels-last memory."""

    def forward(self, x_nchw: Tensor) -> Tensor:
        return super().forward(x_nchw.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
