"""The rungs of a request, and their recipes as the budget shortens them."""

from __future__ import annotations

from dataclasses import asdict, replace

from modernize.datasets import DATASETS
from modernize.errors import ModernizeError
from modernize.ladder import Rung, ladder
from modernize.recipes import named_recipe
from modernize.regimes import base_spec
from modernize.results.record import DataFacts
from modernize.run.overrides import Overrides
from modernize.run.request import RunRequest
from modernize.spec import Recipe, Spec
from modernize.train.budget import Budget, get_budget, shorten


def plan_rungs(request: RunRequest) -> tuple[Rung, ...]:
    """Return the rungs of a request, with what the user set by hand but without a look at the data.

    Raises:
        ModernizeError: If the selection does not fit together, or there is no such recipe.
    """
    base = base_spec(request.regime)
    given = request.overrides
    if request.stem_stride is not None:
        if "stem_stride" in given.arch:
            raise ModernizeError("--stem-stride and --set arch.stem_stride say the same thing; give one of them.")
        base = base.with_arch(stem_stride=request.stem_stride)
    rungs = ladder(base.with_arch(**given.arch), **asdict(request.selection))
    if request.recipe:
        named = named_recipe(request.recipe)
        rungs = tuple(
            replace(
                rung,
                spec=replace(rung.spec, recipe=named),
                before=rung.before and replace(rung.before, recipe=named),
            )
            for rung in rungs
        )
    read = {name for rung in rungs for name in given.for_spec(rung.spec)}
    if unread := [name for name in given.recipe if name not in read]:
        raise ModernizeError(f"recipe.{unread[0]} is set, but no rung of this ladder reads it.")
    return tuple(
        replace(rung, spec=_with_given(rung.spec, given), before=rung.before and _with_given(rung.before, given))
        for rung in rungs
    )


def plan_budget(request: RunRequest) -> Budget:
    """Return the budget of a request, with the epochs it asks for.

    Raises:
        ModernizeError: If there is none of that name, or the epochs are given twice.
    """
    budget = get_budget(request.budget, epochs=request.epochs)
    if request.epochs is not None and "epochs" in request.overrides.recipe:
        raise ModernizeError("--epochs and --set recipe.epochs say the same thing; give one of them.")
    # The schedule is cut to the epochs there are, whoever says how many.
    return replace(budget, epochs=request.overrides.recipe.get("epochs", budget.epochs))


def recipe_as_trained(rung: Rung, given: Overrides, budget: Budget, data: DataFacts | None = None) -> Recipe:
    """Fit a rung's recipe to the budget, and to the data once that is known.

    Raises:
        ModernizeError: If training cannot do what is asked.
    """
    recipe, fields, mirror = rung.spec.recipe, given.for_spec(rung.spec), True
    if data:
        mirror = DATASETS[data.name.partition(":")[0]].mirror
        if recipe.batch_size > data.num_train_images and "batch_size" in fields:
            raise ModernizeError(
                f"recipe.batch_size is {recipe.batch_size}, but there are only {data.num_train_images} training images."
            )
    return shorten(recipe, budget, mirror=mirror, layer_scale=rung.spec.arch.layer_scale, given=fields)


def _with_given(spec: Spec, given: Overrides) -> Spec:
    return spec.with_recipe(**given.for_spec(spec))
