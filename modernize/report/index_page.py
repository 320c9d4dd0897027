"""The index of all reports: one table a data set, so that nothing stands beside what it cannot be compared with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from urllib.parse import quote

from modernize.report.machines import execution_text
from modernize.report.roles import nouns_of
from modernize.report.rows import Row, records_of
from modernize.report.view import Cell, Items, Page, Paragraph, Section, Table, keys_of, table
from modernize.results.study import Study
from modernize.words import NONE


class Indexed(NamedTuple):
    """A study in the index."""

    study: Study
    rows: Sequence[Row]


def index_page(reports: Sequence[Indexed], unplanned: Collection[str], problems: Sequence[str], suffix: str) -> Page:
    """Lay out the index.

    Args:
        reports: Every study.
        unplanned: Names of studies put together from records that no plan holds.
        problems: Files that could not be read.
        suffix: Of the reports that it leads to.
    """
    groups: dict[str, list[Indexed]] = {}
    for one in reports:
        groups.setdefault(_title(one), []).append(one)
    sections = [
        Section(f"data-{key}", title, (_table(key, groups[title], unplanned, suffix),))
        for title, key in keys_of(groups).items()
    ]
    if problems:
        sections.append(Section("problems", "Not read", (Items(tuple(("", line) for line in problems)),)))
    lead = (
        f"{len(reports)} {'study' if len(reports) == 1 else 'studies'}, grouped by data. Accuracies on different data, "
        "image sizes or budgets are not comparable and stand in no table together."
    )
    return Page(name="index", title="Reports", lead=(Paragraph(lead),), sections=tuple(sections))


def _title(one: Indexed) -> str:
    size = f"{one.study.data}, {one.study.image_size} px" if records_of(one.rows) else "No run has ended yet"
    images = {(record.data.num_train_images, record.data.num_test_images) for record in records_of(one.rows)}
    if len(images) != 1:
        return size
    ((train, test),) = images
    return f"{size}, {train:,} training and {test:,} test images"


def _table(key: str, members: Sequence[Indexed], unplanned: Collection[str], suffix: str) -> Table:
    def name(one: Indexed) -> Cell:
        return Cell(one.study.name, link=f"{quote(one.study.name)}/report.{suffix}" if records_of(one.rows) else "")

    what = nouns_of(row for one in members for row in one.rows)
    return table(
        f"studies-{key}",
        "Studies on this data.",
        members,
        ("study", name),
        ("regime", lambda one: one.study.regime or NONE),
        ("budget", lambda one: one.study.budget),
        ("epochs>", lambda one: _count(one.study.epochs)),
        (f"{what}>", lambda one: _count(len(one.rows))),
        ("seeds>", lambda one: _count(len(one.study.seeds))),
        ("runs", lambda one: _runs(one.rows, planned=one.study.name not in unplanned)),
        ("execution", _execution),
    )


def _count(number: int) -> Cell:
    return Cell(str(number), value=number)


def _runs(rows: Sequence[Row], *, planned: bool) -> Cell:
    finished = sum(record.status == "finished" for record in records_of(rows))
    wanted = sum(len(row.planned.run_ids) for row in rows)
    stale, changed = sum(len(row.stale) for row in rows), sum(len(row.other_code) for row in rows)
    marks = [
        "" if planned else "put together from records that no plan holds",
        f"{stale} stale" if stale else "",
        f"{changed} by other code" if changed else "",
    ]
    text = ", ".join(filter(None, (f"{finished} of {wanted} finished", *marks)))
    return Cell(text, bad=finished < wanted or any(marks))


def _execution(one: Indexed) -> Cell:
    records = records_of(one.rows)
    how = dict.fromkeys(f"{r.execution.device}, {r.execution.precision}" for r in records)
    return Cell("; ".join(how) or NONE, source="; ".join(dict.fromkeys(map(execution_text, records))))
