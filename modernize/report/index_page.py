"""The index of all reports: one table a data set, so that nothing stands beside what it cannot be compared with."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.report.machines import execution_text
from modernize.report.roles import nouns_of
from modernize.report.rows import Row
from modernize.report.view import Cell, Items, Page, Paragraph, Section, Table, heads, keys_of
from modernize.results.study import Study
from modernize.words import NONE

Rows = Sequence[Row]


def index_page(reports: Sequence[tuple[str, Study, Rows]], unplanned: Sequence[str], problems: Sequence[str]) -> Page:
    """Lay out the index.

    Args:
        reports: Every study with its rows and the address of its report, "" for one without a run.
        unplanned: Names of studies put together from records that no plan holds.
        problems: Files that could not be read.
    """
    groups: dict[tuple[str, str], list[tuple[str, Study, Rows]]] = {}
    for address, study, rows in reports:
        size = f"{study.data}, {study.image_size} px" if address else "No run has ended yet"
        groups.setdefault((size, _images(rows)), []).append((address, study, rows))
    keys = keys_of(f"{size} {images}" for size, images in groups)
    sections = [
        Section(
            id=f"data-{keys[f'{size} {images}']}",
            title=f"{size}{images}",
            blocks=(_table(keys[f"{size} {images}"], members, unplanned),),
        )
        for (size, images), members in groups.items()
    ]
    if problems:
        sections.append(
            Section(id="problems", title="Not read", blocks=(Items(items=tuple(("", line) for line in problems)),))
        )
    return Page(
        name="index",
        title="Reports",
        lead=(
            Paragraph(
                text=f"{len(reports)} {'study' if len(reports) == 1 else 'studies'}, grouped by data. Accuracies "
                "on different data, image sizes or budgets are not comparable and stand in no table together."
            ),
        ),
        sections=tuple(sections),
        footnotes=(),
    )


def _images(rows: Rows) -> str:
    facts = {(r.data.num_train_images, r.data.num_test_images) for row in rows for r in row.records.values()}
    if len(facts) != 1:
        return ""
    ((train, test),) = facts
    return f", {train:,} training and {test:,} test images"


def _table(key: str, members: Sequence[tuple[str, Study, Rows]], unplanned: Sequence[str]) -> Table:
    what = nouns_of(row for _, _, rows in members for row in rows)
    return Table(
        id=f"studies-{key}",
        caption="Studies on this data.",
        columns=heads(
            "study",
            "regime",
            "budget",
            "epochs>",
            f"{what}>",
            "seeds>",
            "runs",
            "execution",
        ),
        rows=tuple(_cells(address, study, rows, unplanned) for address, study, rows in members),
    )


def _cells(address: str, study: Study, rows: Rows, unplanned: Sequence[str]) -> tuple[Cell, ...]:
    records = [record for row in rows for record in row.records.values()]
    finished = sum(record.status == "finished" for record in records)
    planned = sum(len(row.planned.run_ids) for row in rows)
    how = dict.fromkeys(f"{r.execution.device}, {r.execution.precision}" for r in records)
    whole = dict.fromkeys(execution_text(r) for r in records)
    marks = [f"{finished} of {planned} finished"]
    if study.name in unplanned:
        marks.append("put together from records that no plan holds")
    if stale := sum(len(row.stale) for row in rows):
        marks.append(f"{stale} stale")
    if changed := sum(len(row.other_code) for row in rows):
        marks.append(f"{changed} by other code")
    return (
        Cell(text=study.name, link=address),
        Cell(text=study.regime or NONE),
        Cell(text=study.budget),
        Cell(text=str(study.epochs), value=study.epochs),
        Cell(text=str(len(rows)), value=len(rows)),
        Cell(text=str(len(study.seeds)), value=len(study.seeds)),
        Cell(text=", ".join(marks), bad=finished < planned or len(marks) > 1),
        Cell(text="; ".join(how) or "-", source="; ".join(whole)),
    )
