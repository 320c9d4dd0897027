"""What networks draw of images that are mostly hidden."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.image import imread

from modernize.report.figures.look import Theme
from modernize.report.figures.style import house_style, rung_label, settled
from modernize.report.rows import Row
from modernize.results.study import Study

KINDS = ("seen", "drawn", "whole")


def reconstructions(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw test images for each row that left pictures: what is seen of them, what is drawn, and the images.

    Args:
        study: The plan.
        rows: Of the study.
        theme: "light" or "dark".

    Returns:
        None where no run left any.
    """
    shown = [(row, imread(row.pictures)) for row in rows if row.pictures]
    if not shown:
        return None
    with house_style(theme) as look:
        figure = Figure(figsize=(11, 0.6 + 4.2 * len(shown)), layout="constrained")
        for place, (row, sheet) in enumerate(shown, start=1):
            axes = figure.add_subplot(len(shown), 1, place)
            axes.imshow(sheet, interpolation="nearest")
            height = len(sheet) / len(KINDS)
            axes.set_yticks([height * (kind + 0.5) - 0.5 for kind in range(len(KINDS))], KINDS)
            axes.set_xticks([])
            axes.tick_params(length=0)
            for spine in axes.spines.values():
                spine.set_visible(False)
            axes.set_title(rung_label(row), fontsize=11.5)
        figure.supxlabel(
            f"the first test images of {study.data}; patches are drawn with the brightness and contrast of those that "
            "are hidden",
            fontsize=11,
        )
        return settled(figure, look)
