"""The slides before the first step."""

from __future__ import annotations

from collections.abc import Iterator

from modernize.published import published_rows
from modernize.regimes import get_regime
from modernize.report.paper import N_SEEDS
from modernize.seminar.course import Course, Lesson, last_published
from modernize.seminar.slide import Slide, borrowed_words, setting
from modernize.words import macs_text, macs_unit


def opening(course: Course) -> Iterator[Slide]:
    """Lay out title, question and how to read a rung."""
    first, last = course.lessons[0], [*course.lessons[:1], *course.steps][-1]
    yield Slide(
        kind="title",
        id="title",
        title=f"From {course.start} to {course.end}",
        notes=("Keys: arrows move, S or N shows these notes, O all slides, T light or dark, ? all keys.",),
        facts={"setting": setting(course), "n_steps": len(course.steps)},
    )
    yield Slide(
        kind="question",
        id="question",
        title="Which change made the difference?",
        notes=(
            (
                "Two networks differ in many things at once, so their accuracies alone say nothing about any of them. "
                "The paper goes from one to the other one change at a time, and trains after each."
            ),
            "Ask first: how much of the difference do you expect from training, how much from the architecture?",
        ),
        facts={"ends": [_end(course, first), _end(course, last)], "n_steps": len(course.steps)},
    )
    yield Slide(
        kind="rung",
        id="rung",
        title="How to read a rung",
        notes=(
            "Better and worse are words for what a test says, not for the sign of a difference.",
            "A step may lose accuracy on purpose: it prepares the next one.",
        ),
        facts={"n_seeds": N_SEEDS, "borrowed": borrowed_words(course), "image_size": course.image_size},
    )


def _end(course: Course, lesson: Lesson) -> dict[str, str]:
    row = next((row for row in course.rows if row.step == lesson.step), None)
    unit, size = macs_unit([lesson.macs])
    name = course.start if lesson is course.lessons[0] else course.end
    return {
        "name": name,
        "cost": f"{macs_text(lesson.macs, size)} {unit} at {course.image_size} px",
        "published": f"{lesson.row.top1_text} %" if lesson.row else "",
        "published_of": f"top-1, ImageNet-1K, published for {_printed_name(course, lesson)}",
        "measured": f"{row.value.mean:.2f} %" if row and row.value else "",
    }


def _printed_name(course: Course, lesson: Lesson) -> str:
    """What the paper calls the network of a published row."""
    paper = get_regime(course.table)
    ends = {published_rows(course.table)[0].step: paper.start, last_published(course.table): paper.end}
    return ends.get(lesson.step, f"rung {lesson.step}")
