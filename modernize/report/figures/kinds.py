"""Kinds of operations: one colour each, the same in diagrams and in cost figures."""

from __future__ import annotations

from modernize.blueprint import Conv, GlobalPool, Linear, MaxPool, Op

KINDS = {
    "1x1": "1×1 convolution",  # noqa: RUF001 - a true multiplication sign
    "dense": "k×k convolution",  # noqa: RUF001
    "depthwise": "depthwise convolution",
    "classifier": "classifier",
    "pool": "pooling",
    "rest": "norms, LayerScale, GRN",
}


def kind_of(op: Op) -> str:
    """Sort an operation into one of `KINDS`."""
    match op:
        case Conv(kernel=1):
            return "1x1"
        case Conv():
            return "depthwise" if op.depthwise else "dense"
        case Linear():
            return "classifier"
        case MaxPool() | GlobalPool():
            return "pool"
        case _:
            return "rest"
