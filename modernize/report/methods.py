"""The methods section: only what the records say, in words."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.metrics import Metric
from modernize.report.facts import Header
from modernize.report.machines import execution_text, machine_notes
from modernize.report.recipe_words import recipe_text
from modernize.report.roles import noun_of, nouns_of, on_paper_ladder
from modernize.report.rows import Row, all_contrasts, chosen_epoch, records_of
from modernize.results.record import Record
from modernize.results.statistics import LEVEL
from modernize.results.study import Study
from modernize.run.recipe_changes import recipe_changes
from modernize.words import listed, noun, plural

# Which networks of other libraries do not read.
_OURS = ("stochastic_depth", "layer_scale_init")
KERNEL_PROBES = ("kernel-5", "kernel-9", "kernel-11")


def methods(study: Study, rows: Sequence[Row], facts: Header) -> tuple[tuple[str, str], ...]:
    """Describe how the numbers came about, beside what the head of a report says: data, budget, seeds, hardware.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        facts: The study's header.

    Returns:
        Label and text of each paragraph.
    """
    records = records_of(rows)
    found = [("Evaluation", _evaluation(records, study.metric))]
    found += [("Recipe", line) for line in _recipes(study, rows)]
    found.append(("Statistics", _statistics(study, rows)))
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
