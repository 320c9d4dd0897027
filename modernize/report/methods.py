"""The methods section: only what the records say, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modernize.metrics import MASKED_RECONSTRUCTION, Metric
from modernize.report.facts import Header
from modernize.report.machines import execution_text, machine_notes
from modernize.report.roles import noun_of, nouns_of, on_paper_ladder
from modernize.report.rows import Row, all_contrasts, chosen_epoch, records_of
from modernize.results.record import Record
from modernize.results.statistics import LEVEL
from modernize.results.study import Study
from modernize.run.recipe_changes import recipe_changes
from modernize.spec import ALL_GROUPS
from modernize.words import listed, noun, plural

# A clause of a recipe: the field, and what is said of its value; "" says nothing.
_CLAUSES: tuple[tuple[str, Callable[[Any, Mapping[str, Any]], str]], ...] = (
    ("objective", lambda v, r: _masked(r) if v == MASKED_RECONSTRUCTION else ""),
    ("optimizer", lambda v, r: _optimizer(v, r)),
    ("lr", lambda v, _: f"peak learning rate {v:g}"),
    ("schedule", lambda v, r: _schedule(v, r)),
    ("weight_decay", lambda v, r: f"weight decay {v:g}{'' if r.get('decay_norm_and_bias') else _UNDECAYED}"),
    ("epochs", lambda v, _: plural(v, "epoch")),
    ("batch_size", lambda v, _: f"batch {v}"),
    ("rand_augment", lambda v, _: f"RandAugment {v}" if v else ""),
    ("random_resized_crop", lambda v, _: "random resized crops" if v else ""),
    ("shift_pixels", lambda v, _: f"random shifts of up to {v} px" if v else ""),
    ("horizontal_flip", lambda v, _: "horizontal flips" if v else ""),
    ("color_jitter", lambda v, _: f"colour jitter {v:g}" if v else ""),
    ("brightness", lambda v, _: f"brightness jitter {v:g}" if v else ""),
    ("mixup", lambda v, _: f"mixup {v:g}" if v else ""),
    ("cutmix", lambda v, _: f"CutMix {v:g}" if v else ""),
    ("random_erasing", lambda v, _: f"random erasing {v:g}" if v else ""),
    ("label_smoothing", lambda v, _: f"label smoothing {v:g}" if v else ""),
    (
        "stochastic_depth",
        lambda v, _: f"stochastic depth {_each(v)}{' by stage' * isinstance(v, Sequence)}" if v else "",
    ),
    ("dropout", lambda v, _: f"dropout {v:g}" if v else ""),
    ("clip_grad_norm", lambda v, _: f"gradient norms clipped at {v:g}" if v else ""),
    ("ema_decay", lambda v, _: f"moving average of the weights {v:g}" if v else ""),
    ("eval_crop_ratio", lambda v, _: f"evaluation on the central {v:g} of the image" if v != 1 else ""),
    ("mean", lambda v, _: "images normalised as those of the weights it starts from" if v else ""),
    ("new_head", lambda v, _: "a new classifier" if v else ""),
    ("freeze_groups", lambda v, r: _frozen(v, r) if v else ""),
    ("layer_decay", lambda v, _: f"rate times {v:g} from a group of layers to the one below" if v and v < 1 else ""),
    ("patience", lambda v, _: f"at an end after {plural(v, 'epoch')} without a better one" if v else ""),
    ("eval_crop_mode", lambda v, _: "image files squashed to squares, not cropped" if v == "squash" else ""),
)
_UNDECAYED = " (none on norms and biases)"
# Which networks of other libraries do not read.
_OURS = ("stochastic_depth", "layer_scale_init")
KERNEL_PROBES = ("kernel-5", "kernel-9", "kernel-11")


def methods(study: Study, rows: Sequence[Row], facts: Header) -> tuple[tuple[str, str], ...]:
    """Describe how the numbers came about.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        facts: The study's header.

    Returns:
        Label and text of each paragraph.
    """
    records = records_of(rows)
    found: list[tuple[str, str]] = [("Data", f"{line}.") for line in facts.data]
    found.append(("Evaluation", _evaluation(records, study.metric)))
    found += [("Recipe", line) for line in _recipes(study, rows)]
    found += [("Budget", f"{line}.") for line in facts.budget]
    found.append(("Seeds", f"{facts.seeds}."))
    found.append(("Statistics", _statistics(study, rows)))
    found += [("Hardware", f"{line}.") for line in facts.hardware]
    found += [("Execution", f"{line}.") for line in dict.fromkeys(map(execution_text, records))]
    found += [("Software", f"{line}.") for line in facts.versions]
    found.append(("Code", _code(facts.commits)))
    if changed := sum(len(row.other_code) for row in rows):
        found.append(
            ("Other code", f"trained by code that has changed since: {changed:,} of {plural(len(records), 'run')}.")
        )
    found += [("Not alike", note) for note in machine_notes(records)]
    if lacking := not_done(study, rows, records):
        found.append(("Not done", " ".join(lacking)))
    return tuple(found)


def not_done(study: Study, rows: Sequence[Row], records: Sequence[Record]) -> tuple[str, ...]:
    """List what a reader might take for granted and the records do not have."""
    trained = [record.trained_recipe for record in records]
    sentences = []
    paper = on_paper_ladder(study, rows)
    if paper and any(record.data.num_classes != 1000 for record in records):
        sentences.append("Nothing was evaluated on ImageNet-1K, which the published numbers are measured on.")
    short = sum(record.budget.epochs < int(record.recipe.get("epochs", 0)) for record in records)
    if short:
        which = "No run" if short == len(records) else f"{plural(len(records) - short, 'run')} of {len(records)}"
        sentences.append(f"{which} trained for as long as its recipe says.")
    if len(study.seeds) == 1:
        sentences.append(f"No {noun_of(rows)} was trained more than once, so no spread over seeds is known.")
    if not any(record.data.num_val_images or record.curves.split == "val" for record in records):
        sentences.append("No validation split was held out.")
    if all(not float(recipe.get("ema_decay", 0.0)) for recipe in trained):
        like = ", as on the paper's roadmap" if paper else ""
        sentences.append(f"Weights were not averaged (no EMA){like}.")
    steps = {row.step for row in rows}
    if paper and "kernel-7" in steps and not steps & set(KERNEL_PROBES):
        sentences.append("The kernel sizes that the paper tried beside 7 (5, 9 and 11) were not run.")
    if resumed := sum(record.num_resumes > 0 for record in records):
        sentences.append(f"{plural(resumed, 'run')} did not go through in one piece, but resumed from a checkpoint.")
    return tuple(sentences)


def recipe_text(recipe: Mapping[str, Any], *, layer_scale: bool) -> str:
    """Describe a recipe as it was trained; what is off is not named."""
    clauses = [say(recipe[field], recipe) for field, say in _CLAUSES if field in recipe]
    if layer_scale and "layer_scale_init" in recipe:
        clauses.append(f"LayerScale from {recipe['layer_scale_init']:g}")
    return ", ".join(filter(None, clauses))


def _recipes(study: Study, rows: Sequence[Row]) -> list[str]:
    """One line for each recipe as it was trained, naming the rows it holds for."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        for record in list(row.records.values())[:1]:
            recipe = record.trained_recipe
            if row.planned.model:
                recipe = {field: value for field, value in recipe.items() if field not in _OURS}
            text = recipe_text(recipe, layer_scale=bool(record.arch.get("layer_scale")))
            groups.setdefault((str(recipe.get("name", "")), text, recipe_changes(record)), []).append(row)
    whose = "published recipe" if on_paper_ladder(study, rows) else "recipe as asked for"
    lines = []
    for (name, text, changes), alike in groups.items():
        same = ", the same values for all" if len(alike) > 1 else ""
        against = f" Against the {whose}: {'; '.join(changes)}." if changes else f" This is the {whose}."
        lines.append(f"{name} ({_span(alike)}{same}), as trained: {text}. {against}")
    return lines


