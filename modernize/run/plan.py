"""Rungs x seeds -> a study and the tasks it consists of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from modernize.cost import Cost, cost
from modernize.datasets.feed import fits_resident
from modernize.ladder import Rung
from modernize.results.record import NO_WEIGHTS, BudgetFacts, CostFacts, DataFacts, EntryFacts, WeightsFile
from modernize.results.study import PlannedEntry, Study
from modernize.run.identity import run_id
from modernize.run.images import plan_images
from modernize.run.naming import study_name
from modernize.run.overrides import Overrides, refuse_unread
from modernize.run.placement import Placement, for_batch, place
from modernize.run.request import RunRequest
from modernize.run.rungs import plan_budget, plan_rungs, recipe_as_trained
from modernize.run.start import StartWeights, start_weights
from modernize.run.task import DataSource, Task
from modernize.train.budget import Budget, cut_batch
from modernize.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study laid out.

    Attributes:
        study: Its rungs and seeds.
        tasks: Seed by seed in the ladder's order; a run that two rungs share is one task.
        placement: Where they will be done.
        missing: What this machine lacks to do them, a sentence each.
    """

    study: Study
    tasks: tuple[Task, ...]
    placement: Placement
    missing: tuple[str, ...] = ()


def plan_study(request: RunRequest, *, here: bool = True) -> Plan:
    """Lay out every run of a request. Reads the data set, to know its size and fingerprint.

    Args:
        request: What is asked.
        here: Whether it is to be done here; else hardware and known data that are missing are supposed.

    Raises:
        ModernizeError: If the request names something that does not exist or does not fit together.
    """
    rungs = plan_rungs(request)
    regime = rungs[0].spec.regime
    image_size = request.image_size or regime.image_size
    placement = place(request, len(rungs) * len(request.seeds), here=here)
    budget, name = plan_budget(request), study_name(request, placement.runtime)
    for rung in rungs:
        cost(rung.spec, image_size)  # fails before the data is read where the image is too small
    # And so where training cannot do what is asked.
    expected = [recipe_as_trained(rung, request.overrides, budget) for rung in rungs]
    refuse_unread(request.overrides, expected, budget.name)
    weights = start_weights(request.weights, rungs, request.out)
    source, data, missing = plan_images(request, budget, image_size, here=here)
    refuse_unread(request.overrides, expected, budget.name, streamed=source.stream)
    common = _Common(name, budget, request.overrides, source, data, placement.runtime, weights, not request.no_weights)
    by_seed = zip(*(_tasks(rung, request.seeds, common) for rung in rungs), strict=True)
    tasks = [task for of_seed in by_seed for task in of_seed]
    study = Study(
        name=name,
        regime=regime.name,
        published=regime.published,
        data=request.data,
        budget=budget.name,
        epochs=max(task.budget.epochs for task in tasks),
        image_size=image_size,
        seeds=request.seeds,
        entries=tuple(_planned(rung, tasks) for rung in rungs),
        contrasts=_contrasts(rungs),
        note=request.note,
    )
    first: dict[str, Task] = {}
    for task in tasks:
        first.setdefault(task.run_id, task)
    return Plan(
        study=study,
        tasks=tuple(first.values()),
        placement=placement,
        missing=tuple(filter(None, (placement.missing, missing))),
    )


@dataclass(frozen=True, slots=True)
class _Common:
    """What all tasks of a study share."""

    study: str
    budget: Budget
    given: Overrides
    source: DataSource
    data: DataFacts
    runtime: Runtime
    weights: StartWeights | None
    keep_weights: bool


def _tasks(rung: Rung, seeds: tuple[int, ...], common: _Common) -> list[Task]:
    """Lay out a rung's runs, which differ in their seed alone."""
    data = common.data
    budget = cut_batch(
        common.budget,
        rung.spec.recipe,
        num_images=data.num_train_images,
        num_processes=common.runtime.num_processes,
        given=common.given.recipe,
    )
    trained = recipe_as_trained(rung, common.given, budget, data)
    spec = rung.spec.with_arch(num_classes=data.num_classes)
    counted = cost(spec, data.image_size)
    given = replace(common.given, recipe=common.given.for_spec(rung.spec)).flat()
    runtime, weights = for_batch(common.runtime, trained.batch_size), common.weights
    as_trained, digest = replace(spec, recipe=trained), weights.digest if weights else ""
    task = Task(
        run_id="",
        study=common.study,
        entry=EntryFacts(
            name=rung.step,
            title=rung.title,
            steps=rung.steps,
            role="rung" if rung.adopted else "probe",
            regime=rung.spec.regime.name,
            image_size=data.image_size,
            fingerprint=rung.spec.fingerprint,
            changes=tuple(asdict(change) for change in rung.changes),
        ),
        model={"arch": asdict(spec.arch)},
        recipe=asdict(spec.recipe),
        trained_recipe=asdict(trained),
        source=common.source,
        data=data,
        budget=BudgetFacts(name=common.budget.name, epochs=trained.epochs, given=given, cut_from=budget.cut_from),
        seed=0,
        cost=CostFacts(macs=counted.macs, num_params=counted.num_params),
        runtime=runtime,
        weights=str(weights.path) if weights else None,
        starts_from=WeightsFile(file=weights.path.name, sha256=digest) if weights else NO_WEIGHTS,
        keep_weights=common.keep_weights,
        work=work_per_image(counted) * trained.epochs * data.num_train_images,
        input_path="decoded" if common.source.stream or not fits_resident(trained) else "resident",
    )
    ids = {seed: run_id(as_trained, data.fingerprint, seed, runtime, digest) for seed in seeds}
    return [replace(task, run_id=ids[seed], seed=seed) for seed in seeds]


def work_per_image(counted: Cost) -> float:
    """Estimate the work of one image in arbitrary units.

    Small networks on a processor: arithmetic and moving activations both count. The weight, 20, is a rough guess:
    it orders the runs and shares out the progress bar, no result depends on it.
    """
    return float(counted.macs + 20 * counted.activations)


def _contrasts(rungs: tuple[Rung, ...]) -> tuple[tuple[str, str], ...]:
    """Compare each rung with the one its step was applied to, where that is trained too."""
    by_spec = {rung.spec: rung.step for rung in reversed(rungs)}
    return tuple((rung.step, by_spec[rung.before]) for rung in rungs if rung.before in by_spec)


def _planned(rung: Rung, tasks: list[Task]) -> PlannedEntry:
    own = [task for task in tasks if task.entry.name == rung.step]
    return PlannedEntry(
        name=rung.step,
        title=rung.title,
        role="rung" if rung.adopted else "probe",
        fingerprint=rung.spec.fingerprint,
        macs=own[0].cost.macs,
        num_params=own[0].cost.num_params,
        changes=tuple(str(change) for change in rung.changes),
        run_ids=tuple(task.run_id for task in own),
    )
