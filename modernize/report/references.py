"""What is published for the entries of a study: rows of a paper's table, and the study's own references."""

from __future__ import annotations

from modernize.published import PublishedRow, published_rows
from modernize.results.study import Study


def published_of(study: Study) -> dict[str, PublishedRow]:
    """Return what is published for the entries of a study: of the paper's table, else the first of its references."""
    found = {row.step: row for row in published_rows(study.published)} if study.published else {}
    for row in reference_rows(study):
        found.setdefault(row.step, row)
    return found


def reference_rows(study: Study) -> tuple[PublishedRow, ...]:
    """Return a study's own references as published rows."""
    return tuple(
        PublishedRow(
            step=one.entry,
            label=one.entry,
            role="reference",
            before="",
            top1_percent=one.value,
            top1_text=f"{one.value:g}",
            top1_std=one.std,
            gmacs=0.0,
            gmacs_text="",
            source=one.source,
            note="",
            anomaly="",
            data=one.data,
            n=one.n,
        )
        for one in study.references
    )
