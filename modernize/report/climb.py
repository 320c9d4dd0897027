"""A ladder as one climb: the level of each adopted rung, what each step changes, and the paper's sections with sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from modernize.registry import load_steps
from modernize.report.rows import Row

# What the paper calls its sections.
SOURCE = "arXiv:2201.03545"
SECTIONS = {
    "2.1": "Training",
    "2.2": "Macro design",
    "2.3": "ResNeXt-ify",
    "2.4": "Inverted bottleneck",
    "2.5": "Large kernels",
    "2.6": "Micro design",
}

Told = Literal["better", "worse", "open"]
_TOLD: dict[str, Told] = {"better": "better", "worse": "worse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One adopted rung.

    Attributes:
        name: Of the step.
        level: Of the rung, None where there is no value.
        change: Against the rung before; None where that is not known, and at the base.
        told: Whether a corrected test tells the change from zero, and which way; "open" where it does not, or where
            there is no test.
    """

    name: str
    level: float | None
    change: float | None = None
    told: Told = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Neighbouring steps of one section of the paper.

    Attributes:
        title: As the paper calls it.
        first: Place of its first step on the climb; the base has place 0.
        last: Of its last.
        change: Sum over its steps, None where one is not known.
    """

    title: str
    first: int
    last: int
    change: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The adopted rungs in their order, and the sections they belong to."""

    steps: tuple[Step, ...]
    sections: tuple[Section, ...]

    @property
    def num_changes(self) -> int:
        """How many steps have a change."""
        return sum(step.change is not None for step in self.steps)


def measured_climb(rows: Sequence[Row]) -> Climb:
    """Climb the means over seeds; a change is the difference of neighbouring means."""
    steps = []
    for foot, row in _with_feet(rows):
        level = row.value.mean if row.value else None
        before = foot.value.mean if foot and foot.value else None
        tested = foot is not None and row.before == foot.step
        steps.append(
            Step(
                name=row.step,
                level=level,
                change=None if level is None or before is None else round(level - before, 9),  # as deltas are
                told=_TOLD.get(row.verdict, "open") if tested else "open",
            )
        )
    return _climb(steps)


def published_climb(rows: Sequence[Row]) -> Climb:
    """Climb the printed means; a change is there where the paper made the step from the rung before."""
    steps = []
    for foot, row in _with_feet(rows):
        change = row.published_delta if foot and row.before == foot.step else None
        clear = change is not None and row.published_reading is not None and row.published_reading.verdict == "clear"
        steps.append(
            Step(
                name=row.step,
                level=row.published.top1_percent if row.published else None,
                change=change,
                told="open" if not clear else "better" if (change or 0.0) > 0 else "worse",
            )
        )
    return _climb(steps)


def section_of(step: str) -> str:
    """Name the paper's section of a step; "" for one of another source, or that is not installed here."""
    found = load_steps().get(step)
    return SECTIONS.get(found.section, "") if found and found.source == SOURCE else ""


def sections_of(names: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    """Give title, first and last place of each run of steps of one section; "" where they belong to none."""
    found = []
    first = 0
    for title, group in groupby(map(section_of, names)):
        last = first + len(list(group)) - 1
        found.append((title, first, last))
        first = last + 1
    return tuple(found)


def _with_feet(rows: Sequence[Row]) -> list[tuple[Row | None, Row]]:
    """Pair each adopted rung with the one before."""
    adopted = [row for row in rows if row.on_ladder and row.adopted]
    return list(zip((None, *adopted), adopted, strict=False))


def _climb(steps: Sequence[Step]) -> Climb:
    sections = []
    for title, first, last in sections_of([step.name for step in steps]):
        within = [step.change for step in steps[first : last + 1]]
        known = [change for change in within if change is not None]
        if title:
            total = round(sum(known), 9) if len(known) == len(within) else None
            sections.append(Section(title=title, first=first, last=last, change=total))
    return Climb(steps=tuple(steps), sections=tuple(sections))
