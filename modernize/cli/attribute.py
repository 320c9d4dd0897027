"""`modernize attribute`: which step deserves the credit."""

# ruff: noqa: ARG001 - the options are read from the context, which knows whether the user gave them

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli import options as shared
from modernize.cli import run_options as own
from modernize.cli.choose import split_names
from modernize.cli.options import complete_steps, examples, exit_codes, option
from modernize.cli.run import carry_out, given, read_request
from modernize.path import DEFAULT_PATH

EXAMPLES = exit_codes() + examples(
    "modernize attribute --steps depthwise,width,ln --seeds 3 --dry-run",
    "modernize attribute --upto ln --group depthwise+width --pair inverted:move-up --seeds 3",
)
# What the table of a study file calls the options, and which of them are lists.
FIELDS = {"steps": "steps", "group": "groups", "pair": "pairs", "orders": "orders", "order_seed": "order_seed"}
LISTS = ("steps", "group", "pair")


def attribute(
    ctx: typer.Context,
    study: own.StudyName = None,
    steps: Annotated[
        str,
        option(
            "--steps",
            "Share out among these; the ladder's other steps are in every network (--only leaves them out).",
            "STEP,...",
            complete_steps,
            default="all of the ladder's",
        ),
    ] = "",
    group: Annotated[str, option("--group", "Steps that come and go together.", "STEP+STEP,...", default=False)] = "",
    pair: Annotated[
        str, option("--pair", "Steps whose interaction is asked for.", "STEP:STEP,...", default=False)
    ] = "",
    orders: Annotated[
        int,
        option("--orders", "Random orders, each second one the reverse of the one before; more sharpen.", "N", min=2),
    ] = 8,
    order_seed: Annotated[int, option("--order-seed", "Which orders are drawn.", "N", min=0)] = 0,
    regime: shared.Regime = "laptop",
    path: shared.OnPath = DEFAULT_PATH,
    upto: shared.Upto = "",
    skip: shared.Skip = "",
    only: shared.Only = "",
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
    settings: own.Settings = None,
    recipe: own.RecipeName = "",
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
    replace: own.Replace = False,
    dry_run: own.DryRun = False,
    save_config: own.SaveConfig = None,
) -> None:
    """Share out what a ladder gains among its steps: is it the step, or its place in the order?

    Trains coalitions of the steps and reports what each adds in the ladder's order, left out of all, added to none, and
    on average over orders (its Shapley value; exact for few steps). Runs of any study here that are the same runs are
    taken over. `modernize report` sets down the estimate of the moment, also while runs go on.
    """
    asked = {
        field: split_names(str(ctx.params[param])) if param in LISTS else ctx.params[param]
        for param, field in FIELDS.items()
        if given(ctx, param)
    }
    carry_out(
        read_request(ctx, attribution=asked),
        launcher=launcher,
        cluster=cluster,
        dry_run=dry_run,
        save_config=save_config,
    )
