"""The report of a study as a page: what was found first, how it was made last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from modernize.report import cells
from modernize.report import provenance as source
from modernize.report.costs import cost_section
from modernize.report.drawings import figures_of
from modernize.report.facts import Header, findings, header, scale_limits, seed_limits
from modernize.report.methods import methods
from modernize.report.paper import READINGS
from modernize.report.rows import Row
from modernize.report.view import Block, Cell, Facts, Items, Page, Paragraph, Section, Table, heads, keys_of
from modernize.results.study import Study
from modernize.words import macs_unit, plural

RUNGS_TABLE = "rungs"


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
    costs, anomalies = cost_section()
    sections = (
        Section(
            id="rungs",
            title="Rungs",
            blocks=(
                *figures_of("rungs", figures),
                rungs_table(study, rows, keys),
                Items(items=_reading_notes(study, rows)),
            ),
        ),
        Section(id="deltas", title="What the deltas show", blocks=tuple(_deltas(study, rows, figures))),
        Section(id="cost", title="Size and speed", blocks=tuple(_sizes(study, rows, figures))),
        Section(id="training", title="Training", blocks=tuple(_training(figures))),
        Section(
            id="steps",
            title="What each step changed",
            blocks=(*figures_of("steps", figures), *_changes(rows)),
            rungs=True,
        ),
        Section(id="methods", title="Methods", blocks=(Items(items=methods(study, rows, facts)),)),
        costs,
        Section(id="problems", title="Problems", blocks=tuple(_problems(rows, problems))),
    )
    footnotes = tuple((f"rung-{keys[row.step]}", source.rung_note(study, row)) for row in rows)
    return Page(
        name=study.name,
        title=f"{study.name}: {study.regime} regime on {study.data}",
        lead=(Paragraph(text=" ".join(scale_limits(study, rows))), _facts(facts, study.note)),
        sections=tuple(section for section in sections if section.blocks),
        footnotes=(*((key, text) for key, text in footnotes if text), *anomalies),
    )


def rungs_table(study: Study, rows: Sequence[Row], keys: dict[str, str]) -> Table:
    """The main table: measured and published top-1 and deltas of every rung."""
    return Table(
        id=RUNGS_TABLE,
        caption="Top-1 of every rung, measured and published, and the change against the rung before.",
        columns=heads(
            "step",
            "top-1 measured, %>",
            "delta measured>",
            "verdict",
            "top-1 published (ImageNet), %>",
            "delta published>",
            "verdict, published",
            "runs",
        ),
        rows=tuple(_cells(study, row, keys) for row in rows),
    )


def _cells(study: Study, row: Row, keys: dict[str, str]) -> tuple[Cell, ...]:
    return (
        cells.step(row),
        cells.top1_measured(study, row),
        cells.delta_measured(row),
        cells.verdict_measured(row),
        cells.top1_published(row),
        cells.delta_published(row),
        cells.verdict_published(row),
        cells.runs(row, f"rung-{keys[row.step]}"),
    )


def _facts(facts: Header, note: str) -> Facts:
    named = (
        ("Data", facts.data),
        ("Budget", facts.budget),
        ("Seeds", (facts.seeds,)),
        ("Runs", (facts.runs,)),
        ("Hardware", facts.hardware),
        ("Note", (note,) if note else ()),
    )
    return Facts(items=tuple((name, line) for name, lines in named for line in lines))


def _reading_notes(study: Study, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    measured = (
        f"test top-1 of the last epoch on {study.data}; delta against the rung a step was applied to, over the seeds "
        "both finished."
    )
    notes = [("Measured", measured), ("Records", f"named by the footnotes; files in results/{study.name}.")]
    if n_tests := sum(row.p_holm is not None for row in rows):
        test = (
            "two-sided paired t test of the delta at 5 %, Holm-corrected over the "
            f"{plural(n_tests, 'comparison')} of this table; the intervals are not corrected."
        )
        notes.append(("Verdict", test))
    notes += published_notes(rows, study.published)
    if stale := [row.step for row in rows if row.stale]:
        meaning = (
            f"records of {', '.join(stale)} were made when a step meant something else than it does today; run the "
            "study again for current ones."
        )
        notes.append(("Stale", meaning))
    if changed := [row.step for row in rows if row.other_code]:
        meaning = (
            f"the code that trained records of {', '.join(changed)} has changed since; that may have changed their "
            "numbers or not. `modernize run --repeat` trains them again."
        )
        notes.append(("Other code", meaning))
    return tuple(notes)


def published_notes(rows: Sequence[Row], regime: str) -> list[tuple[str, str]]:
    """Say what the published columns hold, and what their verdict is."""
    printed = next((row.published.source for row in rows if row.published), "")
    if not printed:
        return []
    what = (
        f"{printed}, {source.IMAGENET}; delta between printed means, where the paper made the step from the same rung."
    )
    readings = READINGS[regime]
    test = (
        "two-sided Welch test on the printed means and standard deviations, n = 3, Holm-corrected over the "
        f"{len(readings)} deltas of the table that have both: clear at 5 %; borderline if not, but below 10 % "
        "uncorrected."
        if readings
        else "none, the table prints no standard deviations."
    )
    notes = [
        (f"Published {row.step}", f"{row.published.note}.") for row in rows if row.published and row.published.note
    ]
    return [("Published", what), ("Verdict, published", test), *notes]


def _deltas(study: Study, rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    yield from figures_of("deltas", figures)
    if sentences := findings(rows):
        yield Items(items=tuple(("", sentence) for sentence in sentences))
    yield Paragraph(text=" ".join(seed_limits(study, rows)))


def _sizes(study: Study, rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    (unit_name, unit), size = macs_unit(row.planned.macs for row in rows), study.image_size
    yield from figures_of("cost", figures)
    yield Table(
        id="sizes",
        caption="Multiply-accumulates, parameters and training speed of every rung.",
        columns=heads("step", f"{unit_name}>", "parameters>", "images/s>"),
        rows=tuple(
            (cells.step(row), cells.macs(row, unit, size), cells.params(row, size), cells.speed(row)) for row in rows
        ),
    )
    yield Paragraph(
        text=f"{unit_name}: multiply-accumulates of convolutions and classifier at {study.image_size} px (the paper's "
        f'"FLOPs"; norms and activations not counted). Images/s: training, mean over the runs{_left_out(rows)}.'
    )


def _left_out(rows: Sequence[Row]) -> str:
    finished = sum(record.status == "finished" for row in rows for record in row.records.values())
    timed = sum(row.num_timed for row in rows)
    if timed == finished:
        return ""
    return f" on one machine alone, used in one way; {plural(finished - timed, 'run')} on others left out, see Methods"


def _training(figures: Collection[str]) -> Iterable[Block]:
    drawn = figures_of("training", figures)
    yield from drawn
    if drawn:
        yield Paragraph(
            text="Training losses of different recipes are not comparable: label smoothing and mixing raise them."
        )


def _changes(rows: Sequence[Row]) -> tuple[Block, ...]:
    items = tuple(
        (f"{row.step}, {row.planned.title}", "; ".join(row.planned.changes)) for row in rows if row.planned.changes
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
