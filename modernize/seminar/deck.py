"""The slides of a course as plain data: opening, three slides a step, and what it all comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from modernize.diagram import MARK, block_diagram, diagram_rows
from modernize.published import published_rows
from modernize.regimes import get_regime
from modernize.report.evidence import findings
from modernize.report.facts import header, scale_limits, seed_limits
from modernize.report.figures import blocks_side_by_side, deltas, figure2
from modernize.report.paper import N_SEEDS, READINGS
from modernize.seminar.course import Course, Lesson, last_published
from modernize.seminar.notebook import EXERCISES
from modernize.words import macs_text, macs_unit

# With more changed fields, or a longer edit, a table of the fields stands in place of drawing and code.
MOST_CHANGES = 6
MOST_EDIT_LINES = 6
_WELCH = f"Published intervals are Welch's, from printed means and standard deviations of {N_SEEDS} runs."
_INTERVALS = (
    "An interval that includes zero is no evidence of a change, nor of its absence.",
    "Intervals are not corrected for the number of steps, markers are: an open one may have such an interval.",
)
PAPER = 'Liu et al., "A ConvNet for the 2020s", CVPR 2022 (arXiv:2201.03545)'


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
        draw: Draws its picture, if it has one, in the theme "page".
        alt: What the picture shows.
    """

    kind: str
    id: str
    title: str
    notes: tuple[str, ...] = ()
    lesson: Lesson | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    draw: Callable[[], Figure] | None = None
    alt: str = ""


def deck(course: Course) -> tuple[Slide, ...]:
    """Lay out the slides of a course."""
    slides = [*_opening(course)]
    for number, lesson in enumerate(course.steps, 1):
        slides += _step(course, lesson, number)
    return (*slides, *_probes(course), *_closing(course))


def _opening(course: Course) -> Iterator[Slide]:
    yield Slide(
        kind="title",
        id="title",
        title=f"From {course.start} to {course.end}",
        notes=("Keys: arrows move, S or N shows these notes, O all slides, T light or dark, ? all keys.",),
        facts={"setting": course.setting, "n_steps": len(course.steps)},
    )
    first, last = course.lessons[0], [*course.lessons[:1], *course.steps][-1]
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
        facts={
            "ends": [_end(course, first, course.start), _end(course, last, course.end)],
            "n_steps": len(course.steps),
        },
    )
    yield Slide(
        kind="rung",
        id="rung",
        title="How to read a rung",
        notes=(
            *(
                ["Better and worse are words for what a test says, not for the sign of a difference."]
                if course.tested
                else []
            ),
            "A step may lose accuracy on purpose: it prepares the next one.",
        ),
        facts={
            "tested": course.tested,
            "n_seeds": N_SEEDS if READINGS[course.plan.published] else 0,
            "sign_only": course.sign_only,
            "image_size": course.plan.image_size,
        },
    )


def _end(course: Course, lesson: Lesson, name: str) -> dict[str, str]:
    row, table = lesson.row, course.plan.published
    unit, size = macs_unit([row.planned.macs])
    paper = get_regime(table)
    printed = {published_rows(table)[0].step: paper.start, last_published(table): paper.end}
    return {
        "name": name,
        "cost": f"{macs_text(row.planned.macs, size)} {unit} at {course.plan.image_size} px",
        "published": f"{row.published.top1_text} %" if row.published else "",
        "published_of": f"top-1, ImageNet-1K, published for {printed.get(row.step, f'rung {row.step}')}",
        "measured": f"{row.value.mean:.2f} %" if row.value else "",
    }


def _step(course: Course, lesson: Lesson, number: int) -> Iterator[Slide]:
    card = lesson.card
    code = lesson.registered.edit() if lesson.registered else ""
    before, after, few = lesson.spec_before, lesson.spec, len(lesson.row.planned.changes) <= MOST_CHANGES
    beside = diagram_rows(before, after) if before and after and few else None
    draw = None
    # Where other parts than the block change, the slide shows them in text.
    if before and after and beside and block_diagram(before) != block_diagram(after):
        draw = partial(blocks_side_by_side, before, after, titles=(lesson.before, lesson.step), theme="page")
    deviates = f"Deviates from the paper: {card['deviates']}" if card["deviates"] else ""
    facts: dict[str, Any] = {"number": number, "n_steps": len(course.steps)}
    yield Slide(
        kind="change",
        id=f"{lesson.step}-change",
        title=lesson.title,
        notes=tuple(filter(None, (card["what"], deviates))),
        lesson=lesson,
        facts=facts
        | {"beside": beside, "mark": MARK, "code": code if len(code.splitlines()) <= MOST_EDIT_LINES else ""},
        draw=draw,
        alt=f"The block before and after {lesson.step}",
    )
    yield Slide(
        kind="predict",
        id=f"{lesson.step}-predict",
        title=lesson.title,
        notes=("Let everybody commit before the next slide: hands up for each answer, or a number on the handout.",),
        lesson=lesson,
        facts=facts | {"choices": lesson.choices},
    )
    yield Slide(
        kind="answer",
        id=f"{lesson.step}-answer",
        title=lesson.title,
        notes=tuple(_answer_notes(lesson)),
        lesson=lesson,
        facts=facts | {"source": course.table_name, "study": course.study},
    )


