"""Entries x seeds -> a study and the tasks it consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from modernize.datasets import DATASETS
from modernize.datasets.feeds import fits_resident
from modernize.entry import Entry, model_facts
from modernize.errors import ModernizeError, need_pycocotools
from modernize.external import External
from modernize.metrics import DETECTION, MASKED_RECONSTRUCTION, TARGETS
from modernize.overrides import read_overrides, refuse_unread
from modernize.regimes import get_regime, spec_of
from modernize.results.record import BudgetFacts, CostFacts, DataFacts, EntryFacts
from modernize.results.study import PlannedEntry, Study
from modernize.run.identity import run_id, study_name
from modernize.run.inputs import plan_images
from modernize.run.placement import Placement, for_batch, place
from modernize.run.request import RunRequest
from modernize.run.request_entries import plan_budget, plan_entries, recipe_as_trained
from modernize.run.request_rungs import attribution_of
from modernize.run.starting import started
from modernize.run.task import TIMES_A_CLASSIFIER, Task, count, weights_to_be, work_per_image
from modernize.train.budget import Budget, cut_batch
from modernize.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study laid out.

    Attributes:
        study: Its entries and seeds.
        tasks: Seed by seed in the entries' order; a run that two entries share is one task.
        placement: Where they will be done.
        missing: What this machine lacks to do them, a sentence each.
    """

    study: Study
    tasks: tuple[Task, ...]
    placement: Placement
    missing: tuple[str, ...] = ()


def plan_study(request: RunRequest, placement: Placement | None = None, *, here: bool = True) -> Plan:
    """Lay out every run of a request. Reads the data set, to know its size and fingerprint.

    Args:
        request: What is asked.
        placement: Where the runs are done; None to decide it by this machine.
        here: Whether it is to be done here; else hardware and known data that are missing are supposed.

    Raises:
        ModernizeError: If the request names something that does not exist or does not fit together.
    """
    rounds, request = request.rounds, replace(request, seeds=request.all_seeds, until_decided=False)
    entries, contrasts = plan_entries(request)
    if rounds and not contrasts:
        raise ModernizeError("until_decided: this study compares nothing, so there is nothing to decide.")
    regime = get_regime(request.regime)
    begun = started(request, entries, here=here)
    entries, image_size = begun.entries, begun.image_size
    placement = placement or place(request, len(entries) * len(request.seeds), here=here)
    budget, name = plan_budget(request), study_name(request, placement.runtime)
    # What cannot be is refused before the data is read.
    refuse_misfits(entries, image_size)
    expected = [recipe_as_trained(entry, request.overrides, budget) for entry in entries]
    refuse_unread(request.overrides, expected, budget.name)
    for entry, recipe in zip(entries, expected, strict=True):
        refuse_unread(read_overrides(entry.given), [recipe], budget.name)
    if request.data.partition(":")[0] in DATASETS:
        _refuse_targets(entries, request.data)
    choosing = any(recipe.patience or recipe.chosen_epoch == "best" for recipe in expected)
    source, data, missing = plan_images(request, budget, image_size, choosing=choosing, here=here)
    refuse_unread(request.overrides, expected, budget.name, streamed=bool(source.stream))
    attribution = attribution_of(request)
    turns = attribution.turns if attribution else {}
    keep = not request.no_weights or any(entry.begins_with for entry in entries)
    shared = {"study": name, "source": source, "keep_weights": keep, "trackers": request.track}
    by_entry: dict[str, list[Task]] = {}
    for entry in entries:
        begins_with, its = by_entry.get(entry.begins_with, []), shared | begun.tasks.get(entry.name, {})
        its |= {"turn": turns.get(entry.name, 0)}
        by_entry[entry.name] = _tasks(entry, request, budget, data, placement.runtime, its, begins_with)
    tasks = [task for of_seed in zip(*by_entry.values(), strict=True) for task in of_seed]
    definition = request.definition
    regimes = {entry.regime for entry in entries if entry.regime}
    study = Study(
        name=name,
        regime=regimes.pop() if len(regimes) == 1 else "",
        published="" if definition.entries else regime.published,
        data=request.data,
        budget=budget.name,
        epochs=max(task.budget.epochs for task in tasks),
        image_size=image_size,
        seeds=request.seeds,
        entries=tuple(_planned(entry, tasks) for entry in entries),
        contrasts=contrasts,
        note=request.note,
        title=definition.title,
        about=definition.about,
        expectation=definition.expectation,
        predictions=tuple(one for one in definition.predictions if one.names <= {entry.name for entry in entries}),
        rounds=rounds,
        equivalence_margin=definition.equivalence_margin,
        attribution=attribution,
        references=tuple(one for one in definition.references if one.entry in {entry.name for entry in entries}),
    )
    first: dict[str, Task] = {}
    for task in tasks:
        first.setdefault(task.run_id, task)
    return Plan(
        study=study,
        tasks=tuple(first.values()),
        placement=placement,
        missing=tuple(filter(None, (placement.missing, missing, *begun.missing))),
    )


