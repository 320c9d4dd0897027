"""What is trained in the benchmarks: the rungs, recipes and images of `modernize run --upto ln`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from modernize.datasets import Dataset, load_data
from modernize.regimes import get_regime
from modernize.run.plan import Plan, plan_study
from modernize.run.request import RunRequest
from modernize.selection import Selection
from modernize.spec import Arch, Recipe, Spec
from modernize.strict import from_dict


@cache
def default_plan() -> Plan:
    """Return the plan of the default job."""
    return plan_study(RunRequest(selection=Selection(upto="ln")))


def rung_names() -> list[str]:
    """Return the rungs of the default job."""
    return [task.entry.name for task in default_plan().tasks]


def trained_spec(rung: str, *, epochs: int | None = None) -> Spec:
    """Return a rung as the default job trains it, with other epochs if given."""
    task = next(task for task in default_plan().tasks if task.entry.name == rung)
    recipe = from_dict(Recipe, task.trained_recipe)
    shorter = (epochs or recipe.epochs) / recipe.epochs
    return Spec(
        regime=get_regime(task.entry.regime),
        arch=from_dict(Arch, task.model["arch"]),
        recipe=replace(recipe, epochs=epochs or recipe.epochs, warmup_epochs=shorter * recipe.warmup_epochs),
    )


@cache
def images(num_train: int, num_test: int) -> Dataset:
    """Return images of the default job's kind."""
    return load_data("shapes", image_size=32, train_images=num_train, test_images=num_test)
