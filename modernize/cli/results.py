"""`modernize results`: records listed, filtered, exported as a table, and merged from several machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli.console import note, say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, Replace, among, argument, complete_study, examples, option
from modernize.errors import ModernizeError, unknown_name
from modernize.words import NONE, plural

if TYPE_CHECKING:
    from modernize.results.record import Record

EXAMPLES = examples(
    "modernize results --study laptop-cifar10-subset --file runs.csv",
    "modernize results a/results b/results --merge results",
)
STATUSES = ("finished", "diverged", "failed")


def results(
    folders: Annotated[
        list[Path] | None, argument("FOLDER...", "Results folders, or folders of studies.", default="results")
    ] = None,
    study: Annotated[str, option("--study", "Of this study alone.", "NAME", complete_study, default="all")] = "",
    entry: Annotated[str, option("--entry", "Of this row alone.", "NAME", default="all")] = "",
    status: Annotated[
        str,
        option("--status", "Runs that ended so: finished, diverged or failed.", "S", among(*STATUSES), default="all"),
    ] = "",
    file: Annotated[
        Path | None, option("--file", "Also write them as a table, .csv or .parquet.", "FILE", default=False)
    ] = None,
    merge: Annotated[
        Path | None,
        option(
            "--merge", "Put records and plans into this results folder; nothing there changes.", "DIR", default=False
        ),
    ] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """List records of runs, in one or several folders.

    The same run with the same result counts once. Two results of one run are both listed, said so, and not merged.
    Trained weights stay where they are, under runs/.
    """
    from modernize.results.files import refuse_existing
    from modernize.results.gathered import gather, write_table
    from modernize.results.gathered import merge as merge_into

    if status and status not in STATUSES:
        raise unknown_name("status", status, STATUSES)
    refuse_existing(file, replace=replace)
    gathered = gather(folders or [Path("results")], study=study, entry=entry, status=status)
    if json:
        say_json(gathered.rows())
    elif not (file or merge):
        _print([record for _, record in gathered.placed], set(gathered.conflicts))
    if file:
        write_table(gathered.rows(), file)
        say(str(file))
    if not merge:
        for run_id, paths in gathered.conflicts.items():
            note(f"{run_id}: {' and '.join(map(str, paths))} have different results of the same run", "red")
        return
    number, left_out = merge_into(gathered, merge)
    say(f"{plural(number, 'record')} new in {merge}")
    for line in left_out:
        note(line, "red")
    if left_out:
        raise ModernizeError(
            f"{plural(len(left_out), 'conflict')} named above, left out; everything else is in {merge}."
        )


def _print(records: list[Record], conflicts: set[str]) -> None:
    rows = [
        (
            record.study,
            record.entry.name,
            f"{record.seed}",
            f"{record.status}{' (conflict)' * (record.run_id in conflicts)}",
            record.metric.text(record.value) if record.value is not None else NONE,
            record.finished_at[:16].replace("T", " "),
            record.run_id,
            record.hardware.device if record.hardware.device != "cpu" else record.hardware.processor,
        )
        for record in records
    ]
    styles = ["" if record.status == "finished" else "red" for record in records]
    say_table(columns("study", "entry", "seed>", "status", "result>", "finished", "run", "on..."), rows, styles)
    say(f"\n{plural(len(records), 'record')}")
