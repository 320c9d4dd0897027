"""What a step made of the recipe, as a table: published before and after, and as trained here, in four groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modernize.report.recipe_words import RecipeStep, Regrouped
from modernize.report.rows import Row
from modernize.report.view import Table, table


def recipe_tables(steps: Mapping[str, RecipeStep]) -> Iterator[Table]:
    """Lay out a table for each step that changes the recipe."""
    for step, change in steps.items():
        whose = "published " if change.published else ""
        trained = any(group.trained for group in change.groups)
        yield table(
            f"recipe-{step}",
            f"What {step} makes of the recipe{', as printed and as trained here' if whose and trained else ''}.",
            change.groups,
            ("recipe", lambda group: group.group),
            (f"{whose}before", lambda group: group.before),
            (f"{whose}after", lambda group: group.after),
            ("as trained here", lambda group: group.trained) if trained else None,
        )


def changes_text(row: Row, steps: Mapping[str, RecipeStep]) -> str:
    """List the fields that a step changed; those of the recipe only where no table has them."""
    changes = [change for change in row.planned.changes if row.step not in steps or not in_table(change)]
    return "; ".join([*changes, *(["the recipe: see the table"] if row.step in steps else [])])


def in_table(change: str) -> bool:
    """Whether a changed field stands in the table of its recipe."""
    return change.startswith(("recipe.", "arch.layer_scale:"))


def change_rows(groups: tuple[Regrouped, ...]) -> list[tuple[str, ...]]:
    """Give what a panel shows of them: group, before, after, and as trained here where it was."""
    return [(g.group, g.before, g.after, *([g.trained] if g.trained else [])) for g in groups]
