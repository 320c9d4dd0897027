"""Options of `modernize run` alone: how much is trained, and on what it is executed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli.options import complete_budget, complete_builtin_study, complete_dataset


def complete_device(incomplete: str) -> list[str]:
    """What there is to train on."""
    from modernize.run.devices import find_gpus

    names = ("auto", "cpu", *(f"cuda:{gpu.index}" for gpu in find_gpus().gpus))
    return [name for name in names if name.startswith(incomplete)]


def complete_precision(incomplete: str) -> list[str]:
    """Arithmetic."""
    return [name for name in ("fp32", "bf16", "fp16") if name.startswith(incomplete)]


def complete_recipe(incomplete: str) -> list[str]:
    """Names of recipes."""
    from modernize.recipes import RECIPES

    return [name for name in RECIPES if name.startswith(incomplete)]


StudyName = Annotated[
    str | None,
    typer.Argument(
        metavar="STUDY",
        help="A built-in study, see `modernize studies`, or a study file (TOML); options given here win over it.",
        autocompletion=complete_builtin_study,
        show_default=False,
    ),
]
Data = Annotated[
    str,
    typer.Option("--data", help="Data set, see `modernize data`.", metavar="NAME", autocompletion=complete_dataset),
]
BudgetName = Annotated[
    str,
    typer.Option(
        "--budget",
        help="How much training: smoke (minutes), short (an hour or more) or full (recipes as printed, for GPUs).",
        metavar="NAME",
        autocompletion=complete_budget,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", help="Epochs of each run.", metavar="N", min=1, show_default="the budget's"),
]
Seeds = Annotated[
    str,
    typer.Option(
        "--seeds",
        help="Train each rung with seeds 0 to N-1, or with those of a range or list: 8-15 or 0,3,8.",
        metavar="N|A-B,...",
    ),
]
TrainImages = Annotated[
    int | None,
    typer.Option("--train-images", help="Train on so many.", metavar="N", min=1, show_default="the budget's"),
]
TestImages = Annotated[
    int | None,
    typer.Option("--test-images", help="Evaluate on so many.", metavar="N", min=1, show_default="the budget's"),
]
RecipeName = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="Train every row with this recipe, see `modernize show convnext`.",
        metavar="NAME",
        autocompletion=complete_recipe,
        show_default="each rung's own",
    ),
]
Baseline = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline",
        help="Also train a network of timm or torchvision, alike: torchvision:vgg16, "
        "timm:vit_tiny_patch16_224?img_size=32&patch_size=4. Repeatable.",
        metavar="LIBRARY:NAME",
        show_default=False,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="Start from these weights: a safetensors file (ours, timm's or torchvision's) or run:ID; for one rung.",
        metavar="FILE",
        show_default="random",
    ),
]
NoWeights = Annotated[bool, typer.Option("--no-weights", help="Do not keep the trained weights under runs/.")]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        help="Train on cpu, cuda (all GPUs) or one GPU, cuda:0; auto takes GPUs where there are some.",
        metavar="NAME",
        autocompletion=complete_device,
    ),
]
PrecisionName = Annotated[
    str,
    typer.Option(
        "--precision",
        help="Compute in fp32, bf16 or fp16; weights stay in fp32.",
        metavar="NAME",
        autocompletion=complete_precision,
        show_default="bf16 on GPUs that have it, else fp32",
    ),
]
Jobs = Annotated[
    int,
    typer.Option("--jobs", help="Runs at a time.", metavar="N", min=0, show_default="one a core, or one a GPU"),
]
Gpus = Annotated[
    int | None,
    typer.Option(
        "--gpus",
        help="GPUs that share each run (DDP); its batch is split over them.",
        metavar="N",
        min=1,
        show_default="1, if --device has one",
    ),
]
MicroBatch = Annotated[
    int,
    typer.Option(
        "--micro-batch",
        help="Images that a device takes at once; their gradients are added up to the whole batch.",
        metavar="N",
        min=0,
        show_default="its whole share",
    ),
]
Compile = Annotated[bool, typer.Option("--compile", help="Compile the networks with torch.compile.")]
CudaGraphs = Annotated[
    bool,
    typer.Option(
        "--cuda-graphs", help="Record a training step once as a CUDA graph and replay it: meant for small networks."
    ),
]
Deterministic = Annotated[
    bool,
    typer.Option("--deterministic", help="Only deterministic algorithms: the same numbers each time, on a GPU too."),
]
DecodeWorkers = Annotated[
    int | None,
    typer.Option(
        "--decode-workers",
        help="Processes a run that decode images, for data too large for memory.",
        metavar="N",
        min=0,
        show_default="by the cores",
    ),
]
Name = Annotated[
    str, typer.Option("--name", help="Name of the study.", metavar="NAME", show_default="made from the options")
]
Note = Annotated[str, typer.Option("--note", help="What readers of the report should know besides.", metavar="TEXT")]
Repeat = Annotated[bool, typer.Option("--repeat", help="Repeat finished runs.")]
Extend = Annotated[
    bool, typer.Option("--extend", help="Add these rungs and seeds to the study of that name, which keeps its own.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace another study of that name, and the file of --save-config.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print the plan, what is done of it and how long it takes; train nothing. GPUs and data may be elsewhere.",
    ),
]
SaveConfig = Annotated[
    Path | None,
    typer.Option("--save-config", help="Also write these options to a study file.", metavar="FILE"),
]
