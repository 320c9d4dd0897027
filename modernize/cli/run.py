"""`modernize run`: the main job."""

# ruff: noqa: ARG001 - the options are read from the context, which knows whether the user gave them

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modernize.cli import options as shared
from modernize.cli import run_options as own
from modernize.cli.choose import split_names
from modernize.cli.console import ReadingProgress, say
from modernize.cli.console import note as tell
from modernize.errors import SOME_RUNS_FAILED, ModernizeError
from modernize.path import DEFAULT_PATH
from modernize.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modernize.run.request import RunRequest

EXAMPLES = shared.exit_codes() + shared.examples(
    "modernize run --upto ln --dry-run",
    "modernize run --regime resnet50 --data imagenet --budget full --gpus 8 --micro-batch 256",
)
# Parameters that the request calls otherwise, and those that are no part of it.
REQUEST_NAMES = {"settings": "set"}
NOT_REQUESTED = ("ctx", "study", "dry_run", "save_config", "launcher", "cluster")
OF_ATTRIBUTION = ("steps", "group", "pair", "orders", "order_seed")


def run(
    ctx: typer.Context,
    study: own.StudyName = None,
    regime: shared.Regime = "laptop",
    path: shared.OnPath = DEFAULT_PATH,
    upto: shared.Upto = "",
    start: shared.Start = "",
    skip: shared.Skip = "",
    only: shared.Only = "",
    order: shared.Order = "",
    probes: shared.Probes = False,
    data: own.Data = "shapes",
    data_dir: shared.DataDir = None,
    download: shared.Download = False,
    train_images: own.TrainImages = None,
    test_images: own.TestImages = None,
    val_share: own.ValShare = None,
    image_size: shared.ImageSize = None,
    stem_stride: shared.StemStride = None,
    budget: own.BudgetName = "smoke",
    epochs: own.Epochs = None,
    seeds: own.Seeds = "1",
    until_decided: own.UntilDecided = False,
    max_seeds: own.MaxSeeds = None,
    settings: own.Settings = None,
    recipe: own.RecipeName = "",
    baseline: own.Baseline = None,
    controls: own.Controls = False,
    weights: own.Weights = None,
    no_weights: own.NoWeights = False,
    track: own.Track = None,
    device: own.Device = "auto",
    precision: own.PrecisionName = "auto",
    jobs: own.Jobs = 0,
    gpus: own.Gpus = None,
    micro_batch: own.MicroBatch = 0,
    compile: own.Compile = False,  # noqa: A002 - the option's name
    cuda_graphs: own.CudaGraphs = False,
    deterministic: own.Deterministic = False,
    decode_workers: own.DecodeWorkers = None,
    launcher: own.Launcher = "local",
    cluster: own.Cluster = None,
    out: shared.Out = Path(),
    name: own.Name = "",
    note: own.Note = "",
    repeat: own.Repeat = False,
    extend: own.Extend = False,
    replace: own.Replace = False,
    dry_run: own.DryRun = False,
    save_config: own.SaveConfig = None,
) -> None:
    """Train every row of a study from scratch, record each run, and write the report.

    Finished runs are skipped, so the same command again goes on where it stopped.
    """
    carry_out(read_request(ctx), launcher=launcher, cluster=cluster, dry_run=dry_run, save_config=save_config)


def carry_out(
    request: RunRequest,
    *,
    launcher: str = "local",
    cluster: Sequence[str] | None = None,
    dry_run: bool = False,
    save_config: Path | None = None,
) -> None:
    """Do what a request asks and write its report, or print its plan; of several processes the first one prints.

    Args:
        request: What is asked.
        launcher: What does the runs, see `modernize.run.launch`.
        cluster: What it is asked for.
        dry_run: Whether only the plan is printed.
        save_config: Study file to write besides.
    """
    from modernize.cli.dry_run import print_plan
    from modernize.cli.live import LiveProgress
    from modernize.datasets.image_files import watched
    from modernize.run.config import save_request
    from modernize.run.launch import launch
    from modernize.run.placement import torchrun
    from modernize.run.run_study import check_request, plan_whole, run_study

    launched = torchrun()
    if launched and launched.rank > 0:
        from modernize.run.together import follow

        raise typer.Exit(0 if dry_run else follow(request, launched))
    asked, (request, executor) = request, launch(request, launcher, cluster or ())
    if dry_run or save_config:
        placement = check_request(request, here=not (dry_run or executor), elsewhere=executor is not None)
    with watched(ReadingProgress()):
        plan = plan_whole(request, placement, here=False) if dry_run else None
    if save_config:
        save_request(asked, save_config)
        tell(f"wrote {save_config}")
    if plan:
        print_plan(plan, request)
        return
    try:
        result = run_study(request, LiveProgress(), executor)
    except (KeyboardInterrupt, SystemExit):
        tell("interrupted: finished runs and checkpoints are kept, and the same command goes on from there")
        raise
    if result.queued:
        jobs = sorted({job.partition("_")[0] for job in result.queued.values()}, key=int)
        say(f"{plural(len(result.queued), 'run')} of {result.study.name} in the queue: jobs {', '.join(jobs)}")
        tell(
            f"`modernize status {result.study.name}` says how far they are; the report is written when they have ended"
        )
        return
    if all(record.status == "failed" for record in result.records):
        tell("no run ended well, so there is nothing to report")
    else:
        _report(request, result.study.name)
    if result.num_failed:
        tell(f"{result.num_failed} of {len(result.records)} runs failed; the same command tries them again", "red")
        raise typer.Exit(SOME_RUNS_FAILED)


def read_request(ctx: typer.Context, **own: Any) -> RunRequest:
    """Read what is asked from the study file and from the options that the user gave.

    Args:
        ctx: Of the command.
        own: What it makes of parameters that are none of a request's.
    """
    from modernize.overrides import parse_settings
    from modernize.run.config import merged, read_study_file
    from modernize.studies.builtin import study_path

    explicit: dict[str, object] = {
        REQUEST_NAMES.get(param, param): value
        for param, value in ctx.params.items()
        if param not in (*NOT_REQUESTED, *OF_ATTRIBUTION) and given(ctx, param)
    }
    for param in ("skip", "only", "order"):
        if param in explicit:
            explicit[param] = split_names(str(explicit[param]))
    explicit["set"] = parse_settings(ctx.params["settings"] or ())
    explicit |= own
    study = ctx.params["study"]
    if study is None:
        return merged({}, explicit)
    if not study:
        raise ModernizeError("the name of the study is empty; leave it out to choose by options alone.")
    path = study_path(study)
    return merged(read_study_file(path), explicit, path.stem)


def given(ctx: typer.Context, param: str) -> bool:
    """Whether the user gave an option, and not its default alone."""
    source = ctx.get_parameter_source(param)
    return source is not None and source.name == "COMMANDLINE"


def _report(request: RunRequest, name: str) -> None:
    """End with the answer, and with the report that says how it was found."""
    from modernize.cli.answer_text import print_answer
    from modernize.cli.credit_text import print_credit
    from modernize.report.gather import read_study
    from modernize.report.write import write_study
    from modernize.run.run_study import REPORTS, RESULTS

    study, rows, problems = read_study(request.out / RESULTS / name)
    (print_credit if study.attribution else print_answer)(study, rows)
    files = write_study(study, rows, problems, request.out / REPORTS / name, ("md",), figures=True)
    say(f"\nreport: {files[0]}")
