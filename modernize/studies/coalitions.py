"""From the steps of a ladder to players and to the coalitions of them that an attribution trains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modernize.errors import ModernizeError, unknown_name
from modernize.results.attribution import Attribution, Coalition, Player, prefixes
from modernize.results.shapley import sampled_orders, subsets
from modernize.strict import refuse_outside
from modernize.words import spans

NOBODY, EVERYBODY = "none", "all"
"""Rows without any player, and with all of them."""

FEW = 3
"""Steps of a coalition, or of those that it lacks, which its row is named after; else it is after their numbers."""

LONGEST_NAME = 60
MOST_COALITIONS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionOptions:
    """What is asked of an attribution: the table [attribution] of a study file.

    Attributes:
        steps: Ids of the steps that are players; the ladder's others are in every network. () for all steps.
        groups: Steps that come and go together, for example "depthwise+width".
        pairs: Steps whose interaction is asked for, for example "ln:gelu"; of a group any step stands for all.
        orders: How many orders Shapley values are a mean over, each second one the reverse of the one before.
        order_seed: Which orders are drawn.
    """

    steps: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    orders: int = 8
    order_seed: int = 0


def plan_attribution(options: AttributionOptions, ladder: Sequence[str]) -> Attribution:
    """Say which coalitions an attribution trains.

    They are the ends, the ladder's own order, each player alone, all but each player, those that the orders come
    through, and those of the pairs asked for; or every coalition that there is, where that is no more than the orders
    may take.

    Args:
        options: What is asked.
        ladder: Ids of the ladder's steps, in path order.

    Raises:
        ModernizeError: If a step is none of the ladder's, or the options contradict each other.
    """
    refuse_outside(options, {"orders": (2, 1_000), "order_seed": (0, 2**31 - 1)}, "attribution.")
    if options.orders % 2:
        raise ModernizeError(
            f"attribution.orders should be even, for each comes with its reverse, not {options.orders}."
        )
    players = _players(options, ladder)
    names = tuple(player.name for player in players)
    pairs = tuple(_pair(text, players) for text in options.pairs)
    orders = sampled_orders(names, options.orders, options.order_seed)
    everyone = frozenset(names)
    wanted = [frozenset(), everyone, *prefixes(names), *(everyone - {name} for name in names)]
    wanted += [frozenset({name}) for name in names]
    wanted += [coalition for order in orders for coalition in prefixes(order)]
    wanted += [coalition for pair in pairs for coalition in (frozenset(pair), everyone - {*pair})]
    if 2 ** len(names) <= options.orders * (len(names) - 1) + 2:
        wanted += subsets(names)
    chosen = dict.fromkeys(wanted)
    if len(chosen) > MOST_COALITIONS:
        raise ModernizeError(
            f"attribution: {len(chosen):,} networks would be trained; at most {MOST_COALITIONS:,} make one study. "
            "Ask for fewer orders, or group steps."
        )
    mine = {step for player in players for step in player.steps}
    return Attribution(
        players=players,
        fixed=tuple(step for step in ladder if step not in mine),
        coalitions=tuple(
            Coalition(entry=coalition_name(one, players), players=tuple(name for name in names if name in one))
            for one in chosen
        ),
        orders=orders,
        pairs=pairs,
    )


def steps_of(players: Iterable[Player], fixed: Iterable[str], ladder: Sequence[str]) -> tuple[str, ...]:
    """Return the steps of a coalition's network, in the ladder's order."""
    taken = {*fixed, *(step for player in players for step in player.steps)}
    return tuple(step for step in ladder if step in taken)


def coalition_name(coalition: frozenset[str], players: Sequence[Player]) -> str:
    """Name a coalition's row: after its steps, after those that it lacks, or by the players' numbers.

    Examples:
        >>> five = [Player(name=name, steps=(name,)) for name in "abcdefghi"]
        >>> coalition_name(frozenset("ab"), five), coalition_name(frozenset("abcdefgh"), five)
        ('only-a_b', 'without-i')
        >>> coalition_name(frozenset("abce"), five)
        'players-1-3.5'
    """
    inside, outside = ([player for player in players if (player.name in coalition) is there] for there in (True, False))
    if not inside or not outside:
        return NOBODY if not inside else EVERYBODY
    for word, some in sorted((("only", inside), ("without", outside)), key=lambda side: len(side[1])):
        steps = [step for player in some for step in player.steps]
        name = f"{word}-{'_'.join(steps)}"
        if len(some) <= FEW and len(name) <= LONGEST_NAME:
            return name
    numbers = [number for number, player in enumerate(players, 1) if player in inside]
    return f"players-{spans(numbers).replace(',', '.')}"


def _players(options: AttributionOptions, ladder: Sequence[str]) -> tuple[Player, ...]:
    groups = [tuple(part.strip() for part in text.split("+")) for text in options.groups]
    grouped = [step for group in groups for step in group]
    named = [*options.steps, *grouped]
    for step in named:
        if step not in ladder:
            raise unknown_name("step to attribute to, on this ladder,", step, ladder)
    for names, where in ((options.steps, "steps"), (grouped, "groups")):
        if twice := [step for step in names if names.count(step) > 1]:
            raise ModernizeError(f"attribution.{where} names '{twice[0]}' twice.")
    if alone := [text for text, group in zip(options.groups, groups, strict=True) if len(group) < 2]:
        raise ModernizeError(
            f"attribution.groups: '{alone[0]}' is one step; join several, for example depthwise+width."
        )
    taken = [step for step in ladder if not options.steps or step in named]
    found: dict[tuple[str, ...], None] = {}
    for step in taken:
        group = next((group for group in groups if step in group), (step,))
        found[tuple(one for one in ladder if one in group)] = None
    if len(found) < 2:
        raise ModernizeError(
            f"attribution shares out among players, and here there is {'one' if found else 'none'}: take more steps."
        )
    return tuple(Player(name="+".join(steps), steps=steps) for steps in found)


def _pair(text: str, players: Sequence[Player]) -> tuple[str, str]:
    sides = [side.strip() for side in text.split(":")]
    if len(sides) != 2:
        raise ModernizeError(f"attribution.pairs: '{text}' should be two steps, for example width:inverted.")
    found = []
    for side in sides:
        owner = next((player.name for player in players if side == player.name or side in player.steps), None)
        if owner is None:
            raise unknown_name("player in attribution.pairs", side, [player.name for player in players])
        found.append(owner)
    if found[0] == found[1]:
        raise ModernizeError(f"attribution.pairs: '{text}' is one player twice.")
    return found[0], found[1]
