"""Seeds in rounds: which contrasts are decided after each, and which seeds are still wanted.

The rule is alpha spending (K. K. G. Lan and D. L. DeMets, Biometrika 70, 1983) with the linear spending function: of
the 5 %, each round may spend the share that its new seeds are of all there can be. A round's p-value is divided by its
share, and the smallest one so far counts: a p-value that holds whenever one stops, by the union bound, whatever the
correlation between rounds. Holm's correction over the contrasts keeps the family-wise error. So does the same rule for
tests of equivalence, as a family of their own. A contrast is decided when either test is below the level; its entries
get no more seeds unless another contrast wants them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modernize.results.paired_tests import equivalence_p_value
from modernize.results.statistics import LEVEL, corrected, paired_delta
from modernize.results.study import Study

Values = Mapping[str, Mapping[int, float | None]]
"""Of each entry by seed: the result of every run that ended, None of one that did not finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a contrast.

    Attributes:
        n: Seeds when it was last looked at; 0 before the first round has ended.
        share: Of the level, what that round may spend.
        p_holm: Smallest p-value so far, each divided by its round's share, Holm-corrected over the contrasts.
        p_equivalence: Likewise of equivalence; None where no margin is stated.
    """

    n: int = 0
    share: float = 1.0
    p_holm: float | None = None
    p_equivalence: float | None = None

    @property
    def decided(self) -> bool:
        """Whether one of the two is below the level."""
        return any(p_value is not None and p_value < LEVEL for p_value in (self.p_holm, self.p_equivalence))


def looks(study: Study, values: Values) -> tuple[Look, ...]:
    """Go through the rounds of a study as far as they have ended.

    Args:
        study: With rounds.
        values: Of its entries.

    Returns:
        One a contrast, in the study's order.
    """
    found = [Look() for _ in study.pairs]
    best: list[float | None] = [None] * len(found)
    best_same: list[float | None] = [None] * len(found)
    for before, n in zip((0, *study.rounds), study.rounds, strict=False):
        seeds, share = study.seeds[:n], (n - before) / study.rounds[-1]
        due = [number for number, look in enumerate(found) if not look.decided]
        if not all(set(seeds) <= values[name].keys() for number in due for name in study.pairs[number]):
            break
        for number in due:
            p_value, p_same = _p_values(study, study.pairs[number], values, seeds)
            best[number] = _smallest(best[number], p_value, share)
            best_same[number] = _smallest(best_same[number], p_same, share)
        adjusted, adjusted_same = corrected(best), corrected(best_same)
        found = [
            Look(
                n=n if number in due else look.n,
                share=share if number in due else look.share,
                p_holm=adjusted[number],
                p_equivalence=adjusted_same[number],
            )
            for number, look in enumerate(found)
        ]
    return tuple(found)


def seeds_wanted(study: Study, looked: Sequence[Look]) -> dict[str, int]:
    """Say how many of a study's seeds each entry is to have, in view of what is decided.

    Entries that are compared with none get those of the first round.

    Args:
        study: With rounds.
        looked: What `looks` gave.
    """
    wanted = {entry.name: study.rounds[0] for entry in study.entries}
    for pair, look in zip(study.pairs, looked, strict=True):
        further = (n for n in study.rounds if n > look.n)
        n = look.n if look.decided else next(further, look.n)
        wanted |= {name: max(wanted[name], n) for name in pair}
    return wanted


def runs_wanted(study: Study, values: Values) -> set[str]:
    """Return the ids of the runs that a study is to have as far as is known: without rounds, all of them."""
    wanted = seeds_wanted(study, looks(study, values)) if study.rounds else {}
    return {run_id for entry in study.entries for run_id in entry.run_ids[: wanted.get(entry.name)]}


def _p_values(
    study: Study, pair: tuple[str, str], values: Values, seeds: Iterable[int]
) -> tuple[float | None, float | None]:
    """Test the difference of two entries over some seeds: for a difference, and for equivalence."""
    entry, before = ({seed: value for seed in seeds if (value := values[name][seed]) is not None} for name in pair)
    delta = paired_delta(entry, before) if study.comparable(pair) else None
    if delta is None:
        return None, None
    margin = study.margin_of(pair)
    return delta.p_value, equivalence_p_value(delta, margin) if margin else None


def _smallest(before: float | None, p_value: float | None, share: float) -> float | None:
    if p_value is None:
        return before
    spent = min(1.0, p_value / share)
    return spent if before is None else min(before, spent)
