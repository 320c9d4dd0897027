"""What `show` prints of rungs and recipes: fields with their sources, code, and the modules of the network."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modernize.cli.console import say, say_prose, say_table
from modernize.cli.layout import columns
from modernize.recipes import RECIPES, named_recipe, origins
from modernize.registry import get_step
from modernize.words import value_text

if TYPE_CHECKING:
    from modernize.ladder import Rung
    from modernize.spec import Recipe

MORE = "Unchanged fields are not shown; --all lists every field."


def print_fields(rung: Rung, before_name: str, *, everything: bool) -> None:
    """Print the fields that a step changes, or all fields of its spec.

    Args:
        rung: What the step made.
        before_name: What the spec before it is called; unused at the base.
        everything: Whether fields that stay are printed too.
    """
    changed = {change.field for change in rung.changes}
    before = rung.before or rung.spec
    for part, heading in (("arch", "Architecture"), ("recipe", "Recipe")):
        old, new = asdict(getattr(before, part)), asdict(getattr(rung.spec, part))
        names = [name for name in new if everything or f"{part}.{name}" in changed]
        if not names:
            continue
        if part == "arch" and not everything:
            say(f"\nChanges to {before_name}", "bold")
            for change in rung.changes:
                if change.field.startswith("arch."):
                    say(f"  {change}")
            continue
        from_where = origins(rung.spec.recipe) if part == "recipe" else {}
        rows = [
            (
                f"{'*' if f'{part}.{name}' in changed else '':1} {name}",
                *([value_text(old[name])] if rung.before else []),
                value_text(new[name]),
                *([from_where[name]] if from_where else []),
            )
            for name in names
        ]
        beside = [before_name, rung.step] if rung.before else ["value"]
        say(f"\n{heading}{'' if everything else f', changes to {before_name}'}", "bold")
        say_table(columns("  field", *beside, *(["source..."] if from_where else [])), rows)
        if not everything:
            say_prose("", MORE, style="dim")


def print_recipe(name: str) -> None:
    """Print every field of a named recipe, and where its value comes from."""
    recipe = named_recipe(name)
    from_where = origins(recipe)
    say(f"{name}: recipe", "bold")
    say_prose("", f"{RECIPES[name][0].upper()}{RECIPES[name][1:]}.")
    say()
    rows = [(field, value_text(value), from_where[field]) for field, value in asdict(recipe).items()]
    say_table(columns("field", "value", "source..."), rows)


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """Return every field of a recipe with its value and source, for JSON."""
    from_where = origins(recipe)
    return {name: {"value": value, "source": from_where[name]} for name, value in asdict(recipe).items()}


_STYLES = {"+": "green", "-": "red", "@": "dim"}


def code_facts(rung: Rung) -> dict[str, Any]:
    """Return source, structure before and after, and their diff, for JSON."""
    from modernize.nn.structure import lines, structure, structure_diff

    return {
        "step": rung.step,
        "module": get_step(rung.step).module if rung.before else None,
        "source": get_step(rung.step).code() if rung.before else None,
        "before": lines(structure(rung.before)) if rung.before else None,
        "after": lines(structure(rung.spec)),
        "diff": structure_diff(rung.before, rung.spec) if rung.before else None,
    }


def print_code(rung: Rung, before_name: str) -> None:
    """Print a step's function, and how the modules of the network change; the base's modules are printed whole.

    Args:
        rung: What the step made.
        before_name: What the rung before it is called; unused at the base.
    """
    from modernize.nn.structure import folded, lines, structure, structure_diff

    if rung.before is None:
        say(f"{rung.step}: {rung.title}, modules of the network", "bold")
        for line in lines(folded(structure(rung.spec))):
            say(line)
        return
    step = get_step(rung.step)
    say(f"{step.id}: {step.title} ({step.module})", "bold")
    say()
    for line in (step.code() or "the source of this step is in no file").splitlines():
        say(line)
    changed = structure_diff(rung.before, rung.spec)
    say(f"\nModules of the network, {before_name} -> {rung.step}, {rung.spec.regime.name} regime", "bold")
    for line in changed or ["no module changes: the step is in how the network is trained"]:
        say(line, _STYLES.get(line[:1], ""))
    if changed:
        say_prose("", "Blocks that are alike but for their drop rate stand as one, as (1-8): 8 x.", style="dim")
