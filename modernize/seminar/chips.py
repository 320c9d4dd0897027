"""A change of the network as two rows of boxes, one operation after the other: text that a page shows as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modernize.diagram import INTO, changed_parts
from modernize.report.figures.parts import Node, Part, Word, compare, network_parts
from modernize.spec import Spec

_NAMES = {INTO: "downsampling"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A box: what it says, the kind of operation it is, and whether the other row does not have it there."""

    text: str
    kind: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """A part of the network before and after a step."""

    part: str
    before: tuple[Chip, ...]
    after: tuple[Chip, ...]


def chips_of(before: Spec, after: Spec, *, pictured: bool = False) -> tuple[Beside, ...]:
    """Lay out what differs between two networks: their block, then other parts, as many as a slide has room for.

    Args:
        before: The network before a step.
        after: The network after it.
        pictured: Whether a picture shows the idea, and leaves room for one part; the stages are in it, too.
    """
    left, right = network_parts(before), network_parts(after)
    changed = changed_parts(before, after)
    names = ["block", *(name for name in ("stem", INTO, "stages", "head") if name in changed)]
    found = []
    for name in names:
        if name == "stages" and pictured:
            continue
        old, new = compare(left[name], right[name])
        if old.marked or new.marked:
            shortcuts = name != "block" or not pictured
            rows = (tuple(_chips(part, shortcuts=shortcuts)) for part in (old, new))
            found.append(Beside(_NAMES.get(name, name), *rows))
    return tuple(found[: 1 if pictured else 2])


def _chips(part: Part, *, shortcuts: bool) -> Iterator[Chip]:
    for node in part.nodes:
        yield from _node(node)
    if part.residual:
        yield Chip("+", "plus", marked=False)
        if shortcuts and any(node.marked or any(word.marked for word in node.beside) for node in part.shortcut):
            for node in part.shortcut:
                yield from _node(node, "shortcut ")
    yield from map(_word, part.after)


def _node(node: Node, prefix: str = "") -> Iterator[Chip]:
    if node.text:
        yield Chip(f"{prefix}{node.text}", node.kind, node.marked)
    yield from map(_word, node.beside)


def _word(word: Word) -> Chip:
    return Chip(word.text, "word", word.marked)
