"""`modernize diversity`: how alike the channels of trained networks are, layer by layer."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from modernize.cli.options import DataDir, Json, examples

EXAMPLES = examples(
    "modernize diversity run:3f2a81c0", "modernize diversity run:3f2a81c0 run:77d01e5b --untrained --picture v1-v2.png"
)


def diversity(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="run:ID, see `modernize weights`; first digits will do.")
    ],
    images: Annotated[
        int, typer.Option("--images", help="On how many, from the first test image.", metavar="N", min=1)
    ] = 1000,
    untrained: Annotated[bool, typer.Option("--untrained", help="Also each network before training.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw a line for each into this PNG.", metavar="FILE")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder that holds results/ and runs/.", metavar="DIR")] = Path(),
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file of --picture.")] = False,
    json: Json = False,
) -> None:
    """Measure the feature diversity of each layer, as ConvNeXt V2's paper does: 0 where all channels say the same.

    It is the mean over pairs of channels of (1 - cosine) / 2, of what enters each 1x1 convolution that narrows a block.
    The images are test images of the data set that a run was evaluated on, which has to be here.
    """
    from modernize.analysis.diversity import diversity_of
    from modernize.cli.console import say, say_json, say_table
    from modernize.cli.layout import columns
    from modernize.errors import ModernizeError
    from modernize.results.artifact import run_called
    from modernize.results.files import write_atomically
    from modernize.results.store import load_records

    if picture and picture.exists() and not replace:
        raise ModernizeError(f"{picture} exists; give --replace to replace it, or another --picture.")
    kept = load_records(out / "results").records
    found: dict[str, dict[str, float]] = {}
    for record in (run_called(run, kept) for run in runs):
        name = f"{record.entry.name} {record.run_id[:8]}"
        for trained in (False, True) if untrained else (True,):
            measured = diversity_of(record, out, num_images=images, data_dir=data_dir, trained=trained)
            found[name if trained else f"{name} untrained"] = measured
    if picture:
        from modernize.report.figures.diversity import diversity as drawn
        from modernize.report.figures.output import figure_bytes

        lines = {name: list(layers.values()) for name, layers in found.items()}
        write_atomically(picture, figure_bytes(drawn(lines), "png"))
    if json:
        say_json([{"run": name, "layers": layers} for name, layers in found.items()])
        return
    paths = zip_longest(*found.values(), fillvalue="-")
    numbers = zip_longest(*([f"{value:.3f}" for value in layers.values()] for layers in found.values()), fillvalue="-")
    rows = [(" / ".join(dict.fromkeys(layer)), *row) for layer, row in zip(paths, numbers, strict=True)]
    say_table(columns("layer", *(f"{name}>" for name in found)), rows)
    if picture:
        say(str(picture))
