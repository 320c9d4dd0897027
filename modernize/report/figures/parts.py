"""From a blueprint to what a drawing of it shows: boxes, what stands beside the arrows, and what changed."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from modernize.blueprint import Block, Blueprint, blueprint
from modernize.diagram import INTO, op_rows, pick_block
from modernize.ops import Conv, Kind, Op
from modernize.spec import Spec
from modernize.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box, and what follows it on the arrow below.

    Attributes:
        name: Of its operation in the blueprint: the same operation elsewhere has the same name.
        text: Inside the box; "" for no box.
        kind: One of `KINDS`.
        channels: What goes in and comes out.
        beside: Norms, activations and the like, in order.
    """

    name: str
    text: str
    kind: Kind
    channels: tuple[int, int]
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a network.

    Attributes:
        title: Over the drawing.
        nodes: From input to output.
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
    after: tuple[str, ...] = ()
    flow: bool = True


Words = tuple[bool, ...]
NodeMarks = tuple[tuple[bool, Words], ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What differs from another part: for each node its box and each word beside it, and each word after."""

    nodes: NodeMarks
    shortcut: NodeMarks
    after: Words

    @property
    def any(self) -> bool:
        """Whether anything does."""
        every = (*self.nodes, *self.shortcut)
        return any(box or any(beside) for box, beside in every) or any(self.after)


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
        after=tuple(op.text for op in block.after),
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
                beside=tuple(op.text for op in row[boxed:]),
            )
        )
        channels = out
    return tuple(nodes)


def compare(left: Part, right: Part) -> tuple[Marks, Marks]:
    """Say what of each of two parts is not in the other, or stands elsewhere in it."""
    nodes = _compare_nodes(left.nodes, right.nodes)
    shortcut = _compare_nodes(left.shortcut, right.shortcut)
    after = _compare_words(left.after, right.after)
    return Marks(nodes[0], shortcut[0], after[0]), Marks(nodes[1], shortcut[1], after[1])


def _compare_nodes(left: Sequence[Node], right: Sequence[Node]) -> tuple[NodeMarks, NodeMarks]:
    kept = [(left[i].name, right[j].name) for i, j in _common([*map(_identity, left)], [*map(_identity, right)])]
    stay = {name for name, _ in kept}
    marks: tuple[list[tuple[bool, Words]], list[tuple[bool, Words]]] = ([], [])
    places = [{node.name: i for i, node in enumerate(nodes)} for nodes in (left, right)]
    beside = {
        node.name: _compare_words(node.beside, right[places[1][node.name]].beside)
        for node in left
        if node.name in places[1]
    }
    for side, nodes in enumerate((left, right)):
        for node in nodes:
            if node.name not in beside or _moved(node.name, stay, *places):
                marks[side].append((True, (True,) * len(node.beside)))
            else:
                marks[side].append((node.name not in stay, beside[node.name][side]))
    return tuple(marks[0]), tuple(marks[1])


def _identity(node: Node) -> Hashable:
    """What must be equal for a box to be the same: a pooling is, whatever its channels."""
    return node.name, node.text, node.channels if node.kind != "pool" else ()


def _moved(name: str, stay: Iterable[str], left: Mapping[str, int], right: Mapping[str, int]) -> bool:
    """Whether a node stands on another side of one that stays."""
    return any((left[name] < left[other]) != (right[name] < right[other]) for other in stay if other != name)


def _compare_words(left: Sequence[str], right: Sequence[str]) -> tuple[Words, Words]:
    common = _common(left, right)
    kept = {i for i, _ in common}, {j for _, j in common}
    return tuple(i not in kept[0] for i in range(len(left))), tuple(j not in kept[1] for j in range(len(right)))


def _common(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair the places of what both hold in the same order."""
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return [(i + k, j + k) for i, j, length in blocks for k in range(length)]


def _stages(plan: Blueprint) -> Part:
    nodes = []
    for number, stage in enumerate(plan.stages, 1):
        channels = stage.blocks[0].out_channels
        blocks = plural(len(stage.blocks), "block")
        text = f"stage {number}: {blocks}, {channels}-d"
        nodes.append(Node(name=f"stage {number}", text=text, kind="rest", channels=(channels, channels), beside=()))
    return Part(title="stages", nodes=tuple(nodes), flow=False)
