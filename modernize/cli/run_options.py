"""Options of `modernize run` alone: how much is trained, and on what it is executed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.options import (
    among,
    argument,
    complete_builtin_study,
    complete_dataset,
    complete_device,
    complete_recipe,
    complete_setting,
    option,
)

StudyName = Annotated[
    str | None,
    argument(
        "STUDY",
        "A built-in study, see `modernize studies`, or a study file (TOML); options given here win over it.",
        complete_builtin_study,
    ),
]
Data = Annotated[str, option("--data", "Data set, see `modernize data`.", "NAME", complete_dataset)]
BudgetName = Annotated[
    str,
    option(
        "--budget",
        "How much training: smoke (minutes), short (an hour or more) or full (recipes as printed, for GPUs).",
        "NAME",
        among("train.budget:BUDGETS"),
    ),
]
Epochs = Annotated[int | None, option("--epochs", "Epochs of each run.", "N", default="the budget's", min=1)]
Seeds = Annotated[
    str,
    option(
        "--seeds", "Train each rung with seeds 0 to N-1, or with those of a range or list: 8-15 or 0,3,8.", "N|A-B,..."
    ),
]
UntilDecided = Annotated[
    bool,
    option(
        "--until-decided",
        "Seeds in rounds of --seeds (or 4), and more only for contrasts that are not decided; the error rate is kept.",
    ),
]
MaxSeeds = Annotated[
    int | None, option("--max-seeds", "With --until-decided, at most so many.", "N", default="five rounds", min=2)
]
TrainImages = Annotated[int | None, option("--train-images", "Train on so many.", "N", default="the budget's", min=1)]
TestImages = Annotated[int | None, option("--test-images", "Evaluate on so many.", "N", default="the budget's", min=1)]
Settings = Annotated[
    list[str] | None,
    option(
        "--set",
        "Set a field by hand: recipe.* of every rung, or arch.* of the base before the steps. Repeatable.",
        "FIELD=VALUE",
        complete_setting,
        default=False,
    ),
]
ValShare = Annotated[
    float | None,
    option(
        "--val-share",
        "Share of the training images held out for validation, where the data set has no such images.",
        "SHARE",
        default="0.2 where an epoch is chosen, else 0",
    ),
]
RecipeName = Annotated[
    str,
    option(
        "--recipe",
        "Train every row with this recipe, see `modernize show convnext`.",
        "NAME",
        complete_recipe,
        default="each rung's own",
    ),
]
Baseline = Annotated[
    list[str] | None,
    option(
        "--baseline",
        "Also train a network of timm or torchvision, alike: torchvision:vgg16, "
        "timm:vit_tiny_patch16_224?img_size=32&patch_size=4. Repeatable.",
        "LIBRARY:NAME",
        default=False,
    ),
]
Controls = Annotated[
    bool,
    option(
        "--controls",
        "Beside each step that makes its network costlier, train the rung before, merely wider or deeper, same MACs.",
    ),
]
Weights = Annotated[
    Path | None,
    option(
        "--weights",
        "Start from these weights: a safetensors file (ours, timm's or torchvision's) or run:ID; for one rung.",
        "FILE",
        default="random",
    ),
]
NoWeights = Annotated[bool, option("--no-weights", "Do not keep the trained weights under runs/.")]
Track = Annotated[
    list[str] | None,
    option(
        "--track",
        "Also tell tensorboard, wandb (offline) or mlflow of each run, into runs/NAME. Repeatable.",
        "NAME",
        among("run.trackers:TRACKERS"),
        default=False,
    ),
]
Device = Annotated[
    str,
    option(
        "--device",
        "Train on cpu, cuda (all GPUs) or one GPU, cuda:0; auto takes GPUs where there are some.",
        "NAME",
        complete_device,
    ),
]
PrecisionName = Annotated[
    str,
    option(
        "--precision",
        "Compute in fp32, bf16 or fp16; weights stay in fp32.",
        "NAME",
        among("fp32", "bf16", "fp16"),
        default="bf16 on GPUs that have it, else fp32",
    ),
]
Jobs = Annotated[int, option("--jobs", "Runs at a time.", "N", default="one a core, or one a GPU", min=0)]
Gpus = Annotated[
    int | None,
    option(
        "--gpus",
        "GPUs that share each run (DDP); its batch is split over them.",
        "N",
        default="1, if --device has one",
        min=1,
    ),
]
MicroBatch = Annotated[
    int,
    option(
        "--micro-batch",
        "Images that a device takes at once; their gradients are added up to the whole batch.",
        "N",
        default="its whole share",
        min=0,
    ),
]
Compile = Annotated[bool, option("--compile", "Compile the networks with torch.compile.")]
CudaGraphs = Annotated[
    bool,
    option("--cuda-graphs", "Record a training step once as a CUDA graph and replay it: meant for small networks."),
]
Deterministic = Annotated[
    bool, option("--deterministic", "Only deterministic algorithms: the same numbers each time, on a GPU too.")
]
DecodeWorkers = Annotated[
    int | None,
    option(
        "--decode-workers",
        "Processes a run that decode images, for data too large for memory.",
        "N",
        default="by the cores",
        min=0,
    ),
]
Launcher = Annotated[
    str,
    option(
        "--launcher",
        "local trains here; slurm submits a job a run and one that writes the report, and ends (see `status`).",
        "NAME",
        among("run.launch:LAUNCHERS"),
    ),
]
Cluster = Annotated[
    list[str] | None,
    option(
        "--cluster",
        "What a job is given: a profile (TOML), or a field of one such as partition=gpu. Repeatable.",
        "FILE|FIELD=VALUE",
        default=False,
    ),
]
Name = Annotated[str, option("--name", "Name of the study.", "NAME", default="made from the options")]
Note = Annotated[str, option("--note", "What readers of the report should know besides.", "TEXT")]
Repeat = Annotated[bool, option("--repeat", "Repeat finished runs.")]
Extend = Annotated[
    bool, option("--extend", "Add these rungs and seeds to the study of that name, which keeps its own.")
]
Replace = Annotated[bool, option("--replace", "Replace another study of that name, and the file of --save-config.")]
DryRun = Annotated[
    bool,
    option(
        "--dry-run",
        "Print the plan, what is done of it and how long it takes; train nothing. GPUs and data may be elsewhere.",
    ),
]
SaveConfig = Annotated[Path | None, option("--save-config", "Also write these options to a study file.", "FILE")]
