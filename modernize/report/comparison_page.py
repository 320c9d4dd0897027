"""A comparison as a page, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modernize.report.comparison import Comparison, RungPair, Side
from modernize.report.numbers import delta_text, mean_text, p_text
from modernize.report.tables import Flat, number, significant
from modernize.report.view import Block, Cell, Items, Page, Paragraph, Section, Table, key_of, table
from modernize.report.write import check_formats, write_formats
from modernize.results.statistics import LEVEL, Summary
from modernize.words import NONE, plural

ENDS = ("diverged", "failed", "missing")
_SPECS = {None: NONE, True: "same", False: "differs"}


def comparison_page(found: Comparison) -> Page:
    """Lay out a comparison: what differs first, then the rungs."""
    a, b = found.a.label, found.b.label
    what = "What differs between the two."
    columns = ((name, lambda line, i=i: line[i]) for i, name in enumerate(("what", a, b)))
    differs: Block = (
        table("differs", what, found.differs, *columns)
        if found.differs
        else Paragraph("Nothing that the records tell.")
    )
    same = Paragraph(f"The same on both sides: {', '.join(found.same) or 'nothing'}.")
    told = Items(tuple(("", line) for line in notes(found)))
    return Page(
        name=f"compare-{key_of(a)}-{key_of(b)}",
        title=f"{b} against {a}",
        sections=(
            Section("facts", "What differs", (differs, same)),
            Section("rungs", "Rungs", (rungs_table(found), told)),
        ),
    )


def rungs_table(found: Comparison) -> Table:
    """The rungs of both sides, their difference and its verdict."""
    what = found.a.study.metric.label if found.quantity == "value" else "delta, points"
    return table(
        "rungs",
        f"{found.b.label} minus {found.a.label}, rung by rung.",
        found.rungs,
        ("step", lambda pair: pair.step),
        (f"{what}: {found.a.label}>", lambda pair: _mean(pair.a)),
        (f"{what}: {found.b.label}>", lambda pair: _mean(pair.b)),
        ("difference>", _difference),
        ("p, Holm>", lambda pair: Cell(p_text(pair.p_holm) if pair.p_holm is not None else NONE, value=pair.p_holm)),
        ("verdict", lambda pair: pair.verdict),
        ("spec", lambda pair: Cell(_SPECS[pair.same_spec], bad=pair.same_spec is False)),
    )


def _mean(side: Summary | None) -> Cell:
    return Cell(mean_text(side), value=side.mean if side else None)


def _difference(pair: RungPair) -> Cell:
    found = pair.difference
    return Cell(delta_text(found, found.n), value=found.mean) if found else Cell(NONE)


def notes(found: Comparison) -> tuple[str, ...]:
    """Say what is compared and how."""
    metric = found.a.study.metric.title
    if found.quantity == "deltas":
        how = (
            f"The data differ, so {metric} means different things on the two sides: only the deltas of the steps are "
            "compared, each a difference paired by seed inside its own study; between the studies by Welch's test."
        )
    elif found.paired:
        how = (
            f"Both sides trained and evaluated on the same data for as many epochs: differences of test {metric}, last "
            "epoch, are paired by seed, with a two-sided paired t test."
        )
    else:
        how = (
            f"The data are the same and the budgets differ: test {metric}, last epoch, is compared between independent "
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
        formats: Any of `FORMATS`.

    Raises:
        ModernizeError: If a format is unknown.
    """
    check_formats(formats)
    page = comparison_page(found)
    return write_formats(
        folder / page.name / "compare",
        formats,
        lambda keys, panels: page,  # noqa: ARG005
        table=lambda: comparison_json(found)["rungs"],
        facts=lambda: comparison_json(found),
    )


def comparison_json(found: Comparison) -> Flat:
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


def _flat(found: Comparison, pair: RungPair) -> Flat:
    difference = pair.difference
    return {
        "step": pair.step,
        "quantity": found.a.study.metric.name if found.quantity == "value" else "delta_points",
        "mean_a": number(pair.a, "mean"),
        "std_a": number(pair.a, "std"),
        "n_a": pair.a.n if pair.a else 0,
        "mean_b": number(pair.b, "mean"),
        "std_b": number(pair.b, "std"),
        "n_b": pair.b.n if pair.b else 0,
        "difference": number(difference, "mean"),
        "difference_low": number(difference, "low"),
        "difference_high": number(difference, "high"),
        "test": None if not difference else "paired t" if difference.n_before is None else "Welch",
        "p_value": significant(difference.p_value) if difference else None,
        "p_value_holm": significant(pair.p_holm),
        "verdict": pair.verdict,
        "same_spec": pair.same_spec,
        "record_ids_a": _ids(found.a, pair.step),
        "record_ids_b": _ids(found.b, pair.step),
    }


def _ids(side: Side, step: str) -> str:
    return " ".join(record.run_id for record in side.rows[step].records.values()) if step in side.rows else ""
