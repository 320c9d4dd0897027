"""What a study is and what it will take, told without its data and without torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modernize.datasets import DATASETS
from modernize.entry import Entry
from modernize.external import External
from modernize.published import published_row
from modernize.regimes import get_regime, spec_of
from modernize.results.record import Record
from modernize.results.study import Reference
from modernize.run.estimate import EVALUATION_SHARE, rate_here
from modernize.run.placement import place
from modernize.run.request import RunRequest
from modernize.run.request_entries import Contrasts, plan_budget, plan_entries, recipe_as_trained
from modernize.run.task import TIMES_A_CLASSIFIER, count, work_per_image
from modernize.studies.counted import all_counted, key
from modernize.train.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A study as a listing shows it.

    Attributes:
        request: It, as it would be run.
        entries: Its rows.
        contrasts: What is compared with what.
        references: Published values, those of the paper's table for its ladders included.
        budget: Of every run.
        macs: By entry at the study's image size; None where it is counted when it runs.
        num_params: Likewise.
        seconds: Of all runs; None where that cannot be told.
        measured: Whether the time rests on records of this machine, else on a guessed speed.
    """

    request: RunRequest
    entries: tuple[Entry, ...]
    contrasts: Contrasts
    references: tuple[Reference, ...]
    budget: Budget
    macs: dict[str, int | None]
    num_params: dict[str, int | None]
    seconds: float | None
    measured: bool


def describe(request: RunRequest, records: Iterable[Record] = ()) -> Described:
    """Describe a study.

    Args:
        request: It.
        records: Earlier runs, of any machine.

    Raises:
        ModernizeError: If it does not fit together.
    """
    entries, contrasts = plan_entries(request)
    budget, info = plan_budget(request), DATASETS.get(request.data.partition(":")[0])
    regime = get_regime(request.regime)
    size, classes = request.image_size or regime.image_size, (info.classes if info else None) or regime.num_classes
    train = request.train_images or budget.train_images or (info.train_images if info else None)
    test = request.test_images or budget.test_images or (info.test_images if info else None)
    macs: dict[str, int | None] = {}
    num_params: dict[str, int | None] = {}
    work: float | None = 0.0
    for entry in entries:
        macs[entry.name], num_params[entry.name], per_image = _count(entry, size, classes)
        if work is None or per_image is None or train is None or test is None:
            work = None
        else:
            per_image *= TIMES_A_CLASSIFIER.get(entry.recipe.objective, 1.0)
            epochs = recipe_as_trained(entry, request.overrides, budget).epochs
            work += per_image * epochs * (train + EVALUATION_SHARE * test)
    placement = place(request, len(entries) * len(request.seeds), here=False)
    rate, measured = rate_here(records, placement.runtime)
    return Described(
        request=request,
        entries=entries,
        contrasts=contrasts,
        references=(*request.definition.references, *_printed(request, entries)),
        budget=budget,
        macs=macs,
        num_params=num_params,
        seconds=None if work is None else work * len(request.seeds) / rate / placement.jobs,
        measured=measured,
    )


def _count(entry: Entry, image_size: int, num_classes: int) -> tuple[int | None, int | None, float | None]:
    """Return MACs, parameters and work an image; None where another library would have to be asked."""
    if isinstance(entry.model, External):
        known = all_counted().get(key(entry.model, image_size, num_classes))
        return (*known, work_per_image(known[0])) if known else (None, None, None)
    spec = spec_of(entry.model, entry.recipe).with_arch(num_classes=num_classes)
    facts, work = count(spec, image_size)
    return facts.macs, facts.num_params, work


def _printed(request: RunRequest, entries: tuple[Entry, ...]) -> tuple[Reference, ...]:
    """Return the rows of the paper's table that stand beside a ladder."""
    table = "" if request.definition.entries else get_regime(request.regime).published
    rows = [(entry, published_row(table, entry.name)) for entry in entries] if table else []
    return tuple(
        Reference(entry=entry.name, value=row.top1_percent, std=row.top1_std, data="ImageNet-1K", source=row.source)
        for entry, row in rows
        if row
    )
