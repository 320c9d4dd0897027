"""Rungs x seeds -> a study and the tasks it consists of."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

from modernize.cost import Cost, cost
from modernize.datasets import DATASETS, DataSummary, describe
from modernize.errors import DataError, ModernizeError
from modernize.ladder import Rung, ladder
from modernize.regimes import base_spec
from modernize.results.record import BudgetFacts, CostFacts, DataFacts, RungFacts
from modernize.results.study import PlannedRung, Study
from modernize.run.overrides import Overrides, toml_literal
from modernize.run.request import RunRequest
from modernize.run.task import DataSource, Task
from modernize.spec import Recipe, Spec, fingerprint
from modernize.train.budget import Budget, get_budget, refuse_untrained_budget, shorten

# Part of every run's identity: raise it when a change to the training code changes its numbers.
TRAINING_VERSION = 1
NUM_THREADS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study and its tasks, seed by seed in the ladder's order; a run that two rungs share is one task."""

    study: Study
    tasks: tuple[Task, ...]


def plan_study(request: RunRequest) -> Plan:
    """Lay out every run of a request. Reads the data set, to know its size and fingerprint.

    Raises:
        ModernizeError: If the request names something that does not exist or does not fit together.
    """
    budget = _budget(request)
    name = study_name(request)
    rungs = plan_rungs(request)
    regime = rungs[0].spec.regime
    image_size = request.image_size or regime.image_size
    for rung in rungs:
        cost(rung.spec, image_size)  # fails before the data is read where the image is too small
        _shorten(rung, request.overrides, budget)  # and so where training cannot do what is asked
    source, summary = _data(request, budget, image_size)
    tasks = [
        _task(rung, name, budget, request.overrides, source, summary, seed)
        for seed in range(request.num_seeds)
        for rung in rungs
    ]
    study = Study(
        name=name,
        regime=regime.name,
        published=regime.published,
        data=request.data,
        budget=budget.name,
        epochs=max(task.budget.epochs for task in tasks),
        image_size=image_size,
        seeds=tuple(range(request.num_seeds)),
        rungs=tuple(_planned(rung, rungs, tasks) for rung in rungs),
    )
    first: dict[str, Task] = {}
    for task in tasks:
        first.setdefault(task.run_id, task)
    return Plan(study=study, tasks=tuple(first.values()))


def plan_rungs(request: RunRequest) -> tuple[Rung, ...]:
    """Return the rungs of a request, with what the user set by hand but without a look at the data.

    Raises:
        ModernizeError: If the selection does not fit together, or a budget asks for what training cannot do.
    """
    base = base_spec(request.regime)
    given = request.overrides
    if request.stem_stride is not None:
        if "stem_stride" in given.arch:
            raise ModernizeError("--stem-stride and --set arch.stem_stride say the same thing; give one of them.")
        base = base.with_arch(stem_stride=request.stem_stride)
    selection = request.selection
    rungs = ladder(
        base.with_arch(**given.arch),
        upto=selection.upto,
        start=selection.start,
        skip=selection.skip,
        only=selection.only,
        order=selection.order,
        probes=selection.probes,
    )
    read = {name for rung in rungs for name in given.for_spec(rung.spec)}
    if unread := [name for name in given.recipe if name not in read]:
        raise ModernizeError(f"recipe.{unread[0]} is set, but no rung of this ladder reads it.")
    rungs = tuple(
        replace(rung, spec=_with_given(rung.spec, given), before=rung.before and _with_given(rung.before, given))
        for rung in rungs
    )
    refuse_untrained_budget([rung.spec.recipe for rung in rungs], get_budget(request.budget))
    return rungs


def _with_given(spec: Spec, given: Overrides) -> Spec:
    return spec.with_recipe(**given.for_spec(spec))


def _budget(request: RunRequest) -> Budget:
    budget = get_budget(request.budget, epochs=request.epochs)
    if request.epochs is not None and "epochs" in request.overrides.recipe:
        raise ModernizeError("--epochs and --set recipe.epochs say the same thing; give one of them.")
    # The schedule is cut to the epochs there are, whoever says how many.
    return replace(budget, epochs=request.overrides.recipe.get("epochs", budget.epochs))


def study_name(request: RunRequest) -> str:
    """Name a study after what was chosen, for example "laptop-shapes-smoke-upto-ln", unless the request names it.

    Raises:
        ModernizeError: If the name asked for would be no plain folder name.
    """
    if request.name:
        if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", request.name):
            return request.name
        raise ModernizeError(
            f"'{request.name}' cannot name a study: use up to 100 letters, digits, '_', '-' and '.', "
            "no '.' or '-' first."
        )
    selection = request.selection
    words = [request.regime, request.data, request.budget]
    words += [f"{request.epochs}-epochs"] if request.epochs else []
    words += [f"{request.train_images}-images"] if request.train_images else []
    words += [f"{request.test_images}-test-images"] if request.test_images else []
    words += [f"{request.image_size}px"] if request.image_size else []
    words += [f"stride-{request.stem_stride}"] if request.stem_stride else []
    words += [f"from-{selection.start}"] if selection.start else []
    words += [f"upto-{selection.upto}"] if selection.upto else []
    for option in ("skip", "only", "order"):
        words += [f"{option}-{'-'.join(chosen)}"] if (chosen := getattr(selection, option)) else []
    words += ["probes"] if selection.probes else []
    words += [f"{name.partition('.')[2]}-{toml_literal(value)}" for name, value in request.overrides.flat().items()]
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", "-".join(words)).strip("-.")
    return name if len(name) <= 100 else f"{name[:83]}-{fingerprint({'name': name})}"


