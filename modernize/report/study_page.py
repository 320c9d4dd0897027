"""The report of a study as a page: what was found first, how it was made last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from modernize.published import IMAGENET
from modernize.report import cells, numbers
from modernize.report import provenance as source
from modernize.report.costs import cost_section
from modernize.report.drawings import figures_of, words_of
from modernize.report.facts import Header, findings, found_line, header, scale_limits, seed_limits
from modernize.report.methods import methods
from modernize.report.paper import READINGS
from modernize.report.roles import macs_note, noun_of, nouns_of, on_paper_ladder, published_data, role_text
from modernize.report.rows import Row, all_contrasts, reference_rows
from modernize.report.view import Block, Cell, Facts, Items, Page, Paragraph, Section, Table, heads, keys_of
from modernize.results.study import Study
from modernize.words import macs_unit, plural, signed

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
    nouns = nouns_of(rows)
    costs, anomalies = cost_section() if on_paper_ladder(study, rows) else (None, ())
    sections = (
        Section(
            id="rungs",
            title=nouns.capitalize(),
            blocks=(
                *figures_of("rungs", figures, words_of(rows)),
                rungs_table(study, rows, keys),
                Items(items=_reading_notes(study, rows)),
            ),
        ),
        Section(
            id="deltas",
            title="What the deltas show" if any(row.before for row in rows) else "What the numbers show",
            blocks=tuple(_deltas(study, rows, figures)),
        ),
        Section(id="cost", title="Size and speed", blocks=tuple(_sizes(study, rows, figures))),
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
        title=study.title or f"{study.name}: {f'{study.regime} regime ' if study.regime else ''}on {study.data}",
        lead=(
            *([Paragraph(text=study.about)] if study.about else []),
            Paragraph(text=" ".join(scale_limits(study, rows))),
            _facts(study, rows, facts),
        ),
        sections=tuple(section for section in sections if section and section.blocks),
        footnotes=(*((key, text) for key, text in footnotes if text), *anomalies),
    )


def rungs_table(study: Study, rows: Sequence[Row], keys: dict[str, str]) -> Table:
    """The main table: measured top-1 of every row, its delta where it is compared, and what is published of it."""
    word = noun_of(rows)
    printed = published_data(study, rows)
    paper = bool(study.published)
    deltas = word == "rung" or any(row.before for row in rows)
    deltas_published = paper or any(row.published_delta is not None for row in rows)
    columns: tuple[tuple[bool, str, Callable[[Row], Cell]], ...] = (
        (True, "step" if word == "rung" else "entry", cells.step),
        (word != "rung", "role", cells.role),
        (True, "top-1 measured, %>", lambda row: cells.top1_measured(study, row)),
        (deltas, "delta measured>", cells.delta_measured),
        (deltas, "verdict", lambda row: cells.verdict_measured(row)),
        (
            bool(printed),
            f"top-1 published ({', '.join(printed)}), %>",
            lambda row: cells.top1_published(row, several=len(printed) > 1),
        ),
        (deltas_published, "delta published>", cells.delta_published),
        (paper, "verdict, published", cells.verdict_published),
        (True, "runs", lambda row: cells.runs(row, f"rung-{keys[row.step]}")),
    )
    shown = [(name, cell) for wanted, name, cell in columns if wanted]
    what = f"Top-1 of every {word}, measured{' and published' if printed else ''}"
    against = "the rung before" if word == "rung" else "what it is compared with"
    return Table(
        id=RUNGS_TABLE,
        caption=f"{what}{f', and the change against {against}' if deltas else ''}.",
        columns=heads(*(name for name, _ in shown)),
        rows=tuple(tuple(cell(row) for _, cell in shown) for row in rows),
    )


def contrasts_table(rows: Sequence[Row]) -> Table:
    """Every pair of entries that the study compares."""
    found = all_contrasts(rows)
    n_seeds = {row.step: len(row.planned.run_ids) for row in rows}
    labels = {row.step: row.label for row in rows}
    published = any(one.published_delta is not None for one in found)
    return Table(
        id="contrasts",
        caption="Every contrast of the study: paired difference, and its verdict corrected over all of them.",
        columns=heads("entry", "against", "delta measured>", "verdict", *["delta published>"] * published),
        rows=tuple(
            (
                Cell(text=labels[one.entry], rung=one.entry),
                Cell(text=labels[one.before], rung=one.before),
                cells.delta_of(one, n_seeds[one.entry]),
                cells.verdict_measured(one),
                *[Cell(text=signed(one.published_delta), value=one.published_delta)] * published,
            )
            for one in found
        ),
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


def _reading_notes(study: Study, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    against = ""
    if any(row.before for row in rows):
        what = "the entry named beside it" if any(row.against for row in rows) else "the rung a step was applied to"
        against = f"; delta against {what}, over the seeds both finished"
    notes = [
        ("Measured", f"test top-1 of the last epoch on {study.data}{against}."),
        ("Records", f"named by the footnotes; files in results/{study.name}."),
    ]
    contrasts = all_contrasts(rows)
    if n_tests := sum(one.p_holm is not None for one in contrasts):
        test = (
            "two-sided paired t test of the delta at 5 %, Holm-corrected over the "
            f"{plural(n_tests, 'comparison')} of this {'table' if _one_each(rows) else 'study'}; the intervals are not "
            "corrected."
        )
        notes.append(("Verdict", test))
    notes += published_notes(study, rows)
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


def _one_each(rows: Sequence[Row]) -> bool:
    return all(len(row.contrasts) < 2 for row in rows)


def published_notes(study: Study, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Say what the published columns hold, and what their verdict is."""
    shown = {row.step: row.published for row in rows if row.published}
    notes = _paper_notes(study.published, rows) if study.published else []
    steps = {row.step for row in rows}
    sources: dict[tuple[str, str], list[str]] = {}
    for one in reference_rows(study):
        if one.step in steps:
            besides = "" if shown[one.step] == one else f" {numbers.published_text(one)}, besides"
            sources.setdefault((one.source, one.data), []).append(f"{one.step}{besides}")
    notes += [("Published", f"{source}, on {data}: {', '.join(of)}.") for (source, data), of in sources.items()]
    if sources and any(one.published_delta is not None for one in all_contrasts(rows)) and not study.published:
        notes.append(("Delta, published", "between values of one source on the same data; not tested."))
    return notes


