"""From a blueprint to what a drawing of it shows: boxes, what stands beside the arrows, and what changed."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import NamedTuple

from modernize.blueprint import Block, Blueprint, blueprint
from modernize.diagram import INTO, op_rows, pick_block
from modernize.ops import Conv, Kind, Op
from modernize.spec import Spec
from modernize.words import plural


class Word(NamedTuple):
    """A norm, an activation or the like; `marked` where another part does not have it there."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box, and what follows it on the arrow below.

    Attributes:
        name: Of its operation in the blueprint: the same operation elsewhere has the same name.
        text: Inside the box; "" for no box.
        kind: One of `KINDS`.
        channels: What goes in and comes out.
        beside: Norms, activations and the like, in order.
        marked: Whether another part does not have it there.
    """

    name: str
    text: str
    kind: Kind
    channels: tuple[int, int]
    beside: tuple[Word, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a network.

    Attributes:
        title: Over the drawing.
        nodes: From input to output; all but the first have a box.
        residual: Whether a shortcut leads around the nodes.
        shortcut: What stands on it; empty for the identity.
        forks_below: Whether it begins below what stands before the first box, not above it.
        after: What follows the addition.
        flow: Whether arrows join the nodes; without, they are a list.
    """

    title: str
    nodes: tuple[Node, ...]
    residual: bool = False
    shortcut: tuple[Node, ...] = ()
    forks_below: bool = False
    after: tuple[Word, ...] = ()
    flow: bool = True

    @property
    def marked(self) -> bool:
        """Whether anything in it is."""
        every = (*self.nodes, *self.shortcut)
        return any(node.marked or any(w.marked for w in node.beside) for node in every) or any(
            w.marked for w in self.after
        )


def box_text(op: Op) -> str:
    """Print what stands in an operation's box, with true multiplication signs.

    Examples:
        >>> box_text(Conv("spatial", 96, 96, 7, groups=96)) == "d7\u00d77, 96"
        True
    """
    return re.sub(r"(?<=\d)x(?=\d)", "×", op.box)  # noqa: RUF001


def block_part(plan: Blueprint, stage: int = 1, position: int | None = None) -> Part:
    """Lay out one block, by default the one that `pick_block` takes.

    Raises:
        ModernizeError: If there is no such block.
    """
    position, found = pick_block(plan, stage, position)
    return residual_part(found, f"stage {stage}, block {position} of {len(plan.stages[stage - 1].blocks)}")


def residual_part(block: Block, title: str) -> Part:
    """Lay out a residual block."""
    return Part(
        title=title,
        nodes=nodes_of((*block.before, *block.branch)),
        residual=True,
        shortcut=nodes_of(block.shortcut),
        forks_below=bool(block.before),
        after=tuple(Word(op.text) for op in block.after),
    )


def network_parts(spec: Spec) -> dict[str, Part]:
    """Lay out a network part by part, by the names that `diagram.network_parts` has; its block is called "block"."""
    plan = blueprint(spec)
    parts = {"stem": Part(title="stem", nodes=nodes_of(plan.stem, 3)), "stages": _stages(plan)}
    if len(plan.stages) > 1:
        second = plan.stages[1]
        parts[INTO] = (
            Part(title="downsampling into stage 2", nodes=nodes_of(second.downsample))
            if second.downsample
            else residual_part(second.blocks[0], "downsampling: stage 2, block 1")
        )
    parts["block"] = block_part(plan)
    parts["head"] = Part(title="head", nodes=nodes_of(plan.head, plan.stages[-1].blocks[-1].out_channels))
    return parts


def nodes_of(ops: Sequence[Op], channels: int = 0) -> tuple[Node, ...]:
    """Join each operation that mixes values with what follows it.

    Args:
        ops: In order.
        channels: What comes in, where no convolution says so.
    """
    nodes = []
    channels = next((op.in_channels for op in ops if isinstance(op, Conv)), channels)
    for row in op_rows(tuple(ops)):
        head = row[0]
        boxed = head.kind != "rest"
        out, *_ = head.out_shape((channels, 1, 1))
        nodes.append(
            Node(
                name=head.name,
                text=box_text(head) if boxed else "",
                kind=head.kind,
                channels=(channels, out),
                beside=tuple(Word(op.text) for op in row[boxed:]),
            )
        )
        channels = out
    return tuple(nodes)


def compare(left: Part, right: Part) -> tuple[Part, Part]:
    """Mark what of each of two parts is not in the other, or stands elsewhere in it."""
    nodes, shortcut = _compare_nodes(left.nodes, right.nodes), _compare_nodes(left.shortcut, right.shortcut)
    after = _compare_words(left.after, right.after)
    return (
        replace(left, nodes=nodes[0], shortcut=shortcut[0], after=after[0]),
        replace(right, nodes=nodes[1], shortcut=shortcut[1], after=after[1]),
    )


def _compare_nodes(left: Sequence[Node], right: Sequence[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    stay = {left[i].name for i, _ in _common([*map(_identity, left)], [*map(_identity, right)])}
    here, there = ({node.name: i for i, node in enumerate(nodes)} for nodes in (left, right))
    # One that stands on another side of one that stays has moved.
    moved = {
        name
        for name in here.keys() & there.keys()
        if any((here[name] < here[other]) != (there[name] < there[other]) for other in stay - {name})
    }
    words = {
        name: _compare_words(left[here[name]].beside, right[there[name]].beside)
        for name in (here.keys() & there.keys()) - moved
    }

    def marked(node: Node, side: int) -> Node:
        if node.name in words:
            return replace(node, marked=node.name not in stay, beside=words[node.name][side])
        return replace(node, marked=True, beside=tuple(Word(word.text, marked=True) for word in node.beside))

    return tuple(marked(node, 0) for node in left), tuple(marked(node, 1) for node in right)


def _identity(node: Node) -> Hashable:
    """What must be equal for a box to be the same: a pooling is, whatever its channels."""
    return node.name, node.text, node.channels if node.kind != "pool" else ()


def _compare_words(left: Sequence[Word], right: Sequence[Word]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    common = _common([word.text for word in left], [word.text for word in right])
    return (
        tuple(Word(word.text, i not in {i for i, _ in common}) for i, word in enumerate(left)),
        tuple(Word(word.text, j not in {j for _, j in common}) for j, word in enumerate(right)),
    )


def _common(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair the places of what both hold in the same order."""
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return [(i + k, j + k) for i, j, length in blocks for k in range(length)]


def _stages(plan: Blueprint) -> Part:
    nodes = []
    for number, stage in enumerate(plan.stages, 1):
        channels = stage.blocks[0].out_channels
        text = f"stage {number}: {plural(len(stage.blocks), 'block')}, {channels}-d"
        nodes.append(Node(name=f"stage {number}", text=text, kind="rest", channels=(channels, channels)))
    return Part(title="stages", nodes=tuple(nodes), flow=False)
