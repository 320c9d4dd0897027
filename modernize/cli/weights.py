"""`modernize weights`: the trained weights that runs left, and their removal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli.console import note, say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, Out, complete_study, examples, option
from modernize.errors import unknown_name
from modernize.words import plural

if TYPE_CHECKING:
    from modernize.results.artifact import Artifact

EXAMPLES = examples("modernize weights", "modernize weights --study laptop-cifar10-subset --free")


def weights(
    study: Annotated[
        str,
        option("--study", "Of this study alone.", "NAME", complete_study, default="all"),
    ] = "",
    out: Out = Path(),
    free: Annotated[bool, option("--free", "Remove the files listed; records and reports stay.")] = False,
    json: Json = False,
) -> None:
    """List the trained weights under runs/: of which run, how large, and whether they are as their record says.

    `modernize run --weights run:ID` starts from them.
    """
    from modernize.results.artifact import artifacts, clear_run
    from modernize.results.store import find_studies, load_records

    results = out / "results"
    studies = find_studies(results)
    if study and study not in studies:
        raise unknown_name("study", study, studies)
    kept = list(artifacts(load_records(studies[study] if study else results).records, out))
    if free:
        freed = [one for one in kept if one.state != "gone"]
        for folder in {one.path.parent for one in freed}:
            clear_run(folder, keep_weights=False)
        note(f"freed {_size(sum(one.about.num_bytes for one in freed))} in {plural(len(freed), 'file')}")
    elif json:
        say_json([_facts(one) for one in kept])
    else:
        _print(kept)


def _facts(one: Artifact) -> dict[str, object]:
    return {
        "run_id": one.record.run_id,
        "study": one.record.study,
        "entry": one.record.entry.name,
        "seed": one.record.seed,
        one.record.metric.name: one.record.value,
        "file": str(one.path),
        "num_bytes": one.about.num_bytes,
        "sha256": one.about.sha256,
        "state": one.state,
    }


def _print(kept: list[Artifact]) -> None:
    rows = [
        (
            f"run:{one.record.run_id}",
            one.record.study,
            one.record.entry.name,
            f"{one.record.seed}",
            one.record.metric.text(one.record.value or 0.0),
            one.about.file,
            _size(one.about.num_bytes),
            one.state,
        )
        for one in kept
    ]
    if not rows:
        say("no run here kept weights")
        return
    styles = ["" if one.state == "kept" else "dim" for one in kept]
    heads = columns("run", "study", "entry", "seed>", "result>", "file", "size>", "state")
    say_table(heads, rows, styles)
    say(f"{plural(len(rows), 'file')}, {_size(sum(one.about.num_bytes for one in kept if one.state != 'gone'))}")


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:,.1f} MB"
