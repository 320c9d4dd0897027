"""Where the spread over seeds comes from: a table of what records can tell, and what they cannot."""

from __future__ import annotations

from modernize.metrics import TOP1
from modernize.report.facts import Report
from modernize.report.roles import noun_of
from modernize.report.rows import Row, all_contrasts
from modernize.report.view import Cell, Items, Section, table
from modernize.results.spread import Spread, shared_by_seed, spread_of

_IMAGES = (
    "what the finite number of test images adds, and would not with ever more of them: at most p (1 - p) / images of "
    "the variance, as if a network that is trained again could get any image wrong as easily as any other. All runs "
    "are tested on the same images, so which images those are is not in this spread."
)
_TRAINING = (
    "what is left, at least: weights, order and augmentation. One seed draws all three, and stochastic depth, so "
    "these runs cannot tell them apart (the study called seed-spread does). An estimate as uncertain as the spread "
    "over seeds; 0: no more of it than the test images may explain."
)
_APART = (
    "what is left, at least. Where a seed draws the weights alone, the order, augmentation and noise are those of seed "
    "0 in every run, and the other way round; were the two independent and their effects only added, the squares of "
    "both standard deviations would sum to that of all. Each is as uncertain as its interval."
)
_DRAWN = {"all": "everything", "weights": "weights", "order": "order, augmentation, noise"}


def seed_spread(report: Report) -> Section:
    """Lay out what the spread of each entry is made of; nothing where none has two seeds, or top-1 is not measured."""
    found = [(row, spread) for row in report.rows if (spread := row_spread(row))]
    if not found:
        return Section("spread", "")
    apart = len({_draws(row) for row, _ in found}) > 1
    shown = table(
        "spread",
        "Standard deviation of top-1 over seeds, and what it is made of.",
        found,
        ("step" if noun_of(report.rows) == "rung" else "entry", lambda of: Cell(of[0].label)),
        ("a seed draws", lambda of: Cell(_DRAWN[_draws(of[0])])) if apart else None,
        ("over seeds, points", lambda of: _over_seeds(of[1])),
        ("test images, at most>", lambda of: _points(of[1].images)),
        ("training, at least>", lambda of: _points(of[1].rest)),
        ("share of the images>", lambda of: Cell(f"{of[1].images_share:.2f}", value=of[1].images_share)),
    )
    pairing = _pairing(report)
    training = _TRAINING if not apart else _APART
    items = (("Test images", _IMAGES), ("Training", training), *([("Pairing", pairing)] if pairing else []))
    return Section("spread", "Where the spread comes from", (shown, Items(items)), folded=True)


def _draws(row: Row) -> str:
    """Say what the seeds of a row's runs decide, see `modernize.spec.Recipe`."""
    return str(next(iter(row.records.values())).trained_recipe.get("seed_draws", "all"))


def row_spread(row: Row) -> Spread | None:
    """Split the spread of a row's results; None where they are too few or not top-1."""
    if row.planned.metric != TOP1 or not row.finished:
        return None
    num_images = next(iter(row.records.values())).data.num_test_images
    return spread_of([*row.finished.values()], num_images)


def _over_seeds(spread: Spread) -> Cell:
    return Cell(f"{spread.std:.2f} [{spread.low:.2f}, {spread.high:.2f}]", value=spread.std)


def _points(value: float) -> Cell:
    return Cell(f"{value:.2f}", value=value)


def _pairing(report: Report) -> str:
    """Say what comparing seed by seed is worth; "" where nothing is compared."""
    finished = {row.step: row.finished for row in report.rows if row.planned.metric == TOP1}
    pairs = []
    for one in all_contrasts(report.rows):
        if one.entry in finished and one.before in finished:
            after, before = finished[one.entry], finished[one.before]
            seeds = after.keys() & before.keys()
            pairs.append(([after[seed] for seed in seeds], [before[seed] for seed in seeds]))
    if (share := shared_by_seed(pairs)) is None:
        return ""
    what = f"takes away {100 * share:.0f} %" if share > 0 else f"adds {-100 * share:.0f} %"
    return (
        f"comparing seed by seed {what} of the variance of a difference, pooled over the contrasts: what a seed "
        "does to all entries alike."
    )