def _paper_notes(regime: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    rows = [row for row in rows if row.published and row.published.role != "reference"]
    printed = next((row.published.source for row in rows if row.published), "")
    if not printed:
        return []
    what = f"{printed}, {IMAGENET}; delta between printed means, where the paper made the step from the same rung."
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
    yield from figures_of("deltas", figures, words_of(rows))
    if any(row.against for row in rows):
        yield contrasts_table(rows)
    if sentences := findings(rows):
        yield Items(items=tuple(("", sentence) for sentence in sentences))
    yield Paragraph(text=" ".join(seed_limits(study, rows)))


def _sizes(study: Study, rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    (unit_name, unit), size = macs_unit(row.planned.macs for row in rows), study.image_size
    word = noun_of(rows)
    name = 'the paper\'s "FLOPs"; ' if on_paper_ladder(study, rows) else ""
    yield from figures_of("cost", figures, words_of(rows))
    yield Table(
        id="sizes",
        caption=f"Multiply-accumulates, parameters and training speed of every {word}.",
        columns=heads("step" if word == "rung" else "entry", f"{unit_name}>", "parameters>", "images/s>"),
        rows=tuple(
            (cells.step(row), cells.macs(row, unit, size), cells.params(row, size), cells.speed(row)) for row in rows
        ),
    )
    yield Paragraph(
        text=f"{unit_name}: multiply-accumulates of convolutions and classifier at {study.image_size} px "
        f"({name}norms and activations not counted).{macs_note(rows)} Images/s: training, mean over the "
        f"runs{_left_out(rows)}."
    )


def _left_out(rows: Sequence[Row]) -> str:
    finished = sum(record.status == "finished" for row in rows for record in row.records.values())
    timed = sum(row.num_timed for row in rows)
    if timed == finished:
        return ""
    return f" on one machine alone, used in one way; {plural(finished - timed, 'run')} on others left out, see Methods"


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
