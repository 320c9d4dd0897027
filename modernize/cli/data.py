"""`modernize data`: list the data sets, describe one, look at a grid of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modernize.cli.options import DataDir, Download, Json, complete_dataset, examples

if TYPE_CHECKING:
    from modernize.datasets import ImageArrays


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("data", short_help="List data sets, describe one, preview a grid of it.", epilog=EXAMPLES)(data)


EXAMPLES = examples("modernize data", "modernize data shapes --out shapes.png")


def data(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A data set; without one, all are listed.",
            autocompletion=complete_dataset,
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write a grid of sample images to this PNG.", metavar="PNG")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the PNG if it is there.")] = False,
    image_size: Annotated[
        int, typer.Option("--image-size", help="Height and width in pixels that images are brought to.", metavar="PX")
    ] = 32,
    data_dir: DataDir = None,
    download: Download = False,
    json: Json = False,
) -> None:
    """List the data sets; with NAME, load one, describe it, and preview a grid of its images."""
    from modernize.cli.console import note, say, say_json, say_prose
    from modernize.errors import ModernizeError

    if not name:
        if out:
            raise ModernizeError("--out needs the name of a data set: `modernize data shapes --out shapes.png`.")
        _list(json=json)
        return
    if out and out.exists() and not force:
        raise ModernizeError(f"{out} is there already; choose another --out, or give --force to replace it.")

    from modernize.datasets import load_arrays, save_preview

    arrays = load_arrays(name, image_size=image_size, data_dir=data_dir, download=download)
    if out:
        save_preview(arrays, out)
    facts = _facts(arrays)
    if json:
        say_json(facts)
    else:
        say(arrays.name, "bold")
        for key, value in facts.items():
            if key != "name":
                text = ", ".join(value) if isinstance(value, tuple) else f"{value:,}" if key in COUNTS else f"{value}"
                say_prose(key.replace("_", " "), text, indent=16)
    if out:
        note(f"wrote {out}")


COUNTS = ("train_images", "test_images")


def _facts(arrays: ImageArrays) -> dict[str, Any]:
    return {
        "name": arrays.name,
        "num_classes": arrays.num_classes,
        "class_names": arrays.class_names,
        "image_size": arrays.image_size,
        "train_images": len(arrays.train_labels),
        "test_images": len(arrays.test_labels),
        "fingerprint": arrays.fingerprint,
        "note": arrays.note,
    }


def _list(*, json: bool) -> None:
    from dataclasses import asdict

    from modernize.cli.console import say_json, say_table
    from modernize.cli.layout import columns
    from modernize.datasets import DATASETS

    if json:
        say_json([{"name": name} | asdict(info) for name, info in DATASETS.items()])
        return
    rows = [
        (
            info.usage,
            "download" if info.needs_download else "here",
            *("any" if n is None else f"{n:,}" for n in (info.classes, info.native_size)),
            *("any" if n is None else f"{n:,}" for n in (info.train_images, info.test_images)),
            f"{info.title}: {info.about}",
        )
        for info in DATASETS.values()
    ]
    say_table(columns("data set", "where", "classes>", "px>", "train>", "test>", "what..."), rows)
