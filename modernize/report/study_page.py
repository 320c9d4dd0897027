"""The report of a study as a page: what was found first, how it was made last.

Another section is a function from a `Report` to a `Section`, in a file of its own if it is more than a few lines, and
a line in `SECTIONS`. A section's figures (`modernize.report.drawings`) go before its blocks; without either it is left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from modernize.report import cells
from modernize.report.answer import answer
from modernize.report.drawings import figures_of
from modernize.report.evidence import findings, found_line
from modernize.report.facts import Report, header, scale_limits, seed_limits
from modernize.report.foretold import foretold
from modernize.report.methods import methods
from modernize.report.predicted import predicted
from modernize.report.published_models import published_v2
from modernize.report.recipe_tables import changes_text, recipe_tables
from modernize.report.recipe_words import recipe_steps
from modernize.report.roles import compares_otherwise, noun_of, nouns_of, role_text
from modernize.report.rows import Row
from modernize.report.seed_spread import seed_spread
from modernize.report.smaller import smaller
from modernize.report.study_tables import WARNINGS, contrasts_table, reading_notes, rungs_table, sizes
from modernize.report.tasks import tasks
from modernize.report.tests_in_detail import tests_in_detail
from modernize.report.view import Block, Facts, Fold, Items, Page, Paragraph, Section, keys_of
from modernize.results.study import Study


def study_page(study: Study, rows: Sequence[Row], figures: Collection[str], problems: Sequence[str]) -> Page:
    """Lay out the report of a study; the rung panels are left to the formats that show them.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        figures: Keys of the figures there are.
        problems: Files that could not be read.
    """
    told = header(study, rows)
    notes = {name: f"rung-{key}" for name, key in keys_of(row.step for row in rows).items()}
    report = Report(study=study, rows=rows, header=told, notes=notes, figures=figures, problems=problems)
    regime = f"{study.regime} regime " if study.regime else ""
    return Page(
        name=study.name,
        noun=noun_of(rows),
        title=study.title or f"{study.name}: {regime}on {study.data}",
        lead=(
            *([Paragraph(study.about)] if study.about else []),
            *([] if study.expectation else [Paragraph(answer(rows))]),
            *figures_of("answer", figures, study, rows),
            *_facts(report),
            Paragraph(" ".join(scale_limits(study, rows))),
        ),
        sections=illustrated((make(report) for make in SECTIONS), figures, study, rows),
        footnotes=tuple((notes[row.step], text) for row in rows if (text := cells.sources(study, row))),
    )


def illustrated(
    sections: Iterable[Section], figures: Collection[str], study: Study, rows: Sequence[Row]
) -> tuple[Section, ...]:
    """Put the figures of each section beside its blocks, and leave out sections without either."""
    shown = (replace(section, blocks=_beside(section, figures, study, rows)) for section in sections)
    return tuple(section for section in shown if section.blocks)


def _beside(section: Section, figures: Collection[str], study: Study, rows: Sequence[Row]) -> tuple[Block, ...]:
    """Figures that say what a table says stand below it; those that only some look for are folded."""
    found = {place: figures_of(section.id, figures, study, rows, place) for place in ("above", "below", "folded")}
    folds = (Fold(figure.alt, (figure,)) for figure in found["folded"])
    return (*found["above"], *section.blocks[:1], *found["below"], *section.blocks[1:], *folds)


def _facts(report: Report) -> Iterable[Block]:
    """What was asked and found, and folded what was run; that is seen where it is not whole."""
    study, told = report.study, report.header
    asked = (
        ("Expected", (study.expectation,) if study.expectation else ()),
        ("Found", (found_line(report.rows),) if study.expectation else ()),
        ("Runs", () if all(row.status == "finished" for row in report.rows) else (told.runs,)),
        ("Note", (study.note,) if study.note else ()),
    )
    run = (
        ("Data", told.data),
        ("Budget", told.budget),
        ("Seeds", (told.seeds,)),
        ("Runs", (told.runs,)),
        ("Hardware", told.hardware),
    )
    seen, folded = (
        Facts(tuple((name, line) for name, lines in named for line in lines if line)) for named in (asked, run)
    )
    yield from [seen] if seen.items else []
    yield Fold("What was run", (folded,))


def _results(report: Report) -> Section:
    study, rows = report.study, report.rows
    warnings = tuple(note for note in reading_notes(study, rows) if note[0] in WARNINGS)
    how = tuple(note for note in reading_notes(study, rows) if note[0] not in WARNINGS)
    seen = (Items(warnings),) if warnings else ()
    blocks = (rungs_table(study, rows, report.notes), *seen, Fold("How to read the table", (Items(how),)))
    return Section("rungs", nouns_of(rows).capitalize(), blocks)


def _deltas(report: Report) -> Section:
    study, rows = report.study, report.rows
    every = Fold("Every comparison", (contrasts_table(rows),))
    blocks: list[Block] = [every] if compares_otherwise(rows) else []
    if sentences := findings(rows):
        blocks.append(Items(tuple(("", sentence) for sentence in sentences)))
    blocks.append(Paragraph(" ".join(seed_limits(study, rows))))
    what = "deltas" if any(row.before for row in rows) else "numbers"
    return Section("deltas", f"What the {what} show", tuple(blocks))


def _cost(report: Report) -> Section:
    counted = tuple(sizes(report.study, report.rows))
    return Section("cost", "Size and speed", (Fold("Counted costs, and measured speed", counted),))


def _training(report: Report) -> Section:
    warning = "Training losses of different recipes are not comparable: label smoothing and mixing raise them."
    drawn = not {"metric", "loss", "lr"}.isdisjoint(report.figures)
    return Section("training", "Training", (Paragraph(warning),) if drawn else ())


def _steps(report: Report) -> Section:
    grouped = recipe_steps(report.study, report.rows)
    items = tuple(
        (f"{row.step}, {row.planned.title}", changes_text(row, grouped))
        if row.on_ladder
        else (row.step, role_text(row))
        for row in report.rows
        if row.planned.changes or not row.on_ladder
    )
    title = "What each step changed" if noun_of(report.rows) == "rung" else "Entry by entry"
    blocks: tuple[Block, ...] = (*recipe_tables(grouped), Items(items)) if items else ()
    return Section("steps", title, blocks, rungs=True, folded=True)


def _methods(report: Report) -> Section:
    return Section("methods", "Methods", (Items(methods(report.study, report.rows, report.header)),), folded=True)


def _problems(report: Report) -> Section:
    items = [
        (f"{row.step}, seed {seed}", f"failed: {record.error}")
        for row in report.rows
        for seed, record in row.records.items()
        if record.status == "failed"
    ]
    items += [("Not read", line) for line in report.problems]
    return Section("problems", "Problems", (Items(tuple(items)),) if items else ())


SECTIONS: tuple[Callable[[Report], Section], ...] = (
    _results,
    _deltas,
    smaller,
    foretold,
    _cost,
    _training,
    tasks,
    predicted,
    _steps,
    tests_in_detail,
    seed_spread,
    _methods,
    published_v2,
    _problems,
)
