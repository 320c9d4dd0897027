"""Convolutions in the formulations that are fast on a processor, with the weights of `torch.nn.Conv2d`.

Both classes are drop-in: same weights, same state dict, same result up to rounding. Measured in `benchmarks/`.
"""

from __future__ import annotations

import platform
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

# oneDNN has a fast weight gradient for depthwise kernels up to this wide (any height); wider kernels are
# taken in strips of this width, measured in `benchmarks/depthwise.py`.
STRIP_WIDTH = 3
# On maps up to this high a 1x1 convolution is faster as a matrix product everywhere.
SMALL_MAP = 4


def _product_is_faster() -> bool:
    """Whether MKL's matrix product beats oneDNN's 1x1 convolution: measured so on Intel, the reverse on AMD."""
    cpuinfo = Path("/proc/cpuinfo")
    vendor = cpuinfo.read_text() if cpuinfo.exists() else platform.processor()
    return "Intel" in vendor and bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]


_PRODUCT_IS_FASTER = _product_is_faster()


class PointwiseConv2d(nn.Conv2d):
    """A 1x1 convolution, as a matrix product over the channels of channels-last memory where that is faster.

    Shape:
        (N, C_in, H, W) to (N, C_out, H, W), or H and W divided by the stride, rounded up.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, 1, stride, bias=bias)

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Apply the same linear map at every position (every `stride`-th)."""
        stride = self.stride[0]
        if stride > 1:
            # Sliced as NHWC, so that the gradient too stays in channels-last memory.
            x_nchw = x_nchw.permute(0, 2, 3, 1)[:, ::stride, ::stride].permute(0, 3, 1, 2)
        if not _PRODUCT_IS_FASTER and x_nchw.shape[2] > SMALL_MAP:
            return F.conv2d(x_nchw, self.weight, self.bias)
        weight = self.weight.view(self.out_channels, self.in_channels)
        return F.linear(x_nchw.permute(0, 2, 3, 1), weight, self.bias).permute(0, 3, 1, 2)


class DepthwiseConv2d(nn.Conv2d):
    """A depthwise convolution whose gradients take the fast kernels on a processor.

    On other devices, and under autocast, it is `torch.nn.Conv2d`.

    Shape:
        (N, C, H, W) to (N, C, H, W), or H and W divided by the stride, rounded up.
    """

    def __init__(self, channels: int, kernel_size: int, *, stride: int = 1, bias: bool = True) -> None:
        super().__init__(channels, channels, kernel_size, stride, padding=kernel_size // 2, groups=channels, bias=bias)

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Convolve each channel with its own filter."""
        # Autocast would hand the product its own types, and the gradients others.
        if x_nchw.device.type != "cpu" or self.kernel_size[0] <= STRIP_WIDTH or torch.is_autocast_enabled("cpu"):
            return super().forward(x_nchw)
        out: Tensor = _Depthwise.apply(x_nchw, self.weight, self.stride[0])
        return out if self.bias is None else out + self.bias.view(-1, 1, 1)


class _Depthwise(torch.autograd.Function):
    """Depthwise convolution with "same" padding."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        # Taps further out than the map is large only ever meet padding.
        kernel = weight.shape[-1]
        crop = max(0, kernel // 2 - (max(x.shape[2:]) - 1))
        used = weight[:, :, crop : kernel - crop, crop : kernel - crop]
        ctx.save_for_backward(x, used)
        ctx.crop, ctx.stride = crop, stride  # type: ignore[attr-defined]
        return F.conv2d(x, used, None, stride, used.shape[-1] // 2, groups=x.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors  # type: ignore[attr-defined]
        stride, crop = ctx.stride, ctx.crop  # type: ignore[attr-defined]
        grad = grad.contiguous(memory_format=torch.channels_last)
        grad_x = _input_gradient(grad, x, weight, stride) if ctx.needs_input_grad[0] else None  # type: ignore[attr-defined]
        grad_weight = _weight_gradient(grad, x, weight, stride) if ctx.needs_input_grad[1] else None  # type: ignore[attr-defined]
        if grad_weight is not None and crop:
            grad_weight = F.pad(grad_weight, (crop, crop, crop, crop))
        return grad_x, grad_weight, None


def _input_gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    padding, groups = weight.shape[-1] // 2, x.shape[1]
    if stride == 1:
        # At stride 1 it is a convolution with the flipped kernel, whose forward pass is the faster code.
        return F.conv2d(grad, weight.flip(2, 3), None, 1, padding, groups=groups)
    return _gradients(grad, x, weight, stride, padding, (True, False, False))[0]


def _weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    kernel = weight.shape[-1]
    padding = kernel // 2
    if kernel <= STRIP_WIDTH and min(x.shape[2:]) > kernel:
        return _gradients(grad, x, weight, stride, padding, (False, True, False))[1]
    padded = F.pad(x, (padding, padding, padding, padding))
    reach = stride * (grad.shape[3] - 1)
    strips = []
    for left in range(0, kernel, STRIP_WIDTH):
        width = min(STRIP_WIDTH, kernel - left)
        window = padded[:, :, :, left : left + reach + width].contiguous(memory_format=torch.channels_last)
        strip = _gradients(grad, window, weight[:, :, :, :width], stride, 0, (False, True, False))[1]
        strips.append(strip)
    return torch.cat(strips, dim=3)


def _gradients(
    grad: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor, Tensor, Tensor]:
    gradients: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        grad, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], x.shape[1], list(wanted)
    )
    return gradients
