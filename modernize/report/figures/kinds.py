"""Kinds of operations: one colour each, the same in diagrams and in cost figures."""

from __future__ import annotations

from modernize.ops import Kind

KINDS: dict[Kind, str] = {
    "1x1": "1×1 convolution",  # noqa: RUF001 - a true multiplication sign
    "dense": "k×k convolution",  # noqa: RUF001
    "depthwise": "depthwise convolution",
    "classifier": "classifier",
    "pool": "pooling",
    "rest": "norms, LayerScale, GRN",
}