def _refuse_targets(entries: Iterable[Entry], data: str) -> None:
    """Refuse to learn objects of images that have labels alone, and the other way round."""
    for entry in entries:
        objective = entry.recipe.objective
        having = [info for info in DATASETS.values() if info.targets == TARGETS.get(objective, info.targets)]
        if data.partition(":")[0] not in {info.kind for info in having}:
            usages = ", ".join(info.usage for info in having)
            raise ModernizeError(
                f"{objective} (of {entry.name}) learns the {TARGETS[objective]} in images, which {data} does not have; "
                f"data sets that have them: {usages}."
            )


def refuse_misfits(entries: Iterable[Entry], image_size: int) -> None:
    """Refuse networks that there are not, or that take no images of this size; baselines load their libraries.

    Raises:
        ModernizeError: Naming the first.
    """
    for entry in entries:
        _count(entry, image_size)
        if entry.recipe.objective == DETECTION:
            need_pycocotools("detection")
        if entry.recipe.objective == MASKED_RECONSTRUCTION:
            from modernize.objectives.masking import patch_size

            patch_size(entry.model, image_size)


def _count(entry: Entry, image_size: int, num_classes: int = 1000) -> tuple[CostFacts, float]:
    """Count what a row's network costs on one image; and the work, see `work_per_image`."""
    if isinstance(entry.model, External):
        from modernize.models import count_external

        facts = count_external(entry.model, num_classes=num_classes, image_size=image_size)
        return facts, work_per_image(facts.macs)
    return count(spec_of(replace(entry.model, num_classes=num_classes), entry.recipe), image_size)


def _tasks(
    entry: Entry,
    request: RunRequest,
    wanted: Budget,
    data: DataFacts,
    here: Runtime,
    shared: Mapping[str, Any],
    begins_with: Sequence[Task],
) -> list[Task]:
    """Lay out a row's runs, which differ in their seed alone, and in the runs whose weights they start from."""
    given = request.overrides.of(entry)
    budget = cut_batch(
        wanted,
        entry.recipe,
        num_images=data.num_train_images,
        num_processes=here.num_processes,
        given=given.recipe,
    )
    trained = recipe_as_trained(entry, given, budget, data)
    runtime = for_batch(here, trained.batch_size)
    cost, work = _count(entry, data.image_size, data.num_classes)
    model = entry.model if isinstance(entry.model, External) else replace(entry.model, num_classes=data.num_classes)
    read = replace(given, arch=given.arch if entry.regime else {}, recipe=given.for_entry(entry))
    task = Task(
        **shared,
        run_id="",
        entry=EntryFacts(
            name=entry.name,
            title=entry.title,
            steps=entry.steps,
            role=entry.role,
            regime=entry.regime,
            image_size=data.image_size,
            fingerprint=entry.fingerprint,
            changes=tuple(asdict(change) for change in entry.changes),
        ),
        model=model_facts(model),
        recipe=asdict(entry.recipe),
        trained_recipe=asdict(trained),
        data=data,
        budget=BudgetFacts(name=wanted.name, epochs=trained.epochs, given=read.flat(), cut_from=budget.cut_from),
        seed=0,
        cost=cost,
        runtime=runtime,
        work=work * TIMES_A_CLASSIFIER.get(trained.objective, 1.0) * trained.epochs * data.num_train_images,
        input_path="resident" if fits_resident(trained) and not shared["source"].stream else "decoded",
    )
    as_trained = replace(entry, model=model, recipe=trained)
    starts = [weights_to_be(before) for before in begins_with] or [task.starts_from] * len(request.seeds)
    return [
        replace(
            task,
            seed=seed,
            run_id=run_id(as_trained, data.fingerprint, seed, runtime, start.sha256 or start.file),
            starts_from=start,
        )
        for seed, start in zip(request.seeds, starts, strict=True)
    ]


def _planned(entry: Entry, tasks: list[Task]) -> PlannedEntry:
    own = [task for task in tasks if task.entry.name == entry.name]
    return PlannedEntry(
        name=entry.name,
        title=entry.title,
        role=entry.role,
        fingerprint=entry.fingerprint,
        macs=own[0].cost.macs,
        num_params=own[0].cost.num_params,
        changes=tuple(str(change) for change in entry.changes),
        run_ids=tuple(task.run_id for task in own),
        objective=entry.recipe.objective,
        model=str(entry.model) if isinstance(entry.model, External) else "",
        note=entry.note,
        begins_with=entry.begins_with,
    )
