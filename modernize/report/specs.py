"""The specs behind rungs: those of a study's runs, and those of a published table."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.errors import ModernizeError
from modernize.ladder import Rung, climb, ladder
from modernize.published import published_rows
from modernize.regimes import base_spec
from modernize.registry import get_step
from modernize.report.rows import Row
from modernize.results.stale import recorded_spec
from modernize.results.study import Study
from modernize.spec import Spec


def rung_specs(study: Study, rows: Sequence[Row]) -> dict[str, Spec | None]:
    """Give the spec that each rung's runs were made for, or are planned for.

    Returns:
        By step; None where it is not known: the step is not installed here, or its fields are those of another version.
    """
    specs: dict[str, Spec | None] = {}
    for row in rows:
        record = next(iter(row.records.values()), None)
        try:
            specs[row.step] = recorded_spec(record) if record else None
        except ModernizeError:
            specs[row.step] = None
    if all(row.records for row in rows):
        return specs
    try:
        today = {rung.spec.fingerprint: rung.spec for rung in ladder(study.regime, probes=True)}
    except ModernizeError:  # the default ladder is broken by a step of another package
        today = {}
    return {row.step: specs[row.step] if row.records else today.get(row.planned.spec_fingerprint) for row in rows}


def paper_rungs(regime: str) -> dict[str, Rung]:
    """Climb the ladder of a published table: its adopted steps in its order, with the probes it prints, and no others.

    Args:
        regime: "resnet50" or "resnet200".
    """
    printed = [row for row in published_rows(regime) if row.role != "reference"]
    path = [(get_step(row.step), row.adopted) for row in printed if row.before]
    return {rung.step: rung for rung in climb(base_spec(regime), path)}
