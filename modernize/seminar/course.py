"""The course: every step of a ladder with what papers and a study's records say about it.

Quiz, slides and handout are three ways of going through the same course.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.ladder import Rung, ladder
from modernize.published import PublishedRow, published_row, published_rows
from modernize.registry import load_steps
from modernize.report.gather import read_study
from modernize.report.roles import ladder_of
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.results.store import find_study
from modernize.results.study import PlannedEntry, Study
from modernize.seminar.answers import Evidence, measured_evidence, published_evidence
from modernize.spec import Spec
from modernize.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One rung and what is known about the step that made it.

    Attributes:
        step: Its id, or "base".
        title: Its title.
        adopted: False for a probe.
        before: Id of the rung it was applied to; "" at the first.
        registered: The step as registered; None at the base, and for a step that is not installed here.
        spec: The rung; None where it cannot be rebuilt.
        spec_before: The rung before.
        changes: Fields that change, in words.
        macs: Multiply-accumulates at the course's image size.
        macs_before: Those of the rung before; 0 where that is not in the course.
        num_params: Parameters.
        row: Its published row.
        published: What papers say.
        measured: What the study says.
    """

    step: str
    title: str
    adopted: bool
    before: str
    registered: Step | None
    spec: Spec | None
    spec_before: Spec | None
    changes: tuple[str, ...]
    macs: int
    macs_before: int
    num_params: int
    row: PublishedRow | None
    published: Evidence | None
    measured: Evidence | None

    @property
    def card(self) -> dict[str, str]:
        """The parts of the step's docstring, "" for what is not known."""
        return self.registered.card() if self.registered else dict.fromkeys(("what", "why", "watch", "deviates"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A ladder to go through.

    Attributes:
        regime: Name of the regime.
        table: Published regime that stands beside it.
        image_size: In pixels.
        start: What rung 0 is called.
        end: What the last adopted rung is called.
        lessons: In the ladder's order, the first rung before all others.
        study: Plan of the records; None for published numbers alone.
        rows: The study's rows.
    """

    regime: str
    table: str
    image_size: int
    start: str
    end: str
    lessons: tuple[Lesson, ...]
    study: Study | None = None
    rows: tuple[Row, ...] = ()

    @property
    def steps(self) -> tuple[Lesson, ...]:
        """The lessons on adopted steps."""
        return tuple(lesson for lesson in self.lessons if lesson.before and lesson.adopted)

    @property
    def probes(self) -> tuple[Lesson, ...]:
        """The lessons on what was tried and not adopted."""
        return tuple(lesson for lesson in self.lessons if not lesson.adopted)

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
    rungs = ladder(regime, probes=True)
    names = {rung.steps: rung.step for rung in rungs}
    kind = rungs[0].spec.regime
    return Course(
        regime=kind.name,
        table=kind.published,
        image_size=kind.image_size,
        start=kind.start,
        end=kind.end,
        lessons=tuple(_unmeasured(rung, names.get(rung.steps[:-1], "") if rung.steps else "") for rung in rungs),
    )


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
    adopted = [row for row in rows if row.adopted]
    last = last_published(study.published)
    return Course(
        regime=study.regime,
        table=study.published,
        image_size=study.image_size,
        start=rows[0].planned.title,
        end=base.regime.end if base and adopted[-1].step == last else f"rung {adopted[-1].step}",
        lessons=tuple(_measured(row, by_step, specs, study.published) for row in rows),
        study=study,
        rows=tuple(rows),
    )


def last_published(table: str) -> str:
    """Return the id of the last adopted step of a published table."""
    return [row.step for row in published_rows(table) if row.adopted][-1]


def _unmeasured(rung: Rung, before: str) -> Lesson:
    counted = cost(rung.spec)
    table = rung.spec.regime.published
    return Lesson(
        step=rung.step,
        title=rung.title,
        adopted=rung.adopted,
        before=before,
        registered=load_steps().get(rung.step),
        spec=rung.spec,
        spec_before=rung.before,
        changes=tuple(map(str, rung.changes)),
        macs=counted.macs,
        macs_before=cost(rung.before).macs if rung.before else 0,
        num_params=counted.num_params,
        row=published_row(table, rung.step),
        published=published_evidence(table, rung.step, before) if before else None,
        measured=None,
    )


def _measured(row: Row, rows: dict[str, Row], specs: dict[str, Spec | None], table: str) -> Lesson:
    planned: PlannedEntry = row.planned
    return Lesson(
        step=row.step,
        title=planned.title,
        adopted=row.adopted,
        before=row.before,
        registered=load_steps().get(row.step),
        spec=specs[row.step],
        spec_before=specs.get(row.before),
        changes=planned.changes,
        macs=planned.macs,
        macs_before=rows[row.before].planned.macs if row.before in rows else 0,
        num_params=planned.num_params,
        row=row.published,
        published=published_evidence(table, row.step, row.before) if row.before else None,
        measured=measured_evidence(row, rows.get(row.before)),
    )
