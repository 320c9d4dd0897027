"""The change diagram as rows of two columns, for a page that can mark what differs by itself."""

from __future__ import annotations

from dataclasses import dataclass

from modernize.diagram import MARK, change_diagram
from modernize.spec import Spec

_TITLES = ("before", "after")


@dataclass(frozen=True, slots=True)
class Beside:
    """A line of the diagram: a heading alone, or what stands at the left and the right, each marked if it differs."""

    heading: str = ""
    left: str = ""
    left_marked: bool = False
    right: str = ""
    right_marked: bool = False


def beside(before: Spec, after: Spec) -> tuple[Beside, ...]:
    """Set the changed parts of two networks beside each other.

    Examples:
        >>> from modernize.ladder import rung_of
        >>> rung = rung_of("kernel-7", "resnet50")
        >>> [(row.left, row.right) for row in beside(rung.before, rung.spec) if row.left_marked]
        [('│ d3x3, 96        BN  ReLU', '│ d7x7, 96        BN  ReLU')]
    """
    head, *text = change_diagram(before, after, _TITLES).splitlines()
    start = head.index(_TITLES[1]) - 2
    rows = []
    for line in text:
        if not line:
            continue
        if not line.startswith((" ", MARK)):
            rows.append(Beside(heading=line))
            continue
        left, right = line[:start].rstrip(), line[start:]
        rows.append(Beside("", left[2:], left.startswith(MARK), right[2:], right.startswith(MARK)))
    return tuple(rows)
