"""The two charts that sum a course up, as shares of a panel's width: the page draws them, in light or dark."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modernize.published import PublishedRow
from modernize.seminar.answers import Evidence, Truth
from modernize.seminar.course import Course, Lesson
from modernize.words import macs_text, macs_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One rung in a panel: `at` and `low` to `high` in percent of its width; None where there is nothing to draw."""

    text: str
    beside: str = ""
    at: float | None = None
    low: float | None = None
    high: float | None = None
    truth: Truth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A column of a chart; `zero` is where no change lies, in percent of its width."""

    title: str
    note: str
    marks: tuple[Mark, ...]
    zero: float = 0.0


def ladder_panels(course: Course) -> tuple[Panel, ...]:
    """Bars of top-1, a panel for what papers print and one for what a study measured, each on an axis of its own."""
    published = {lesson.step: lesson.row.top1_percent for lesson in course.lessons if lesson.row}
    panels = [
        _bars(
            course,
            "Published, ImageNet-1K",
            published,
            {lesson.step: _printed_macs(lesson.row) for lesson in course.lessons if lesson.row},
        )
    ]
    if course.study:
        measured = {row.step: row.value.mean for row in course.rows if row.value}
        unit, size = macs_unit(lesson.macs for lesson in course.lessons)
        macs = {lesson.step: f"{macs_text(lesson.macs, size)} {unit[0]}" for lesson in course.lessons}
        panels.append(_bars(course, f"Measured, {course.study.data}", measured, macs))
    return tuple(panels)


def forest_panels(course: Course) -> tuple[Panel, ...]:
    """Changes of top-1 with their 95 % intervals, published and measured each on an axis of its own."""
    panels = [_forest("Published, ImageNet-1K", {lesson.step: lesson.published for lesson in _changes(course)})]
    if course.study:
        measured = {lesson.step: lesson.measured for lesson in _changes(course)}
        panels.append(_forest(f"Measured, {course.study.data}", measured))
    return tuple(panels)


def _printed_macs(row: PublishedRow) -> str:
    return f"{row.gmacs_text}{'*' if row.anomaly else ''} G"


def _changes(course: Course) -> tuple[Lesson, ...]:
    return tuple(lesson for lesson in course.lessons if lesson.before)


def _bars(course: Course, title: str, values: dict[str, float], beside: dict[str, str]) -> Panel:
    low, high = min(values.values(), default=0.0), max(values.values(), default=1.0)
    # A short bar for the least value.
    start = max(0.0, math.floor(low - max(0.25 * (high - low), 0.5)))
    marks = []
    for lesson in course.lessons:
        value = values.get(lesson.step)
        marks.append(
            Mark(
                text="-" if value is None else f"{value:.2f}",
                beside=beside.get(lesson.step, ""),
                at=None if value is None else 100 * (value - start) / (high - start),
            )
        )
    return Panel(title=title, note=f"top-1, %; bars start at {start:g}", marks=tuple(marks))


def _forest(title: str, found: dict[str, Evidence | None]) -> Panel:
    known = [evidence for evidence in found.values() if evidence]
    ends = [0.0, *(x for e in known for x in (e.low, e.high, e.delta_points) if x is not None)]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def place(points: float | None) -> float | None:
        return None if points is None else 100 * (points - low) / span

    marks = [
        Mark(
            text=evidence.delta if evidence else "-",
            at=place(evidence.delta_points) if evidence else None,
            low=place(evidence.low) if evidence else None,
            high=place(evidence.high) if evidence else None,
            truth=evidence.truth if evidence else None,
        )
        for evidence in found.values()
    ]
    return Panel(title=title, note="points of top-1", marks=tuple(marks), zero=place(0.0) or 0.0)
