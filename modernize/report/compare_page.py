"""A comparison as a page, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modernize.errors import unknown_name
from modernize.report import numbers
from modernize.report.compare import Comparison, RungPair
from modernize.report.contrasts import LEVEL
from modernize.report.tables import csv_text, json_text, rounded, significant
from modernize.report.view import Block, Cell, Items, Page, Paragraph, Section, Table, heads, key_of
from modernize.results.files import write_atomically
from modernize.results.statistics import Delta, Summary
from modernize.words import NONE, plural, signed

ENDS = ("diverged", "failed", "missing")
COMPARE_FORMATS = ("md", "html", "csv", "json")


def comparison_page(found: Comparison) -> Page:
    """Lay out a comparison: what differs first, then the rungs."""
    a, b = found.a, found.b
    differs: Block = (
        Table(
            id="differs",
            caption="What differs between the two.",
            columns=heads("what", a.label, b.label),
            rows=tuple(tuple(Cell(text=text) for text in line) for line in found.differs),
        )
        if found.differs
        else Paragraph(text="Nothing that the records tell.")
    )
    return Page(
        name=f"compare-{key_of(a.label)}-{key_of(b.label)}",
        title=f"{b.label} against {a.label}",
        lead=(),
        sections=(
            Section(
                id="facts",
                title="What differs",
                blocks=(differs, Paragraph(text=f"The same on both sides: {', '.join(found.same) or 'nothing'}.")),
            ),
            Section(
                id="rungs",
                title="Rungs",
                blocks=(rungs_table(found), Items(items=tuple(("", line) for line in notes(found)))),
            ),
        ),
        footnotes=(),
    )


def rungs_table(found: Comparison) -> Table:
    """The rungs of both sides, their difference and its verdict."""
    what = "top-1, %" if found.quantity == "top1" else "delta, points"
    return Table(
        id="rungs",
        caption=f"{found.b.label} minus {found.a.label}, rung by rung.",
        columns=heads(
            "step",
            f"{what}: {found.a.label}>",
            f"{what}: {found.b.label}>",
            "difference>",
            "p, Holm>",
            "verdict",
            "spec",
        ),
        rows=tuple(_cells(pair) for pair in found.rungs),
    )


def notes(found: Comparison) -> tuple[str, ...]:
    """Say what is compared and how."""
    if found.quantity == "deltas":
        how = (
            "The data differ, so top-1 means different things on the two sides: only the deltas of the steps are "
            "compared, each a difference paired by seed inside its own study; between the studies by Welch's test."
        )
    elif found.paired:
        how = (
            "Both sides trained and evaluated on the same data for as many epochs: differences of test top-1, last "
            "epoch, are paired by seed, with a two-sided paired t test."
        )
    else:
        how = (
            "The data are the same and the budgets differ: test top-1, last epoch, is compared between independent "
            "samples, by Welch's two-sided test."
        )
    n_tests = sum(pair.p_holm is not None for pair in found.rungs)
    lines = [how]
    if n_tests:
        lines.append(
            f"Verdicts at {100 * LEVEL:.0f} %, Holm-corrected over {plural(n_tests, 'comparison')}; brackets: 95 % t "
            "intervals, not corrected. An interval that includes 0 is no evidence of a difference, nor of its absence."
        )
    if changed := [pair.step for pair in found.rungs if pair.same_spec is False]:
        lines.append(f"Specs differ on {', '.join(changed)}: there the step itself is compared, not only its setting.")
    for side in (found.a, found.b):
        if stale := [row.step for row in side.rows.values() if row.stale]:
            lines.append(f"Stale records of {side.label}: {', '.join(stale)}.")
        if changed := [row.step for row in side.rows.values() if row.other_code]:
            lines.append(f"Trained by code that has changed since, of {side.label}: {', '.join(changed)}.")
        ended = {end: [row.step for row in side.rows.values() if end in row.status] for end in ENDS}
        lines += [
            f"Runs {end} in {side.label}: {', '.join(of)}; they are in no mean." for end, of in ended.items() if of
        ]
    return tuple(lines)


def write_comparison(found: Comparison, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write a comparison into a folder of its own.

    Args:
        found: The comparison.
        folder: The reports folder.
        formats: Any of "md", "html", "csv" and "json".

    Raises:
        ModernizeError: If a format is unknown.
    """
    for name in formats:
        if name not in COMPARE_FORMATS:
            raise unknown_name("format", name, COMPARE_FORMATS)
    page = comparison_page(found)
    texts: dict[str, str] = {}
    if "md" in formats:
        from modernize.report.render import to_markdown

        texts["md"] = to_markdown(page, {})
    if "html" in formats:
        from modernize.report.render import to_html

        texts["html"] = to_html(page, {})
    if "csv" in formats:
        texts["csv"] = to_csv(found)
    if "json" in formats:
        texts["json"] = json_text(to_json(found))
    return [write_atomically(folder / page.name / f"compare.{suffix}", text) for suffix, text in texts.items()]


