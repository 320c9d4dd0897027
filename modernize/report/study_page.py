"""The report of a study as a page: what was found first, how it was made last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from modernize.report import provenance as source
from modernize.report.costs import cost_section
from modernize.report.drawings import figures_of, words_of
from modernize.report.facts import Header, findings, found_line, header, scale_limits, seed_limits
from modernize.report.methods import methods
from modernize.report.roles import noun_of, nouns_of, on_paper_ladder, role_text
from modernize.report.rows import Row
from modernize.report.study_notes import reading_notes
from modernize.report.study_tables import contrasts_table, rungs_table, sizes
from modernize.report.view import Block, Facts, Items, Page, Paragraph, Section, keys_of
from modernize.results.study import Study


def study_page(study: Study, rows: Sequence[Row], figures: Collection[str], problems: Sequence[str]) -> Page:
    """Lay out the report of a study; the rung panels are left to the formats that show them.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        figures: Keys of the figures there are.
        problems: Files that could not be read.
    """
    facts = header(study, rows)
    keys = keys_of(row.step for row in rows)
    nouns = nouns_of(rows)
    costs, anomalies = cost_section() if on_paper_ladder(study, rows) else (None, ())
    sections = (
        Section(
            id="rungs",
            title=nouns.capitalize(),
            blocks=(
                *figures_of("rungs", figures, words_of(rows)),
                rungs_table(study, rows, keys),
                Items(items=reading_notes(study, rows)),
            ),
        ),
        Section(
            id="deltas",
            title="What the deltas show" if any(row.before for row in rows) else "What the numbers show",
            blocks=tuple(_deltas(study, rows, figures)),
        ),
        Section(
            id="cost",
            title="Size and speed",
            blocks=(*figures_of("cost", figures, words_of(rows)), *sizes(study, rows)),
        ),
        Section(id="training", title="Training", blocks=tuple(_training(rows, figures))),
        Section(
            id="steps",
            title="What each step changed" if nouns == "rungs" else "Entry by entry",
            blocks=(*figures_of("steps", figures, words_of(rows)), *_changes(rows)),
            rungs=True,
        ),
        Section(id="methods", title="Methods", blocks=(Items(items=methods(study, rows, facts)),)),
        costs,
        Section(id="problems", title="Problems", blocks=tuple(_problems(rows, problems))),
    )
    footnotes = tuple((f"rung-{keys[row.step]}", source.rung_note(study, row)) for row in rows)
    return Page(
        name=study.name,
        noun=noun_of(rows),
        title=study.title or f"{study.name}: {f'{study.regime} regime ' if study.regime else ''}on {study.data}",
        lead=(
            *([Paragraph(text=study.about)] if study.about else []),
            Paragraph(text=" ".join(scale_limits(study, rows))),
            _facts(study, rows, facts),
        ),
        sections=tuple(section for section in sections if section and section.blocks),
        footnotes=(*((key, text) for key, text in footnotes if text), *anomalies),
    )


def _facts(study: Study, rows: Sequence[Row], facts: Header) -> Facts:
    expected = study.expectation
    named = (
        ("Expected", (expected,) if expected else ()),
        ("Found", (found_line(rows),) if expected else ()),
        ("Data", facts.data),
        ("Budget", facts.budget),
        ("Seeds", (facts.seeds,)),
        ("Runs", (facts.runs,)),
        ("Hardware", facts.hardware),
        ("Note", (study.note,) if study.note else ()),
    )
    return Facts(items=tuple((name, line) for name, lines in named for line in lines))


def _deltas(study: Study, rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    yield from figures_of("deltas", figures, words_of(rows))
    if any(row.against for row in rows):
        yield contrasts_table(rows)
    if sentences := findings(rows):
        yield Items(items=tuple(("", sentence) for sentence in sentences))
    yield Paragraph(text=" ".join(seed_limits(study, rows)))


def _training(rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    drawn = figures_of("training", figures, words_of(rows))
    yield from drawn
    if drawn:
        yield Paragraph(
            text="Training losses of different recipes are not comparable: label smoothing and mixing raise them."
        )


def _changes(rows: Sequence[Row]) -> tuple[Block, ...]:
    items = tuple(
        (f"{row.step}, {row.planned.title}", "; ".join(row.planned.changes))
        if row.on_ladder
        else (row.step, role_text(row))
        for row in rows
        if row.planned.changes or not row.on_ladder
    )
    return (Items(items=items),) if items else ()


def _problems(rows: Sequence[Row], problems: Sequence[str]) -> Iterable[Block]:
    items = [
        (f"{row.step}, seed {seed}", f"failed: {record.error}")
        for row in rows
        for seed, record in row.records.items()
        if record.status == "failed"
    ]
    items += [("Not read", line) for line in problems]
    if items:
        yield Items(items=tuple(items))
