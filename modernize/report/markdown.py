"""report.md from rows and facts; everything that comes from a user is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from modernize.published import published_rows
from modernize.report import numbers
from modernize.report.costs import all_cost_rows
from modernize.report.facts import findings, header, scale_limits, seed_limits
from modernize.report.paper import READINGS
from modernize.report.rows import Row
from modernize.results.study import Study

TEMPLATE = "report.md.j2"

# An underscore inside a word, and > or # behind the start of the text, mean themselves already.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|^[>#]|^[+-](?=\s)")


def escape_markdown(text: str) -> str:
    r"""Make text mean itself in Markdown, also in a table cell.

    Examples:
        >>> print(escape_markdown("a|b *c* <script>"))
        a\|b \*c\* &lt;script>
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\g<0>", plain)


class Safe(str):
    """Markdown that is not escaped again."""

    __slots__ = ()


def render(study: Study, rows: Sequence[Row], figures: Mapping[str, str], problems: Sequence[str]) -> str:
    """Write the report of a study.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        figures: File name of each figure by its key ("ladder", "path", "top1", "loss"); empty for none.
        problems: Files that could not be read.

    Returns:
        Markdown.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - Markdown, not HTML: `finalize` escapes
        loader=PackageLoader("modernize.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    return environment.get_template(TEMPLATE).render(_context(study, rows, figures, problems))


def _finalize(value: Any) -> Any:
    return escape_markdown(value) if isinstance(value, str) and not isinstance(value, Safe) else value


def _context(study: Study, rows: Sequence[Row], figures: Mapping[str, str], problems: Sequence[str]) -> dict[str, Any]:
    unit_name, unit = numbers.macs_unit(rows)
    source = next((row.published.source for row in rows if row.published), "")
    costs = all_cost_rows()
    anomalies = [
        (
            f"{regime}-{step}",
            f"{row.published.source}, {step}, prints {row.published.gmacs_text}",
            row.published.anomaly,
        )
        for regime, by_step in costs.items()
        for step, row in by_step.items()
        if row.published.anomaly
    ]
    return {
        "study": study,
        "header": header(study, rows),
        "scale_limits": scale_limits(study, rows),
        "seed_limits": seed_limits(study, rows),
        "findings": findings(rows),
        "table": [_cells(row) for row in rows],
        "sizes": [_size_cells(row, unit) for row in rows],
        "n_tests": sum(row.p_holm is not None for row in rows),
        "readings": READINGS[study.published],
        "unit": unit_name,
        "source": source,
        "notes": [(row.step, row.published.note) for row in rows if row.published is not None and row.published.note],
        "changes": [(row.step, row.planned.title, row.planned.changes) for row in rows if row.planned.changes],
        "figures": {key: Safe(name) for key, name in figures.items()},
        "costs": [_cost_cells(step, costs) for step in costs["resnet50"]],
        "agree": {regime: _agreement(by_step.values()) for regime, by_step in costs.items()},
        "cost_sources": {regime: published_rows(regime)[0].source for regime in costs},
        "anomalies": [(Safe(key), what, why) for key, what, why in anomalies],
        "problems": problems,
        "errors": [
            (row.step, seed, record.error)
            for row in rows
            for seed, record in row.records.items()
            if record.status == "failed"
        ],
    }


def _cells(row: Row) -> list[Any]:
    return [
        _name(row),
        numbers.top1_text(row.top1),
        Safe(numbers.delta_text(row.delta, len(row.planned.run_ids))),
        row.verdict or numbers.NONE,
        Safe(numbers.published_text(row.published)),
        Safe(numbers.signed(row.published_delta)),
        numbers.published_verdict(row),
        row.status,
    ]


def _size_cells(row: Row, unit: float) -> list[Any]:
    return [
        _name(row),
        numbers.macs_text(row.planned.macs, unit),
        f"{row.planned.num_params:,}",
        numbers.speed_text(row.images_per_second),
    ]


def _name(row: Row) -> str:
    return row.step if row.adopted else f"{row.step} (probe)"


def _cost_cells(step: str, costs: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    cells: list[Any] = [step]
    for regime, by_step in costs.items():
        if step not in by_step:
            cells += [numbers.NONE, numbers.NONE]
            continue
        row = by_step[step]
        flag = f"[^{regime}-{step}]" if row.published.anomaly else "" if row.agrees else " (differs)"
        cells += [f"{row.gmacs:.3f}", Safe(f"{row.published.gmacs_text}{flag}")]
    return cells


def _agreement(rows: Any) -> str:
    checks = [row.agrees for row in rows]
    return f"{sum(checks)} of {len(checks)}"
