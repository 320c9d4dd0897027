"""Memory traffic of a spec by arithmetic alone: the bytes that a training step moves for each image.

Every operation of the blueprint is taken as a kernel of its own, which reads what it needs from memory once and writes
its result once, in elements of one size. `RULES` says which tensors these are: `x` and `dx` are an operation's input
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

from modernize.blueprint import Activation, Block, Norm, Op, blueprint
from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.spec import Spec


@dataclass(frozen=True, slots=True)
class Rule:
    """The tensors that an operation moves, forward and backward."""

    reads: str
    writes: str
    backward_reads: str
    backward_writes: str


# By kind of operation: read and written forward, read and written backward.
RULES = {
    "Conv": Rule("x", "y", "dy dy x", "dx"),
    "ImageConv": Rule("x", "y", "dy x", ""),
    "Linear": Rule("x", "y", "dy dy x", "dx"),
    "batch": Rule("x x", "y", "dy dy x x", "dx"),
    "layer": Rule("x", "y", "dy x", "dx"),
    "relu": Rule("x", "y", "dy y", "dx"),
    "gelu": Rule("x", "y", "dy x", "dx"),
    "MaxPool": Rule("x", "y index", "dy index", "dx"),
    "GlobalPool": Rule("x", "y", "dy", "dx"),
    "LayerScale": Rule("x", "y", "dy x", "dx"),
    "GRN": Rule("x x", "y", "dy dy x x", "dx"),
    "DropPath": Rule("x", "y", "dy", "dx"),
    "Add": Rule("x x", "y", "", ""),
    "Fork": Rule("", "", "dx dx", "dx"),
}
# All other tensors are as large as the output; an index counts as one element.
AS_LARGE_AS_THE_INPUT = {"x", "dx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTraffic:
    """Traffic of one operation for one image.

    Attributes:
        path: Where it stands, for example "stages.0.blocks.2.branch.pwconv1".
        rule: Its name in `RULES`.
        forward_bytes: Read and written in the forward pass.
        backward_bytes: Read and written in the backward pass.
    """

    path: str
    rule: str
    forward_bytes: int
    backward_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Traffic of a training step for one image of `image_size` x `image_size` pixels."""

    image_size: int
    element_bytes: int
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
    counted = cost(spec, image_size)
    sizes = {op.path: math.prod(op.out_shape) for op in counted.ops}
    rows = (
        _row(path, rule, in_size, out_size, element_bytes)
        for path, rule, in_size, out_size in _network_ops(spec, 3 * counted.image_size**2, sizes)
    )
    return Traffic(image_size=counted.image_size, element_bytes=element_bytes, ops=tuple(rows))


def _row(path: str, rule: str, in_size: int, out_size: int, element_bytes: int) -> OpTraffic:
    def moved(tensors: str) -> int:
        return element_bytes * sum(in_size if name in AS_LARGE_AS_THE_INPUT else out_size for name in tensors.split())

    moves = RULES[rule]
    return OpTraffic(
        path=path,
        rule=rule,
        forward_bytes=moved(moves.reads) + moved(moves.writes),
        backward_bytes=moved(moves.backward_reads) + moved(moves.backward_writes),
    )


# Path, name of the rule, elements of the input, elements of the output.
_Op = tuple[str, str, int, int]


def _network_ops(spec: Spec, size: int, sizes: dict[str, int]) -> Iterator[_Op]:
    plan = blueprint(spec)
    ops, size = _sequence(plan.stem, "stem", size, sizes)
    yield from ops
    for i, stage in enumerate(plan.stages):
        ops, size = _sequence(stage.downsample, f"stages.{i}.downsample", size, sizes)
        yield from ops
        for j, block in enumerate(stage.blocks):
            ops, size = _block(block, f"stages.{i}.blocks.{j}", size, sizes)
            yield from ops
    yield from _sequence(plan.head, "head", size, sizes)[0]


def _block(block: Block, path: str, in_size: int, sizes: dict[str, int]) -> tuple[list[_Op], int]:
    shortcut, _ = _sequence(block.shortcut, f"{path}.shortcut", in_size, sizes)
    branch, size = _sequence(block.branch, f"{path}.branch", in_size, sizes)
    drop = [(f"{path}.drop", "DropPath", size, size)] if block.drop_rate else []
    joints = [(f"{path}.add", "Add", size, size), (f"{path}.fork", "Fork", in_size, in_size)]
    after, _ = _sequence(block.after, f"{path}.after", size, sizes)
    return [*shortcut, *branch, *drop, *joints, *after], size


def _sequence(ops: tuple[Op, ...], path: str, size: int, sizes: dict[str, int]) -> tuple[list[_Op], int]:
    rows = []
    for op in ops:
        own = f"{path}.{op.name}"
        out_size = sizes.get(own, size)  # `cost` has no row for what follows the addition: it keeps the size
        rows.append((own, _rule(op, own), size, out_size))
        size = out_size
    return rows, size


def _rule(op: Op, path: str) -> str:
    if isinstance(op, Norm | Activation):
        return op.kind
    return "ImageConv" if path == "stem.conv" else type(op).__name__
