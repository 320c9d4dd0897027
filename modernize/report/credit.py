"""What an attribution found, and what is published beside it: for the page, the figure and the command line alike."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from modernize.analysis.attribution import Credit, Credits, Effect, credits_of
from modernize.errors import ModernizeError
from modernize.metrics import Metric
from modernize.published import published_row
from modernize.report.contrasts import verdict_of
from modernize.report.machines import machine_of, usual_machine
from modernize.report.numbers import delta_text
from modernize.report.rows import Row, records_of
from modernize.results.attribution import Attribution, Player
from modernize.results.statistics import LEVEL
from modernize.results.study import Study
from modernize.words import NONE, listed, plural, signed


def attribution_in(study: Study) -> Attribution:
    """Return how a study shares out its result.

    Raises:
        ModernizeError: If it does not.
    """
    if study.attribution is None:
        raise ModernizeError(f"the study '{study.name}' is no attribution; `modernize attribute` makes one.")
    return study.attribution


def credits_in(study: Study, rows: Sequence[Row]) -> Credits:
    """Estimate from the runs that there are what each player of a study earns."""
    usual = usual_machine(records_of(rows))
    times = {
        row.step: [row.records[seed].speed.seconds for seed in row.finished if machine_of(row.records[seed]) == usual]
        for row in rows
    }
    return credits_of(
        attribution_in(study),
        {row.step: row.finished for row in rows},
        {row.step: row.planned.macs for row in rows},
        {step: fmean(seconds) for step, seconds in times.items() if seconds},
    )


def published_delta(study: Study, player: Player) -> float | None:
    """Add up the changes that the paper prints for a player's steps, each in its own order; None where one is missing.

    Returns:
        In points of top-1.
    """
    if not study.published:
        return None
    found = []
    for step in player.steps:
        row = published_row(study.published, step)
        before = published_row(study.published, row.before) if row and row.before else None
        if row is None or before is None:
            return None
        found.append(row.top1_percent - before.top1_percent)
    return round(sum(found), 2)


def effect_text(effect: Effect, n_seeds: int, digits: int) -> str:
    """Give an effect with its interval."""
    return delta_text(effect.delta, n_seeds, digits)


def effect_verdict(effect: Effect, metric: Metric) -> str:
    """Say what the corrected test of an effect says; "-" where it is not known."""
    return verdict_of(effect.delta, effect.p_holm, metric.verdicts) if effect.delta else NONE


def reading(study: Study, rows: Sequence[Row], found: Credits) -> tuple[str, ...]:
    """Say in plain words what was found, with no more certainty than the seeds and the orders allow."""
    metric, plan = study.metric, attribution_in(study)
    done, planned = len(records_of(rows)), sum(row.num_wanted for row in rows)
    said = []
    if done < planned:
        said.append(f"{done} of {plural(planned, 'run')} have ended: these are estimates on the way.")
    if found.total is None:
        said.append("No order of the players is complete yet, so there are no Shapley values.")
        return tuple(said)
    said.append(_sum_text(study, found))
    said += _verdicts(found, metric)
    if len(found.seeds) > 1:
        places = [line for credit in found.players if (line := _place(credit, metric))]
        said += places or [
            "Of no step can it be told that what it adds in the ladder's order is owed to its place there."
        ]
    alone, without = ([getattr(credit, kind).delta for credit in found.players] for kind in ("added", "left_out"))
    if all(alone) and all(without):
        sums = [signed(sum(delta.mean for delta in deltas if delta), metric.digits) for deltas in (alone, without)]
        said.append(
            f"Each added to none alone, the {len(plan.players)} players add up to {sums[0]}; each left out of all, to "
            f"{sums[1]}; were their effects simply additive, both would be "
            f"{signed(found.total.mean, metric.digits)} but for noise."
        )
    return tuple(said)


def orders_text(plan: Attribution, found: Credits) -> str:
    """Say which orders the Shapley values are a mean over."""
    if found.exact:
        over = plan.over
    else:
        over = f"{plural(2 * found.order_pairs, 'random order')} ({found.order_pairs} and their reverses)"
        if plan.exact or found.order_pairs < len(plan.order_pairs):
            over += f" of {'all' if plan.exact else 2 * len(plan.order_pairs)}, those that are complete"
    return over


def over_text(plan: Attribution, found: Credits) -> str:
    """Say what the Shapley values are a mean over."""
    return f"{orders_text(plan, found)}, and over {plural(len(found.seeds), 'seed')}"


def _sum_text(study: Study, found: Credits) -> str:
    metric = study.metric
    assert found.total is not None  # noqa: S101 - the caller has looked
    unit = f" {metric.delta_unit}".rstrip()
    shares = ", ".join(
        f"{credit.player.name} {signed(credit.shapley.delta.mean, metric.digits)}"
        for credit in found.players
        if credit.shapley.delta
    )
    return (
        f"All players together make {signed(found.total.mean, metric.digits)}{unit} of {metric.title} against none of "
        f"them. Shared out over {over_text(attribution_in(study), found)}: {shares}."
    )


def _verdicts(found: Credits, metric: Metric) -> list[str]:
    by_verdict: dict[str, list[str]] = {}
    for credit in found.players:
        by_verdict.setdefault(effect_verdict(credit.shapley, metric), []).append(credit.player.name)
    if len(found.seeds) < 2:
        return ["One seed: there are no intervals, and any of these numbers may be chance."]
    better, worse = (by_verdict.pop(word, []) for word in metric.verdicts)
    said = []
    if better:
        said.append(f"Earning their place, on average over orders: {listed(better)}.")
    if worse:
        said.append(f"Costing more than they bring, on average over orders: {listed(worse)}.")
    if rest := [name for names in by_verdict.values() for name in names]:
        said.append(
            f"Not told from nothing at this number of seeds: {listed(rest)}; that is no evidence that they do nothing."
        )
    return said


def _place(credit: Credit, metric: Metric) -> str:
    """Say whether a player owes what it adds on the ladder to its place there; "" where that cannot be told."""
    effects = (credit.in_order.delta, credit.shapley.delta, credit.place.delta)
    if not all(effects) or credit.place.p_holm is None or credit.place.p_holm >= LEVEL:
        return ""
    in_order, over_orders, place = (signed(delta.mean, metric.digits) for delta in effects if delta)
    return (
        f"Of the {in_order} that {credit.player.name} adds in the ladder's order, {place} is its place: over orders it "
        f"adds {over_orders}."
    )
