"""The published tables, recomputed to the last printed digit. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modernize.cost import cost
from modernize.families import FAMILIES, family_spec
from modernize.ladder import ladder
from modernize.published import PUBLISHED_REGIMES, FamilyRow, PublishedRow, family_rows, published_rows
from modernize.spec import Spec
from modernize.verify.check import Check, Finding, equal


def checks() -> Iterator[Check]:
    """One check for each row of the ladders' tables that is a rung, and for each published model."""
    for regime in PUBLISHED_REGIMES:
        rows = published_rows(regime)
        rungs = {r.step: r for r in ladder(regime, only=[r.step for r in rows if r.adopted], probes=True)}
        for row in rows:
            if row.role != "reference":
                yield Check(
                    group="published MACs",
                    what=f"{regime}: {row.step}",
                    against=row.source,
                    run=partial(check_row, row, rungs[row.step].spec),
                )
    printed = {row.model: row for row in family_rows()}
    for name, family in FAMILIES.items():
        model = printed[family.title]
        yield Check(group="published models", what=name, against=model.source, run=partial(check_family, model, name))


def check_row(row: PublishedRow, spec: Spec) -> Finding:
    """Compare the MACs of a rung with its published row, by the paper's convention."""
    got = like_printed(cost(spec).gmacs, row.gmacs_text)
    return equal(f"{row.gmacs_text} GMACs", f"{got} GMACs", row.anomaly)


def check_family(row: FamilyRow, name: str) -> Finding:
    """Compare parameters and MACs of a published model; say which convention gives the printed MACs."""
    counted = cost(family_spec(name), row.image_size)
    params = like_printed(counted.num_params / 1e6, row.params_m_text)
    by_convention = {
        "conv+fc": like_printed(counted.gmacs, row.gmacs_text),
        "fvcore-style": like_printed(counted.gmacs_fvcore, row.gmacs_text),
    }
    agreeing = [convention for convention, text in by_convention.items() if text == row.gmacs_text]
    macs = row.gmacs_text if agreeing else by_convention["conv+fc"]
    found = equal(f"{row.params_m_text} M, {row.gmacs_text} GMACs", f"{params} M, {macs} GMACs")
    return Finding(found.expected, f"{found.got} ({' and '.join(agreeing) or 'conv+fc'})", found.status)


def like_printed(value: float, printed: str) -> str:
    """Round a value to as many decimals as a printed one has.

    Examples:
        >>> like_printed(4.0892, "4.09"), like_printed(114.92, "115")
        ('4.09', '115')
    """
    return f"{value:.{len(printed.partition('.')[2])}f}"
