"""Images of the data, and what networks make of the first test images."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.image import imread

from modernize.metrics import DETECTION, MASKED_RECONSTRUCTION, SEGMENTATION
from modernize.report.figures.look import Theme
from modernize.report.figures.style import house_style, rung_label, settled
from modernize.report.rows import Row
from modernize.results.study import Study

SHOWN: dict[str, tuple[tuple[str, ...], str]] = {
    MASKED_RECONSTRUCTION: (
        ("seen", "drawn", "whole"),
        "patches are drawn with the brightness and contrast of those that are hidden",
    ),
    DETECTION: (("true", "found"), "a colour a class; of what is found, what scores 0.5 or more"),
    SEGMENTATION: (("true", "found"), "a colour a class"),
}
"""By objective, what the rows of a sheet are, and what there is to know of it."""


def pictures(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw test images for each row that left pictures.

    Args:
        study: The plan.
        rows: Of the study.
        theme: "light" or "dark".

    Returns:
        None where no run left any.
    """
    shown = [
        (row, row.pictures.seed, imread(row.pictures.path))
        for row in rows
        if row.pictures and row.planned.objective in SHOWN
    ]
    if not shown:
        return None
    with house_style(theme) as look:
        figure = Figure(
            figsize=(11, 0.6 + sum(11 * len(sheet) / len(sheet[0]) for _, _, sheet in shown)), layout="constrained"
        )
        for place, (row, seed, sheet) in enumerate(shown, start=1):
            axes = figure.add_subplot(len(shown), 1, place)
            axes.imshow(sheet, interpolation="nearest")
            kinds, _ = SHOWN[row.planned.objective]
            height = len(sheet) / len(kinds)
            axes.set_yticks([height * (kind + 0.5) - 0.5 for kind in range(len(kinds))], kinds)
            axes.set_xticks([])
            axes.tick_params(length=0)
            for spine in axes.spines.values():
                spine.set_visible(False)
            axes.set_title(f"{rung_label(row)}, seed {seed}", fontsize=11.5)
        notes = dict.fromkeys(SHOWN[row.planned.objective][1] for row, _, _ in shown)
        figure.supxlabel("; ".join([f"the first test images of {study.data}", *notes]), fontsize=11)
        return settled(figure, look)


def samples(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw sample images of the data set, a row a class; None where none are kept."""
    path = next((row.samples for row in rows if row.samples), None)
    if not path:
        return None
    with house_style(theme) as look:
        sheet = imread(path)
        figure = Figure(figsize=(6.4, 0.5 + 6.4 * len(sheet) / len(sheet[0])), layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(sheet, interpolation="nearest")
        axes.set_axis_off()
        return settled(figure, look, [f"training images of {study.data} at {study.image_size} px, a row a class"])