def _span(rows: Sequence[Row]) -> str:
    """Name a run of rows."""
    names = [row.step for row in rows]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]}, {len(names)} {nouns_of(rows)}"


def _masked(recipe: Mapping[str, Any]) -> str:
    over = " (GRN's norm over the whole batch, as the authors' code pre-trains and the paper does not)"
    return (
        f"masked reconstruction without labels, {100 * recipe['mask_ratio']:g} % of the patches hidden"
        f"{over if recipe['grn_over'] == 'batch' else ''} (MACs and parameters are counted with a classifier, not with "
        "the decoder)"
    )


def _optimizer(name: str, recipe: Mapping[str, Any]) -> str:
    if name == "sgd":
        return f"SGD with momentum {recipe.get('momentum', 0):g}"
    betas = ", ".join(f"{beta:g}" for beta in recipe.get("betas", ()))
    return f"AdamW with betas ({betas}) and eps {recipe.get('eps', 0):g}" if name == "adamw" else name


def _schedule(name: str, recipe: Mapping[str, Any]) -> str:
    warmup = recipe.get("warmup_epochs", 0)
    after = f" after {plural(float(warmup), 'epoch')} of linear warmup" if warmup else ""
    if name == "cosine":
        return f"cosine schedule to {recipe.get('min_lr', 0):g}{after}"
    if name != "step":
        return name
    factors = recipe.get("step_factors", [0.1])
    if set(factors) == {1.0}:
        return f"constant learning rate{after}"
    how = "divided by 10" if [*factors] == [0.1] else f"multiplied by {_each(factors)}"
    when = "after each third of training"
    if epochs := recipe.get("step_epochs"):
        when = f"after {_each(epochs)} epochs"
    elif every := recipe.get("step_every_epochs"):
        when = f"every {every:g} epochs"
    return f"learning rate {how} {when}{after}"


