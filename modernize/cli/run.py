"""`modernize run`: the main job."""

# ruff: noqa: ARG001 - the options are read from the context, which knows whether the user gave them

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modernize.cli.options import (
    DataDir,
    Download,
    ImageSize,
    Only,
    Order,
    Out,
    Probes,
    Regime,
    Settings,
    Skip,
    Start,
    StemStride,
    Upto,
    complete_budget,
    complete_dataset,
    examples,
)

if TYPE_CHECKING:
    from modernize.run.study import StudyResult

SOME_RUNS_FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", short_help="Train every rung, record, and report.", epilog=EXAMPLES)(run)


EXAMPLES = examples("modernize run --upto ln", "modernize run --data digits --seeds 3 --set recipe.lr=2e-3 --dry-run")
# Parameters that the request calls otherwise, and those that are no part of it.
REQUEST_NAMES = {"seeds": "num_seeds", "settings": "set"}
NOT_REQUESTED = ("ctx", "study_file", "dry_run", "save_config")


def run(
    ctx: typer.Context,
    study_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A study file (TOML) with these options; those given here win over it.",
            show_default=False,
        ),
    ] = None,
    regime: Regime = "laptop",
    upto: Upto = "",
    start: Start = "",
    skip: Skip = "",
    only: Only = "",
    order: Order = "",
    probes: Probes = False,
    data: Annotated[
        str,
        typer.Option("--data", help="Data set, see `modernize data`.", metavar="NAME", autocompletion=complete_dataset),
    ] = "shapes",
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            help="How much training: smoke (minutes), short (an hour or more) or full (recipes as printed).",
            metavar="NAME",
            autocompletion=complete_budget,
        ),
    ] = "smoke",
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", help="Epochs of each run.", metavar="N", min=1, show_default="the budget's"),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Train each rung this many times, with seeds 0, 1, ...", metavar="N", min=1)
    ] = 1,
    train_images: Annotated[
        int | None,
        typer.Option("--train-images", help="Train on so many.", metavar="N", min=1, show_default="the budget's"),
    ] = None,
    test_images: Annotated[
        int | None,
        typer.Option("--test-images", help="Evaluate on so many.", metavar="N", min=1, show_default="the budget's"),
    ] = None,
    image_size: ImageSize = None,
    stem_stride: StemStride = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", help="Runs at a time, one thread each.", metavar="N", min=0, show_default="one a core"),
    ] = 0,
    out: Out = Path(),
    name: Annotated[
        str, typer.Option("--name", help="Name of the study.", metavar="NAME", show_default="made from the options")
    ] = "",
    data_dir: DataDir = None,
    download: Download = False,
    force: Annotated[
        bool, typer.Option("--force", help="Repeat finished runs; replace the file of --save-config.")
    ] = False,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, what is done of it and how long it takes; train nothing.")
    ] = False,
    save_config: Annotated[
        Path | None,
        typer.Option("--save-config", help="Also write these options to a study file.", metavar="FILE"),
    ] = None,
) -> None:
    """Train every rung of a ladder from scratch, record each run, and write the report.

    Finished runs are skipped, so the same command again goes on where it stopped. Exits with 3 if a run failed.
    """
    from modernize.cli.choose import split_names
    from modernize.cli.console import note, say
    from modernize.cli.plan import print_plan
    from modernize.cli.progress import LiveProgress
    from modernize.run.config import merged, read_study_file, save_request
    from modernize.run.overrides import parse_settings
    from modernize.run.plan import plan_rungs, plan_study, study_name
    from modernize.run.study import REPORTS, RESULTS, run_study

    explicit: dict[str, object] = {
        REQUEST_NAMES.get(param, param): value
        for param, value in ctx.params.items()
        if param not in NOT_REQUESTED and _given(ctx, param)
    }
    for param in ("skip", "only", "order"):
        if param in explicit:
            explicit[param] = split_names(str(explicit[param]))
    explicit["set"] = parse_settings(settings or ())
    request = merged(read_study_file(study_file) if study_file else {}, explicit)
    plan = plan_study(request) if dry_run else None
    if save_config:
        plan_rungs(request)
        study_name(request)
        save_request(request, save_config)
        note(f"wrote {save_config}")
    if plan:
        print_plan(plan, request)
        return
    try:
        result = run_study(request, LiveProgress())
    except (KeyboardInterrupt, SystemExit):
        note("interrupted: finished runs and checkpoints are kept, and the same command goes on from there")
        raise
    _print(result)
    if all(record.status == "failed" for record in result.records):
        note("no run ended well, so there is nothing to report")
    else:
        from modernize.report import write_report

        files = write_report(request.out / RESULTS, request.out / REPORTS, result.study.name)
        say(f"\nreport: {files[0]}")
    if result.num_failed:
        note(f"{result.num_failed} of {len(result.records)} runs failed; the same command tries them again", "red")
        raise typer.Exit(SOME_RUNS_FAILED)


def _given(ctx: typer.Context, param: str) -> bool:
    source = ctx.get_parameter_source(param)
    return source is not None and source.name == "COMMANDLINE"


def _print(result: StudyResult) -> None:
    from modernize.cli.console import say_table
    from modernize.cli.layout import columns

    rows = []
    for record in result.records:
        top1 = record.result.top1_percent
        rows.append(
            (
                record.rung.step,
                f"{record.seed}",
                "-" if top1 is None else f"{top1:.2f}",
                f"{record.cost.macs / 1e6:.3f}",
                f"{record.cost.num_params:,}",
                f"{record.speed.images_per_second:,.0f}",
                f"{record.speed.seconds:.1f}",
                record.status,
            )
        )
    styles = ["" if record.status == "finished" else "red" for record in result.records]
    say_table(
        columns("rung", "seed>", "top-1 %>", "MMACs>", "parameters>", "images/s>", "seconds>", "status"), rows, styles
    )
