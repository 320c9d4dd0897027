"""The report's table for programs: CSV and JSON, each number beside where it comes from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from modernize.external import CONVENTION
from modernize.report import provenance as source
from modernize.report.contrasts import Contrast
from modernize.report.evidence import evidence_json
from modernize.report.facts import findings, header, scale_limits, seed_limits
from modernize.report.machines import machine_notes
from modernize.report.methods import methods
from modernize.report.numbers import published_verdict
from modernize.report.paper import N_SEEDS
from modernize.report.rows import Row, all_contrasts
from modernize.results.study import Study
from modernize.words import NONE

PUBLISHED_TEST = f"Welch test on printed mean and std, n={N_SEEDS}, Holm over the table's deltas"
# With which a cell begins that a spreadsheet computes.
_LIVE = ("=", "+", "-", "@", "\t", "\r")
_NOT_MEASURED = {
    *("study", "step", "title", "adopted", "role", "before"),
    *("top1_percent_published", "top1_std_published", "delta_published"),
    *("p_value_published", "p_value_holm_published", "verdict_published", "verdict_published_source", "published_on"),
    *("published_source", "published_row", "macs", "num_params", "cost_source"),
    *("gmacs_published", "gmacs_published_source", "gmacs_published_anomaly"),
}
MACS_CONVENTION = "multiply-accumulates of convolutions and classifier"


def table_rows(study: Study, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Flatten the rows: a number's provenance stands in the column after it, None where there is no number."""
    return [_flat(study, row) for row in rows]


def to_csv(study: Study, rows: Sequence[Row]) -> str:
    """Give the table as CSV, one line a rung; an empty cell where there is no number."""
    return csv_text(table_rows(study, rows))


def csv_text(table: Sequence[Mapping[str, Any]]) -> str:
    """Write a table as CSV that a spreadsheet only shows: text that it would compute gets an apostrophe in front.

    Examples:
        >>> print(csv_text([{"step": "=1+1", "delta": -0.5}]), end="")
        step,delta
        '=1+1,-0.5
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(table[0]), lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({key: _cell(value) if isinstance(value, str) else value for key, value in row.items()})
    return out.getvalue()


def _cell(text: str) -> str:
    """Leave out what a terminal would obey, and keep a spreadsheet from computing the rest."""
    shown = "".join(filter(str.isprintable, " ".join(text.split())))
    return f"'{shown}" if shown.startswith(_LIVE) else shown


def published_table(study: Study, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The columns of `table_rows` that need no record."""
    return [{name: row[name] for name in row if name in _NOT_MEASURED} for row in table_rows(study, rows)]


def to_json(study: Study, rows: Sequence[Row], problems: Sequence[str]) -> str:
    """Give header, sentences and table as JSON."""
    told = header(study, rows)
    facts = {
        "study": study.name,
        "title": study.title or None,
        "about": study.about or None,
        "expectation": study.expectation or None,
        "regime": study.regime or None,
        "header": asdict(told),
        "methods": methods(study, rows, told),
        "not_alike": machine_notes(record for row in rows for record in row.records.values()),
        "limits": (*scale_limits(study, rows), *seed_limits(study, rows)),
        "findings": findings(rows),
        "evidence": evidence_json(study, rows),
        "rungs": table_rows(study, rows),
        "contrasts": [_contrast(one) for one in all_contrasts(rows)],
        "records": [record for row in rows for record in _records(row)],
        "problems": list(problems),
    }
    return json_text(facts)


def json_text(facts: Mapping[str, Any]) -> str:
    """Write facts as JSON."""
    return json.dumps(facts, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _flat(study: Study, row: Row) -> dict[str, Any]:
    top1, delta, published, reading = row.top1, row.delta, row.published, row.published_reading
    verdict, printed = published_verdict(row), bool(published and published.gmacs_text)
    return {
        "study": study.name,
        "step": row.step,
        "title": row.planned.title,
        "adopted": row.adopted,
        "role": row.planned.role,
        "model": row.planned.model or None,
        "note": row.planned.note or None,
        "before": row.before,
        "status": row.status,
        "num_stale": len(row.stale),
        "num_other_code": len(row.other_code),
        "record_ids": " ".join(record.run_id for record in row.records.values()),
        "top1_percent_measured": rounded(top1.mean) if top1 else None,
        "top1_std_measured": rounded(top1.std) if top1 else None,
        "n_seeds": top1.n if top1 else 0,
        "measured_on": study.data if top1 else None,
        "measured_source": source.measured_source(study, row) or None,
        "delta_measured": rounded(delta.mean) if delta else None,
        "delta_low": rounded(delta.low) if delta else None,
        "delta_high": rounded(delta.high) if delta else None,
        "delta_confidence": delta.confidence if delta and delta.low is not None else None,
        "n_paired_seeds": delta.n if delta else 0,
        "delta_std": rounded(delta.std) if delta else None,
        "p_value": significant(delta.p_value) if delta else None,
        "p_value_holm": significant(row.p_holm),
        "delta_source": source.delta_source(row.contrast) or None,
        "verdict": row.verdict or None,
        "top1_percent_published": published.top1_percent if published else None,
        "top1_std_published": published.top1_std if published else None,
        "delta_published": row.published_delta,
        "p_value_published": significant(reading.p_value) if reading else None,
        "p_value_holm_published": significant(reading.p_holm) if reading else None,
        "verdict_published": None if verdict == NONE else verdict,
        "verdict_published_source": PUBLISHED_TEST if reading else None,
        "published_on": published.data if published else None,
        "published_source": published.source if published else None,
        "published_row": published.label if published else None,
        "macs": row.planned.macs,
        "num_params": row.planned.num_params,
        "cost_source": f"{CONVENTION}, at {study.image_size} px"
        if row.planned.model
        else f"counted at {study.image_size} px: {MACS_CONVENTION}",
        "gmacs_published": published.gmacs if published and printed else None,
        "gmacs_published_source": f"{published.source}, 224 px" if published and printed else None,
        "gmacs_published_anomaly": published.anomaly or None if published else None,
        "images_per_second": rounded(row.images_per_second),
        "num_timed": row.num_timed,
        "speed_source": source.speed_source(row) if row.num_timed else None,
    }


def _contrast(one: Contrast) -> dict[str, Any]:
    delta = one.delta
    return {
        "entry": one.entry,
        "before": one.before,
        "delta_measured": rounded(delta.mean) if delta else None,
        "delta_low": rounded(delta.low) if delta else None,
        "delta_high": rounded(delta.high) if delta else None,
        "n_paired_seeds": delta.n if delta else 0,
        "p_value": significant(delta.p_value) if delta else None,
        "p_value_holm": significant(one.p_holm),
        "verdict": one.verdict or None,
        "delta_published": one.published_delta,
    }


def _records(row: Row) -> list[dict[str, Any]]:
    """The runs behind a rung's numbers."""
    return [
        {
            "run_id": record.run_id,
            "step": row.step,
            "seed": seed,
            "status": record.status,
            "stale": seed in row.stale,
            "other_code": seed in row.other_code,
            "top1_percent": record.result.top1_percent if record.status == "finished" else None,
            "study": record.study,
            "commit": record.commit,
            "spec_fingerprint": record.entry.fingerprint,
        }
        for seed, record in row.records.items()
    ]


def significant(p_value: float | None) -> float | None:
    """Keep what is small: four digits after the point would make it zero."""
    return None if p_value is None else float(f"{p_value:.4g}")


def rounded(value: float | None) -> float | None:
    """Keep four digits after the point."""
    return None if value is None else round(value, 4)
