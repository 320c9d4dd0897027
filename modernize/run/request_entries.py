"""The rows of a request, and their recipes as the budget shortens them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from modernize.datasets import DATASETS
from modernize.entry import Entry, entry_of
from modernize.errors import ModernizeError
from modernize.external import External, parse_external
from modernize.ladder import Rung, compared
from modernize.overrides import OF_OUR_NETWORKS, Overrides, read_overrides
from modernize.path import BASE
from modernize.registry import load_steps
from modernize.results.record import DataFacts
from modernize.run.request import RunRequest
from modernize.run.request_rungs import attribution_of, coalitions_of, rungs_of
from modernize.spec import Arch, Recipe
from modernize.strict import replace_checked
from modernize.studies.controls import controls_of
from modernize.studies.entries import entries_of
from modernize.train.budget import Budget, get_budget, shorten

Contrasts = tuple[tuple[str, str], ...]


def plan_entries(request: RunRequest) -> tuple[tuple[Entry, ...], Contrasts]:
    """Say which rows a study has, without a look at the data or at another library.

    Returns:
        The rungs of the ladder, the baselines and the controls, with what the user set by hand; and the pairs of names
        of which the first is compared with the second. Baselines are compared with none: they are no steps.

    Raises:
        ModernizeError: If the selection does not fit together, or there is no such recipe.
    """
    definition = request.definition
    if definition.entries:
        return _listed(request)
    if attribution := attribution_of(request):
        return coalitions_of(request, attribution), ()
    rungs = rungs_of(request)
    contrasts = compared(rungs)
    last = next((rung for rung in reversed(rungs) if rung.adopted), rungs[-1])
    entries = [entry_of(rung) for rung in rungs]
    for text in request.baseline:
        entries.append(_baseline(parse_external(text), last, entries))
    if request.controls:
        controls, against_them = controls_of(rungs, [entry.name for entry in entries])
        entries, contrasts = [*entries, *controls], (*contrasts, *against_them)
    names = {entry.name for entry in entries}
    definition.check_names((*names, BASE, *load_steps()))
    # A rung that the command line leaves out is compared with none.
    own = (pair for pair in definition.contrasts if names >= {*pair})
    return tuple(entries), tuple(dict.fromkeys((*own, *contrasts)))


def _listed(request: RunRequest) -> tuple[tuple[Entry, ...], Contrasts]:
    """Return the rows that a study file lists."""
    definition, given = request.definition, request.overrides
    entries = entries_of(definition, regime=request.regime, budget=request.budget, recipe=request.recipe)
    _refuse_unread(entries, given)
    if request.epochs is not None and (own := [entry.name for entry in entries if "recipe.epochs" in entry.given]):
        raise ModernizeError(f"--epochs is for all rows, but entry '{own[0]}' sets its own recipe.epochs in its file.")
    entries = tuple(
        replace(entry, recipe=replace_checked(entry.recipe, given.of(entry).for_entry(entry), "recipe"))
        for entry in entries
    )
    objectives = {entry.name: entry.recipe.objective for entry in entries}
    for one, other in definition.contrasts:
        if objectives[one] != objectives[other]:
            learned = f"one learns {objectives[one]}, the other {objectives[other]}"
            raise ModernizeError(f"contrasts compare '{one}' with '{other}', but {learned}.")
    first, *others = (name for name, objective in objectives.items() if objective == entries[-1].recipe.objective)
    return entries, definition.contrasts or tuple((name, first) for name in others)


def _refuse_unread(entries: Iterable[Entry], given: Overrides) -> None:
    """Refuse what is set for all rows and reaches none, and what a row sets that it does not read."""
    reached = set()
    for entry in entries:
        own = read_overrides(entry.given).recipe
        read = given.of(entry).for_entry(entry)
        if unread := [name for name in own if name not in read]:
            raise ModernizeError(f"entry '{entry.name}': recipe.{unread[0]} is set, but its recipe does not read it.")
        reached.update(read.keys() - own.keys())
    if unread := [name for name in given.recipe if name not in reached]:
        raise ModernizeError(f"recipe.{unread[0]} is set, but no entry of this study reads it.")


def _baseline(external: External, like: Rung, others: Iterable[Entry]) -> Entry:
    """Return a network of another library as a row, trained as a rung is."""
    taken = {entry.name for entry in others}
    names = (external.label, *(f"{external.label}-{number}" for number in range(2, len(taken) + 2)))
    return Entry(
        name=next(name for name in names if name not in taken),
        title=str(external),
        role="baseline",
        model=external,
        recipe=like.spec.recipe,
        note=f"trained with the recipe of rung {like.step}",
    )


def plan_budget(request: RunRequest) -> Budget:
    """Return the budget of a request, with the epochs it asks for.

    Raises:
        ModernizeError: If there is none of that name, or the epochs are given twice.
    """
    budget = get_budget(request.budget, epochs=request.epochs, own=request.definition.budgets)
    if request.epochs is not None and "epochs" in request.overrides.recipe:
        raise ModernizeError("--epochs and --set recipe.epochs say the same thing; give one of them.")
    # The schedule is cut to the epochs there are, whoever says how many.
    return replace(budget, epochs=request.overrides.recipe.get("epochs", budget.epochs))


def recipe_as_trained(entry: Entry, given: Overrides, budget: Budget, data: DataFacts | None = None) -> Recipe:
    """Fit a row's recipe to its network, to the budget, and to the data once that is known.

    Raises:
        ModernizeError: If training cannot do what is asked.
    """
    recipe, fields, mirror = entry.recipe, given.of(entry).for_entry(entry), True
    budget = replace(budget, epochs=fields.get("epochs", budget.epochs))
    if data:
        mirror = DATASETS[data.name.partition(":")[0]].mirror
        if recipe.batch_size > data.num_train_images and "batch_size" in fields:
            raise ModernizeError(
                f"recipe.batch_size is {recipe.batch_size}, but there are only {data.num_train_images} training images."
            )
    if not isinstance(entry.model, Arch):
        recipe = replace(recipe, **{name: getattr(Recipe(), name) for name in OF_OUR_NETWORKS})
    layer_scale = isinstance(entry.model, Arch) and entry.model.layer_scale
    return shorten(recipe, budget, mirror=mirror, layer_scale=layer_scale, given=fields)
