"""What a study shows as a whole: which deltas hold, what it could have seen, and how it goes with the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modernize.metrics import TOP1, Metric
from modernize.report.numbers import mean_text, p_text
from modernize.report.roles import contrast_name
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL, Power, power_of, rank_correlation, rank_correlation_p_value
from modernize.results.study import Study
from modernize.words import listed, plural, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Measured against published deltas.

    Attributes:
        n: Changes with both.
        same_sign: Of them, those whose two deltas have the same sign.
        n_ranked: Adopted steps with both: probes of one rung share most of their noise.
        spearman: Rank correlation over these, None for too few.
        p_value: Two-sided, see `rank_correlation_p_value`; None from one seed.
    """

    n: int
    same_sign: int
    n_ranked: int
    spearman: float | None
    p_value: float | None


def power(study: Study, rows: Sequence[Row]) -> Power | None:
    """Say what the study's number of seeds can see, from the spread pooled over the ladder; None where it is open."""
    if study.rounds:
        return None
    return power_of([row.delta for row in rows if row.delta and row.planned.metric == study.metric], len(study.seeds))


def agreement(rows: Sequence[Row]) -> Agreement | None:
    """Compare the deltas with the published ones, None if there is nothing to compare."""
    adopted = {row.step for row in rows if row.adopted}
    pairs = [
        (one.entry in adopted, one.delta, one.published_delta)
        for one in all_contrasts(rows)
        if one.delta and one.published_delta is not None
    ]
    if not pairs:
        return None
    ranked = [(delta.mean, published) for of_rung, delta, published in pairs if of_rung]
    measured, published = [a for a, _ in ranked], [b for _, b in ranked]
    spearman = rank_correlation(measured, published)
    repeated = any(delta.n > 1 for _, delta, _ in pairs)
    return Agreement(
        n=len(pairs),
        same_sign=sum(delta.mean * published > 0 for _, delta, published in pairs),
        n_ranked=len(ranked),
        spearman=spearman,
        p_value=rank_correlation_p_value(measured, published) if spearman is not None and repeated else None,
    )


def power_sentence(found: Power, metric: Metric = TOP1, over: str = "the ladder") -> str:
    """Say it with everything that it rests on."""
    return (
        f"The smallest change this design could see is {_amount(found.smallest_delta, metric)}: "
        f"with {found.n} paired seeds, "
        f"{found.power:.0%} power in a two-sided {found.level:.0%} test of one change, and the standard deviation of "
        f"the paired differences, {_amount(found.pooled_std, metric)}, pooled over {over} "
        f"({found.degrees} degrees of freedom); the correction for the number of changes raises it."
    ).replace("%", " %")


def _amount(value: float, metric: Metric) -> str:
    return f"{value:.{metric.digits}f} {metric.delta_unit}".rstrip()


def verdict_sentences(rows: Sequence[Row]) -> list[str]:
    """List the changes by verdict, and those that only the uncorrected interval sets apart from zero."""
    tested = {contrast_name(one, rows): one for one in all_contrasts(rows) if one.p_holm is not None}
    if not tested:
        return []
    better, worse = ([name for name, one in tested.items() if one.verdict == word] for word in ("better", "worse"))
    neither = {name: one for name, one in tested.items() if name not in (*better, *worse)}
    each = f"{len(tested)} paired t tests" if len(tested) > 1 else "One paired t test"
    verdict = (
        f"{each} at {100 * LEVEL:.0f} %, Holm-corrected: better: {', '.join(better) or 'none'}; "
        f"worse: {', '.join(worse) or 'none'}; not distinguishable: {len(neither)} of {len(tested)}."
    )
    nearly = [name for name, one in neither.items() if one.delta and one.delta.excludes_zero]
    chance = (
        f"Not distinguishable, although the uncorrected interval excludes zero: {', '.join(nearly)}. "
        f"Of {len(tested)} intervals about {len(tested) * LEVEL:.1f} would exclude a true zero by chance alone."
    )
    return [verdict, chance] if nearly else [verdict]


def agreement_sentences(found: Agreement) -> list[str]:
    """Compare signs and order, with what such a comparison is worth."""
    signs = (
        f"Signs: measured and published delta have the same one in {found.same_sign} of "
        f"{plural(found.n, 'change')}; coin flips would give about {found.n / 2:g}. "
        "A count of signs, without regard to intervals, is evidence for no single change."
    )
    if found.spearman is None:
        return [signs]
    test = f"p = {p_text(found.p_value)}" if found.p_value is not None else "one seed: no test"
    approximate = ": the p-value is approximate" if found.p_value is not None else ""
    order = (
        f"Order: Spearman's rank correlation of measured and published deltas is {signed(found.spearman)} over "
        f"{found.n_ranked} adopted steps ({test.replace('= <', '< ')}). Neighbouring deltas share a rung and so its "
        f"noise, with opposite signs{approximate}; order says nothing about size."
    )
    return [signs, order]


def findings(rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what the deltas show, with no more certainty than the seeds allow."""
    sentences = verdict_sentences(rows)
    if agreed := agreement(rows):
        sentences += agreement_sentences(agreed)
    for end, what in (("diverged", "loss was no longer finite"), ("failed", "stopped with an error")):
        steps = [row.step for row in rows if any(r.status == end for r in row.records.values())]
        if steps:
            sentences.append(f"Runs of {listed(steps)} {end} ({what}); they are not in the means.")
    if missing := [row.step for row in rows if len(row.records) < row.num_wanted]:
        sentences.append(f"Runs are missing for {listed(missing)}: this report is partial.")
    return tuple(sentences)


def found_line(rows: Sequence[Row]) -> str:
    """Say in a line what was found: the verdicts, or where there is no test the numbers themselves."""
    metric = rows[-1].planned.metric
    untested = {contrast_name(one, rows): one.delta for one in all_contrasts(rows) if one.delta and one.p_holm is None}
    said = ", ".join(f"{name} {signed(delta.mean, metric.digits)}" for name, delta in untested.items())
    unit = f" {metric.delta_unit}".rstrip()
    if verdicts := verdict_sentences(rows):
        return verdicts[0] + (f" Not tested, equal differences: {said}{unit}." if said else "")
    if said:
        one_seed = all(delta.n == 1 for delta in untested.values())
        return f"{said}{unit}; {'one seed' if one_seed else 'equal differences'}: no test."
    ranked = sorted((row for row in rows if row.value), key=lambda row: row.value.mean if row.value else 0.0)
    best_first = ranked if metric.falls else reversed(ranked)
    results = [f"{row.step} {mean_text(row.value, metric.digits)} {metric.unit}".rstrip() for row in best_first]
    return "; ".join(results) + "; no contrast is tested."


def evidence_json(study: Study, rows: Sequence[Row]) -> dict[str, Any]:
    """Give all of it as plain data; None where the design allows no statement."""
    seen, agreed = power(study, rows), agreement(rows)
    return {
        "comparisons": {
            "test": "paired t test over seeds, two-sided",
            "rounds": study.rounds,
            "level": LEVEL,
            "correction": "Holm",
            "n_tests": sum(one.p_holm is not None for one in all_contrasts(rows)),
        },
        "power": asdict(seen) if seen else None,
        "agreement": asdict(agreed) if agreed else None,
    }
