"""`modernize data`: list the data sets, describe one, look at a grid of it, augmented or not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from modernize.cli.console import ReadingProgress, note, say, say_json, say_prose, say_table
from modernize.cli.layout import columns
from modernize.cli.options import DataDir, Download, Json, argument, complete_dataset, examples, option
from modernize.errors import ModernizeError
from modernize.recipes import named_recipe

if TYPE_CHECKING:
    from modernize.datasets import Dataset

EXAMPLES = examples("modernize data shapes --out shapes.png", "modernize data scenes --image-size 64 --coco scenes")


def data(
    name: Annotated[
        str,
        argument("NAME", "A data set; without one, all are listed.", complete_dataset),
    ] = "",
    out: Annotated[Path | None, option("--out", "Write a grid of sample images to this PNG.", "PNG")] = None,
    augment: Annotated[
        str,
        option(
            "--augment",
            "Show in --out what a recipe makes of one image a class: classic, convnext, cifar10-stem, ...",
            "RECIPE",
            default=False,
        ),
    ] = "",
    coco: Annotated[
        Path | None, option("--coco", "Write a data set with boxes and masks as a folder in COCO's format.", "FOLDER")
    ] = None,
    replace: Annotated[bool, option("--replace", "Replace the PNG if it is there.")] = False,
    image_size: Annotated[
        int, option("--image-size", "Height and width in pixels that images are brought to.", "PX")
    ] = 32,
    data_dir: DataDir = None,
    download: Download = False,
    json: Json = False,
) -> None:
    """List the data sets; with NAME, load one, describe it, and preview a grid of its images."""
    if augment and not out:
        raise ModernizeError("--augment changes the picture that --out writes: give --out too.")
    if not name:
        if out or coco:
            what = "--out" if out else "--coco"
            raise ModernizeError(f"{what} needs the name of a data set: `modernize data shapes --out shapes.png`.")
        _list(json=json)
        return
    if out and out.exists() and not replace:
        raise ModernizeError(f"{out} is there already; choose another --out, or give --replace.")

    from modernize.datasets import load_data, save_preview
    from modernize.datasets.image_files import check_headers, watched

    recipe = named_recipe(augment) if augment else None
    with watched(ReadingProgress()):
        data_set = load_data(name, image_size=image_size, data_dir=data_dir, download=download)
        if data_set.streamed:
            check_headers(data_set)
    if out:
        save_preview(data_set, out, augment=recipe)
    if coco:
        from modernize.datasets.coco_write import write_coco

        write_coco(data_set, coco)
    facts = _facts(data_set)
    if json:
        say_json(facts)
    else:
        say(data_set.name, "bold")
        for key, value in facts.items():
            if key != "name":
                text = ", ".join(value) if isinstance(value, tuple) else f"{value:,}" if key in COUNTS else f"{value}"
                say_prose(key.replace("_", " "), text, indent=16)
    for written in filter(None, (out, coco)):
        note(f"wrote {written}")


COUNTS = ("train_images", "val_images", "test_images")


def _facts(data_set: Dataset) -> dict[str, Any]:
    return {
        "name": data_set.name,
        "num_classes": data_set.num_classes,
        "class_names": data_set.class_names,
        "image_size": data_set.image_size,
        "train_images": len(data_set.train),
        "val_images": len(data_set.val or ()),
        "test_images": len(data_set.test),
        "fingerprint": data_set.fingerprint,
        "note": data_set.note,
    }


def _list(*, json: bool) -> None:
    from modernize.datasets import DATASETS

    if json:
        listed = [
            {"name": name, **asdict(info), "needs_download": info.needs_download} for name, info in DATASETS.items()
        ]
        say_json([{key: value for key, value in info.items() if key != "torchvision"} for info in listed])
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