def _answer_notes(lesson: Lesson) -> Iterator[str]:
    for name, evidence in (("Published", lesson.published), ("Measured", lesson.measured)):
        if evidence:
            yield f"{name}: {evidence.delta} points, {evidence.reading}."
    if lesson.row.published:
        yield from filter(None, (lesson.row.published.note, lesson.row.published.anomaly))
    if lesson.card["watch"]:
        yield f"Watch: {lesson.card['watch']}"


def _probes(course: Course) -> Iterator[Slide]:
    probes = [lesson for lesson in course.lessons if not lesson.row.adopted]
    adopted = {lesson.registered.instead_of for lesson in probes if lesson.registered}
    if probes:
        yield Slide(
            kind="probes",
            id="probes",
            title="Tried beside the path",
            notes=(
                "A probe starts from the same rung as the adopted step, so the rows differ in this one choice.",
                "Ask: where would you have stopped, on accuracy alone? On accuracy for the cost?",
            ),
            facts={
                "lessons": [lesson for lesson in course.lessons if lesson.step in adopted or not lesson.row.adopted],
                "source": course.table_name,
                "study": course.study,
            },
        )


def _closing(course: Course) -> Iterator[Slide]:
    yield Slide(
        kind="figure",
        id="ladder",
        title="The whole ladder",
        notes=("Read it from the top. Which bars are shorter than the one above?", "Hatched: probes, not adopted."),
        draw=partial(figure2, course.plan, course.rows, slide=True, theme="page"),
        alt="Top-1 of every rung, published and measured each on an axis of its own",
    )
    yield Slide(
        kind="figure",
        id="significance",
        title="What is and is not significant" if course.tested else "Every change, as printed",
        notes=(
            *(_INTERVALS if course.tested else ()),
            *([_WELCH] if READINGS[course.plan.published] else []),
            *([course.sign_only] if course.sign_only else []),
        ),
        draw=partial(deltas, course.plan, course.rows, slide=True, theme="page"),
        alt="Change of top-1 at each step, published and measured, with intervals",
    )
    if course.study:
        yield Slide(
            kind="points",
            id="findings",
            title="What this study shows",
            notes=("Verdicts are corrected for the number of steps; intervals are not.",),
            facts={"points": findings(course.rows)},
        )
    yield _limits(course)
    yield Slide(
        kind="exercises",
        id="exercises",
        title="Exercises",
        notes=("`modernize run ... --dry-run` says how long a run will take on the machine it is typed on.",),
        facts={"exercises": EXERCISES},
    )
    yield Slide(kind="points", id="sources", title="Sources", facts={"points": _sources(course)})


def _limits(course: Course) -> Slide:
    points = [
        "A laptop trains small networks on small images for a few epochs: it shows how noisy such a study is.",
        "It can neither confirm nor refute the paper: what needs long training or much data may turn round.",
        "One seed shows no spread: a difference of a point or two may be chance.",
        "Compare signs and order with the paper's, never values: the data are different.",
    ]
    if course.study:
        points = [*scale_limits(course.study, course.rows), *seed_limits(course.study, course.rows)]
    small = not course.study or course.plan.regime == "laptop"
    return Slide(
        kind="points",
        id="limits",
        title="What a laptop run cannot show" if small else "What it cannot show",
        notes=("Ask: which of the steps would you expect to behave differently at this scale, and why?",),
        facts={"points": points},
    )


def _sources(course: Course) -> list[str]:
    points = [f"Published numbers: {course.table_name}, {PAPER}. They are as printed; inconsistencies are flagged."]
    if course.study:
        facts = header(course.study, course.rows)
        points += [f"Measured: study {course.study.name}. Data: {'; '.join(facts.data)}", f"Runs: {facts.runs}"]
        points += [f"Hardware: {'; '.join(facts.hardware)}", f"Versions: {'; '.join(facts.versions)}"]
    points.append("MACs: multiply-accumulates of convolutions and classifier, counted from the specs.")
    points.append("Diagrams and code are drawn from the specs and steps themselves. Made with modernize.")
    return points
