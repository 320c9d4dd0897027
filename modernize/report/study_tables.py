"""The tables of a study's report: results, contrasts, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from modernize.report import cells
from modernize.report.roles import macs_note, noun_of, on_paper_ladder, published_data
from modernize.report.rows import Row, all_contrasts
from modernize.report.view import Block, Cell, Paragraph, Table, heads
from modernize.results.study import Study
from modernize.words import macs_unit, plural, signed


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
        id="rungs",
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


def sizes(study: Study, rows: Sequence[Row]) -> Iterable[Block]:
    """Cost and speed of every row, and what they are counts of."""
    (unit_name, unit), size = macs_unit(row.planned.macs for row in rows), study.image_size
    word = noun_of(rows)
    name = 'the paper\'s "FLOPs"; ' if on_paper_ladder(study, rows) else ""
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
