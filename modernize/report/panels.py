"""One panel a rung: what the step is, what it changes, how the network looks, what was measured and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modernize.diagram import change_diagram, network_diagram
from modernize.registry import load_steps
from modernize.report import cells
from modernize.report.drawings import change_keys, curve_keys
from modernize.report.recipe_tables import change_rows, in_table
from modernize.report.recipe_words import RecipeStep, recipe_steps
from modernize.report.roles import on_paper_ladder, role_text
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.report.view import Cell, Panel
from modernize.results.study import Study
from modernize.spec import Spec
from modernize.words import NONE, macs_unit

_CARD = {"what": "What", "why": "Why", "watch": "Watch", "deviates": "Deviates"}


def study_panels(study: Study, rows: Sequence[Row]) -> tuple[Panel, ...]:
    """Describe every rung of a study."""
    by_step = {row.step: row for row in rows}
    specs = rung_specs(study, rows)
    unit_name, unit = macs_unit(row.planned.macs for row in rows)
    grouped = recipe_steps(study, rows)
    drawings, curves = change_keys(by_step), curve_keys(by_step)
    return tuple(
        Panel(
            step=row.step,
            title=row.planned.title,
            label=row.label,
            card=step_card(row.step) if row.on_ladder else (("What", role_text(row)),),
            before=row.before,
            changes=(*map(change_parts, _changes(row, specs, grouped)), *_recipe(row, grouped)),
            drawing=drawings[row.step],
            diagram=diagram(specs.get(row.before), specs[row.step], row.before, row.step),
            numbers=facts(
                ("Runs", cells.runs(row)),
                (
                    f"{row.planned.metric.heading} measured{row.planned.metric.in_unit}",
                    cells.measured(study, row),
                ),
                (
                    f"Delta measured{', points' if row.planned.metric.unit == '%' else row.planned.metric.in_unit}",
                    cells.delta_measured(row),
                ),
                ("Verdict, measured", cells.verdict_measured(row)),
                ("Images/s", cells.speed(row)),
                *(published_numbers(row) if row.published or on_paper_ladder(study, rows) else ()),
                (unit_name, cells.macs(row, unit, study.image_size)),
                ("Parameters", cells.params(row, study.image_size)),
            ),
            curves=tuple(curves[row.step].values()),
        )
        for row in rows
    )


def _changes(row: Row, specs: Mapping[str, Spec | None], grouped: Mapping[str, RecipeStep]) -> Sequence[str]:
    """What distinguishes a rung from the one it is shown beside, which may be another than its step was applied to."""
    before, after = specs.get(row.before), specs[row.step]
    if row.against and before and after:
        return [*map(str, before.diff(after))]
    return [change for change in row.planned.changes if row.step not in grouped or not in_table(change)]


def _recipe(row: Row, grouped: Mapping[str, RecipeStep]) -> Sequence[tuple[str, ...]]:
    return change_rows(grouped[row.step].groups) if row.step in grouped else ()


def step_card(step: str) -> tuple[tuple[str, str], ...]:
    """Quote a step's own documentation; nothing for one that is not installed here."""
    steps = load_steps()
    if step not in steps:
        return ()
    card = steps[step].card()
    return tuple((label, card[key].replace("`", "")) for key, label in _CARD.items() if card[key])


def change_parts(change: str) -> tuple[str, str, str]:
    """Split "arch.norm: batch -> layer".

    Examples:
        >>> change_parts("arch.norm: batch -> layer")
        ('arch.norm', 'batch', 'layer')
    """
    field, _, values = change.partition(": ")
    before, _, after = values.partition(" -> ")
    return field, before, after


def diagram(before: Spec | None, after: Spec | None, *names: str) -> str:
    """Draw a change in text, or a network where nothing is known before it; "" where nothing is known."""
    if after is None:
        return ""
    if before is None:
        return network_diagram(after)
    return change_diagram(before, after, (names[0], names[1]))


def facts(*named: tuple[str, Cell]) -> tuple[tuple[str, str, str], ...]:
    """Give label, text and source of the cells that are not empty."""
    return tuple((label, cell.text, cell.source) for label, cell in named if cell.text != NONE)


def _referred(row: Row) -> bool:
    return bool(row.published and row.published.role == "reference")


def published_numbers(row: Row) -> tuple[tuple[str, Cell], ...]:
    """What is printed of a row."""
    return (
        ("Top-1 published, %", cells.top1_published(row) if row.published else Cell(text="none")),
        ("Delta published, points", cells.delta_published(row)),
        *([] if _referred(row) else [("Verdict, published", cells.verdict_published(row))]),
    )
