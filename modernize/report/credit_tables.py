"""The tables of an attribution's report: what each step earns, what that costs, who works with whom, the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from modernize.analysis.attribution import Credit, Credits, Effect, Interplay
from modernize.metrics import Metric
from modernize.published import IMAGENET, read_table
from modernize.report import cells
from modernize.report.credit import attribution_in, effect_text, effect_verdict, published_delta
from modernize.report.numbers import p_text
from modernize.report.rows import Row
from modernize.report.view import Block, Cell, Paragraph, Table, table
from modernize.results.attribution import Attribution
from modernize.results.study import Study
from modernize.words import NONE, macs_text, macs_unit, plural, signed

LEAST_SHARE = 0.05
"""Of what the network without players costs: a player that changes it by less has nothing to divide by."""


def earned(study: Study, found: Credits) -> Table:
    """The main table: what each player adds, in four ways, and what is published of its steps."""
    metric, n_seeds = study.metric, len(study.seeds)

    def effect(kind: str) -> Callable[[Credit], Cell]:
        return lambda credit: _effect(getattr(credit, kind), n_seeds, metric)

    def p_holm(kind: str) -> Callable[[Credit], Cell]:
        return lambda credit: _p_value(getattr(credit, kind))

    printed = any(published_delta(study, credit.player) is not None for credit in found.players)
    return table(
        "credit",
        f"What each step adds to {metric.label}: in the ladder's order, over orders, taken from all, given to none.",
        found.players,
        ("step", lambda credit: credit.player.name),
        ("in the ladder's order>", effect("in_order")),
        ("Shapley value>", effect("shapley")),
        ("p, Holm>", p_holm("shapley")),
        ("verdict", lambda credit: effect_verdict(credit.shapley, metric)),
        ("left out of all>", effect("left_out")),
        ("p, Holm>", p_holm("left_out")),
        ("added to none>", effect("added")),
        ("p, Holm>", p_holm("added")),
        ("published, points (ImageNet)>", lambda credit: _published_cell(study, credit)) if printed else None,
    )


def _effect(effect: Effect, n_seeds: int, metric: Metric) -> Cell:
    if effect.delta is None:
        return Cell(NONE)
    n = effect.delta.n
    source = f"Measured: mean over {plural(n, 'seed')}" + (", brackets: 95 % interval, not corrected" if n > 1 else "")
    return Cell(effect_text(effect, n_seeds, metric.digits), value=effect.delta.mean, source=source)


def _p_value(effect: Effect) -> Cell:
    return Cell(NONE if effect.p_holm is None else p_text(effect.p_holm), value=effect.p_holm)


def _published_cell(study: Study, credit: Credit) -> Cell:
    value = published_delta(study, credit.player)
    return Cell(
        signed(value), value=value, source=f"Published: {study.published} ladder of arXiv:2201.03545, {IMAGENET}"
    )


def worth(study: Study, rows: Sequence[Row], found: Credits) -> list[Block]:
    """What each player earns for the MACs and the seconds that it costs; nothing where no cost can be shared out."""
    bottom = next((row for row in rows if row.step == attribution_in(study).coalitions[0].entry), rows[0])
    if all(credit.macs is None for credit in found.players):
        return []
    (unit_name, unit), metric = macs_unit(row.planned.macs for row in rows), study.metric
    least_seconds = LEAST_SHARE * fmean([bottom.records[seed].speed.seconds for seed in bottom.finished] or [0.0])
    timed = any(credit.seconds is not None for credit in found.players)

    def gain(credit: Credit) -> float | None:
        return credit.shapley.delta.mean if credit.shapley.delta else None

    def ratio(credit: Credit, cost: float | None, least: float, size: float) -> Cell:
        mine = gain(credit)
        if cost is None or mine is None:
            return Cell(NONE)
        if abs(cost) < least:
            return Cell("costs about nothing")
        return Cell("saves") if cost < 0 else Cell(signed(mine / cost * size), value=mine / cost * size)

    unit_of = metric.delta_unit or metric.title
    shown = table(
        "worth",
        f"What each step earns for what it costs, both as Shapley values over the same orders: {unit_of} of "
        f"{metric.title}, multiply-accumulates of an image, seconds of a run.",
        found.players,
        ("step", lambda credit: credit.player.name),
        (f"{unit_of} a run>", lambda credit: Cell(signed(gain(credit), metric.digits), value=gain(credit))),
        (f"{unit_name}>", lambda credit: _cost(credit.macs, unit, 3)),
        (f"{unit_of} per {unit_name.removesuffix('s')}>",
         lambda credit: ratio(credit, credit.macs, LEAST_SHARE * bottom.planned.macs, unit)),
        ("seconds a run>", lambda credit: _cost(credit.seconds, 1.0, 1)) if timed else None,
        (f"{unit_of} per second>", lambda credit: ratio(credit, credit.seconds, least_seconds, 1.0)) if timed else None,
    )  # fmt: skip
    where = "" if timed else ", not known here for every network"
    text = (
        f"{unit_name} are counted, {macs_text(bottom.planned.macs, unit)} without any player; seconds are means over "
        f"the runs on one machine, and noisy{where}. Quotients have no interval, and a step that saves, or changes the "
        f"cost by less than {LEAST_SHARE:.0%} of that without any player, has no quotient."
    ).replace("%", " %")
    return [shown, Paragraph(text)]


def _cost(value: float | None, unit: float, digits: int) -> Cell:
    return Cell(NONE) if value is None else Cell(signed(value / unit, digits), value=value)


def interplay(study: Study, found: Credits) -> list[Block]:
    """How much more pairs of players add together than one by one; nothing where no pair is known of."""
    if not found.interplays:
        return []
    metric, n_seeds = study.metric, len(study.seeds)

    def effect(kind: str) -> Callable[[Interplay], Cell]:
        return lambda one: _effect(getattr(one, kind), n_seeds, metric)

    def p_holm(kind: str) -> Callable[[Interplay], Cell]:
        return lambda one: _p_value(getattr(one, kind))

    index = any(one.index.delta for one in found.interplays)
    kind = "index" if index else "at_top"
    shown = table(
        "interplay",
        "How much more two players add together than one by one.",
        found.interplays,
        ("players", lambda one: " and ".join(one.pair)),
        ("interaction index>", effect("index")) if index else None,
        ("p, Holm>", p_holm("index")) if index else None,
        ("beside no other>", effect("at_bottom")),
        ("beside all others>", effect("at_top")),
        ("p, Holm>", p_holm("at_top")) if not index else None,
    )
    text = (
        "Above 0 the two help each other, below 0 they do the same work twice or stand in each other's way. "
        + ("The interaction index is the mean over all coalitions of the others. " if index else "")
        + f"p of {'the index' if kind == 'index' else 'what stands beside all others'}, Holm-corrected over the pairs."
    )
    return [shown, Paragraph(text if len(study.seeds) > 1 else text.partition(" p of ")[0])]


PUBLISHED_NOTE = (
    "airbench94, a ladder on CIFAR-10, prints for its steps what adding one to the start saves and what leaving one "
    "out of the end costs, in epochs needed for 94 %. Dirac initialisation is worth as much at either end; multi-crop "
    "evaluation is the one whose effects do not add up. Read in transcriptions of the paper; nothing of it is measured "
    "here."
)


def published() -> Table:
    """What one published ladder prints of its own steps at both ends."""
    return table(
        "published-credit",
        "Published, not measured here: epochs to 94 % on CIFAR-10 that steps of airbench94 save.",
        read_table("airbench94.csv"),
        ("step", lambda row: row["what"]),
        ("in its order>", lambda row: row["in_order"]),
        ("added to the start>", lambda row: row["added"]),
        ("left out of the end>", lambda row: row["left_out"]),
        ("source", lambda row: row["source"]),
    )


def networks(study: Study, rows: Sequence[Row], plan: Attribution, notes: dict[str, str]) -> Table:
    """Every coalition with its result and its runs.

    Args:
        study: The plan.
        rows: Of it.
        plan: Its coalitions.
        notes: Key of each row's footnote.
    """
    unit_name, unit = macs_unit(row.planned.macs for row in rows)
    players = {one.entry: one.players for one in plan.coalitions}
    metric = study.metric
    return table(
        "networks",
        "Every network that was trained or is to be.",
        rows,
        ("network", lambda row: Cell(row.step, source=row.planned.title)),
        ("players", lambda row: ", ".join(players.get(row.step, ())) or "none"),
        (f"{metric.title}{metric.in_unit}>", lambda row: cells.measured(study, row)),
        (f"{unit_name}>", lambda row: cells.macs(row, unit, study.image_size)),
        ("note", lambda row: row.planned.note) if any(row.planned.note for row in rows) else None,
        ("runs", lambda row: cells.runs(row, notes[row.step])),
    )
