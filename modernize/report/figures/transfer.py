"""Accuracy against images a class, and test images with what they were taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from modernize.report.figures.look import Theme
from modernize.report.figures.style import house_style, settled, shortened

MARKERS = "osD^"

Curve = Sequence[tuple[int, float, float | None]]
"""Images a class, top-1 in percent, half the width of its interval."""


def transfer(
    curves: Mapping[str, Curve],
    pictures: Sequence[tuple[npt.NDArray[Any], str, str]],
    *,
    title: str,
    theme: Theme = "light",
) -> Figure:
    """Draw a curve a classifier, and beside them test images.

    Args:
        curves: By the classifier's name.
        pictures: uint8 (h, w, 3), what it was taken for, and what it is.
        title: Over the curves.
        theme: "light" or "dark".
    """
    with house_style(theme) as look:
        figure = Figure(figsize=(7.2 + 3.0 * len(pictures), 4.6), layout="constrained")
        grid = figure.add_gridspec(1, 1 + len(pictures), width_ratios=[2.4, *[1.0] * len(pictures)])
        axes = figure.add_subplot(grid[0, 0])
        colours = (look.measured, look.published_ink, look.baseline, look.mark)
        for number, (name, curve) in enumerate(curves.items()):
            counts, means, halves = zip(*curve, strict=True)
            axes.errorbar(
                [count * 1.02**number for count in counts],  # side by side, or their bars would hide each other
                means,
                yerr=[half or 0.0 for half in halves],
                color=colours[number % len(colours)],
                marker=MARKERS[number % len(MARKERS)],
                capsize=3,
                label=name,
            )
        seen = sorted({count for curve in curves.values() for count, _, _ in curve})
        axes.set_xscale("log")
        axes.set_xticks(seen, [f"{count}" for count in seen])
        axes.minorticks_off()
        low, high = axes.get_ylim()
        axes.set_ylim(max(0.0, low), min(102.0, high))
        axes.grid(axis="y", color=look.grid)
        axes.set_xlabel("training images a class")
        axes.set_ylabel("test top-1, %")
        axes.set_title(shortened(title, 70), fontsize=11)
        axes.legend(frameon=False)
        for column, (image, predicted, true) in enumerate(pictures, start=1):
            axes = figure.add_subplot(grid[0, column])
            axes.set_axis_off()
            axes.imshow(image, interpolation="nearest")
            wrong = predicted != true
            axes.set_title(
                f"Predicted: {shortened(predicted, 18)}" + (f"\nwrong: it is {shortened(true, 16)}" if wrong else "\n"),
                fontsize=12,
                color=look.bad if wrong else look.ink,
            )
        return settled(figure, look)
