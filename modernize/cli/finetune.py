"""`modernize finetune`: trained networks, trained on for other images."""

# ruff: noqa: ARG001 - the options are read from the context, which knows whether the user gave them

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli import run_options as own
from modernize.cli.options import DataDir, Download, ImageSize, Out, complete_dataset, examples, exit_codes, option
from modernize.cli.run import NOT_REQUESTED, carry_out, given

EXAMPLES = exit_codes() + examples(
    "modernize finetune --model torchvision:resnet34 --data folder:photos",
    "modernize finetune --model run:3f2a81c0 --model torchvision:resnet18 --data folder:photos --seeds 3 --dry-run",
)
# Options that set a field of the recipe.
FIELDS = {"epochs": "epochs", "unfreeze": "unfreeze_epoch", "patience": "patience"}


def finetune(
    ctx: typer.Context,
    model: Annotated[
        list[str],
        option(
            "--model", "Network: torchvision:NAME, timm:NAME, run:ID (that of a run), REGIME/STEP. Repeatable.", "NAME"
        ),
    ],
    data: Annotated[str, option("--data", "Data set, see `modernize data`.", "NAME", complete_dataset)],
    weights: Annotated[
        list[str] | None,
        option(
            "--weights",
            "What each network starts from: pretrained, a file (safetensors, .pth), run:ID, or none.",
            "FILE",
            default="what its library publishes, or its run left",
        ),
    ] = None,
    data_dir: DataDir = None,
    download: Download = False,
    train_images: own.TrainImages = None,
    test_images: own.TestImages = None,
    val_share: own.ValShare = None,
    image_size: ImageSize = None,
    epochs: Annotated[int | None, option("--epochs", "Epochs at most.", "N", default="the recipe's", min=1)] = None,
    patience: Annotated[
        int | None,
        option(
            "--patience",
            "End after so many epochs without a better one on the validation images; 0 for never.",
            "N",
            default="the recipe's",
            min=0,
        ),
    ] = None,
    freeze: Annotated[
        str,
        option(
            "--freeze",
            "Groups of layers, from the stem up, that stay as they are; all for all but the classifier.",
            "N|all",
            default="none",
        ),
    ] = "",
    unfreeze: Annotated[
        int | None, option("--unfreeze", "Epochs after which they learn too.", "N", default="never", min=1)
    ] = None,
    settings: own.Settings = None,
    recipe: own.RecipeName = "finetune-sgd",
    seeds: own.Seeds = "1",
    device: own.Device = "auto",
    precision: own.PrecisionName = "auto",
    jobs: own.Jobs = 0,
    gpus: own.Gpus = None,
    micro_batch: own.MicroBatch = 0,
    decode_workers: own.DecodeWorkers = None,
    launcher: own.Launcher = "local",
    cluster: own.Cluster = None,
    no_weights: own.NoWeights = False,
    track: own.Track = None,
    out: Out = Path(),
    name: own.Name = "",
    note: own.Note = "",
    repeat: own.Repeat = False,
    extend: own.Extend = False,
    replace: own.Replace = False,
    dry_run: own.DryRun = False,
    save_config: own.SaveConfig = None,
) -> None:
    """Fine-tune trained networks on other images: new classifier, one recipe, the best epoch on validation images.

    A data set without validation images gives a fifth of its training images. The test images are looked at once, at
    the end. Layer-wise learning-rate decay is --set recipe.layer_decay=0.8.
    """
    from modernize.overrides import parse_settings
    from modernize.run.finetuning import finetuning
    from modernize.spec import ALL_GROUPS
    from modernize.toml import read_literal

    options = {
        param: value
        for param, value in ctx.params.items()
        if param not in (*NOT_REQUESTED, *FIELDS, "freeze", "model", "weights", "settings") and given(ctx, param)
    }
    fields = {f"recipe.{field}": ctx.params[param] for param, field in FIELDS.items() if ctx.params[param] is not None}
    if freeze:
        fields["recipe.freeze_groups"] = ALL_GROUPS if freeze == "all" else read_literal(freeze)
    options["set"] = fields | parse_settings(settings or ())
    request = finetuning(model, weights or (), options, out)
    carry_out(request, launcher=launcher, cluster=cluster, dry_run=dry_run, save_config=save_config)
