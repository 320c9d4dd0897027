"""The slides after the last step."""

from __future__ import annotations

from collections.abc import Iterator

from modernize.report.evidence import findings
from modernize.report.facts import header, scale_limits, seed_limits
from modernize.report.paper import N_SEEDS
from modernize.seminar.course import Course
from modernize.seminar.exercises import EXERCISES
from modernize.seminar.overview import forest_panels, ladder_panels
from modernize.seminar.slide import Slide, borrowed_words, table_name

PAPER = 'Liu et al., "A ConvNet for the 2020s", CVPR 2022 (arXiv:2201.03545)'


def closing(course: Course) -> Iterator[Slide]:
    """Lay out the whole ladder, what it shows and does not, exercises and sources."""
    yield Slide(
        kind="ladder",
        id="ladder",
        title="The whole ladder",
        notes=("Read it from the top. Which bars are shorter than the one above?", "Hatched: probes, not adopted."),
        facts={
            "panels": ladder_panels(course),
            "lessons": course.lessons,
            "anomalies": [
                f"{lesson.step}: {lesson.row.anomaly}" for lesson in course.lessons if lesson.row and lesson.row.anomaly
            ],
        },
    )
    yield Slide(
        kind="forest",
        id="significance",
        title="What is and is not significant",
        notes=(
            "An interval that includes zero is no evidence of a change, nor of its absence.",
            (
                "Intervals are not corrected for the number of steps, colours are: an interval may exclude zero and be "
                "grey."
            ),
            (
                f"Published intervals are Welch's, from printed means and standard deviations of {N_SEEDS} runs; a "
                "change without one has no printed spread."
            ),
        ),
        facts={
            "panels": forest_panels(course),
            "lessons": [lesson for lesson in course.lessons if lesson.before],
            "caption": (
                "No spread is printed: coloured by that of the ResNet-50 table. Grey: no clear change."
                if borrowed_words(course) and not course.study
                else "Lines: 95 % intervals, each for itself. Coloured: better or worse by a test corrected for the "
                "number of steps. Grey: no clear change."
            ),
        },
    )
    if course.rows:
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
    yield Slide(
        kind="points",
        id="sources",
        title="Sources",
        notes=(),
        facts={"points": _sources(course)},
    )


def _limits(course: Course) -> Slide:
    if course.study:
        points = [*scale_limits(course.study, course.rows), *seed_limits(course.study, course.rows)]
    else:
        points = [
            (
                "A laptop trains small networks on small images for a few epochs. It shows how such a study is made "
                "and what its noise is like."
            ),
            (
                "It can neither confirm nor refute the paper: changes that need long training, large images or much "
                "data may turn round."
            ),
            "One seed shows no spread: a difference of a point or two may be chance.",
            "Compare signs and order with the paper's, never values: the data are different.",
        ]
    return Slide(
        kind="points",
        id="limits",
        title="What a laptop run cannot show"
        if not course.study or course.regime == "laptop"
        else "What it cannot show",
        notes=("Ask: which of the steps would you expect to behave differently at this scale, and why?",),
        facts={"points": points},
    )


def _sources(course: Course) -> list[str]:
    points = [f"Published numbers: {table_name(course)}, {PAPER}. They are as printed; inconsistencies are flagged."]
    if course.study:
        facts = header(course.study, course.rows)
        points += [f"Measured: study {course.study.name}. Data: {'; '.join(facts.data)}", f"Runs: {facts.runs}"]
        points += [f"Hardware: {'; '.join(facts.hardware)}", f"Versions: {'; '.join(facts.versions)}"]
    points.append("MACs: multiply-accumulates of convolutions and classifier, counted from the specs.")
    points.append("Diagrams and code are drawn from the specs and steps themselves. Made with modernize.")
    return points
