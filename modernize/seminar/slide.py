"""A slide as plain data, and the words that several slides share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modernize.published import PUBLISHED_REGIMES, published_rows
from modernize.seminar.answers import borrowed_spread
from modernize.seminar.course import Course, Lesson
from modernize.words import macs_text, macs_unit, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """One slide.

    Attributes:
        kind: Which template shows it.
        id: Unique in the deck, for links.
        title: Its heading.
        notes: What the speaker may say, a paragraph each.
        lesson: The rung it is about, if it is about one.
        facts: What else its template shows.
    """

    kind: str
    id: str
    title: str
    notes: tuple[str, ...]
    lesson: Lesson | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def setting(course: Course) -> str:
    """Say where the numbers come from, in a line."""
    published = f"published: {table_name(course)}, ImageNet-1K at 224 px"
    if not course.study:
        return published
    study = course.study
    seeds = plural(len(study.seeds), "seed")
    epochs = plural(study.epochs, "epoch")
    return f"measured: {study.name}, {study.data} at {study.image_size} px, {epochs}, {seeds}; {published}"


def costs(course: Course, lesson: Lesson) -> list[tuple[str, str, str]]:
    """Name, before and after of MACs and parameters."""
    unit, size = macs_unit([lesson.macs])
    before = course.lesson(lesson.before)
    macs = (unit, macs_text(lesson.macs_before, size) if before else "-", macs_text(lesson.macs, size))
    return [macs, ("parameters", f"{before.num_params:,}" if before else "-", f"{lesson.num_params:,}")]


def table_name(course: Course) -> str:
    """Name the published table beside the course."""
    return published_rows(course.table)[0].source


def borrowed_words(course: Course) -> str:
    """Say by what spread a table without standard deviations is judged; "" for one with."""
    if course.table == PUBLISHED_REGIMES[0]:
        return ""
    std, least = borrowed_spread()
    return (
        f"{table_name(course)} prints no standard deviations: its changes are judged by the spread of the ResNet-50 "
        f"table, {std:.2f} points, with which {least:.2f} points would be clear."
    )
