"""Memory traffic of a spec by arithmetic alone: the bytes that a training step moves for each image.

Every operation of the blueprint is taken as a kernel of its own, which reads what it needs from memory once and writes
its result once, in elements of one size. `MOVES` says which tensors these are: `x` and `dx` are its input
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
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from modernize import ops
from modernize.blueprint import Blueprint, blueprint
from modernize.errors import ModernizeError
from modernize.ops import Op, Shape
from modernize.spec import Spec


class Moves(NamedTuple):
    """The tensors that an operation moves in training, each as often as it is named."""

    reads: str
    writes: str
    backward_reads: str
    backward_writes: str


_PRODUCT = Moves("x", "y", "dy dy x", "dx")
_BY_POSITION = Moves("x", "y", "dy x", "dx")
_OVER_THE_MAP = Moves("x x", "y", "dy dy x x", "dx")
_INPUT_UNREAD = Moves("x", "y", "dy", "dx")

MOVES: dict[type[Op], Moves] = {
    **dict.fromkeys((ops.Conv, ops.Linear), _PRODUCT),
    **dict.fromkeys((ops.Activation, ops.LayerScale), _BY_POSITION),
    ops.GRN: _OVER_THE_MAP,
    ops.MaxPool: Moves("x", "y index", "dy index", "dx"),
    **dict.fromkeys((ops.GlobalPool, ops.Dropout), _INPUT_UNREAD),
}
NORMS = {"batch": _OVER_THE_MAP, "layer": _BY_POSITION, "group": _OVER_THE_MAP}
OF_IMAGES = Moves("x", "y", "dy x", "")
"""Of the first convolution."""
JOINTS = {"drop": _INPUT_UNREAD, "add": Moves("x x", "y", "", ""), "fork": Moves("", "", "dx dx", "dx")}
"""What joins a block's branch and shortcut: stochastic depth, the addition, and the block's input."""

# All other tensors are as large as the output; an index counts as one element.
AS_LARGE_AS_THE_INPUT = {"x", "dx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTraffic:
    """Traffic of one operation for one image.

    Attributes:
        path: Where it stands, for example "stages.0.blocks.2.branch.pwconv1".
        forward_bytes: Read and written in the forward pass.
        backward_bytes: Read and written in the backward pass.
    """

    path: str
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
    rows = (_row(path, moves, shapes, element_bytes) for path, moves, shapes in _moved(blueprint(spec), size))
    return Traffic(ops=tuple(rows))


def _moved(network: Blueprint, image_size: int) -> Iterator[tuple[str, Moves, tuple[Shape, Shape]]]:
    """Pass what moves data: where it stands, what it moves, and the shapes of its input and output."""
    branches: dict[str, tuple[Shape, Shape]] = {}
    for index, (path, op, in_shape, out_shape) in enumerate(network.walk(image_size)):
        norm = NORMS[op.norm] if isinstance(op, ops.Norm) else None
        yield path, norm or (MOVES[type(op)] if index else OF_IMAGES), (in_shape, out_shape)
        block, branch, _ = path.partition(".branch.")
        if branch:
            branches[block] = branches.get(block, (in_shape,))[0], out_shape
    blocks = [block for stage in network.stages for block in stage.blocks]
    for (path, (in_shape, out_shape)), block in zip(branches.items(), blocks, strict=True):
        if block.drop_rate:
            yield f"{path}.drop", JOINTS["drop"], (out_shape, out_shape)
        yield f"{path}.add", JOINTS["add"], (out_shape, out_shape)
        yield f"{path}.fork", JOINTS["fork"], (in_shape, in_shape)


def _row(path: str, moves: Moves, shapes: tuple[Shape, Shape], element_bytes: int) -> OpTraffic:
    in_bytes, out_bytes = (element_bytes * math.prod(shape) for shape in shapes)

    def moved(tensors: str) -> int:
        return sum(in_bytes if name in AS_LARGE_AS_THE_INPUT else out_bytes for name in tensors.split())

    return OpTraffic(
        path=path,
        forward_bytes=moved(moves.reads) + moved(moves.writes),
        backward_bytes=moved(moves.backward_reads) + moved(moves.backward_writes),
    )
