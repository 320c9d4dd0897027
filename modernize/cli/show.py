"""`modernize show`: one step's card, or one recipe."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from modernize.cli.choose import refuse_unknown, start_of
from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.counts import CONVENTIONS, MACS_NOTE, change_rows, count_cells, count_heads, counts
from modernize.cli.layout import columns
from modernize.cli.options import (
    ImageSize,
    Json,
    Regime,
    StemStride,
    argument,
    complete_step_or_recipe,
    examples,
    option,
)
from modernize.cli.rung_text import code_facts, print_code, print_fields, print_recipe, recipe_facts
from modernize.cost import cost
from modernize.diagram import MARK, change_diagram, network_diagram, network_parts
from modernize.errors import ModernizeError
from modernize.ladder import rung_of
from modernize.path import BASE
from modernize.published import published_row
from modernize.published.convnext_v2 import v2_tables
from modernize.recipes import RECIPES, named_recipe
from modernize.registry import get_step, load_steps
from modernize.words import macs_unit, signed

if TYPE_CHECKING:
    from modernize.cost import Cost
    from modernize.ladder import Rung
    from modernize.published import PublishedRow

EXAMPLES = examples("modernize show depthwise", "modernize show gelu --code")


def show(
    step: Annotated[
        str,
        argument(
            "STEP",
            "Id of a step, base, or a recipe: classic, convnext, finetune, fcmae, finetune-v2, cifar10-stem, "
            "cifar10-preact.",
            complete_step_or_recipe,
            default=True,
        ),
    ],
    regime: Regime = "resnet50",
    image_size: ImageSize = None,
    stem_stride: StemStride = None,
    everything: Annotated[bool, option("--all", "Also list the fields that stay as they are.")] = False,
    code: Annotated[bool, option("--code", "Show the step's source and how the network's modules change.")] = False,
    json: Json = False,
) -> None:
    """Show a step: what it does and why, the spec's change, cost, published row, and the block drawn in text.

    The default regime is resnet50, so that the costs stand beside the paper's. A recipe is shown with where each of
    its values comes from. With --code: the step's own function, and the modules that it changes.
    """
    names = (BASE, *load_steps())
    if step in RECIPES and step not in names:
        if code:
            raise ModernizeError(f"{step} is a recipe and has no code of its own; the step 'recipe' has.")
        if json:
            say_json({"recipe": step, "what": RECIPES[step], "fields": recipe_facts(named_recipe(step))})
        else:
            print_recipe(step)
        return
    refuse_unknown(step, (*names, *RECIPES))
    rung = rung_of(step, start_of(regime, stem_stride))
    if code:
        say_json(code_facts(rung)) if json else print_code(rung, _previous(rung))
        return
    after = cost(rung.spec, image_size)
    before = cost(rung.before, image_size) if rung.before else None
    published = published_row(rung.spec.regime.published, step)
    if json:
        say_json(_facts(rung, before, after, published))
    else:
        _print(rung, before, after, published, everything=everything)


def _previous(rung: Rung) -> str:
    return rung.steps[-2] if len(rung.steps) > 1 else "base"


def _facts(rung: Rung, before: Cost | None, after: Cost, published: PublishedRow | None) -> dict[str, Any]:
    step = get_step(rung.step) if rung.before else None
    return {
        "step": rung.step,
        "title": rung.title,
        "section": step.section if step else None,
        "source": step.source if step else rung.spec.regime.source,
        "adopted": rung.adopted,
        "instead_of": (step.instead_of or None) if step else None,
        **(step.card() if step else {}),
        "regime": rung.spec.regime.name,
        "before": _previous(rung) if step else None,
        "changes": [asdict(change) for change in rung.changes],
        "arch": asdict(rung.spec.arch),
        "recipe": recipe_facts(rung.spec.recipe),
        "recipe_before": recipe_facts(rung.before.recipe) if rung.before else None,
        "cost": {
            "image_size": after.image_size,
            "conventions": CONVENTIONS,
            "before": counts(before) if before else None,
            "after": counts(after),
        },
        "published": _published_facts(published, rung.spec.regime.published),
        "published_models": [table._asdict() for table in v2_tables()] if rung.spec.arch.grn else [],
        "diagram": {
            "before": network_parts(rung.before) if rung.before else None,
            "after": network_parts(rung.spec),
        },
    }


def _published_facts(row: PublishedRow | None, regime: str) -> dict[str, Any] | None:
    return asdict(row) | {"regime": regime, "top1_delta": _delta(row, regime)} if row else None


def _delta(row: PublishedRow, regime: str) -> float | None:
    """Points of top-1 that the paper prints above the row the change was made to."""
    before = published_row(regime, row.before) if row.before else None
    return round(row.top1_percent - before.top1_percent, 2) if before else None


def _print(rung: Rung, before: Cost | None, after: Cost, published: PublishedRow | None, *, everything: bool) -> None:
    regime = rung.spec.regime
    _print_card(rung)
    print_fields(rung, _previous(rung), everything=everything)
    say(f"\nCost at {after.image_size} px", "bold")
    if before:
        say_table(columns("", f"{_previous(rung)}>", f"{rung.step}>", "change>"), change_rows(before, after))
    else:
        unit, size = macs_unit([after.macs])
        say_table(columns(*count_heads(unit)), [count_cells(after, size)])
    say_prose("", MACS_NOTE, style="dim")
    if published:
        _print_published(published, regime.published)
    for table in v2_tables() if rung.spec.arch.grn else ():
        say()
        say_prose("Published", table.title, style="bold")
        say_table(columns(*table.heads), table.rows)
    say("\nNetwork", "bold")
    if rung.before:
        diagram = change_diagram(rung.before, rung.spec, (_previous(rung), rung.step))
    else:
        diagram = network_diagram(rung.spec)
    for line in diagram.splitlines():
        say(line, "yellow" if line.startswith(MARK) or f"   {MARK} " in line else "")


def _print_card(rung: Rung) -> None:
    regime = rung.spec.regime
    if not rung.before:
        say(f"{rung.step}: {rung.title}", "bold")
        say_prose("", f"Rung 0 of the {regime.name} regime, which ends in {regime.end}. Source: {regime.source}.")
        return
    step = get_step(rung.step)
    where = f"{step.source} section {step.section}" if step.section else step.source
    say(f"{step.id}: {step.title}", "bold")
    say(f"{step.status}; {where}; {regime.name} regime", "dim")
    card = step.card()
    say()
    say_prose("", card["what"])
    for name in ("why", "watch", "deviates"):
        if card[name]:
            say_prose(name.capitalize(), card[name][0].upper() + card[name][1:], indent=len("Deviates  "))


def _print_published(row: PublishedRow, regime: str) -> None:
    delta = _delta(row, regime)
    spread = f" ± {row.top1_std:.2f}" if row.top1_std is not None else ""
    change = f" ({signed(delta)} from {row.before})" if delta is not None else ""
    say(f"\nPublished, {regime} regime ({row.source})", "bold")
    say(f"top-1 {row.top1_text}{spread} %{change}; {row.gmacs_text} GMACs at 224 px")
    for text in (row.note, row.anomaly):
        if text:
            say_prose("Note", text[0].upper() + text[1:].rstrip(".") + ".", style="dim")
