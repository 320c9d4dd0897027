"""Networks drawn in text, from the blueprint: a block like the paper's Figure 4, and what lies around the blocks.

A line is a convolution with what directly follows it. "d7x7, 96" is a depthwise convolution on 96 channels, "1x1,
96 -> 384" a pointwise one; the rail at the left of a block is its shortcut.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import zip_longest

from modernize.blueprint import Block, Blueprint, Ops, blueprint
from modernize.errors import ModernizeError
from modernize.ops import Op
from modernize.spec import Spec

MARK = "*"
"""Stands at the left of a line that differs from the one beside it."""

INTO = "downsampling into stage 2"
"""The part that stands for all transitions between stages."""

_GAP = "   "

Lines = tuple[str, ...]


def block_diagram(spec: Spec, stage: int = 1, position: int | None = None) -> str:
    """Draw one block.

    Args:
        spec: The network.
        stage: From 1.
        position: From 1, in its stage; the second by default, which is like those after it, or the only one.

    Raises:
        ModernizeError: If there is no such block.

    Examples:
        >>> from modernize.ladder import ladder
        >>> print(block_diagram(ladder("resnet50")[-1].spec))
        96 channels
        ├─╮
        │ d7x7, 96        LN
        │ 1x1, 96 -> 384  GELU
        │ 1x1, 384 -> 96  LayerScale
        +─╯
    """
    return "\n".join(_block_lines(pick_block(blueprint(spec), stage, position)[1]))


def network_parts(spec: Spec) -> dict[str, Lines]:
    """Draw a whole network part by part.

    Returns:
        Lines of text by the heading of their part, from stem to head.
    """
    plan = blueprint(spec)
    position, block = pick_block(plan)
    parts = {"stem": _op_lines(plan.stem), "stages": _stage_lines(plan)}
    if len(plan.stages) > 1:
        parts[INTO] = _downsampling_lines(plan)
    parts[f"stage 1, block {position}"] = _block_lines(block)
    parts["head"] = _op_lines(plan.head)
    return parts


def network_diagram(spec: Spec) -> str:
    """Draw a whole network: stem, stages, downsampling, a representative block and the head."""
    return "\n\n".join("\n".join((name, *lines)) for name, lines in network_parts(spec).items())


def change_diagram(before: Spec, after: Spec, titles: tuple[str, str] = ("before", "after")) -> str:
    """Draw two networks side by side: the block always, other parts where they differ.

    Args:
        before: The network on the left.
        after: The network on the right.
        titles: What to call them.

    Returns:
        Text in which lines that differ are marked with `MARK` at their left.

    Examples:
        >>> from modernize.ladder import rung_of
        >>> rung = rung_of("depthwise", "resnet50")
        >>> print(change_diagram(rung.before, rung.spec))
          before                               after
        <BLANKLINE>
        stage 1, block 2
          256 channels                         256 channels
          ├─╮                                  ├─╮
          │ 1x1, 256 -> 64  BN  ReLU           │ 1x1, 256 -> 64  BN  ReLU
        * │ 3x3, 64         BN  ReLU         * │ d3x3, 64        BN  ReLU
          │ 1x1, 64 -> 256  BN  LayerScale     │ 1x1, 64 -> 256  BN  LayerScale
          +─╯                                  +─╯
          ReLU                                 ReLU
    """
    rows = diagram_rows(before, after)
    width = max(len(titles[0]), *(len(row[1]) for part in rows.values() for row in part))
    parts = {"": [(" ", titles[0], " ", titles[1])], **rows}
    return "\n\n".join(
        "\n".join([*filter(None, [name]), *(f"{a} {x:<{width}}{_GAP}{b} {y}".rstrip() for a, x, b, y in part)])
        for name, part in parts.items()
    )


def diagram_rows(before: Spec, after: Spec) -> dict[str, list[tuple[str, str, str, str]]]:
    """Set what changes between two networks side by side, equal lines beside each other.

    Returns:
        Rows of mark, left line, mark, right line, by part; a mark is `MARK` where the line differs, or a space.

    Examples:
        >>> from modernize.ladder import rung_of
        >>> rung = rung_of("kernel-7", "resnet50")
        >>> [row[1::2] for row in diagram_rows(rung.before, rung.spec)["stage 1, block 2"] if row[0] == MARK]
        [('│ d3x3, 96        BN  ReLU', '│ d7x7, 96        BN  ReLU')]
    """
    left, right = network_parts(before), network_parts(after)
    return {name: _side_by_side(left.get(name, ()), right.get(name, ())) for name in changed_parts(before, after)}


def changed_parts(before: Spec, after: Spec) -> tuple[str, ...]:
    """Name the parts worth showing of a change, as in `network_parts`: the block always, others where they differ."""
    left, right = network_parts(before), network_parts(after)
    names = [*left, *(name for name in right if name not in left)]
    shown = [name for name in names if left.get(name) != right.get(name)]
    blocks = [name for name in names if ", block " in name]
    in_block = [spec.arch.downsampling == "in-block" for spec in (before, after)]
    if INTO in shown and all(in_block) and set(blocks) & set(shown):
        shown.remove(INTO)  # it is a block that changed as all blocks did
    return tuple(name for name in names if name in shown or name in blocks)


def _side_by_side(left: Lines, right: Lines) -> list[tuple[str, str, str, str]]:
    rows = []
    for tag, i, j, m, n in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for x, y in zip_longest(left[i:j], right[m:n], fillvalue=""):
            marks = [MARK if tag != "equal" and line else " " for line in (x, y)]
            rows.append((marks[0], x, marks[1], y))
    return rows


def pick_block(plan: Blueprint, stage: int = 1, position: int | None = None) -> tuple[int, Block]:
    """Find a block, by default the second of stage 1 or the only one: it stands for those after it.

    Args:
        plan: The network.
        stage: From 1.
        position: From 1, in its stage.

    Returns:
        Its position and the block.

    Raises:
        ModernizeError: If there is no such block.
    """
    if not 1 <= stage <= len(plan.stages):
        raise ModernizeError(f"there is no stage {stage}: the network has stages 1 to {len(plan.stages)}.")
    blocks = plan.stages[stage - 1].blocks
    position = min(2, len(blocks)) if position is None else position
    if not 1 <= position <= len(blocks):
        raise ModernizeError(f"there is no block {position} in stage {stage}: it has blocks 1 to {len(blocks)}.")
    return position, blocks[position - 1]


def op_rows(ops: Ops) -> list[list[Op]]:
    """Part a sequence before each operation that mixes values: a convolution, a pooling, the classifier."""
    rows: list[list[Op]] = []
    for op in ops:
        if not rows or op.kind != "rest":
            rows.append([])
        rows[-1].append(op)
    return rows


def _stage_lines(plan: Blueprint) -> Lines:
    return (
        "blocks    " + ", ".join(str(len(stage.blocks)) for stage in plan.stages),
        "channels  " + ", ".join(str(stage.blocks[0].out_channels) for stage in plan.stages),
    )


def _downsampling_lines(plan: Blueprint) -> Lines:
    stage = plan.stages[1]
    return _op_lines(stage.downsample) if stage.downsample else _block_lines(stage.blocks[0])


def _block_lines(block: Block) -> Lines:
    shortcut = "  ".join(_op_lines(block.shortcut))
    return (
        f"{block.in_channels} channels",
        *_op_lines(block.before),
        "├─╮",
        *(f"│ {line}" for line in _op_lines(block.branch)),
        f"+─╯ shortcut: {shortcut}" if shortcut else "+─╯",
        *_op_lines(block.after),
    )


def _op_lines(ops: Ops) -> Lines:
    rows = [
        ("", *(op.text for op in row)) if row[0].kind == "rest" else [op.text for op in row] for row in op_rows(ops)
    ]
    width = max((len(row[0]) for row in rows if len(row) > 1), default=0)
    return tuple("  ".join(filter(None, (f"{row[0]:<{width}}", *row[1:]))).rstrip() for row in rows)
