"""The course: every step of a ladder with what papers and a study's records say about it.

Quiz, slides and handout are three ways of going through the same course.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modernize.errors import ModernizeError
from modernize.published import published_rows
from modernize.registry import load_steps
from modernize.report.gather import read_study
from modernize.report.paper import sign_only_words
from modernize.report.recipe_words import RecipeStep, recipe_steps
from modernize.report.roles import ladder_of
from modernize.report.rows import Row, make_rows
from modernize.report.specs import paper_study, rung_specs
from modernize.results.store import find_study
from modernize.results.study import Study
from modernize.seminar.answers import TRUTHS, Answer, Evidence, measured_evidence, published_evidence
from modernize.spec import Spec
from modernize.step import Step
from modernize.words import macs_text, macs_unit, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One rung and what is known about the step that made it.

    Attributes:
        row: The rung.
        foot: The rung it was applied to; None where that is not in the course.
        spec: The rung's; None where it cannot be rebuilt.
        spec_before: That of the rung before.
        published: What papers say.
        measured: What the study says.
    """

    row: Row
    foot: Row | None
    spec: Spec | None
    spec_before: Spec | None
    published: Evidence | None
    measured: Evidence | None

    @property
    def step(self) -> str:
        """Its id, or "base"."""
        return self.row.step

    @property
    def title(self) -> str:
        """Its title."""
        return self.row.planned.title

    @property
    def before(self) -> str:
        """Id of the rung it was applied to; "" at the first."""
        return self.row.before

    @property
    def macs_before(self) -> int:
        """MACs of the rung before; 0 where that is not in the course."""
        return self.foot.planned.macs if self.foot else 0

    @property
    def registered(self) -> Step | None:
        """The step as registered; None at the base, and for a step that is not installed here."""
        return load_steps().get(self.step)

    @property
    def card(self) -> dict[str, str]:
        """The parts of the step's docstring, "" for what is not known."""
        return self.registered.card() if self.registered else dict.fromkeys(("what", "why", "watch", "deviates"), "")

    @property
    def choices(self) -> tuple[Answer, ...]:
        """What can be predicted of it: of what was measured, else of what is published."""
        return next((one.choices for one in (self.measured, self.published) if one and one.answer), TRUTHS)

    @property
    def cost_text(self) -> str:
        """MACs before and after, or those of both."""
        _, before, now = self.costs[0]
        return now if before == now else f"{before} → {now}"

    @property
    def costs(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Name, before and after of MACs and of parameters."""
        now, before = self.row.planned, self.foot.planned if self.foot else None
        unit, size = macs_unit([now.macs])
        return (
            (unit, macs_text(before.macs, size) if before else "-", macs_text(now.macs, size)),
            ("parameters", f"{before.num_params:,}" if before else "-", f"{now.num_params:,}"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A ladder to go through.

    Attributes:
        plan: The ladder as a study, whose published table stands beside it.
        rows: Its rungs.
        lessons: In the ladder's order, the first rung before all others.
        end: What the last adopted rung is called.
    """

    plan: Study
    rows: tuple[Row, ...]
    lessons: tuple[Lesson, ...]
    end: str

    @property
    def start(self) -> str:
        """What rung 0 is called."""
        return self.rows[0].planned.title

    @property
    def study(self) -> Study | None:
        """What was measured; None for published numbers alone."""
        return self.plan if any(row.planned.run_ids for row in self.rows) else None

    @property
    def steps(self) -> tuple[Lesson, ...]:
        """The lessons on adopted steps."""
        return tuple(lesson for lesson in self.lessons if lesson.before and lesson.row.adopted)

    @property
    def table_name(self) -> str:
        """The published table beside the course."""
        return published_rows(self.plan.published)[0].source

    @property
    def recipe_steps(self) -> dict[str, RecipeStep]:
        """What each step that changes the recipe made of it."""
        return recipe_steps(self.plan, self.rows)

    @property
    def tested(self) -> bool:
        """Whether any change has a test: where no source prints or measures a spread, there are signs alone."""
        found = (one for lesson in self.lessons for one in (lesson.published, lesson.measured))
        return any(one and one.truth for one in found)

    @property
    def sign_only(self) -> str:
        """Of which published changes a sign is all there is, in a sentence; "" where each has a test."""
        found = [lesson.step for lesson in self.lessons if lesson.published and lesson.published.sign]
        return sign_only_words(self.plan.published, found)

    @property
    def setting(self) -> str:
        """Where the numbers come from, in a line."""
        published = f"published: {self.table_name}, ImageNet-1K at 224 px"
        if not self.study:
            return published
        epochs, seeds = plural(self.plan.epochs, "epoch"), plural(len(self.plan.seeds), "seed")
        data = f"{self.plan.data} at {self.plan.image_size} px"
        return f"measured: {self.plan.name}, {data}, {epochs}, {seeds}; {published}"

    def lesson(self, step: str) -> Lesson | None:
        """Return the lesson on a step."""
        return next((lesson for lesson in self.lessons if lesson.step == step), None)


def published_course(regime: str) -> Course:
    """Make the course of a regime from published numbers alone.

    Raises:
        ModernizeError: If there is no such regime.

    Examples:
        >>> [lesson.step for lesson in published_course("resnet50").steps][:3]
        ['recipe', 'stage-ratio', 'patchify']
    """
    study = paper_study(regime)
    return course_of(study, make_rows(study, ()))


def study_course(results_dir: Path, name: str = "") -> Course:
    """Make the course of a study from its records.

    Args:
        results_dir: Folder of results; each study has a folder in it.
        name: Of the study, or the path of its folder; "" for the one that was written to last.

    Raises:
        MissingResultsError: If there is no study, or none of its runs has ended.
        ModernizeError: If the name is unknown, or the study is no ladder beside a published one.
    """
    study, rows, _ = read_study(find_study(results_dir, name))
    if not study.published or not any(entry.adopted for entry in study.entries):
        raise ModernizeError(
            f"study '{study.name}' has no rungs with published ones beside them: a course goes through the steps of a "
            "ladder."
        )
    return course_of(study, rows)


def course_of(study: Study, rows: Sequence[Row]) -> Course:
    """Make the course of a study from its rows; those that are no rungs have no lesson."""
    rows = ladder_of(rows)
    specs = rung_specs(study, rows)
    by_step = {row.step: row for row in rows}
    base = next((spec for spec in specs.values() if spec), None)
    last = [row.step for row in rows if row.adopted][-1]
    return Course(
        plan=study,
        rows=rows,
        end=base.regime.end if base and last == last_published(study.published) else f"rung {last}",
        lessons=tuple(
            Lesson(
                row=row,
                foot=by_step.get(row.before),
                spec=specs[row.step],
                spec_before=specs.get(row.before),
                published=published_evidence(study.published, row),
                measured=measured_evidence(row, by_step.get(row.before)),
            )
            for row in rows
        ),
    )


def last_published(table: str) -> str:
    """Return the id of the last adopted step of a published table."""
    return [row.step for row in published_rows(table) if row.adopted][-1]
