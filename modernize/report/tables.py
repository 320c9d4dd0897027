"""The report's table for programs: CSV and JSON, each number beside where it comes from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from modernize.external import CONVENTION
from modernize.report import cells
from modernize.report.contrasts import Contrast
from modernize.report.evidence import evidence_json, findings
from modernize.report.facts import header, scale_limits, seed_limits
from modernize.report.foretold import outcomes_json
from modernize.report.machines import machine_notes
from modernize.report.methods import methods
from modernize.report.numbers import published_verdict
from modernize.report.paper import N_SEEDS
from modernize.report.rows import Row, all_contrasts
from modernize.report.seed_spread import row_spread
from modernize.results.paired_tests import least_sign_flip_p_value
from modernize.results.study import Study
from modernize.words import NONE

PUBLISHED_TEST = f"Welch test on printed mean and std, n={N_SEEDS}, Holm over the table's steps, or its probes"
# With which a cell begins that a spreadsheet computes.
_LIVE = ("=", "+", "-", "@", "\t", "\r")
MACS_CONVENTION = "multiply-accumulates of convolutions and classifier"

Flat = dict[str, Any]


def table_rows(study: Study, rows: Sequence[Row]) -> list[Flat]:
    """Flatten the rows: a number's provenance stands in the column after it, None where there is no number."""
    return [_name(study, row) | _measured(study, row) | _published(row) | _cost(study, row) for row in rows]


def published_table(study: Study, rows: Sequence[Row]) -> list[Flat]:
    """The columns of `table_rows` that need no record."""
    return [_name(study, row) | _published(row) | _cost(study, row) for row in rows]


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


def json_text(facts: Mapping[str, Any]) -> str:
    """Write facts as JSON."""
    return json.dumps(facts, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def study_json(study: Study, rows: Sequence[Row], problems: Sequence[str]) -> Flat:
    """Give header, sentences and table of a study's report as plain data."""
    told = header(study, rows)
    return {
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
        "contrasts": [
            {"entry": one.entry, "before": one.before, **_delta(one), "delta_published": one.published_delta}
            for one in all_contrasts(rows)
        ],
        "predictions": outcomes_json(study, rows),
        "spread": {row.step: asdict(spread) for row in rows if (spread := row_spread(row))},
        "records": [record for row in rows for record in _records(row)],
        "problems": list(problems),
    }


def _name(study: Study, row: Row) -> Flat:
    return {
        "study": study.name,
        "step": row.step,
        "title": row.planned.title,
        "adopted": row.adopted,
        "role": row.planned.role,
        "model": row.planned.model or None,
        "note": row.planned.note or None,
        "before": row.before,
    }


def _measured(study: Study, row: Row) -> Flat:
    metric = study.metric
    value = row.value if row.planned.metric == metric else None
    return {
        "status": row.status,
        "num_stale": len(row.stale),
        "num_other_code": len(row.other_code),
        "record_ids": " ".join(record.run_id for record in row.records.values()),
        f"{metric.name}_measured": number(value, "mean"),
        f"{metric.name.removesuffix('_percent')}_std_measured": number(value, "std"),
        "n_seeds": value.n if value else 0,
        "measured_on": study.data if value else None,
        "measured_source": cells.measured(study, row).source or None,
        **_delta(row.contrast),
        "images_per_second": number(row, "images_per_second"),
        "num_timed": row.num_timed,
        "speed_source": cells.speed(row).source or None,
    }


def _delta(one: Contrast) -> Flat:
    delta = one.delta
    return {
        "delta_measured": number(delta, "mean"),
        "delta_low": number(delta, "low"),
        "delta_high": number(delta, "high"),
        "delta_confidence": delta.confidence if delta and delta.low is not None else None,
        "n_paired_seeds": delta.n if delta else 0,
        "delta_std": number(delta, "std"),
        "p_value": significant(delta.p_value) if delta else None,
        "p_value_holm": significant(one.p_holm),
        **_tests(one),
        "delta_source": cells.delta_of(one, 0).source or None,
        "verdict": one.verdict or None,
    }


def _tests(one: Contrast) -> Flat:
    """What stands beside the t test of a contrast."""
    tests = one.tests
    improved = tests.improvement if tests else None
    return {
        "delta_low_simultaneous": number(tests, "low"),
        "delta_high_simultaneous": number(tests, "high"),
        "p_value_sign_flip": significant(tests.sign_flip) if tests else None,
        "least_p_value_sign_flip": significant(least_sign_flip_p_value(improved.n)) if improved else None,
        "probability_of_improvement": number(improved, "share"),
        "probability_of_improvement_low": number(improved, "low"),
        "probability_of_improvement_high": number(improved, "high"),
        "equivalence_margin": one.margin,
        "p_value_equivalence_holm": significant(tests.p_equivalence) if tests else None,
        "equivalence": one.equivalence or None,
    }


def _published(row: Row) -> Flat:
    published, reading, verdict = row.published, row.published_reading, published_verdict(row)
    return {
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
    }


def _cost(study: Study, row: Row) -> Flat:
    printed = row.published if row.published and row.published.gmacs_text else None
    own = f"counted at {study.image_size} px: {MACS_CONVENTION}"
    return {
        "macs": row.planned.macs,
        "num_params": row.planned.num_params,
        "cost_source": f"{CONVENTION}, at {study.image_size} px" if row.planned.model else own,
        "gmacs_published": printed.gmacs if printed else None,
        "gmacs_published_source": f"{printed.source}, 224 px" if printed else None,
        "gmacs_published_anomaly": printed.anomaly or None if printed else None,
    }


def _records(row: Row) -> list[Flat]:
    """The runs behind a row's numbers."""
    return [
        {
            "run_id": record.run_id,
            "step": row.step,
            "seed": seed,
            "status": record.status,
            "stale": seed in row.stale,
            "other_code": seed in row.other_code,
            record.metric.name: record.value,
            "study": record.study,
            "commit": record.commit,
            "spec_fingerprint": record.entry.fingerprint,
        }
        for seed, record in row.records.items()
    ]


def number(of: object, name: str) -> float | None:
    """Give an attribute with four digits after the point; None of what has none, or is none."""
    value: float | None = getattr(of, name, None)
    return None if value is None else round(value, 4)


def significant(p_value: float | None) -> float | None:
    """Keep what is small: four digits after the point would make it zero."""
    return None if p_value is None else float(f"{p_value:.4g}")
