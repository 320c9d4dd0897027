"""The rows of a study file as entries."""

from __future__ import annotations

from dataclasses import replace

from modernize.entry import Entry, entry_of
from modernize.errors import ModernizeError, unknown_name
from modernize.external import parse_external
from modernize.families import FAMILIES, family_spec
from modernize.ladder import ladder
from modernize.overrides import read_overrides
from modernize.path import DEFAULT_PATH
from modernize.recipes import named_recipe
from modernize.regimes import REGIMES, base_spec
from modernize.spec import Spec
from modernize.strict import replace_checked
from modernize.studies.definition import Definition, EntryDefinition

BASELINE_RECIPE = "convnext"
"""Of a network of another library, where the study names no recipe."""


def entries_of(definition: Definition, *, regime: str, budget: str, recipe: str = "") -> tuple[Entry, ...]:
    """Return the rows of a study file as a budget has them.

    Args:
        definition: Of the study.
        regime: Of rungs that name none.
        budget: Its name.
        recipe: Name of the recipe of rows that name none; "" for each network's own.

    Raises:
        ModernizeError: If a row names what does not exist or cannot be.
    """
    entries: dict[str, Entry] = {}
    for row in definition.entries:
        entry = entries[row.name] = _entry(row.under(budget), regime, recipe)
        if entry.begins_with and entry.weights:
            raise ModernizeError(f"entry '{row.name}' has both begins_with and weights; it starts from one of them.")
        if entry.begins_with and entry.model != entries[entry.begins_with].model:
            raise ModernizeError(f"entry '{row.name}' begins with '{entry.begins_with}', which is another network.")
    return tuple(entries.values())


def _entry(row: EntryDefinition, regime: str, recipe: str) -> Entry:
    try:
        entry = _network(row, regime)
        if name := row.recipe or recipe:
            entry = replace(entry, recipe=named_recipe(name))
    except ModernizeError as error:
        raise ModernizeError(f"entry '{row.name}': {error}") from error
    begins = f"begins with the weights of {row.begins_with}" if row.begins_with else ""
    return replace(
        entry,
        name=row.name,
        title=row.title or entry.title,
        role=row.role or entry.role,
        note="; ".join(filter(None, (row.note or entry.note, begins))),
        begins_with=row.begins_with,
        weights=row.weights,
        given=row.set,
    )


def _network(row: EntryDefinition, regime: str) -> Entry:
    if row.step:
        base = base_spec(row.regime or regime).with_arch(**read_overrides(row.set).arch)
        return entry_of(ladder(base, path=row.path or DEFAULT_PATH, upto=row.step)[-1])
    if row.baseline:
        external = parse_external(row.baseline)
        recipe = named_recipe(BASELINE_RECIPE)
        return Entry(name=row.name, title=external.label, role="baseline", model=external, recipe=recipe)
    changes = dict(row.arch)
    like = changes.pop("like", "")
    if "num_classes" in changes:
        raise ModernizeError("arch.num_classes cannot be set: it follows from the data.")
    spec = spec_called(like) if like else base_spec("resnet50")
    arch = replace_checked(spec.arch, changes, "arch")
    return Entry(name=row.name, title=row.name, role="network", model=arch, recipe=spec.recipe)


def spec_called(name: object) -> Spec:
    """Return the spec of a model of the families, or of a rung written REGIME/STEP.

    Raises:
        ModernizeError: If there is none.
    """
    if name in FAMILIES:
        return family_spec(str(name))
    regime, slash, step = str(name).partition("/")
    if not slash:
        raise unknown_name("model", str(name), (*FAMILIES, *(f"{regime}/STEP" for regime in REGIMES)))
    return ladder(regime, upto=step)[-1].spec
