"""The same name again: a study may grow, but loses a run that was done only where the user says so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from modernize.errors import DiskError, MissingResultsError, ModernizeError
from modernize.results.record import Record
from modernize.results.store import load_records, load_study
from modernize.results.study import PlannedEntry, Study
from modernize.run.placement import Placement
from modernize.run.plan import Plan, plan_study
from modernize.run.request import RunRequest
from modernize.run.run_record import asked
from modernize.run.task import Task
from modernize.words import spans

MOST_DIFFERENCES = 4
_OF_STUDY = ("regime", "data", "budget", "image_size")
_OF_DATA = ("fingerprint", "num_train_images", "num_test_images", "num_val_images")
_OF_EXECUTION = ("device", "precision", "num_devices", "compiled", "cuda_graphs", "deterministic")


def plan_again(request: RunRequest, results: Path, placement: Placement | None = None, *, here: bool = True) -> Plan:
    """Lay out a request (see `plan_study`) in view of the study of that name which may be there already.

    Args:
        request: With `extend`, its seeds and rungs join those of the study; with `replace`, they take their place.
        results: Folder of results.
        placement: See `plan_study`.
        here: See `plan_study`. What is missing here cannot be compared with what was done.

    Raises:
        ModernizeError: If runs that are done would leave the study and the request does not say so, what it asks does
            not fit together, or the plan that is there cannot be read.
    """
    plan = plan_study(request, placement, here=here)
    if plan.missing:
        return plan
    try:
        before = load_study(results / plan.study.name)
    except MissingResultsError:
        return plan
    except DiskError:
        raise
    except ModernizeError as error:
        if request.replace:
            return plan
        raise ModernizeError(f"{error} --replace puts a new plan in its place.") from error
    if not request.replace:
        _refuse_other_rounds(before, plan.study)
        _refuse_other_predictions(before, plan.study, results)
    if request.extend:
        plan = plan_study(replace(request, seeds=tuple(sorted({*before.seeds, *request.seeds}))), placement)
        plan = replace(plan, study=_joined(before, plan, results))
    dropped = _dropped(before, plan.study, results)
    if dropped and not request.replace:
        raise _refusal(before, plan, dropped)
    return plan if dropped or plan.study.note else replace(plan, study=replace(plan.study, note=before.note))


def _refuse_other_rounds(before: Study, now: Study) -> None:
    """Refuse to look at seeds at other times than was planned: that would cost the error rate that was promised."""
    then, today = (study.rounds or (len(study.seeds),) for study in (before, now))
    if then != today and (before.rounds or (now.rounds and then[0] != today[0])):
        said = " and ".join(f"after {', '.join(map(str, rounds))} seeds" for rounds in (then, today))
        raise ModernizeError(
            f"the study '{now.name}' is there with other looks at its seeds ({said}); its error rate holds for those "
            "that were planned. --replace puts this one in its place, another --name keeps both."
        )


def _refuse_other_predictions(before: Study, now: Study, results: Path) -> None:
    """Refuse to say otherwise, now that there are results, what was predicted of them."""
    shared = {entry.name for entry in before.entries} & {entry.name for entry in now.entries}
    changed = [one for one in {*before.predictions} ^ {*now.predictions} if one.names <= shared]
    if changed and load_records(results, _ids(before)).records:
        raise ModernizeError(
            f"the study '{now.name}' has results, and predictions other than these ({min(map(str, changed))}); they "
            "stand as they were written before. --replace puts these in their place, another --name keeps both."
        )


def _dropped(before: Study, now: Study, results: Path) -> tuple[Record, ...]:
    """Return the records of ended runs that are in one plan and not in the other."""
    gone = _ids(before) - _ids(now)
    loaded = load_records(results, gone).records if gone else ()
    ended = {record.run_id: record for record in loaded if record.status != "failed"}
    return tuple(ended.values())  # once each, though other studies hold copies


def _ids(study: Study) -> set[str]:
    return {run_id for rung in study.entries for run_id in rung.run_ids if run_id}


def _joined(before: Study, plan: Plan, results: Path) -> Study:
    """Return a study with the rungs and seeds of both, where a rung that both have is trained alike."""
    now = plan.study
    old, new = ({rung.name: rung for rung in study.entries} for study in (before, now))
    if not old.keys() & new.keys():
        raise ModernizeError(
            f"study '{now.name}' has none of these rungs, so nothing shows that they would be trained as its own are; "
            "ask for one of them too, or choose another --name."
        )
    for step in old.keys() & new.keys():
        then = _by_seed(before, old[step])
        if any(then[seed] not in ("", run_id) for seed, run_id in _by_seed(now, new[step]).items() if seed in then):
            dropped = _dropped(before, now, results)
            raise _refusal(before, plan, dropped, "its rungs are trained otherwise, so these cannot be added to it")
    order = [*new] if old.keys() <= new.keys() else [*dict.fromkeys((*old, *new))]
    return replace(
        now,
        epochs=max(before.epochs, now.epochs),
        entries=tuple(new.get(step) or _at_seeds(now.seeds, old[step], before) for step in order),
        contrasts=tuple(dict.fromkeys((*before.contrasts, *now.contrasts))),
    )


def _at_seeds(seeds: Sequence[int], rung: PlannedEntry, before: Study) -> PlannedEntry:
    then = _by_seed(before, rung)
    return replace(rung, run_ids=tuple(then.get(seed, "") for seed in seeds))


def _by_seed(study: Study, rung: PlannedEntry) -> dict[int, str]:
    return dict(zip(study.seeds, rung.run_ids, strict=False))


def _refusal(before: Study, plan: Plan, dropped: Sequence[Record], why: str = "") -> ModernizeError:
    now, otherwise = plan.study, _otherwise(before, plan, dropped)
    options = [(name, getattr(before, name), getattr(now, name)) for name in _OF_STUDY]
    differences = [f"{name} {then} -> {today}" for name, then, today in options if then != today]
    if before.seeds != now.seeds:
        differences.append(f"seeds {spans(before.seeds)} -> {spans(now.seeds)}")
    old, new = ([rung.name for rung in study.entries] for study in (before, now))
    for word, steps in (("without", [s for s in old if s not in new]), ("with", [s for s in new if s not in old])):
        differences += [f"{word} {', '.join(steps)}"] if steps else []
    more = len(otherwise) - MOST_DIFFERENCES
    differences += [*otherwise[:MOST_DIFFERENCES], *([f"{more} more"] if more > 0 else [])]
    why = why or f"{len(dropped)} of its finished runs would no longer belong to it"
    extend = "" if otherwise else "--extend adds to it, "
    return ModernizeError(
        f"the study '{now.name}' is there with other options, and {why}: {'; '.join(differences)}. "
        f"{extend}--replace puts this one in its place, another --name keeps both."
    )


def _otherwise(before: Study, plan: Plan, dropped: Iterable[Record]) -> list[str]:
    """Say what is different about a run of the same rung, whatever its seed."""
    tasks = {task.run_id: task for task in plan.tasks}
    new = {entry.name: tasks[entry.run_ids[-1]] for entry in plan.study.entries if entry.run_ids[-1] in tasks}
    names = {run_id: entry.name for entry in before.entries for run_id in entry.run_ids}
    for record in dropped:
        if task := new.get(names[record.run_id]):
            then, now = _facts(record), _facts(task)
            return [f"{name} {then.get(name)} -> {now[name]}" for name in now if then.get(name) != now[name]]
    return []


def _facts(run: Record | Task) -> dict[str, str]:
    execution = asdict(run.execution if isinstance(run, Record) else asked(run.runtime))
    parts = {
        "arch": run.model,
        "recipe": run.trained_recipe,
        "data": {name: getattr(run.data, name) for name in _OF_DATA},
        "starts_from": {"sha256": run.starts_from.sha256},
        "execution": {name: execution[name] for name in _OF_EXECUTION},
    }
    return {f"{part}.{name}": json.dumps(value) for part, facts in parts.items() for name, value in facts.items()}
