"""The slides of a course as plain data: opening, two slides a step, and what it all comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from modernize.published import PublishedRow, family_rows
from modernize.regimes import get_regime
from modernize.report.evidence import findings
from modernize.report.facts import header, scale_limits, seed_limits
from modernize.report.figures import deltas, figure2, waterfall
from modernize.report.figures.concepts import CONCEPTS, concept, kernel_curve
from modernize.report.paper import N_SEEDS, READINGS
from modernize.seminar.asked import QUESTIONS
from modernize.seminar.chips import chips_of
from modernize.seminar.course import Course, Lesson, last_published
from modernize.seminar.mini import mini_ladder
from modernize.seminar.notebook import EXERCISES
from modernize.words import macs_text, macs_unit, plural

# Of changed fields and of lines of code, that a slide has room for.
MOST_CHANGES = 9
MOST_EDIT_LINES = 6
KERNELS = ("move-up", "kernel-5", "kernel-7", "kernel-9", "kernel-11")
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
    slides += [*_probes(course), *_closing(course)]
    return tuple(replace(slide, notes=(*slide.notes, *_asked(slide))) for slide in slides)


def _asked(slide: Slide) -> Iterator[str]:
    for question in QUESTIONS.get(slide.id, ()):
        yield f"Ask: {question}"


def _opening(course: Course) -> Iterator[Slide]:
    yield Slide(
        kind="title",
        id="title",
        title=f"From {course.start} to {course.end}",
        notes=("Keys: arrows move, S or N shows these notes, O all slides, T light or dark, ? all keys.",),
        facts={"setting": course.setting, "n_steps": len(course.steps)},
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
        facts={
            "origins": [*_origins(course)],
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


def _origins(course: Course) -> Iterator[dict[str, Any]]:
    """What both ends reach: published networks and measured ones apart, for they are not the same networks."""
    table = course.plan.published
    paper, rungs = get_regime(table), [course.lessons[0], *course.steps]
    first, last = rungs[0], rungs[-1]
    if first.row.published and last.row.published:
        start, end = first.row.published, last.row.published
        whole = end.step == last_published(table)
        yield {
            "origin": "published",
            "ends": [
                {"name": paper.start, "value": f"{start.top1_text} %", "of": _published_of(start)},
                {
                    "name": paper.end if whole else f"rung {end.step}",
                    "value": f"{end.top1_text} %",
                    "of": f"{_published_of(end)}{_headline(paper.end) if whole else ''}",
                },
            ],
        }
    if first.row.value and last.row.value:
        yield {
            "origin": "measured",
            "ends": [
                {"name": name, "value": f"{lesson.row.value.mean:.2f} %", "of": _measured_of(course, lesson)}
                for name, lesson in ((course.start, first), (course.end, last))
                if lesson.row.value
            ],
        }


def _published_of(row: PublishedRow) -> str:
    return f"top-1, {row.data}, {row.gmacs_text} GMACs"


def _headline(model: str) -> str:
    """Say what the paper's headline for a network is: the roadmap trains without EMA, the final models with it."""
    of = [
        row for row in family_rows() if row.model == model and row.training == "ImageNet-1K" and row.image_size == 224
    ]
    return (
        f"; on the roadmap, without EMA: the headline, with EMA, is {of[0].top1_percent} ({of[0].source})" if of else ""
    )


def _measured_of(course: Course, lesson: Lesson) -> str:
    unit, size = macs_unit([lesson.row.planned.macs])
    seeds = plural(len(lesson.row.finished), "seed")
    pixels = course.plan.image_size
    return f"top-1, {course.plan.data} at {pixels} px, {seeds}, {macs_text(lesson.row.planned.macs, size)} {unit}"


def _step(course: Course, lesson: Lesson, number: int) -> Iterator[Slide]:
    card, before, after = lesson.card, lesson.spec_before, lesson.spec
    code = lesson.registered.edit() if lesson.registered else ""
    recipe = course.recipe_steps.get(lesson.step)
    idea = _idea(lesson)
    chips = chips_of(before, after, pictured=idea is not None) if before and after and not recipe else ()
    few = len(code.splitlines()) <= MOST_EDIT_LINES and (idea is None or len(chips) < 2)
    deviates = f"Deviates from the paper: {card['deviates']}" if card["deviates"] else ""
    facts: dict[str, Any] = {"number": number, "n_steps": len(course.steps), "mini": mini_ladder(course, number)}
    yield Slide(
        kind="change",
        id=f"{lesson.step}-change",
        title=lesson.title,
        notes=tuple(filter(None, (deviates,))),
        lesson=lesson,
        facts=facts
        | {
            "chips": chips,
            "recipe": recipe,
            "fields": () if recipe or chips or idea else lesson.row.planned.changes[:MOST_CHANGES],
            "code": code if few and not recipe else "",
        },
        draw=idea,
        alt=f"The idea of {lesson.step}: before at the left, after at the right",
    )
    yield Slide(
        kind="vote",
        id=f"{lesson.step}-vote",
        title=lesson.title,
        notes=(
            "Let everybody commit: hands up for each choice, or the handout. The next key shows the answer.",
            *_answer_notes(lesson),
        ),
        lesson=lesson,
        facts=facts | {"choices": lesson.choices, "source": course.table_name, "study": course.study},
    )


def _idea(lesson: Lesson) -> Callable[[], Figure] | None:
    """Give what draws the idea of a step, if there is such a picture."""
    draw = CONCEPTS.get(lesson.step)
    if draw is None or lesson.spec_before is None or lesson.spec is None:
        return None
    return partial(concept, draw, lesson.spec_before, lesson.spec, theme="page")


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
            draw=_kernels(course),
            alt="Published top-1 against the size of the depthwise kernel",
        )


def _kernels(course: Course) -> Callable[[], Figure] | None:
    """Draw the published curve over kernel sizes, from the one before to the largest; None where one has no row."""
    points = [
        (lesson.spec.arch.kernel_size, lesson.row.published.top1_percent, lesson.row.published.top1_std)
        for lesson in course.lessons
        if lesson.step in KERNELS and lesson.spec and lesson.row.published
    ]
    if len(points) < len(KERNELS):
        return None
    return partial(kernel_curve, sorted(points), theme="page")


def _closing(course: Course) -> Iterator[Slide]:
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
    yield Slide(
        kind="figure",
        id="take-home",
        title="Which change made the difference?",
        notes=(
            "Leave it standing while people talk: where is most of the difference, and which steps lose on purpose?",
        ),
        draw=partial(_whole, course),
        alt="From the first rung to the last, one bar a step, with the paper's sections and their sums",
    )


def _whole(course: Course) -> Figure:
    """Draw the climb; where no two neighbouring rungs can be compared, what there is of the rungs."""
    climbed = waterfall(course.plan, course.rows, slide=True, theme="page")
    return climbed or figure2(course.plan, course.rows, slide=True, theme="page")


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
