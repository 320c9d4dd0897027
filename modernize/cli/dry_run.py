"""What `modernize run --dry-run` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modernize.cli.console import say, say_prose, say_table
from modernize.cli.layout import columns
from modernize.external import CONVENTION
from modernize.words import duration, macs_unit, plural, spans

if TYPE_CHECKING:
    from modernize.run.plan import Plan
    from modernize.run.request import RunRequest


def print_plan(plan: Plan, request: RunRequest) -> None:
    """Print rungs, costs, what is done already, how recipes are shortened, and how long the rest will take.

    Args:
        plan: Of the request.
        request: Its `out` and `repeat` are read.
    """
    from modernize.results.store import find_finished, load_records
    from modernize.run.estimate import estimate
    from modernize.run.placement import execution_words
    from modernize.run.run_study import RESULTS

    study, data, results = plan.study, plan.tasks[0].data, request.out / RESULTS
    done = {} if request.repeat else find_finished({task.run_id for task in plan.tasks}, results)
    todo = [task for task in plan.tasks if task.run_id not in done]
    jobs = min(plan.placement.jobs, max(1, len(todo)))
    expected = estimate(todo, load_records(results).records, jobs)
    epochs = {task.run_id: task.budget.epochs for task in plan.tasks}

    say(study.name, "bold")
    say_prose(
        "",
        f"{study.size} ({spans(study.seeds)}); "
        f"{data.num_train_images:,} training"
        f"{f', {data.num_val_images:,} validation' if data.num_val_images else ''} "
        f"and {data.num_test_images:,} test images of {data.name} at {data.image_size} px, "
        f"{data.num_classes} classes; budget {study.budget}",
    )
    if study.rounds:
        after = ", ".join(map(str, study.rounds))
        say_prose("", f"in rounds, after {after} seeds: what is decided by then gets no more")
    if study.attribution:
        say_prose("", f"shares out all minus none among {', '.join(study.attribution.names)}: {study.attribution.over}")
    for what in plan.missing:
        say_prose("not here:", what, style="yellow")
    say_prose("", f"on {execution_words(plan.tasks, plan.placement.gpus)}")
    say()
    unit, size = macs_unit(rung.macs for rung in study.entries)
    rows = []
    for rung in study.entries:
        open_runs = [run_id for run_id in rung.run_ids if run_id not in done]
        rows.append(
            (
                rung.name,
                f"{rung.macs / size:.3f}",
                f"{rung.num_params:,}",
                f"{epochs[rung.run_ids[0]]}",
                f"{len(rung.run_ids) - len(open_runs)} of {len(rung.run_ids)}",
                duration(sum(expected.run_seconds[run_id] for run_id in open_runs)) if open_runs else "-",
            )
        )
    say_table(columns(study.noun, f"{unit}>", "parameters>", "epochs>", "runs done>", "time left>"), rows)
    others = [entry for entry in study.entries if entry.model]
    for entry in others:
        say_prose("", f"{entry.name}: {entry.model}{f', {entry.note}' if entry.note else ''}")
    if others:
        say_prose("", f"{unit} of {', '.join(entry.name for entry in others)}: {CONVENTION}.", style="dim")
    say("\nRecipes as trained", "bold")
    for title, changes in _recipes(plan).items():
        say(title)
        for change in changes or ("as printed",):
            say_prose("  -", change, indent=5)
    say()
    if todo:
        runs = f"{len(todo)} of {plural(len(plan.tasks), 'run')}"
        say(f"{runs} to do, {jobs} at a time: about {duration(expected.seconds)} of training")
        say_prose("", f"Time: {expected.basis}.", style="dim")
    else:
        say("every run is done already: nothing to train")


def _recipes(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Group the rungs by how their recipe is shortened: a heading, and the changes in sentences."""
    from modernize.run.recipe_changes import recipe_changes

    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for task in plan.tasks:
        steps = groups.setdefault((str(task.recipe["name"]), recipe_changes(task)), [])
        if task.entry.name not in steps:
            steps.append(task.entry.name)
    return {
        f"{name} ({steps[0]}{f' to {steps[-1]}' if len(steps) > 1 else ''})": changes
        for (name, changes), steps in groups.items()
    }
