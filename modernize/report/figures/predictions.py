"""Test images with what a network takes them for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from modernize.report.figures.style import Theme, house_style, settled, shortened

COLUMNS = 5
LONGEST_NAME = 16


def predictions(
    images_nhwc: Sequence[npt.NDArray[Any]],
    names: Sequence[tuple[str, str]],
    *,
    title: str,
    theme: Theme = "light",
) -> Figure:
    """Draw images in rows of five, each with the predicted class, and the true one where that is another.

    Args:
        images_nhwc: uint8 (h, w, 3) each.
        names: Predicted and true class of each.
        title: Over all of them.
        theme: "light" or "dark".
    """
    rows = -(-len(images_nhwc) // COLUMNS)
    with house_style(theme) as look:
        figure = Figure(figsize=(11, 0.7 + 2.6 * rows), layout="constrained")
        figure.suptitle(shortened(title, 150), fontsize=10.5, x=0.01, ha="left")
        for index in range(rows * COLUMNS):
            axes = figure.add_subplot(rows, COLUMNS, index + 1)
            axes.set_axis_off()
            if index < len(images_nhwc):
                predicted, true = (shortened(name, LONGEST_NAME) for name in names[index])
                wrong = names[index][0] != names[index][1]
                axes.imshow(images_nhwc[index], interpolation="nearest")
                axes.set_title(
                    f"{predicted}\nwrong: it is {true}" if wrong else f"{predicted}\n",
                    fontsize=11,
                    color=look.bad if wrong else look.ink,
                )
        return settled(figure, look)
