"""Costs as the command line prints them, with the counting convention named."""

from __future__ import annotations

from modernize.cost import Cost, PartCost
from modernize.words import macs_unit, signed

CONVENTIONS = {
    "macs": "multiply-accumulates of convolutions and the classifier; the paper calls them FLOPs",
    "macs_fvcore": "fvcore-style: also 2 per BatchNorm element and 5 per other norm's, but not the global pool",
    "num_params": "learned numbers",
    "activations": "output elements of convolutions and the classifier",
}
MACS_NOTE = (
    "conv+fc: multiply-accumulates of convolutions and the classifier, the paper's FLOPs. "
    "fvcore-style: also 2 per BatchNorm and 5 per LayerNorm element."
)


def counts(cost: Cost | PartCost) -> dict[str, int]:
    """Return the four counts by name."""
    return {name: getattr(cost, name) for name in CONVENTIONS}


def count_cells(cost: Cost | PartCost, unit: float) -> tuple[str, str, str, str]:
    """Print the four counts: MACs in `unit` by both conventions, parameters, activations in millions."""
    return (
        f"{cost.macs / unit:.3f}",
        f"{cost.macs_fvcore / unit:.3f}",
        f"{cost.num_params:,}",
        f"{cost.activations / 1e6:.3f}",
    )


def count_heads(unit: str) -> tuple[str, ...]:
    """Name the columns of `count_cells`, for `layout.columns`."""
    return f"{unit} conv+fc>", f"{unit} fvcore>", "parameters>", "activations, M>"


def change_rows(before: Cost, after: Cost) -> list[tuple[str, ...]]:
    """Set two costs beside each other: rows of name, before, after and relative change."""
    unit, size = macs_unit((before.macs, after.macs))
    names = (f"{unit}, conv+fc", f"{unit}, fvcore", "parameters", "activations, M")
    cells = zip(names, count_cells(before, size), count_cells(after, size), strict=True)
    values = zip(counts(before).values(), counts(after).values(), strict=True)
    return [(*row, percent(x, y)) for row, (x, y) in zip(cells, values, strict=True)]


def percent(before: float, after: float) -> str:
    """Give a relative change in percent with its sign, "" for none."""
    if before == after:
        return ""
    return f"{signed(100 * (after - before) / before, 1)} %" if before else "new"
