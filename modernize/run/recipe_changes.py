"""What was made of a recipe before it trained, in sentences: by the budget, by the data, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from modernize.overrides import OF_OUR_NETWORKS
from modernize.results.record import Run
from modernize.spec import Recipe
from modernize.toml import toml_literal
from modernize.train.budget import PAYS_LATE
from modernize.words import plural

_DEFAULTS = asdict(Recipe())


def recipe_changes(run: Run) -> tuple[str, ...]:
    """Say how a run's recipe differs from the published one, and why.

    Args:
        run: Planned or done. Its record may be of another version: fields that it lacks were at their defaults.
    """
    recipe, trained = (_DEFAULTS | {k: _plain(v) for k, v in r.items()} for r in (run.recipe, run.trained_recipe))
    given, cut_from, start = run.budget.given, run.budget.cut_from, run.starts_from
    others = "external" in run.model
    if others:
        recipe |= {name: trained[name] for name in OF_OUR_NETWORKS}
    sentences = _shortened(recipe, trained)
    if others:
        sentences.append("stochastic depth and LayerScale are the network's own, not the recipe's")
    if cut_from is not None:
        rate = "stays as set by hand" if "recipe.lr" in given else "is cut in proportion"
        batch = f"it is {trained['batch_size']}, and the learning rate {rate}"
        sentences.append(f"too few training images for a batch of {cut_from}: {batch}")
    if given:
        by_hand = (
            f"{name} = {toml_literal(value)}{' at the base' * name.startswith('arch.')}"
            for name, value in given.items()
        )
        sentences.append(f"set by hand: {', '.join(by_hand)}")
    if start.file:
        digest = f" (SHA-256 {start.sha256[:16]}...)" if start.sha256 else ""
        sentences.append(f"starts from the weights in {start.file}{digest}")
    return tuple(sentences)


def _shortened(recipe: Mapping[str, Any], short: Mapping[str, Any]) -> list[str]:
    """Say what a budget did."""

    def differs(name: str) -> bool:
        return bool(recipe[name] != short[name])

    lengths = (
        f"{plural(recipe['epochs'], 'epoch')} -> {short['epochs']}" if differs("epochs") else "",
        f"batch {recipe['batch_size']} -> {short['batch_size']}" if differs("batch_size") else "",
        f"peak learning rate {recipe['lr']:g} -> {short['lr']:g}" if differs("lr") else "",
    )
    shifts = f"shifts of up to {short['shift_pixels']} px"
    instead = f"random resized crops -> {shifts if short['shift_pixels'] else 'none'}"
    crops = (
        instead if differs("random_resized_crop") else "",
        shifts if differs("shift_pixels") and not differs("random_resized_crop") else "",
        "no mirroring, which would change the class of some images" if differs("horizontal_flip") else "",
    )
    off = [words for name, (_, words) in PAYS_LATE.items() if differs(name)]
    sentences = ["; ".join(filter(None, lengths)), "; ".join(filter(None, crops))]
    if recipe["schedule"] == "step" and differs("epochs") and set(recipe["step_factors"]) != {1.0}:
        if differs("step_epochs") or differs("step_every_epochs"):
            sentences.append("the learning rate still falls at the same shares of training")
        elif not recipe["step_epochs"] and not recipe["step_every_epochs"]:
            fall = "falls to a tenth" if recipe["step_factors"] == (0.1,) else "changes"
            sentences.append(f"the learning rate still {fall} after each third of training")
    if differs("warmup_epochs"):
        sentences.append(
            f"{recipe['schedule']} schedule kept, "
            f"warmup {plural(recipe['warmup_epochs'], 'epoch')} -> {short['warmup_epochs']:g}"
        )
    if len(off) > 1:
        sentences.append(f"{', '.join(off[:-1])} and {off[-1]} are off: they pay in long training only")
    elif off:
        sentences.append(f"{off[0]} is off: it pays in long training only")
    if differs("layer_scale_init"):
        sentences.append(
            f"LayerScale starts at {short['layer_scale_init']:g} instead of {recipe['layer_scale_init']:g}, "
            "which would keep the branches switched off for most of a short run"
        )
    if short["ema_decay"]:
        sentences.append(f"evaluated is the moving average of the weights (EMA, decay {short['ema_decay']:g})")
    return [sentence for sentence in sentences if sentence]


def _plain(value: Any) -> Any:
    """A list of a file is a tuple of a recipe."""
    return tuple(value) if isinstance(value, list) else value
