"""The operations that a network is made of: each knows its text, its kind and what it costs.

A new operation is two files: a class here, and its module in `nn/network.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Shape = tuple[int, int, int]
"""Channels, height and width of a map."""

Kind = Literal["1x1", "dense", "depthwise", "classifier", "pool", "rest"]
"""What sort of operation it is: one colour each in figures. All but the rest mix values, and stand in boxes."""


class Op:
    """One operation. What is said here holds for one that keeps the shape, learns nothing and counts for nothing."""

    __slots__ = ()
    name: str

    @property
    def text(self) -> str:
        """A line of a diagram."""
        return type(self).__name__

    @property
    def box(self) -> str:
        """A box of a figure: as in the paper's, only the channels that come out."""
        return self.text

    @property
    def kind(self) -> Kind:
        """Its sort."""
        return "rest"

    @property
    def weights(self) -> int:
        """Weights that make one position of the output, each by a multiply-accumulate."""
        return 0

    @property
    def num_params(self) -> int:
        """Learned numbers (running statistics of BatchNorm are not learned)."""
        return self.weights

    @property
    def fvcore_macs(self) -> int:
        """Multiply-accumulates that fvcore counts for each element of the output besides."""
        return 0

    def out_shape(self, shape: Shape) -> Shape:
        """Shape of what it gives for an input of a shape."""
        return shape


@dataclass(frozen=True)
class Conv(Op):
    """A convolution, "same" padding unless it is a patch (kernel equals stride)."""

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    groups: int = 1
    bias: bool = True

    @property
    def padding(self) -> int:
        """Zeros added on each side."""
        return 0 if self.kernel == self.stride else self.kernel // 2

    @property
    def depthwise(self) -> bool:
        """Whether each filter has one channel, its own."""
        return self.groups == self.in_channels and (self.groups > 1 or self.out_channels == 1)

    @property
    def text(self) -> str:
        same = self.in_channels == self.out_channels and self.kernel > 1
        return self._with_channels(f"{self.out_channels}" if same else f"{self.in_channels} -> {self.out_channels}")

    @property
    def box(self) -> str:
        return self._with_channels(f"{self.out_channels}")

    def _with_channels(self, channels: str) -> str:
        groups = f", {self.groups} groups" if self.groups > 1 and not self.depthwise else ""
        stride = f", stride {self.stride}" if self.stride > 1 else ""
        return f"{'d' if self.depthwise else ''}{self.kernel}x{self.kernel}, {channels}{groups}{stride}"

    @property
    def kind(self) -> Kind:
        return "1x1" if self.kernel == 1 else "depthwise" if self.depthwise else "dense"

    @property
    def weights(self) -> int:
        return self.out_channels * (self.in_channels // self.groups) * self.kernel**2

    @property
    def num_params(self) -> int:
        return self.weights + self.out_channels * self.bias

    def out_shape(self, shape: Shape) -> Shape:
        return (self.out_channels, *_strided(shape, self.kernel, self.stride, self.padding))


@dataclass(frozen=True)
class Norm(Op):
    """BatchNorm (eps 1e-5), LayerNorm over the channels at each position, or GroupNorm with one group (eps 1e-6)."""

    name: str
    norm: Literal["batch", "layer", "group"]
    channels: int

    @property
    def text(self) -> str:
        return {"batch": "BN", "layer": "LN", "group": "GN"}[self.norm]

    @property
    def num_params(self) -> int:
        return 2 * self.channels

    @property
    def fvcore_macs(self) -> int:
        return {"batch": 2, "layer": 5, "group": 5}[self.norm]


@dataclass(frozen=True)
class Activation(Op):
    """ReLU, or exact (erf) GELU."""

    function: Literal["relu", "gelu"]
    name: str = "act"

    @property
    def text(self) -> str:
        return {"relu": "ReLU", "gelu": "GELU"}[self.function]


@dataclass(frozen=True)
class MaxPool(Op):
    """Max pooling, padded by half its kernel."""

    kernel: int
    stride: int
    name: str = "pool"

    @property
    def text(self) -> str:
        return f"{self.kernel}x{self.kernel} max pool, stride {self.stride}"

    kind: ClassVar[Kind] = "pool"

    def out_shape(self, shape: Shape) -> Shape:
        return (shape[0], *_strided(shape, self.kernel, self.stride, self.kernel // 2))


@dataclass(frozen=True)
class GlobalPool(Op):
    """Mean over all positions, kept as a 1x1 map."""

    name: str = "pool"

    text: ClassVar[str] = "global mean"

    kind: ClassVar[Kind] = "pool"

    def out_shape(self, shape: Shape) -> Shape:
        return (shape[0], 1, 1)


@dataclass(frozen=True)
class LayerScale(Op):
    """Multiplication by a learned vector that starts at `initial`."""

    channels: int
    initial: float
    name: str = "layer_scale"

    @property
    def num_params(self) -> int:
        return self.channels


@dataclass(frozen=True)
class GRN(Op):
    """Global Response Normalization (ConvNeXt V2)."""

    channels: int
    name: str = "grn"

    @property
    def num_params(self) -> int:
        return 2 * self.channels


@dataclass(frozen=True)
class Dropout(Op):
    """Each feature is dropped with a probability `rate`, in training."""

    rate: float
    name: str = "dropout"
    text: ClassVar[str] = "dropout"


@dataclass(frozen=True)
class Linear(Op):
    """The classifier."""

    name: str
    in_features: int
    out_features: int

    @property
    def text(self) -> str:
        return f"fc, {self.in_features} -> {self.out_features}"

    @property
    def box(self) -> str:
        return f"fc, {self.out_features}"

    kind: ClassVar[Kind] = "classifier"

    @property
    def weights(self) -> int:
        return self.in_features * self.out_features

    @property
    def num_params(self) -> int:
        return self.weights + self.out_features

    def out_shape(self, shape: Shape) -> Shape:
        return (self.out_features, *shape[1:])


def _strided(shape: Shape, kernel: int, stride: int, padding: int) -> tuple[int, int]:
    height, width = ((size + 2 * padding - kernel) // stride + 1 for size in shape[1:])
    return height, width
