"""`modernize predict`: what a trained network takes test images for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.console import say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import DataDir, Json, argument, examples, option
from modernize.errors import ModernizeError

EXAMPLES = examples("modernize predict run:3f2a81c0", "modernize predict run:3f2a81c0 --images 20 --picture cats.png")
MOST_IMAGES = 100


def predict(
    run: Annotated[str, argument("RUN", "run:ID, see `modernize weights`; first digits will do.", default=True)],
    images: Annotated[
        int, option("--images", "How many, from the first test image.", "N", min=1, max=MOST_IMAGES)
    ] = 10,
    picture: Annotated[
        Path | None,
        option("--picture", "Draw them with their classes into this PNG.", "FILE"),
    ] = None,
    out: Annotated[Path, option("--out", "Folder that holds results/ and runs/.", "DIR")] = Path(),
    data_dir: DataDir = None,
    replace: Annotated[bool, option("--replace", "Replace the file of --picture.")] = False,
    json: Json = False,
) -> None:
    """Predict the first test images with the weights that a run left.

    They come from the data set that the run was evaluated on, which has to be here.
    """
    from modernize.results.artifact import run_called
    from modernize.results.files import write_atomically
    from modernize.results.store import load_records
    from modernize.run.predictions import predict as predicted_by

    if picture and picture.exists() and not replace:
        raise ModernizeError(f"{picture} exists; give --replace to replace it, or another --picture.")
    record = run_called(run, load_records(out / "results").records)
    found = predicted_by(record, out, num_images=images, data_dir=data_dir)
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
