"""What a study file says beside the options of `run`: rows, what is compared, published values, budgets of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from modernize.entry import Role
from modernize.errors import ModernizeError, shown, unknown_name
from modernize.overrides import read_overrides
from modernize.results.checks import check_name
from modernize.results.study import Prediction, Reference
from modernize.strict import from_dict, refuse_outside
from modernize.studies.coalitions import AttributionOptions
from modernize.train.budget import BUDGETS, Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a row is: exactly one of `step`, `baseline` and `arch`.

    Attributes:
        step: Id of a step, or "base": the rung of that step.
        regime: Of the rung; "" for the study's.
        path: Of the rung; "" for the default one.
        baseline: Network of another library, see `parse_external`.
        arch: Fields of `Arch`; those not given are as in `like`, a model of the families ("convnext-t") or a rung
            ("resnet50/ln").
        title: What reports call it; "" for the rung's or the network's own.
        role: See `Role`; None for "rung", "baseline" or "network".
        note: What is special about it, for example a smaller member of its family.
        recipe: Name of its recipe; "" for the study's, or where that has none, the rung's own.
        begins_with: Name of a row above it, the same network: each seed starts from the weights which that row's run
            of this seed leaves. "" for random ones.
        weights: What it starts from, see `modernize.entry.Entry`.
        set: Fields set by hand for it alone, as `[set]` does for all rows: "recipe.lr", and "arch.stem_stride" of a
            step, at the base before the steps.
    """

    step: str = ""
    regime: str = ""
    path: str = ""
    baseline: str = ""
    arch: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    role: Role | None = None
    note: str = ""
    recipe: str = ""
    begins_with: str = ""
    weights: str = ""
    set: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which of `step`, `baseline` and `arch` are given."""
        return tuple(kind for kind in ("step", "baseline", "arch") if getattr(self, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDefinition(Row):
    """A row of a study file.

    Attributes:
        name: Its key in the study.
        at: By name of a budget, what stands in place of the row's own fields there.
    """

    name: str
    at: dict[str, Row] = field(default_factory=dict)

    def under(self, budget: str) -> EntryDefinition:
        """Return the row as a budget has it."""
        if (other := self.at.get(budget)) is None:
            return self
        changes = {f.name: value for f in fields(Row) if (value := getattr(other, f.name))}
        cleared = {"step": "", "baseline": "", "arch": {}} if other.kinds else {}
        return replace(self, **{**cleared, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a study is, beside the options of `run`.

    Attributes:
        name: Of the built-in study or the file it was read from; "" for neither.
        chosen: Words for what that file itself chooses, which a name need not repeat.
        title: Heading of the report.
        about: What the study asks, in a sentence or two.
        expectation: What is expected before it runs, in a sentence.
        predictions: The same contrast by contrast, which makes contrasts of them.
        entries: Its rows; () for the rungs that the options select.
        contrasts: Pairs of entries: the first is compared with the second. () for each with the first entry, and of
            rungs that the options select, with the rung before.
        references: Published values.
        equivalence_margin: Differences up to this count as none, in the unit of the study's metric (points of top-1);
            None to ask for no such verdict.
        budgets: Of its own, by name.
        attribution: In place of a ladder's rungs, coalitions of its steps, among which the difference of its ends is
            shared out; None for none.
    """

    name: str = ""
    chosen: tuple[str, ...] = ()
    title: str = ""
    about: str = ""
    expectation: str = ""
    entries: tuple[EntryDefinition, ...] = ()
    contrasts: tuple[tuple[str, str], ...] = ()
    predictions: tuple[Prediction, ...] = ()
    references: tuple[Reference, ...] = ()
    equivalence_margin: float | None = None
    budgets: dict[str, Budget] = field(default_factory=dict)
    attribution: AttributionOptions | None = None

    def check_names(self, names: Iterable[str]) -> None:
        """Refuse contrasts, predictions and references of entries that the study does not have.

        Raises:
            ModernizeError: Naming the first, and the nearest entry.
        """
        known = tuple(names)
        for kind, given in (
            ("predictions", [name for one in self.predictions for pair in one.pairs for name in pair]),
            ("contrasts", [name for pair in self.contrasts for name in pair]),
            ("references", [reference.entry for reference in self.references]),
        ):
            for name in given:
                if name not in known:
                    raise unknown_name(f"entry in {kind}", name, known)


DEFINITION_FIELDS = tuple(each.name for each in fields(Definition) if each.name not in ("name", "chosen"))
"""What a study file may hold beside options."""


def read_definition(tables: Mapping[str, Any]) -> Definition:
    """Check the parts of a study file that are no options.

    Args:
        tables: By name, as TOML gives them.

    Raises:
        ModernizeError: If a part is unknown, has a wrong type, or does not fit the others.
    """
    budgets = _table(tables.get("budgets", {}), "budgets")
    own = {name: one if isinstance(one, Budget) else _budget(name, one) for name, one in budgets.items()}
    definition = from_dict(Definition, {**tables, "budgets": own})
    entries = tuple(replace(entry, at=_at(entry, own), set=_settings(entry, entry)) for entry in definition.entries)
    predicted = (pair for one in definition.predictions for pair in one.pairs)
    new = dict.fromkeys(pair for pair in predicted if pair not in definition.contrasts)
    contrasts = (*definition.contrasts, *new)
    definition = replace(definition, entries=entries, contrasts=contrasts)
    margin = definition.equivalence_margin
    if margin is not None and not 0 < margin < math.inf:
        raise ModernizeError(f"equivalence_margin should be above 0, not {margin:g}.")
    _check(definition)
    return definition


