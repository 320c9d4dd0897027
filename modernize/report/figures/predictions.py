"""Images with what networks take them for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import house_style, settled, shortened

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


def ranked(
    images_nhwc: Sequence[npt.NDArray[Any]],
    names: Sequence[str],
    found: Mapping[str, Sequence[Sequence[tuple[str, float]]]],
    *,
    theme: Theme = "light",
) -> Figure:
    """Draw a picture a row, and beside it, a network a column, the classes that it takes it for as bars.

    Args:
        images_nhwc: uint8 (h, w, 3) each, of any size.
        names: Of each picture.
        found: By network, for each picture, classes and their probabilities in percent, likeliest first.
        theme: "light" or "dark".
    """
    with house_style(theme) as look:
        figure = Figure(figsize=(3.4 + 4.2 * len(found), 0.4 + 2.6 * len(names)), layout="constrained")
        grid = figure.add_gridspec(len(names), 1 + len(found), width_ratios=[1.0, *[1.4] * len(found)])
        for row, (image, name) in enumerate(zip(images_nhwc, names, strict=True)):
            axes = figure.add_subplot(grid[row, 0])
            axes.set_axis_off()
            axes.imshow(image, interpolation="nearest")
            axes.set_title(shortened(name, 28), fontsize=11)
            for column, (network, its) in enumerate(found.items(), start=1):
                axes = figure.add_subplot(grid[row, column])
                _bars(axes, its[row], look)
                if row == 0:
                    axes.set_title(shortened(network, 44), fontsize=11)
        return settled(figure, look)


def _bars(axes: Axes, classes: Sequence[tuple[str, float]], look: Look) -> None:
    places = range(len(classes))
    axes.barh(places, [percent for _, percent in classes], color=look.tint(look.measured, 0.45), height=0.7)
    axes.set_xlim(0, 100)
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for place, (name, percent) in enumerate(classes):
        weight = "bold" if place == 0 else "normal"
        axes.text(1.5, place, f"{shortened(name, 26)}  {percent:.1f} %", va="center", weight=weight, color=look.ink)
