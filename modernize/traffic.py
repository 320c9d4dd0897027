"""Memory traffic of a spec by arithmetic alone: the bytes that a training step moves for each image.

Every operation of the blueprint is taken as a kernel of its own, which reads what it needs from memory once and writes
its result once, in elements of one size. `Op.moves` says which tensors these are: `x` and `dx` are its input
and its gradient, `y` and `dy` its output and its gradient; an input counts whole even where a stride skips part of it.
A tensor that is named twice is moved twice:

* A convolution's backward is two products: `dx` is made of `dy`, the weight's gradient of `dy` and `x`.
* BatchNorm in training and GRN need sums over the whole map before they can give their first result, forward and
  backward, so they go over what they read twice. LayerNorm has a position's channels at hand and reads once.
* A residual addition passes `dy` on to both sides, which moves nothing. The block's input was read by both of them,
  and there the two gradients are added up ("Fork").
* Nothing asks for the gradient of the images, so the first convolution makes none.

Left out is what is small beside a map (statistics, masks, biases, the loss), and what a step moves once whatever the
batch: weights, their gradients and the optimizer's state. Fused kernels move less than this, and autocast, which keeps
some tensors in fp32, moves more: the count is a yardstick, not a bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from modernize.blueprint import Visit, blueprint
from modernize.errors import ModernizeError
from modernize.ops import Op
from modernize.spec import Spec

# All other tensors are as large as the output; an index counts as one element.
AS_LARGE_AS_THE_INPUT = {"x", "dx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTraffic:
    """Traffic of one operation for one image.

    Attributes:
        path: Where it stands, for example "stages.0.blocks.2.branch.pwconv1".
        op: The operation.
        forward_bytes: Read and written in the forward pass.
        backward_bytes: Read and written in the backward pass.
    """

    path: str
    op: Op
    forward_bytes: int
    backward_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Traffic of a training step for one image."""

    ops: tuple[OpTraffic, ...]

    @property
    def forward_bytes(self) -> int:
        """Read and written in the forward pass."""
        return sum(op.forward_bytes for op in self.ops)

    @property
    def backward_bytes(self) -> int:
        """Read and written in the backward pass."""
        return sum(op.backward_bytes for op in self.ops)

    @property
    def total_bytes(self) -> int:
        """Read and written in both."""
        return self.forward_bytes + self.backward_bytes


def traffic(spec: Spec, image_size: int | None = None, *, element_bytes: int = 2) -> Traffic:
    """Count what a training step moves for each image, from the spec alone.

    Args:
        spec: Any spec; its recipe says where stochastic depth drops.
        image_size: Height and width of the input in pixels; the regime's by default.
        element_bytes: Of a number in memory: 2 for bf16 and fp16, 4 for fp32.

    Raises:
        ModernizeError: If the image is too small for the network, or an element has no bytes.

    Examples:
        >>> from modernize.regimes import base_spec
        >>> f"{traffic(base_spec('resnet50')).total_bytes / 1e9:.2f} GB an image"
        '0.47 GB an image'
    """
    if element_bytes < 1:
        raise ModernizeError(f"an element should have at least 1 byte, not {element_bytes}.")
    size = spec.regime.image_size if image_size is None else image_size
    return Traffic(ops=tuple(_row(visit, element_bytes) for visit in blueprint(spec).walk(size)))


def _row(visit: Visit, element_bytes: int) -> OpTraffic:
    in_bytes, out_bytes = (element_bytes * math.prod(shape) for shape in (visit.in_shape, visit.out_shape))

    def moved(tensors: str) -> int:
        return sum(in_bytes if name in AS_LARGE_AS_THE_INPUT else out_bytes for name in tensors.split())

    moves = visit.op.moves
    return OpTraffic(
        path=visit.path,
        op=visit.op,
        forward_bytes=moved(moves.reads) + moved(moves.writes),
        backward_bytes=moved(moves.backward_reads) + moved(moves.backward_writes),
    )
