"""What stands beside the t test of each contrast: a table, and what each of its columns is worth."""

from __future__ import annotations

from modernize.report.contrasts import Contrast
from modernize.report.facts import Report
from modernize.report.numbers import p_text
from modernize.report.roles import compares_otherwise, noun_of
from modernize.report.rows import all_contrasts
from modernize.report.view import Cell, Items, Section, table
from modernize.results.paired_tests import Tests, least_sign_flip_p_value, seeds_for_sign_flip
from modernize.results.statistics import LEVEL
from modernize.words import NONE, plural, signed

Tested = tuple[Contrast, Tests]

_IMPROVEMENT = (
    "share of the paired seeds in which the entry was better (equal ones half), with Clopper and Pearson's 95 % "
    "interval: how often a run of it beats the other's run of the same seed."
)
_EQUIVALENCE = "the larger one of two one-sided t tests against the margin, Holm-corrected."

_SPENT = (
    "of the smallest p-value of all looks until then, each divided by the share of the 5 % that its look may spend."
)


def tests_in_detail(report: Report) -> Section:
    """Lay out the tests of a study's contrasts; nothing where no contrast has two paired seeds."""
    found = [(one, one.tests) for one in all_contrasts(report.rows) if one.tests]
    if not found:
        return Section("tests", "")
    labels = {row.step: row.label for row in report.rows}
    against, margin = compares_otherwise(report.rows), any(one.margin for one, _ in found)
    shown = table(
        "tests",
        "Every contrast: its simultaneous interval, the p-values of its tests, and how often it was better.",
        found,
        ("step" if noun_of(report.rows) == "rung" else "entry", lambda of: Cell(labels[of[0].entry])),
        ("against", lambda of: Cell(labels[of[0].before])) if against else None,
        ("simultaneous interval", _interval),
        ("p, t test>", lambda of: _p(of[0].delta.p_value if of[0].delta else None)),
        ("p, Holm>", lambda of: _p(of[0].p_holm)),
        ("p, sign flips>", lambda of: _p(of[1].sign_flip)),
        ("probability to be better", _improvement),
        ("p, equivalence>", lambda of: _p(of[1].p_equivalence)) if margin else None,
        ("decided", _decided) if report.study.rounds else None,
    )
    looks = len(report.study.rounds)
    n_tests = max(1, sum(one.p_holm is not None for one, _ in found))
    notes = [
        (
            "Simultaneous interval",
            _intervals(n_tests, looks, cut=any(0.0 in (tests.low, tests.high) for _, tests in found)),
        ),
        ("p, sign flips", _sign_flips(max(tests.improvement.n for _, tests in found), n_tests)),
        ("Probability to be better", _IMPROVEMENT),
        *([("p, equivalence", _EQUIVALENCE)] if margin else []),
        *([("p, Holm", _SPENT)] if looks else []),
    ]
    return Section("tests", "The tests in detail", (shown, Items(tuple(notes))), folded=True)


def _interval(of: Tested) -> Cell:
    one, tests = of
    if tests.low is None or tests.high is None:
        return Cell(NONE)
    # An end that Holm's test put at 0 is outside.
    low = f"[{signed(tests.low, one.metric.digits)}" if tests.low else "(0"
    high = f"{signed(tests.high, one.metric.digits)}]" if tests.high else "0)"
    return Cell(f"{low}, {high}", value=tests.low)


def _p(p_value: float | None) -> Cell:
    return Cell(NONE) if p_value is None else Cell(p_text(p_value), value=p_value)


def _improvement(of: Tested) -> Cell:
    share = of[1].improvement
    return Cell(f"{share.share:.2f} [{share.low:.2f}, {share.high:.2f}]", value=share.share)


def _decided(of: Tested) -> Cell:
    one, _ = of
    if not one.look:
        return Cell(NONE)
    after = f"after {plural(one.look.n, 'seed')}"
    what = one.verdict if one.p_holm is not None and one.p_holm < LEVEL else one.equivalence
    return Cell(f"{what}, {after}" if one.look.decided else f"open {after}", value=one.look.n)


def _intervals(n_tests: int, looks: int, *, cut: bool) -> str:
    each = "the 95 % t interval" if n_tests == 1 else f"t intervals at 5 % / {n_tests} (Bonferroni)"
    if looks:
        each = f"t intervals at the share of 5 % that their last look may spend, over {n_tests} (Bonferroni)"
    ends = (
        " One that ends at 0 was cut there, because Holm's test, which is sharper, tells the difference from 0; with "
        "such ends every one holds in at least 90 %, for intervals and test may each err in 5 %."
    )
    return (
        f"{each}: in 95 % of such studies every one holds.{ends * cut} It excludes 0 exactly where the verdict says "
        "better or worse."
    )


def _sign_flips(n: int, n_tests: int) -> str:
    """Say what the sign-flip test assumes and what it can reach."""
    least, enough = least_sign_flip_p_value(n), seeds_for_sign_flip(n_tests, LEVEL)
    over = f" and {p_text(min(1.0, n_tests * least))} after a correction for {n_tests} tests" if n_tests > 1 else ""
    can = (
        "so it can confirm a verdict."
        if n >= enough
        else f"so no result could pass it at {100 * LEVEL:.0f} %; {plural(enough, 'seed')} could "
        f"({p_text(n_tests * least_sign_flip_p_value(enough))}). The t test can by leaning on normal differences."
    )
    return (
        "exact and not corrected: it assumes symmetric differences where the t test assumes normal ones. With "
        f"{plural(n, 'seed')} it is at least {p_text(least)}{over}, {can}"
    )
