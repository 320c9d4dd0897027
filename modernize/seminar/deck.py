"""The slides of a course: opening, three slides a step, and what it all comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modernize.diagram import MARK, diagram_rows
from modernize.seminar.answers import TRUTHS
from modernize.seminar.closing import closing
from modernize.seminar.course import Course, Lesson
from modernize.seminar.opening import opening
from modernize.seminar.slide import Slide, costs, table_name

# With more changed fields, or a longer edit, a table of the fields stands in place of drawing and code.
MOST_CHANGES = 6
MOST_EDIT_LINES = 6


def deck(course: Course) -> tuple[Slide, ...]:
    """Lay out the slides of a course: opening, three slides a step, and what it all comes to."""
    slides = [*opening(course)]
    for number, lesson in enumerate(course.steps, 1):
        slides += _step(course, lesson, number)
    if course.probes:
        slides.append(_probes(course))
    return (*slides, *closing(course))


def _step(course: Course, lesson: Lesson, number: int) -> Iterator[Slide]:
    card = lesson.card
    code = lesson.registered.edit() if lesson.registered else ""
    before, after, few = lesson.spec_before, lesson.spec, len(lesson.changes) <= MOST_CHANGES
    deviates = f"Deviates from the paper: {card['deviates']}" if card["deviates"] else ""
    facts: dict[str, Any] = {"number": number, "n_steps": len(course.steps)}
    yield Slide(
        kind="change",
        id=f"{lesson.step}-change",
        title=lesson.title,
        notes=tuple(filter(None, (card["what"], deviates))),
        lesson=lesson,
        facts=facts
        | {
            "beside": diagram_rows(before, after) if before and after and few else None,
            "mark": MARK,
            "code": code if len(code.splitlines()) <= MOST_EDIT_LINES else "",
        },
    )
    yield Slide(
        kind="predict",
        id=f"{lesson.step}-predict",
        title=lesson.title,
        notes=("Let everybody commit before the next slide: hands up for each answer, or a number on the handout.",),
        lesson=lesson,
        facts=facts | {"choices": TRUTHS, "costs": costs(course, lesson)},
    )
    yield Slide(
        kind="answer",
        id=f"{lesson.step}-answer",
        title=lesson.title,
        notes=tuple(_answer_notes(lesson)),
        lesson=lesson,
        facts=facts | {"source": table_name(course), "study": course.study},
    )


def _answer_notes(lesson: Lesson) -> Iterator[str]:
    for name, evidence in (("Published", lesson.published), ("Measured", lesson.measured)):
        if evidence:
            yield f"{name}: {evidence.delta} points, {evidence.reading}."
    if lesson.row:
        yield from (text for text in (lesson.row.note, lesson.row.anomaly) if text)
    if lesson.card["watch"]:
        yield f"Watch: {lesson.card['watch']}"


def _probes(course: Course) -> Slide:
    adopted = {lesson.registered.instead_of for lesson in course.probes if lesson.registered}
    tried = [lesson for lesson in course.lessons if lesson.step in adopted or not lesson.adopted]
    return Slide(
        kind="probes",
        id="probes",
        title="Tried beside the path",
        notes=(
            "A probe starts from the same rung as the adopted step, so the rows differ in this one choice.",
            "Ask: where would you have stopped, on accuracy alone? On accuracy for the cost?",
        ),
        facts={"lessons": tried, "adopted": adopted, "source": table_name(course), "costs": costs, "course": course},
    )
