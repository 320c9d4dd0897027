"""One panel a rung: what the step is, what it changes, how the network looks, what was measured and published."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.diagram import change_diagram, network_diagram
from modernize.registry import load_steps
from modernize.report import numbers
from modernize.report import provenance as source
from modernize.report.charts import curve_charts
from modernize.report.drawings import change_keys
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.report.view import Panel, keys_of
from modernize.results.study import Study
from modernize.spec import Spec
from modernize.words import macs_text, macs_unit, signed

_CARD = {"what": "What", "why": "Why", "watch": "Watch", "deviates": "Deviates"}


def study_panels(study: Study, rows: Sequence[Row]) -> tuple[Panel, ...]:
    """Describe every rung of a study."""
    by_step = {row.step: row for row in rows}
    specs = rung_specs(study, rows)
    unit_name, unit = macs_unit(row.planned.macs for row in rows)
    keys, drawings = keys_of(by_step), change_keys(by_step)
    return tuple(
        Panel(
            step=row.step,
            title=row.planned.title,
            adopted=row.adopted,
            card=step_card(row.step),
            before=row.before,
            changes=tuple(change_parts(change) for change in row.planned.changes),
            drawing=drawings[row.step],
            diagram=diagram(specs.get(row.before), specs[row.step], row.before, row.step),
            numbers=(
                *_measured(study, row),
                *published_numbers(row),
                (
                    unit_name,
                    macs_text(row.planned.macs, unit),
                    source.counted_source(row.planned, study.image_size),
                ),
                (
                    "Parameters",
                    f"{row.planned.num_params:,}",
                    source.counted_source(row.planned, study.image_size),
                ),
            ),
            charts=curve_charts(row, by_step.get(row.before), keys[row.step]),
        )
        for row in rows
    )


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


def published_numbers(row: Row) -> list[tuple[str, str, str]]:
    """What the paper prints of a rung."""
    if row.published is None:
        return [("Top-1 published, %", "none", "")]
    found = [("Top-1 published, %", numbers.published_text(row.published), source.published_source(row.published))]
    if row.published_delta is not None:
        found.append(("Delta published, points", signed(row.published_delta), source.published_delta_source(row)))
        found.append(("Verdict, published", numbers.published_verdict(row), source.reading_source(row)))
    return found


def _measured(study: Study, row: Row) -> list[tuple[str, str, str]]:
    found = [("Runs", numbers.runs_text(row), "")]
    if row.top1:
        found.append(("Top-1 measured, %", numbers.top1_text(row.top1), source.measured_source(study, row)))
    if row.delta:
        found.append(
            (
                "Delta measured, points",
                numbers.delta_text(row.delta, len(row.planned.run_ids)),
                source.delta_source(row),
            )
        )
        found.append(("Verdict, measured", row.verdict, source.verdict_source(row)))
    if row.images_per_second is not None:
        found.append(("Images/s", numbers.speed_text(row.images_per_second), source.speed_source(row)))
    return found
