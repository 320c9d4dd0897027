"""`modernize predict`: what networks take pictures for, and a trained one its test images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli.console import note, progress, say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import (
    DataDir,
    Download,
    InputSize,
    Json,
    Models,
    Out,
    Picture,
    Replace,
    Weights,
    argument,
    examples,
    option,
)
from modernize.errors import DataError, ModernizeError, warn

if TYPE_CHECKING:
    from PIL import Image

    from modernize.inference.classifier import Classifier
    from modernize.inference.predict import Ranked

EXAMPLES = examples(
    "modernize predict photos/*.jpg --model run:3f2a81c0 --model timm:convnext_tiny --picture seen.png",
    "modernize predict run:3f2a81c0 --images 20 --picture cats.png",
)
MOST_IMAGES = 100
MOST_DRAWN = 20
DRAWN_PIXELS = 400
_WHAT = "Pictures, folders or patterns; or run:ID alone, for its test images."


def predict(
    what: Annotated[list[str], argument("IMAGE...", _WHAT)],
    models: Models = None,
    weights: Weights = "",
    top: Annotated[int, option("--top", "Classes to show for each picture.", "N", min=1)] = 3,
    image_size: InputSize = None,
    images: Annotated[int, option("--images", "Of run:ID alone: test images.", "N", min=1, max=MOST_IMAGES)] = 10,
    picture: Picture = None,
    out: Out = Path(),
    data_dir: DataDir = None,
    download: Download = False,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Say what networks take pictures for, likeliest class first, several networks side by side.

    A picture that cannot be read is named, and the others go on; the exit code says so at the end. With run:ID alone,
    the first test images of the data set that the run was evaluated on, which has to be here.
    """
    from modernize.inference.classifier import load_classifier
    from modernize.results.files import refuse_existing

    refuse_existing(picture, replace=replace)
    if not models:
        if len(what) > 1 or not what[0].startswith("run:"):
            raise ModernizeError(
                "what is to look at these pictures? Give --model, for example run:ID or timm:resnet50."
            )
        return _test_images(what[0], images, picture, out, data_dir, json=json)
    if weights and len(models) > 1:
        raise ModernizeError(f"of several models, each names its own: {models[0]}?weights={weights}.")
    loaded = [
        load_classifier(name, weights=weights, image_size=image_size, out=out, data_dir=data_dir, download=download)
        for name in models
    ]
    return _pictures(what, loaded, top, picture, json=json)


def _pictures(what: list[str], loaded: list[Classifier], top: int, drawn_to: Path | None, *, json: bool) -> None:
    from modernize.inference.pictures import listed, read
    from modernize.inference.predict import rank

    paths = listed(what)
    shown, broken = [], []
    found: dict[str, list[tuple[Ranked, ...]]] = {one.name: [] for one in loaded}
    with progress("predicting") as begin:
        for path in paths:
            begin(path.name, len(paths))
            pictures, wrong = read([path])
            broken += wrong
            for _, picture in pictures:
                for one in loaded:
                    found[one.name] += rank(one, [picture], top)
                picture.thumbnail((DRAWN_PIXELS, DRAWN_PIXELS))
                shown.append((path, picture))
    for line in broken:
        warn(line)
    if drawn_to and shown:
        _draw(drawn_to, shown, found)
    if json:
        say_json(
            [
                {
                    "file": str(path),
                    "model": name,
                    "classes": [{"name": r.name, "probability_percent": r.probability_percent} for r in its[index]],
                }
                for index, (path, _) in enumerate(shown)
                for name, its in found.items()
            ]
        )
    else:
        rows = [
            (
                str(path) if not (number or place) else "",
                name if not place else "",
                ranked.name,
                f"{ranked.probability_percent:.1f}",
            )
            for index, (path, _) in enumerate(shown)
            for number, (name, its) in enumerate(found.items())
            for place, ranked in enumerate(its[index])
        ]
        say_table(columns("picture", "model", "class", "probability, %>"), rows)
        for one in loaded:
            note(f"{one.name}: weights: {one.weights}")
        if drawn_to and shown:
            say(str(drawn_to))
    if broken:
        raise DataError(f"{len(broken)} of {len(paths)} pictures could not be read.")


def _draw(path: Path, shown: list[tuple[Path, Image.Image]], found: dict[str, list[tuple[Ranked, ...]]]) -> None:
    import numpy as np

    from modernize.report.figures.output import figure_bytes
    from modernize.report.figures.predictions import ranked
    from modernize.results.files import write_atomically

    drawn = shown[:MOST_DRAWN]
    if len(shown) > len(drawn):
        note(f"the first {len(drawn)} of {len(shown)} pictures are drawn")
    bars = {
        name: [[(r.name, r.probability_percent) for r in its[index]] for index in range(len(drawn))]
        for name, its in found.items()
    }
    figure = ranked([np.asarray(image) for _, image in drawn], [path.name for path, _ in drawn], bars)
    write_atomically(path, figure_bytes(figure, "png"))


def _test_images(run: str, images: int, picture: Path | None, out: Path, data_dir: Path | None, *, json: bool) -> None:
    from modernize.inference.classifier import load_classifier
    from modernize.inference.predict import predict_test_images
    from modernize.results.artifact import run_called
    from modernize.results.files import write_atomically
    from modernize.results.store import load_records

    record = run_called(run, load_records(out / "results").records)
    classifier = load_classifier(run, out=out, data_dir=data_dir)
    found = predict_test_images(classifier, record, num_images=images, data_dir=data_dir)
    right = sum(one.predicted == one.true for one in found)
    title = (
        f"{record.entry.name}, seed {record.seed} (run {record.run_id}): {right} of {len(found)} test images of "
        f"{record.data.name} are right; of all {record.data.num_test_images:,}, {record.result.top1_percent:.2f} %"
    )
    if picture:
        from modernize.report.figures.output import figure_bytes
        from modernize.report.figures.predictions import predictions

        names = [(one.predicted, one.true) for one in found]
        drawn = predictions([one.image_nhwc for one in found], names, title=title)
        write_atomically(picture, figure_bytes(drawn, "png"))
    if json:
        say_json([{name: getattr(one, name) for name in ("true", "predicted", "probability_percent")} for one in found])
        return
    rows = [
        (
            f"{index}",
            one.true,
            one.predicted,
            f"{one.probability_percent:.1f}",
            "" if one.predicted == one.true else "x",
        )
        for index, one in enumerate(found)
    ]
    say_table(columns("image>", "class", "predicted", "probability, %>", "wrong"), rows)
    say(title)
    if picture:
        say(str(picture))
