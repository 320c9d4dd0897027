"""`modernize studies`: the built-in studies, or one study in full."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, Out, argument, complete_builtin_study, examples, option
from modernize.external import External
from modernize.metrics import primary
from modernize.words import NONE, duration, macs_text, macs_unit, spans

if TYPE_CHECKING:
    from modernize.entry import Entry
    from modernize.run.described import Described

EXAMPLES = examples("modernize studies", "modernize studies cifar10-stem --budget small")
LATER = "counted when it runs"
GUESSED = "* a guess from counted work; where this machine has records, the time follows from their speed."


def studies(
    study: Annotated[
        str,
        argument("STUDY", "A built-in study, or a study file; all built-in ones by default.", complete_builtin_study),
    ] = "",
    budget: Annotated[str, option("--budget", "Under this budget.", "NAME", default="the study's")] = "",
    out: Out = Path(),
    json: Json = False,
) -> None:
    """List the built-in studies: what they ask, their rows, what they cost and how long they take here.

    With a name, show its rows, what is compared with what, and the published values.
    """
    from modernize.results.store import load_records
    from modernize.run.config import merged, read_study_file
    from modernize.run.described import describe
    from modernize.studies.builtin import builtin_studies, study_path

    records = load_records(out / "results").records
    explicit = {"budget": budget} if budget else {}
    paths = {study: study_path(study)} if study else builtin_studies()
    told = {name: describe(merged(read_study_file(path), explicit, path.stem), records) for name, path in paths.items()}
    if json:
        facts = [_facts(name, one) for name, one in told.items()]
        say_json(facts[0] if study else facts)
    elif study:
        _show(study, told[study])
    else:
        _list(told)


def _list(told: dict[str, Described]) -> None:
    rows = [
        (
            name,
            f"{len(one.entries)}",
            _range([one.num_params[entry.name] for entry in one.entries], 1e6),
            _range([one.macs[entry.name] for entry in one.entries], 1e9),
            f"{len(one.references)}",
            f"{one.request.data.partition(':')[0]}, {one.budget.name}",
            _time(one),
            one.request.definition.title,
        )
        for name, one in told.items()
    ]
    heads = ("study", "rows>", "parameters, M>", "GMACs>", "published>", "data, budget", "time here>", "what...")
    say_table(columns(*heads), rows)
    say_prose("", f"{GUESSED} `modernize studies STUDY` shows one; `modernize run STUDY` runs it.", style="dim")


def _show(name: str, one: Described) -> None:

    request, definition = one.request, one.request.definition
    margin = definition.equivalence_margin
    within = f"within {primary(one.entries[-1].recipe.objective).difference(margin)}" if margin else ""
    say(definition.title or name, "bold")
    for title, text in (
        ("asks", definition.about),
        ("expected", definition.expectation),
        ("the same", within),
        ("data", request.data),
        ("budget", f"{one.budget.name}: {one.budget.what}"),
        ("others", ", ".join(other for other in definition.budgets if other != one.budget.name)),
        ("seeds", spans(request.seeds)),
        ("recipe", f"{_recipes(one)}; `modernize show {one.entries[-1].recipe.name}` gives each field's source"),
        ("time here", _time(one)),
        ("run it", f"modernize run {name}{'' if one.budget.name == 'full' else f' --budget {one.budget.name}'}"),
    ):
        if text:
            say_prose(title, text, indent=11)
    say()
    unit, size = macs_unit(macs or 0 for macs in one.macs.values())
    rows = []
    for entry in one.entries:
        macs, num_params = one.macs[entry.name], one.num_params[entry.name]
        cells = (LATER, "") if macs is None or num_params is None else (macs_text(macs, size), f"{num_params:,}")
        rows.append((entry.name, entry.role, *cells, "; ".join(filter(None, (_what(entry), entry.note)))))
    say_table(columns("entry", "role", f"{unit}>", "parameters>", "what..."), rows)
    if one.contrasts:
        say("\nContrasts", "bold")
        say_prose("", "; ".join(f"{first} against {second}" for first, second in one.contrasts))
    if definition.predictions:
        say("\nPredicted", "bold")
        say_prose("", "; ".join(map(str, definition.predictions)))
    if one.references:
        say("\nPublished", "bold")
        published = [
            (
                reference.entry,
                f"{reference.value:.2f}{'' if reference.std is None else f' ± {reference.std:.2f}'}",
                reference.data,
                reference.source,
            )
            for reference in one.references
        ]
        say_table(columns("entry", "top-1 %>", "data", "source..."), published)
    if not one.measured:
        say_prose("", GUESSED, style="dim")


def _what(entry: Entry) -> str:
    return f"{entry.title}, {entry.model}" if isinstance(entry.model, External) else entry.title


def _recipes(one: Described) -> str:
    return ", ".join(dict.fromkeys(entry.recipe.name for entry in one.entries))


def _range(counts: list[int | None], unit: float) -> str:
    """Smallest and largest of those that are counted."""
    known = [count for count in counts if count is not None]
    ends = [f"{count / unit:.2g}" if count < 10 * unit else f"{count / unit:.0f}" for count in (min(known), max(known))]
    return " to ".join(dict.fromkeys(ends))


def _time(one: Described) -> str:
    return NONE if one.seconds is None else f"{duration(one.seconds)}{'' if one.measured else '*'}"


def _facts(name: str, one: Described) -> dict[str, Any]:
    definition = one.request.definition
    return {
        "name": name,
        "title": definition.title,
        "about": definition.about,
        "expectation": definition.expectation,
        "equivalence_margin": definition.equivalence_margin,
        "data": one.request.data,
        "budget": one.budget.name,
        "budgets": list(definition.budgets),
        "seeds": one.request.seeds,
        "entries": [
            {
                "name": entry.name,
                "title": entry.title,
                "role": entry.role,
                "model": {"external": str(entry.model)} if hasattr(entry.model, "library") else asdict(entry.model),
                "recipe": entry.recipe.name,
                "macs": one.macs[entry.name],
                "num_params": one.num_params[entry.name],
                "note": entry.note,
            }
            for entry in one.entries
        ],
        "contrasts": one.contrasts,
        "predictions": [asdict(prediction) for prediction in definition.predictions],
        "references": [asdict(reference) for reference in one.references],
        "seconds": one.seconds,
        "seconds_measured": one.measured,
    }
