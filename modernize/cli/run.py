"""`modernize run`: the main job."""

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


EXAMPLES = examples("modernize run --upto ln", "modernize run --data digits --only depthwise,width --seeds 3")


def run(
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
            help="How much training: smoke (minutes) or short (an hour or more).",
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
    force: Annotated[bool, typer.Option("--force", help="Repeat finished runs.")] = False,
) -> None:
    """Train every rung of a ladder from scratch, record each run, and write the report.

    Finished runs are skipped, so the same command again goes on where it stopped. Exits with 3 if a run failed.
    """
    from modernize.cli.choose import selection
    from modernize.cli.console import note, say
    from modernize.cli.progress import LiveProgress
    from modernize.run.request import RunRequest
    from modernize.run.study import REPORTS, RESULTS, run_study

    request = RunRequest(
        regime=regime,
        selection=selection(upto, start, skip, only, order, probes=probes),
        data=data,
        budget=budget,
        epochs=epochs,
        train_images=train_images,
        test_images=test_images,
        image_size=image_size,
        stem_stride=stem_stride,
        num_seeds=seeds,
        jobs=jobs,
        out=out,
        name=name,
        data_dir=data_dir,
        download=download,
        force=force,
    )
    try:
        result = run_study(request, LiveProgress())
    except KeyboardInterrupt:
        note("interrupted: finished runs are kept, and the same command goes on behind them")
        raise
    _print(result)
    if all(record.status == "failed" for record in result.records):
        note("no run ended well, so there is nothing to report")
    else:
        from modernize.report import write_report

        files = write_report(out / RESULTS, out / REPORTS, result.study.name)
        say(f"\nreport: {files[0]}")
    if result.num_failed:
        note(f"{result.num_failed} of {len(result.records)} runs failed; the same command tries them again", "red")
        raise typer.Exit(SOME_RUNS_FAILED)


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
