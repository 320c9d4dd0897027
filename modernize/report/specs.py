"""The specs behind rungs: those of a study's runs, and those of a published table, which may be shown as a study."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.ladder import Rung, compared, ladder
from modernize.report.rows import Row
from modernize.results.stale import recorded_spec
from modernize.results.study import PlannedEntry, Study
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
    except ModernizeError:  # a regime of another version
        today = {}
    return {row.step: specs[row.step] if row.records else today.get(row.planned.fingerprint) for row in rows}


def paper_study(regime: str) -> Study:
    """Give a ladder as a study without runs, so that what shows studies shows what is published of it.

    Raises:
        ModernizeError: If there is no such regime.
    """
    rungs = ladder(regime, probes=True)
    kind = rungs[0].spec.regime
    return Study(
        name=f"paper-{regime}",
        regime=regime,
        published=kind.published,
        data="ImageNet-1K",
        budget="full",
        epochs=rungs[0].spec.recipe.epochs,
        image_size=kind.image_size,
        seeds=(),
        entries=tuple(_planned(rung, kind.image_size) for rung in rungs),
        contrasts=compared(rungs),
    )


def _planned(rung: Rung, image_size: int) -> PlannedEntry:
    counted = cost(rung.spec, image_size)
    return PlannedEntry(
        name=rung.step,
        title=rung.title,
        role="rung" if rung.adopted else "probe",
        fingerprint=rung.spec.fingerprint,
        macs=counted.macs,
        num_params=counted.num_params,
        changes=tuple(map(str, rung.changes)),
        run_ids=(),
    )


def paper_rungs(regime: str) -> dict[str, Rung]:
    """Climb the ladder of a published table, the default one, with its probes.

    Args:
        regime: "resnet50" or "resnet200".
    """
    return {rung.step: rung for rung in ladder(regime, probes=True)}
