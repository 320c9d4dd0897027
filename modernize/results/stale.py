"""Stale records: those of a rung whose steps mean something else today than when the run was made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modernize.errors import ModernizeError
from modernize.recipes import RECIPES, named_recipe
from modernize.regimes import base_spec
from modernize.registry import load_steps
from modernize.results.record import Record
from modernize.spec import Arch, Change, Recipe, Spec
from modernize.strict import from_dict

# These follow from the data and from an option, not from the steps; and a name means nothing.
_NOT_OF_STEPS = {"arch.num_classes", "arch.stem_stride", "recipe.name"}


class Freshness:
    """Says whether records still mean what their rungs mean; each rung is climbed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Change, ...] | None] = {}

    def changes(self, record: Record) -> tuple[Change, ...] | None:
        """Compare the spec a run was made for with what its steps lead to today.

        Args:
            record: Of any run. Fields that the user set by hand may differ.

        Returns:
            The fields that differ, from then to now; none for a current record, None where that cannot be said: a
            step or regime that is not installed here, or a record of another version's fields.
        """
        rung = record.entry
        key = (rung.regime, rung.steps, rung.fingerprint, tuple(record.budget.given))
        if key not in self._known:
            self._known[key] = _changes(record)
        return self._known[key]


def _changes(record: Record) -> tuple[Change, ...] | None:
    try:
        now = base_spec(record.entry.regime)
        steps = load_steps()
        for name in record.entry.steps:
            now = steps[name].apply(now)
        if now.fingerprint == record.entry.fingerprint:
            return ()
        then = recorded_spec(record)
    except (ModernizeError, KeyError):
        return None
    if then.recipe.name != now.recipe.name and then.recipe.name in RECIPES:
        # One recipe was asked for on every rung.
        now = replace(now, recipe=named_recipe(then.recipe.name))
    return tuple(change for change in then.diff(now) if change.field not in {*record.budget.given, *_NOT_OF_STEPS})


def recorded_spec(record: Record) -> Spec:
    """Rebuild the spec that a run was made for, with the recipe before it was shortened.

    Raises:
        ModernizeError: If the regime is unknown, or a field is none of this version's.
    """
    return Spec(
        regime=base_spec(record.entry.regime).regime,
        arch=from_dict(Arch, record.arch, "arch"),
        recipe=from_dict(Recipe, record.recipe, "recipe"),
    )
