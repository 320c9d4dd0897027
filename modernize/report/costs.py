"""Counted against printed: the paper's own cost columns beside what the specs count to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modernize.cost import cost
from modernize.published import PUBLISHED_REGIMES, PublishedRow, published_rows
from modernize.report.provenance import published_source
from modernize.report.specs import paper_rungs
from modernize.report.view import Cell, Paragraph, Section, Table, heads

_TITLES = {"resnet50": "ResNet-50 regime", "resnet200": "ResNet-200 regime"}


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
    published = {row.step: row for row in published_rows(regime)}
    return {
        step: CostRow(gmacs=cost(rung.spec, 224).gmacs, published=published[step])
        for step, rung in paper_rungs(regime).items()
    }


def cost_section(regimes: Iterable[str] = PUBLISHED_REGIMES) -> tuple[Section, tuple[tuple[str, str], ...]]:
    """Set counted beside printed costs.

    Returns:
        The section, and the footnotes on printed values that contradict themselves or the others.
    """
    costs = {regime: cost_rows(regime) for regime in regimes}
    agreement = ", ".join(
        f"{sum(row.agrees for row in by_step.values())} of {len(by_step)} in {published_rows(regime)[0].source}"
        for regime, by_step in costs.items()
    )
    notes = tuple(
        (
            f"{regime}-{step}",
            f"{row.published.source}, {step}, prints {row.published.gmacs_text}. {row.published.anomaly}",
        )
        for regime, by_step in costs.items()
        for step, row in by_step.items()
        if row.published.anomaly
    )
    steps = dict.fromkeys(step for by_step in costs.values() for step in by_step)
    section = Section(
        id="counted",
        title="Counted against printed cost",
        blocks=(
            Paragraph(
                text="GMACs at 224 px in the paper's convention, counted from this project's specs, beside the values "
                f"the paper prints. Equal to the last printed digit: {agreement}."
            ),
            Table(
                id="counted-costs",
                caption="GMACs counted and printed.",
                columns=heads(
                    "step", *(name for regime in costs for name in (f"{_TITLES[regime]}, counted>", "printed>"))
                ),
                rows=tuple((Cell(text=step), *_cost_cells(step, costs)) for step in steps),
            ),
        ),
    )
    return section, notes


def _cost_cells(step: str, costs: Mapping[str, Mapping[str, CostRow]]) -> Iterable[Cell]:
    for regime, by_step in costs.items():
        if step not in by_step:
            yield from (Cell(text="-"), Cell(text="-"))
            continue
        row = by_step[step]
        differs = not row.agrees and not row.published.anomaly
        yield Cell(text=f"{row.gmacs:.3f}", value=row.gmacs, source="Counted from this project's spec at 224 px")
        yield Cell(
            text=row.published.gmacs_text + (" (differs)" if differs else ""),
            value=row.published.gmacs,
            source=published_source(row.published),
            note=f"{regime}-{step}" if row.published.anomaly else "",
            bad=not row.agrees,
        )
