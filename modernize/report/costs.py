"""Counted against printed: the paper's own cost columns beside what the specs count to."""

from __future__ import annotations

from dataclasses import dataclass

from modernize.cost import cost
from modernize.ladder import ladder
from modernize.published import PUBLISHED_REGIMES, PublishedRow, published_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One published row: `gmacs` is counted from our spec at 224 px, the paper's convention."""

    gmacs: float
    published: PublishedRow

    @property
    def agrees(self) -> bool:
        """Whether the count gives the printed value to its last digit."""
        digits = len(self.published.gmacs_text.partition(".")[2])
        return f"{self.gmacs:.{digits}f}" == self.published.gmacs_text


def cost_rows(regime: str) -> dict[str, CostRow]:
    """Count every published rung of a regime, by step id in the paper's order.

    Args:
        regime: "resnet50" or "resnet200".
    """
    published = {row.step: row for row in published_rows(regime) if row.role != "reference"}
    path = [step for step, row in published.items() if row.adopted and row.before]
    rungs = {rung.step: rung for rung in ladder(regime, order=path, probes=True)}
    return {
        step: CostRow(gmacs=cost(rungs[step].spec, 224).gmacs, published=row)
        for step, row in published.items()
        if step in rungs
    }


def all_cost_rows() -> dict[str, dict[str, CostRow]]:
    """Return `cost_rows` of both published regimes."""
    return {regime: cost_rows(regime) for regime in PUBLISHED_REGIMES}
