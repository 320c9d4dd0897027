"""From a ladder to records: plan the runs, train them in worker processes, skip what is done.

Light to import; the training itself, with torch, happens in the workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from modernize.path import DEFAULT_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from modernize.results.record import Record

__all__ = ["run"]


def run(
    regime: str = "laptop",
    *,
    path: str = DEFAULT_PATH,
    upto: str = "",
    start: str = "",
    skip: Sequence[str] = (),
    only: Sequence[str] = (),
    order: Sequence[str] = (),
    probes: bool = False,
    data: str = "shapes",
    budget: str = "smoke",
    epochs: int | None = None,
    train_images: int | None = None,
    test_images: int | None = None,
    image_size: int | None = None,
    stem_stride: int | None = None,
    val_share: float | None = None,
    recipe: str = "",
    baseline: Sequence[str] = (),
    controls: bool = False,
    seeds: int | str | Sequence[int] = 1,
    until_decided: bool = False,
    max_seeds: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as --set and [set]
    title: str = "",
    about: str = "",
    expectation: str = "",
    entries: Sequence[Mapping[str, Any]] = (),
    contrasts: Sequence[tuple[str, str]] = (),
    predictions: Sequence[Mapping[str, Any]] = (),
    references: Sequence[Mapping[str, Any]] = (),
    equivalence_margin: float | None = None,
    budgets: Mapping[str, Mapping[str, Any]] | None = None,
    attribution: Mapping[str, Any] | None = None,
    weights: str | Path | None = None,
    no_weights: bool = False,
    track: Sequence[str] = (),
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    gpus: int | None = None,
    micro_batch: int = 0,
    compile: bool = False,  # noqa: A002 - as --compile
    cuda_graphs: bool = False,
    deterministic: bool = False,
    decode_workers: int | None = None,
    jobs: int = 0,
    out: str | Path = "",
    name: str = "",
    note: str = "",
    data_dir: str | Path | None = None,
    download: bool = False,
    repeat: bool = False,
    extend: bool = False,
    replace: bool = False,
    progress: bool = True,
) -> list[Record]:
    """Train every rung of a ladder and return the records, one a rung and seed.

    The names are those of `modernize run --help` and of study files. Finished runs found under `out/results` are not
    repeated. In processes that torchrun started, the first one gets the records and the others none.

    Args:
        regime: Which ResNet the ladder starts from: "laptop", "cifar", "resnet50" or "resnet200".
        path: Name of the path that the steps are taken from.
        upto: Last step of the ladder; "" for all.
        start: First rung trained; the steps before it are applied all the same.
        skip: Steps to leave out.
        only: The only steps to take, in path order.
        order: The only steps to take, in this order.
        probes: Also try the steps that the paper did not adopt.
        data: Name of the data set, for example "shapes", "folder:photos" or "npz:cifar10.npz".
        budget: "smoke", "short" or "full": how the recipes are shortened.
        epochs: Instead of the budget's.
        train_images: At most so many, instead of the budget's.
        test_images: At most so many, instead of the budget's.
        image_size: In pixels, instead of the regime's.
        stem_stride: 1, 2 or 4, instead of the regime's.
        val_share: Share of the training images held out for validation where the data set has no such split.
        recipe: "classic", "convnext" or "finetune" for every rung; "" for each rung's own.
        baseline: Other libraries' networks to train beside the rungs, for example ["torchvision:vgg16"].
        controls: Beside each step that makes its network costlier, train the rung before it, as wide or deep.
        seeds: A number n for seeds 0 to n - 1; "8-15", or [8, 9], for those.
        until_decided: Give rows seeds in rounds (of `seeds`, or of 4), until their contrasts are decided.
        max_seeds: With `until_decided`, at most so many; None for those of five rounds.
        set: Fields by hand, for example {"recipe.lr": 2e-3, "arch.stem_norm": False}.
        title: Heading of the report; "" for one made from the choices above.
        about: What the study asks, in a sentence or two.
        expectation: What is expected before it runs.
        entries: Rows in place of a ladder, for example {"name": "vit", "baseline": "timm:vit_tiny_patch16_224"}.
        contrasts: Pairs of entries: the first is compared with the second.
        predictions: What is expected of contrasts: `contrast`, `sign` and perhaps `than` each.
        references: Published values of entries.
        equivalence_margin: Differences up to this count as none: the report says for which contrasts that is shown.
        budgets: Of the study's own, by name.
        attribution: Train coalitions of the ladder's steps instead, to share out the difference of its ends among them,
            for example {"steps": ["depthwise", "width", "ln"]}; see `modernize.studies.coalitions`.
        weights: File of weights to start from (safetensors), or "run:ID"; for one rung. None for random ones.
        track: Trackers that are told of each run when it ends: "tensorboard", "wandb", "mlflow".
        no_weights: Throw the trained weights away; else they stay under `out/runs`.
        device: "cpu", "cuda", "cuda:1", or "auto" for GPUs where there are some.
        precision: "auto" for bf16 on GPUs that have it and fp32 elsewhere.
        gpus: GPUs that share each run (DDP); None for one device.
        micro_batch: Images that one device takes at once, 0 for all of its share of a batch.
        compile: Compile the networks with torch.compile.
        cuda_graphs: Replay training steps as CUDA graphs.
        deterministic: Allow deterministic algorithms alone.
        decode_workers: Processes a run that decode images; None for a number that suits the machine.
        jobs: Runs at a time; 0 for one a core, or one a GPU.
        out: Folder that holds results/, reports/ and runs/; "" for the current one.
        name: Of the study; "" for a name made from the choices above.
        note: For the head of the report; "" keeps the one that the study has.
        data_dir: Where downloaded data sets lie.
        download: Fetch the data set if it is not there.
        repeat: Repeat finished runs.
        extend: Add these rungs and seeds to the study of that name.
        replace: Put this study in the place of another one of that name.
        progress: Say on stderr what is planned, how far it is and how each run ends.

    Raises:
        ModernizeError: If an option is wrong, or the data cannot be read.
    """
    options = {name: value for name, value in locals().items() if name != "progress"}
    from modernize.run.observer import Lines
    from modernize.run.placement import torchrun
    from modernize.run.request import request_from
    from modernize.run.run_study import run_study
    from modernize.run.together import follow

    request = request_from(**options | {"set": set or {}, "budgets": budgets or {}})
    if (launched := torchrun()) and launched.rank > 0:
        follow(request, launched)
        return []
    return list(run_study(request, Lines() if progress else None).records)
