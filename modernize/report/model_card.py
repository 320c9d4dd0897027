"""The model card: what stands beside an exported network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modernize.entry import model_of
from modernize.external import External
from modernize.metrics import METRICS
from modernize.models.description import Description
from modernize.report.machines import execution_text, hardware_text
from modernize.report.recipe_words import recipe_text
from modernize.report.render import template
from modernize.results.record import Record
from modernize.run.recipe_changes import recipe_changes


def model_card(name: str, description: Description, record: Record | None, *, weights: str, usage: str) -> str:
    """Write a card in Markdown: what it is, how it was trained and measured, and how it is used.

    Args:
        name: Of the network.
        description: What it is, its class names and its preprocessing.
        record: Of the run that trained it, if one did here.
        weights: Where its weights come from, in words.
        usage: How the file beside the card is loaded.
    """
    metrics = record.result.metrics if record else {}
    known = {metric.name: metric for its in METRICS.values() for metric in its}
    return template("model_card.md.j2").render(
        measured={known[name].title: known[name].text(value) for name, value in metrics.items()},
        name=name,
        description=description,
        weights=weights,
        usage=usage,
        record=record,
        run=_run(record) if record else {},
        library=isinstance(description.model, External),
    )


def _run(record: Record) -> Mapping[str, Any]:
    """Return a run in words, by what they are about."""
    layer_scale = not isinstance(model_of(record.model), External) and bool(record.arch.get("layer_scale"))
    changes = recipe_changes(record)
    return {
        "Network": f"{record.entry.title}: {record.cost.num_params:,} parameters, {record.cost.macs:,} MACs an image",
        "Recipe": recipe_text(record.trained_recipe, layer_scale=layer_scale),
        "Against the published recipe": "; ".join(changes) or "no changes",
        "Data": f"{record.data.name}, {record.data.num_train_images:,} training images ({record.data.note})",
        "Seed": record.seed,
        "Hardware": hardware_text(record.hardware),
        "Arithmetic": execution_text(record),
        "Versions": ", ".join(f"{name} {version}" for name, version in record.versions.items()),
        "Commit": record.commit or "none: no repository",
    }
