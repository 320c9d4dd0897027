"""`modernize export`: a trained network for use elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.console import note, say
from modernize.cli.options import DataDir, Download, InputSize, Out, Replace, Weights, among, argument, examples, option

EXAMPLES = examples(
    "modernize export run:3f2a81c0 --to onnx", "modernize export run:3f2a81c0 --to timm --file my-convnext"
)
_MODEL = "run:ID, see `modernize weights`; or any other model, as `modernize predict` takes them."
_TO = "safetensors (of modernize), timm (a folder), torchvision (safetensors), onnx or torchscript."


def export(
    model: Annotated[str, argument("MODEL", _MODEL)],
    to: Annotated[str, option("--to", _TO, "TARGET", among("inference.export:TARGETS"))] = "safetensors",
    file: Annotated[Path | None, option("--file", "File, or folder of timm.", "FILE", default="named after it")] = None,
    weights: Weights = "",
    image_size: InputSize = None,
    out: Out = Path(),
    data_dir: DataDir = None,
    download: Download = False,
    replace: Replace = False,
) -> None:
    """Write a trained network for use elsewhere, with class names and preprocessing inside and a model card beside it.

    What is written is read back by the library that it is for, and has to give the same logits to five digits. ResNets
    and ConvNeXts go to timm and torchvision, the ends of the ladder: no other rung is known there.
    """
    from modernize.inference.classifier import load_classifier
    from modernize.inference.export import export as written
    from modernize.report.model_card import model_card

    classifier = load_classifier(
        model, weights=weights, image_size=image_size, out=out, data_dir=data_dir, download=download
    )
    done = written(
        classifier,
        to,
        file,
        lambda usage, description: model_card(
            classifier.slug, description, classifier.record, weights=classifier.weights, usage=usage
        ),
        overwrite=replace,
    )
    say(str(done.path))
    say(str(done.card))
    note(f"read back, its logits differ by {done.largest_difference:.0e}")