def _frozen(groups: int, recipe: Mapping[str, Any]) -> str:
    which = f"the first {plural(groups, 'group')} of layers" if groups < ALL_GROUPS else "all layers but the classifier"
    until = recipe.get("unfreeze_epoch")
    how_long = f" for {plural(until, 'epoch')}" if until else ""
    return f"{which} frozen{how_long}"


def _each(value: float | Sequence[float]) -> str:
    return ", ".join(f"{each:g}" for each in (value if isinstance(value, Sequence) else [value]))


def _evaluation(records: Sequence[Record], metric: Metric) -> str:
    held_out = [record for record in records if record.curves.split == "val"]
    epoch = chosen_epoch(records)
    last = f"The result is the {metric.title} of {epoch}{', whichever was best' * (epoch == 'the last epoch')}."
    looked = "The test images were evaluated after each epoch, for the curves."
    if not held_out:
        return f"{last} {looked}"
    once = "A validation split was evaluated after each epoch, and the test images once, at the end."
    if len(held_out) == len(records):
        return f"{last} {once}"
    return f"{last} In {plural(len(held_out), 'run')}: {once} In the others: {looked}"


def _statistics(study: Study, rows: Sequence[Row]) -> str:
    if not any(row.value and row.value.n > 1 for row in rows):
        return "One seed: means without spread, differences without test."
    means = "Means over seeds with the sample standard deviation (n - 1)."
    if not any(one.delta and one.delta.n > 1 for one in all_contrasts(rows)):
        return f"{means} No differences are tested."
    each, over = ("step", "the ladder") if noun_of(rows) == "rung" else ("contrast", "all contrasts")
    return (
        f"{means} Each {each}: differences paired by seed, their "
        f"95 % t interval, and a two-sided paired t test at {100 * LEVEL:.0f} %, Holm-corrected over {over}."
        f"{_spending(study)}"
    )


def _spending(study: Study) -> str:
    """Say which rule ended the rounds of a study's seeds; "" where there are none."""
    if not study.rounds:
        return ""
    return (
        f" Seeds came in rounds, after which a contrast that was decided got no more: alpha spending, at most "
        f"{len(study.rounds)} looks (after {listed(map(str, study.rounds))} seeds), each of which may spend the share "
        "of the 5 % that its new seeds are of all; p-values are divided by that share and the smallest counts, before "
        "Holm's correction. Deltas are over the seeds until the last look; intervals that stand alone do not know of "
        "the other looks."
    )


def _code(commits: Sequence[str]) -> str:
    dirty = " +dirty: the source tree had changes that are in no commit." if any("dirty" in c for c in commits) else ""
    return f"{noun(len(commits), 'commit')} {listed(commits)}.{dirty}"
