"""Which step deserves the credit: effects of each player of an attribution, from the runs that there are so far."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modernize.results.attribution import Attribution, Player, prefixes
from modernize.results.shapley import (
    Coalition,
    Game,
    interaction,
    interaction_index,
    marginals,
    mean_marginals,
    mean_of_cells,
    shapley,
    subsets,
)
from modernize.results.statistics import Delta, Key, corrected, paired_delta

Results = Mapping[str, Mapping[int, float]]
"""Of each row by seed: the result of every run that finished."""

Games = Mapping[int, Game]
"""By seed, what each coalition that finished is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A difference, and its p-value Holm-corrected over the players (or pairs) that this kind of effect is known of."""

    delta: Delta | None = None
    p_holm: float | None = None


NOT_KNOWN = Effect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What a player earns.

    Attributes:
        player: It.
        in_order: Added to the players before it in the ladder's own order.
        shapley: Mean over orders of what it adds.
        place: What it owes to its place in the ladder's order: `in_order` minus `shapley`, over the latter's seeds.
        left_out: What all lose without it (positive where it helps, of a metric that rises).
        added: What it adds to none.
        macs: Shapley value of multiply-accumulates, over the same orders.
        seconds: Likewise of a run's training time; None where runs are missing or were made on several machines.
    """

    player: Player
    in_order: Effect
    shapley: Effect
    place: Effect
    left_out: Effect
    added: Effect
    macs: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interplay:
    """How much more two players do together than the two do one by one.

    Attributes:
        pair: Names of the players.
        at_bottom: Beside no other player.
        at_top: Beside all others.
        index: The Shapley interaction index, known where every coalition is.
    """

    pair: tuple[str, str]
    at_bottom: Effect
    at_top: Effect
    index: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What the runs that there are say.

    Attributes:
        players: In path order.
        total: All players minus none, over the seeds of the Shapley values; they add up to it.
        exact: Whether Shapley values are over every coalition; else over orders.
        order_pairs: Orders (with their reverses) that they are a mean over, 0 where exact or not known.
        seeds: That they are a mean over.
        interplays: Of the pairs asked for, or where every coalition is trained, of all.
    """

    players: tuple[Credit, ...]
    total: Delta | None
    exact: bool
    order_pairs: int
    seeds: tuple[int, ...]
    interplays: tuple[Interplay, ...]


def credits_of(plan: Attribution, results: Results, macs: Mapping[str, float], seconds: Mapping[str, float]) -> Credits:
    """Estimate each player's effects; the more runs there are, the surer.

    Args:
        plan: What was planned.
        results: Of its rows.
        macs: Of each row's network.
        seconds: Mean training time of each row's runs, as far as it is known.
    """
    names = plan.names
    games = _games(plan, results)
    everyone: Coalition = frozenset(names)
    path = prefixes(names)
    seeds, pairs, shares, places = _shares(plan, games)
    orders = [order for pair in pairs for order in pair]
    of_macs, of_seconds = (
        _cost_shares(plan, costs, orders, exact=bool(seeds and not pairs)) for costs in (macs, seconds)
    )
    kinds = {
        "in_order": {
            name: _difference(games, after, before) for name, before, after in zip(names, path, path[1:], strict=False)
        },
        "shapley": shares,
        "place": places,
        "left_out": {name: _difference(games, everyone, everyone - {name}) for name in names},
        "added": {name: _difference(games, frozenset({name}), frozenset()) for name in names},
    }
    effects = {kind: _effects(deltas) for kind, deltas in kinds.items()}
    return Credits(
        players=tuple(
            Credit(
                player=player,
                **{kind: of_kind.get(player.name, NOT_KNOWN) for kind, of_kind in effects.items()},
                macs=of_macs.get(player.name),
                seconds=of_seconds.get(player.name),
            )
            for player in plan.players
        ),
        total=_difference({seed: games[seed] for seed in seeds}, everyone, frozenset()),
        exact=bool(seeds and not pairs),
        order_pairs=len(pairs),
        seeds=tuple(seeds),
        interplays=_interplays(plan, games),
    )


def _games(plan: Attribution, results: Results) -> dict[int, dict[Coalition, float]]:
    games: dict[int, dict[Coalition, float]] = {}
    for one in plan.coalitions:
        for seed, value in results.get(one.entry, {}).items():
            games.setdefault(seed, {})[frozenset(one.players)] = value
    return games


Pairs = Sequence[tuple[tuple[str, ...], tuple[str, ...]]]


def _shares(
    plan: Attribution, games: Games
) -> tuple[list[int], Pairs, dict[str, Delta | None], dict[str, Delta | None]]:
    """Return the seeds and orders that Shapley values are over, no orders where all are; values; and what places do."""
    names = plan.names
    seeds = sorted(seed for seed, game in games.items() if len(game) == 2 ** len(names))
    pairs: Pairs = ()
    if seeds:
        rows = [{seed: shapley(names, games[seed]) for seed in seeds}]
    else:
        seeds, pairs = _complete(plan, games)
        rows = [{seed: mean_marginals(pair, games[seed]) for seed in seeds} for pair in pairs]
    if not rows:
        return [], (), {}, {}
    shares: dict[str, Delta | None] = {
        name: mean_of_cells([[of_seed[name] for of_seed in row.values()] for row in rows]) for name in names
    }
    places: dict[str, Delta | None] = {}
    if all(one in games[seed] for seed in seeds for one in prefixes(names)):
        told = {seed: marginals(names, games[seed]) for seed in seeds}
        places = {
            name: mean_of_cells([[told[seed][name] - of[name] for seed, of in row.items()] for row in rows])
            for name in names
        }
    return seeds, pairs, shares, places


def _complete(plan: Attribution, games: Games) -> tuple[list[int], Pairs]:
    """Choose seeds and orders such that every order was run with every seed, as many of both together as can be."""
    done = {
        seed: [pair for pair in plan.order_pairs if all(one in game for order in pair for one in prefixes(order))]
        for seed, game in games.items()
    }
    best: tuple[list[int], Pairs] = ([], [])
    ranked = sorted(done, key=lambda seed: (-len(done[seed]), seed))
    for number in range(1, len(ranked) + 1):
        seeds = sorted(ranked[:number])
        pairs = [pair for pair in plan.order_pairs if all(pair in done[seed] for seed in seeds)]
        if pairs and len(seeds) * len(pairs) >= len(best[0]) * len(best[1]):
            best = seeds, pairs
    return best


def _cost_shares(
    plan: Attribution, costs: Mapping[str, float], orders: Sequence[Sequence[str]], *, exact: bool
) -> dict[str, float]:
    """Share out what a network costs as its result is shared out; {} where the cost of a coalition is not known."""
    game = {frozenset(one.players): costs[one.entry] for one in plan.coalitions if one.entry in costs}
    needed = subsets(plan.names) if exact else [one for order in orders for one in prefixes(order)]
    if not needed or any(one not in game for one in needed):
        return {}
    return shapley(plan.names, game) if exact else mean_marginals(orders, game)


def _interplays(plan: Attribution, games: Games) -> tuple[Interplay, ...]:
    names = plan.names
    pairs = [*itertools.combinations(names, 2)] if plan.exact else [*plan.pairs]
    bottom: Coalition = frozenset()
    found: dict[str, list[Delta | None]] = {"at_bottom": [], "at_top": [], "index": []}
    for pair in pairs:
        top = frozenset(names) - {*pair}
        for kind, beside in (("at_bottom", bottom), ("at_top", top)):
            needed = [beside | extra for extra in subsets(pair)]
            done = {seed: game for seed, game in games.items() if all(one in game for one in needed)}
            found[kind].append(_mean({seed: interaction(pair, game, beside) for seed, game in done.items()}))
        whole = {seed: game for seed, game in games.items() if len(game) == 2 ** len(names)}
        found["index"].append(_mean({seed: interaction_index(pair, names, game) for seed, game in whole.items()}))
    effects = {kind: [*_effects(dict(enumerate(deltas))).values()] for kind, deltas in found.items()}
    return tuple(
        Interplay(pair=pair, **{kind: of_kind[number] for kind, of_kind in effects.items()})
        for number, pair in enumerate(pairs)
    )


def _effects(deltas: Mapping[Key, Delta | None]) -> dict[Key, Effect]:
    p_holm = corrected(delta.p_value if delta else None for delta in deltas.values())
    return {
        key: Effect(delta=delta, p_holm=p_value) for (key, delta), p_value in zip(deltas.items(), p_holm, strict=True)
    }


def _difference(games: Games, after: Coalition, before: Coalition) -> Delta | None:
    """Compare two coalitions over the seeds that finished both."""
    one, other = ({seed: game[of] for seed, game in games.items() if of in game} for of in (after, before))
    return paired_delta(one, other)


def _mean(by_seed: Mapping[int, float]) -> Delta | None:
    return paired_delta(by_seed, dict.fromkeys(by_seed, 0.0))
