"""Which change made the difference, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modernize.report.contrasts import Contrast
from modernize.report.evidence import found_line
from modernize.report.paper import READINGS
from modernize.report.roles import contrast_name
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL
from modernize.words import plural, signed

# Of what is not tested, only the largest are named.
MOST_UNTESTED = 3


def answer(rows: Sequence[Row]) -> str:
    """Say which changes were better, which worse, and which cannot be told apart; the largest first."""
    compared = [one for one in all_contrasts(rows) if one.delta]
    tested = [one for one in compared if one.p_holm is not None]
    if not compared or (not tested and any(one.delta.n > 1 for one in compared if one.delta)):
        return found_line(rows)
    if not tested:
        named = [(contrast_name(one, rows), one.delta.mean) for one in compared if one.delta]
        digits = compared[0].metric.digits
        return f"One seed, so nothing is tested; the largest differences: {_largest(named, digits)}."
    controls = {row.step for row in rows if row.planned.role == "control"}
    changes, checks = ([one for one in tested if (one.before in controls) == of] for of in (False, True))
    seeds = {one.delta.n for one in tested if one.delta}
    over = plural(seeds.pop(), "seed") if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)} seeds"
    tests = f"{plural(len(tested), 'paired t test')} over {over} at {100 * LEVEL:.0f} %"
    how = f" ({tests}{', Holm-corrected' if len(tested) > 1 else ''})"
    if not (changes and checks):
        return f"{_capital(_sorted(tested, rows))}{how}."
    return f"{_capital(_sorted(changes, rows))}{how}. Against controls of equal cost: {_sorted(checks, rows)}."


def _sorted(tested: Sequence[Contrast], rows: Sequence[Row]) -> str:
    """Name contrasts by their verdicts."""
    said = [(word, [one for one in tested if one.verdict == word]) for word in ("better", "worse")]
    parts = [f"{word}: {_sized(found, rows)}" for word, found in said if found]
    others = [contrast_name(one, rows) for one in tested if one.verdict not in ("better", "worse")]
    return "; ".join(parts + ([f"not told apart: {', '.join(others)}"] if others else []))


def published_answer(rows: Sequence[Row], regime: str) -> str:
    """The same of a published ladder, as far as its table prints spreads."""
    changes = [
        (row.step, row.published_delta, row.published_reading) for row in rows if row.published_delta is not None
    ]
    if not READINGS[regime]:
        up, down = (
            _largest([(step, delta) for step, delta, _ in changes if delta is not None and delta * way > 0], 2)
            for way in (1, -1)
        )
        return f"No spread is printed, so nothing can be tested; the largest gains: {up}; losses: {down}."
    sure = [(step, delta) for step, delta, how in changes if how and how.verdict == "clear" and delta is not None]
    better, worse = (_largest([one for one in sure if one[1] * way > 0], 2, len(sure)) for way in (1, -1))
    open_ = [step for step, _, how in changes if how and how.verdict != "clear"]
    untested = [f"{step} {signed(delta)}" for step, delta, how in changes if not how]
    return (
        f"Better: {better}; worse: {worse}; not told apart: {', '.join(open_)}; not tested, no spread is printed: "
        f"{', '.join(untested)} ({plural(len(READINGS[regime]), 'Welch test')} at {100 * LEVEL:.0f} %, Holm-corrected)."
    )


def _sized(found: Iterable[Contrast], rows: Sequence[Row]) -> str:
    named = [(contrast_name(one, rows), one.delta.mean, one.metric.digits) for one in found if one.delta]
    return _largest([(name, mean) for name, mean, _ in named], named[0][2], len(named))


def _largest(named: Sequence[tuple[str, float]], digits: int, most: int = MOST_UNTESTED) -> str:
    """Name the largest changes with their sizes."""
    largest = sorted(named, key=lambda one: -abs(one[1]))[:most]
    return ", ".join(f"{name} {signed(mean, digits)}" for name, mean in largest) or "none"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