def _table(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ModernizeError(f"{path} should be a table of fields, not {shown(value)}.")
    return dict(value)


_BUDGET_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("epochs", "batch_size"), (1, 1_000_000)),
    **dict.fromkeys(("train_images", "test_images"), (1, 1_000_000_000)),
    **dict.fromkeys(("sgd_lr", "adamw_lr"), (0, 1_000_000)),
    **dict.fromkeys(("layer_scale_init", "shift_pixels"), (0, 1_000)),
}


def _budget(name: str, given: Any) -> Budget:
    path, settled = f"budgets.{name}", ("name", "cut_from")
    check_name(name, "a budget")
    if name in BUDGETS:
        raise ModernizeError(f"{path}: the budget '{name}' is built in; choose another name.")
    table = _table(given, path)
    for key in settled:
        if key in table:
            allowed = [f"{path}.{each.name}" for each in fields(Budget) if each.name not in settled]
            raise unknown_name("field", f"{path}.{key}", allowed)
    budget = from_dict(Budget, {"name": name, "what": f"the study's own budget {name}", **table}, path)
    refuse_outside(budget, _BUDGET_RANGES, f"{path}.")
    return budget


def _at(entry: EntryDefinition, own: Iterable[str]) -> dict[str, Row]:
    known = (*BUDGETS, *own)
    rows = {}
    try:
        for budget, row in entry.at.items():
            if budget not in known:
                raise unknown_name("budget", budget, known)
            path = f"at.{budget}"
            rows[budget] = row if isinstance(row, Row) else from_dict(Row, _table(row, path), path)
    except ModernizeError as error:
        raise ModernizeError(f"entry '{entry.name}': {error}") from error
    return {budget: replace(row, set=_settings(entry, row)) for budget, row in rows.items()}


def _settings(entry: EntryDefinition, row: Row) -> dict[str, Any]:
    """Return what a row sets by hand, by full names."""
    try:
        return read_overrides(row.set).flat()
    except ModernizeError as error:
        raise ModernizeError(f"entry '{entry.name}': {error}") from error


def _check_row(entry: EntryDefinition, row: Row, above: Sequence[str]) -> None:
    """Check a row, or what stands in its place under a budget."""
    if len(row.kinds) > 1 or (row is entry and not row.kinds):
        given = f"both {' and '.join(row.kinds)}" if row.kinds else "none of them"
        raise ModernizeError(f"entry '{entry.name}' should have one of step, baseline and arch, not {given}.")
    own = row if row.kinds else entry
    if not own.step and (extra := next((name for name in ("regime", "path") if getattr(row, name)), "")):
        raise ModernizeError(f"entry '{entry.name}' has a {extra}, which only a step has.")
    if not own.step and (extra := next((name for name in row.set if name.startswith("arch.")), "")):
        where = "write it into its arch" if own.arch else "its options say what it is"
        raise ModernizeError(f"entry '{entry.name}' sets {extra}, which only a step can; {where}.")
    if row.begins_with and row.begins_with not in above:
        raise unknown_name(f"entry above '{entry.name}' in begins_with", row.begins_with, above)


def _check_predictions(definition: Definition) -> None:
    said = [(one.contrast, one.than) for one in definition.predictions]
    for one in definition.predictions:
        if said.count((one.contrast, one.than)) > 1:
            raise ModernizeError(f"predictions say two things of {' against '.join(one.contrast)}.")
        if one.contrast == one.than:
            raise ModernizeError(f"predictions compare {' against '.join(one.contrast)} with itself.")
        if one.sign == "same" and (one.than or definition.equivalence_margin is None):
            lacking = "a prediction with than is higher or lower" if one.than else "give an equivalence_margin too"
            raise ModernizeError(f"predictions: '{one}' cannot be tested; {lacking}.")


def _check(definition: Definition) -> None:
    names = [entry.name for entry in definition.entries]
    for entry in definition.entries:
        check_name(entry.name, "an entry")
        if names.count(entry.name) > 1:
            raise ModernizeError(f"two entries are called '{entry.name}'.")
        for row in (entry, *entry.at.values()):
            _check_row(entry, row, above=names[: names.index(entry.name)])
    pairs = definition.contrasts
    for pair in pairs:
        if pair[0] == pair[1]:
            raise ModernizeError(f"contrasts compare '{pair[0]}' with itself.")
        if pairs.count(pair) > 1 or pair[::-1] in pairs:
            raise ModernizeError(f"contrasts list {' and '.join(pair)} twice.")
    _check_predictions(definition)
    if not names:
        return
    definition.check_names(names)
    used = {*(name for pair in pairs for name in pair), *(reference.entry for reference in definition.references)}
    if idle := [name for name in names if pairs and name not in used]:
        raise ModernizeError(f"entry '{idle[0]}' is in no contrast and no reference; add one, or leave it out.")