def _data(request: RunRequest, budget: Budget, image_size: int) -> tuple[DataSource, DataSummary]:
    """Load the data set once, with as many of the wanted images as it has."""
    train_images = request.train_images or budget.train_images
    test_images = request.test_images or budget.test_images
    options = {"image_size": image_size, "data_dir": request.data_dir, "download": request.download}
    try:
        summary = describe(request.data, train_images=train_images, test_images=test_images, **options)
    except DataError as problem:
        if request.data == "shapes":  # there are as many as are wanted
            raise
        try:
            whole = describe(request.data, **options)
        except DataError:
            raise problem from None
        # The budget's numbers are a wish, the user's are not.
        for what, wanted, there in (
            ("train", request.train_images, whole.train_images),
            ("test", request.test_images, whole.test_images),
        ):
            if wanted and wanted > there:
                raise DataError(f"--{what}-images is {wanted}, but {request.data} has only {there}.") from None
        train_images = min(train_images or whole.train_images, whole.train_images)
        test_images = min(test_images or whole.test_images, whole.test_images)
        summary = describe(request.data, train_images=train_images, test_images=test_images, **options)
    if summary.num_classes < 2:
        raise ModernizeError(f"{request.data} has {summary.num_classes} class; a classifier needs at least 2.")
    source = DataSource(
        name=request.data,
        image_size=image_size,
        train_images=train_images,
        test_images=test_images,
        data_dir=str(request.data_dir) if request.data_dir else None,
    )
    return source, summary


def _shorten(
    rung: Rung, given: Overrides, budget: Budget, summary: DataSummary | None = None
) -> tuple[Recipe, tuple[str, ...]]:
    """Fit a rung's recipe to the budget, and to the data once that is known."""
    recipe, fields, mirror = rung.spec.recipe, given.for_spec(rung.spec), True
    if summary:
        mirror = DATASETS[summary.name.partition(":")[0]].mirror
        if recipe.batch_size > summary.train_images and "batch_size" in fields:
            raise ModernizeError(
                f"recipe.batch_size is {recipe.batch_size}, but there are only {summary.train_images} training images."
            )
        # A batch is at most the whole data set; the recipe as trained says so.
        budget = replace(budget, batch_size=min(budget.batch_size or recipe.batch_size, summary.train_images))
    trained, changes = shorten(recipe, budget, mirror=mirror, layer_scale=rung.spec.arch.layer_scale, given=fields)
    by_hand = [f"arch.{name} = {toml_literal(value)} at the base" for name, value in given.arch.items()]
    by_hand += [f"recipe.{name} = {toml_literal(value)}" for name, value in fields.items()]
    return trained, (*changes, f"set by hand: {', '.join(by_hand)}") if by_hand else changes


def _task(
    rung: Rung, study: str, budget: Budget, given: Overrides, source: DataSource, summary: DataSummary, seed: int
) -> Task:
    trained, changes = _shorten(rung, given, budget, summary)
    spec = rung.spec.with_arch(num_classes=summary.num_classes)
    counted = cost(spec, summary.image_size)
    facts = {
        "training_version": TRAINING_VERSION,
        "spec": replace(spec, recipe=trained).fingerprint,
        "data": summary.fingerprint,
        "seed": seed,
        "num_threads": NUM_THREADS,
        "device": "cpu",
    }
    return Task(
        run_id=fingerprint(facts),
        study=study,
        rung=RungFacts(
            step=rung.step,
            title=rung.title,
            steps=rung.steps,
            adopted=rung.adopted,
            regime=rung.spec.regime.name,
            image_size=summary.image_size,
            spec_fingerprint=rung.spec.fingerprint,
            changes=tuple(asdict(change) for change in rung.changes),
        ),
        arch=asdict(spec.arch),
        recipe=asdict(spec.recipe),
        trained_recipe=asdict(trained),
        source=source,
        data=DataFacts(
            name=summary.name,
            fingerprint=summary.fingerprint,
            num_classes=summary.num_classes,
            image_size=summary.image_size,
            num_train_images=summary.train_images,
            num_test_images=summary.test_images,
            note=summary.note,
        ),
        budget=BudgetFacts(name=budget.name, epochs=trained.epochs, changes=changes),
        seed=seed,
        cost=CostFacts(macs=counted.macs, num_params=counted.num_params),
        num_threads=NUM_THREADS,
        work=work_per_image(counted) * trained.epochs * summary.train_images,
    )


def work_per_image(counted: Cost) -> float:
    """Estimate the work of one image in arbitrary units.

    Small networks on a processor: arithmetic and moving activations both count. The weight, 20, is a rough guess:
    it orders the runs and shares out the progress bar, no result depends on it.
    """
    return float(counted.macs + 20 * counted.activations)


def _planned(rung: Rung, rungs: tuple[Rung, ...], tasks: list[Task]) -> PlannedRung:
    own = [task for task in tasks if task.rung.step == rung.step]
    before = next((other.step for other in rungs if rung.before is not None and other.spec == rung.before), "")
    return PlannedRung(
        step=rung.step,
        title=rung.title,
        adopted=rung.adopted,
        before=before,
        spec_fingerprint=rung.spec.fingerprint,
        macs=own[0].cost.macs,
        num_params=own[0].cost.num_params,
        changes=tuple(str(change) for change in rung.changes),
        run_ids=tuple(task.run_id for task in own),
    )
