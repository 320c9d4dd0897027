"""The handout: a page to predict on, and the answers for its back."""

from __future__ import annotations

from collections.abc import Iterator

from modernize.report.render import escape_markdown
from modernize.seminar.answers import Evidence, borrowed_words
from modernize.seminar.course import Course, Lesson
from modernize.words import NONE

PAGE_BREAK = '<div style="page-break-after: always"></div>'


def handout(course: Course) -> str:
    """Write the handout of a course as Markdown: two pages, the second for the back."""
    return "\n".join((*_front(course), "", PAGE_BREAK, "", *_back(course))) + "\n"


def _front(course: Course) -> Iterator[str]:
    unit = course.steps[0].costs[0][0]
    yield f"# From {escape_markdown(course.start)} to {escape_markdown(course.end)}: predict each step"
    yield ""
    yield "What does each step do to top-1: better (b), no clear change (n) or worse (w)? How many points?"
    yield "Write it down before the answer is shown."
    yield ""
    yield f"| | step | what changes | {unit} | b, n, w | points |"
    yield "|--:|---|---|--:|---|---|"
    for number, lesson in enumerate(course.steps, 1):
        macs = lesson.costs[0]
        what = escape_markdown((lesson.card["what"] or lesson.title).rstrip(".").replace("`", ""))
        cost = f"{macs[1]} → {macs[2]}" if macs[1] != macs[2] else f"{macs[2]}"
        yield f"| {number} | {escape_markdown(lesson.step)} | {what} | {cost} | | |"
    yield ""
    yield f"Right: ...... of {len(course.steps)}"


def _back(course: Course) -> Iterator[str]:
    measured = course.study is not None
    yield "## Answers"
    yield ""
    yield f"| | step | published | change | |{' measured | |' if measured else ''} right? |"
    yield f"|--:|---|--:|--:|---|{'--:|---|' if measured else ''}---|"
    for number, lesson in enumerate(course.steps, 1):
        cells = [str(number), escape_markdown(lesson.step), *_published(lesson)]
        if measured:
            cells += [lesson.measured.delta if lesson.measured else NONE, _truth(lesson.measured)]
        yield f"| {' | '.join(cells)} | |"
    yield ""
    yield escape_markdown(f"{course.setting[0].upper()}{course.setting[1:]}.")
    yield (
        "Better and worse: by a test at 5 %, corrected for the number of steps. Changes are in points of top-1"
        f"{', brackets hold 95 % intervals' if measured else ''}."
    )
    if borrowed := borrowed_words(course.plan.published):
        yield borrowed


def _published(lesson: Lesson) -> tuple[str, str, str]:
    found = lesson.published
    return (found.after, found.delta, _truth(found)) if found else (NONE, NONE, NONE)


def _truth(evidence: Evidence | None) -> str:
    if evidence is None:
        return NONE
    return evidence.truth or evidence.reading