def to_csv(found: Comparison) -> str:
    """Give the rungs as CSV, an empty cell where there is no number."""
    return csv_text([_flat(found, pair) for pair in found.rungs])


def to_json(found: Comparison) -> dict[str, Any]:
    """Give a comparison as plain data."""
    return {
        "a": {"label": found.a.label, "study": found.a.study.name, "num_records": len(found.a.records)},
        "b": {"label": found.b.label, "study": found.b.study.name, "num_records": len(found.b.records)},
        "quantity": found.quantity,
        "paired": found.paired,
        "differs": [{"what": name, "a": one, "b": other} for name, one, other in found.differs],
        "same": list(found.same),
        "notes": list(notes(found)),
        "rungs": [_flat(found, pair) for pair in found.rungs],
    }


def difference_text(difference: Delta | None) -> str:
    """Signed difference with its interval where there is one."""
    if difference is None:
        return NONE
    interval = "" if difference.low is None else f" [{signed(difference.low)}, {signed(difference.high)}]"
    return f"{signed(difference.mean)}{interval}"


def _cells(pair: RungPair) -> tuple[Cell, ...]:
    spec = {None: NONE, True: "same", False: "differs"}[pair.same_spec]
    return (
        Cell(text=pair.step),
        *(Cell(text=_mean_text(side), value=side.mean if side else None) for side in (pair.a, pair.b)),
        Cell(text=difference_text(pair.difference), value=pair.difference.mean if pair.difference else None),
        Cell(text=NONE if pair.p_holm is None else numbers.p_text(pair.p_holm), value=pair.p_holm),
        Cell(text=pair.verdict),
        Cell(text=spec, bad=pair.same_spec is False),
    )


def _mean_text(side: Summary | None) -> str:
    return numbers.top1_text(side)


def _flat(found: Comparison, pair: RungPair) -> dict[str, Any]:
    difference = asdict(pair.difference) if pair.difference else {}
    return {
        "step": pair.step,
        "quantity": "top1_percent" if found.quantity == "top1" else "delta_points",
        "mean_a": rounded(pair.a.mean) if pair.a else None,
        "std_a": rounded(pair.a.std) if pair.a else None,
        "n_a": pair.a.n if pair.a else 0,
        "mean_b": rounded(pair.b.mean) if pair.b else None,
        "std_b": rounded(pair.b.std) if pair.b else None,
        "n_b": pair.b.n if pair.b else 0,
        "difference": rounded(difference.get("mean")),
        "difference_low": rounded(difference.get("low")),
        "difference_high": rounded(difference.get("high")),
        "test": None if not pair.difference else "paired t" if pair.difference.n_before is None else "Welch",
        "p_value": significant(difference.get("p_value")),
        "p_value_holm": significant(pair.p_holm),
        "verdict": pair.verdict,
        "same_spec": pair.same_spec,
        "record_ids_a": _ids(found.a.rows, pair.step),
        "record_ids_b": _ids(found.b.rows, pair.step),
    }


def _ids(rows: Any, step: str) -> str:
    return " ".join(record.run_id for record in rows[step].records.values()) if step in rows else ""
