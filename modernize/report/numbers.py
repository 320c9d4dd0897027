"""Numbers as reports print them; "-" where there is none."""

from __future__ import annotations

from modernize.published import PublishedRow
from modernize.report.paper import SIGN_ONLY
from modernize.report.rows import Row
from modernize.results.statistics import Delta, Summary
from modernize.words import NONE, signed


def mean_text(value: Summary | None, digits: int = 2) -> str:
    """Mean, spread and number of seeds.

    Examples:
        >>> mean_text(Summary(n=3, mean=81.0, std=0.5)), mean_text(Summary(n=1, mean=81.0, std=None))
        ('81.00 ± 0.50 (n=3)', '81.00 (n=1)')
    """
    if value is None:
        return NONE
    spread = "" if value.std is None else f" ± {value.std:.{digits}f}"
    return f"{value.mean:.{digits}f}{spread} (n={value.n})"


def delta_text(delta: Delta | None, n_seeds: int, digits: int = 2) -> str:
    """Signed difference, its interval where there is one, and the number of pairs where it is not all the seeds."""
    if delta is None:
        return NONE
    interval = "" if delta.low is None else f" [{signed(delta.low, digits)}, {signed(delta.high, digits)}]"
    return f"{signed(delta.mean, digits)}{interval}{'' if delta.n == n_seeds else f' (n={delta.n})'}"


def runs_text(row: Row) -> str:
    """How a rung's runs ended, which of their records are stale, and which were trained by other code than today's."""
    whole = len(row.records)
    stale = "stale" if len(row.stale) == whole else f"{len(row.stale)} stale"
    other = "other code" if len(row.other_code) == whole else f"{len(row.other_code)} by other code"
    return ", ".join((row.status, *[stale] * bool(row.stale), *[other] * bool(row.other_code)))


def published_text(row: PublishedRow | None) -> str:
    """Printed top-1 with its printed digits."""
    if row is None:
        return NONE
    spread = "" if row.top1_std is None else f" ± {row.top1_std:.2f}"
    return f"{row.top1_text}{spread}{f' (n={row.n})' if row.n else ''}"


def p_text(p_value: float) -> str:
    """Give a p-value without false digits.

    Examples:
        >>> p_text(0.2841), p_text(0.0041), p_text(0.00002)
        ('0.28', '0.004', '<0.001')
    """
    if p_value < 0.001:
        return "<0.001"
    return f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"


def published_verdict(row: Row) -> str:
    """Say how sure the published delta is, where the paper made the same change."""
    if row.published_delta is None:
        return NONE
    return row.published_reading.verdict if row.published_reading else SIGN_ONLY


def speed_text(images_per_second: float | None) -> str:
    """Images a second without false digits."""
    return NONE if images_per_second is None else f"{images_per_second:,.0f}"
