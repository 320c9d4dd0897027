"""What networks took test images for: who was taken for whom, and the pictures that say most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from modernize.report.figures.look import Theme
from modernize.report.figures.style import SLIDE_INCHES, house_style, settled, shortened
from modernize.report.rows import Row
from modernize.results.predictions import PICTURES
from modernize.results.study import Study

MOST_PANELS = 3
MOST_NUMBERS = 12
"""Classes up to which a cell has room for its count."""
MOST_NAMES = 40
LONGEST_NAME = 16


def confusion(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:  # noqa: ARG001
    """Draw how many images of each class were taken for each, a panel a row; None where no predictions are kept."""
    shown = [(row, row.predictions) for row in rows if row.predictions][:MOST_PANELS]
    if not shown:
        return None
    with house_style(theme) as look:
        figure = Figure(figsize=SLIDE_INCHES, layout="constrained")
        for index, (row, predictions) in enumerate(shown):
            axes = figure.add_subplot(1, len(shown), index + 1)
            counts = predictions.confusion
            shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
            names = [shortened(name, LONGEST_NAME) for name in predictions.class_names]
            axes.set_aspect("equal")
            size = len(names)
            for true, taken in zip(*np.nonzero(counts), strict=True):
                colour = look.tint(look.measured if true == taken else look.bad, 0.15 + 0.85 * shares[true, taken])
                axes.add_patch(Rectangle((taken - 0.5, true - 0.5), 1, 1, facecolor=colour, edgecolor="none"))
                if size <= MOST_NUMBERS:
                    text = f"{counts[true, taken]}"
                    axes.text(taken, true, text, ha="center", va="center", color=look.on(colour), fontsize=9)
            axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="taken for")
            if size <= MOST_NAMES:
                fontsize = 10 if size <= MOST_NUMBERS else 6
                axes.set_xticks(range(size), names, rotation=90, fontsize=fontsize)
                axes.set_yticks(range(size), names if not index else [""] * size, fontsize=fontsize)
            if not index:
                axes.set_ylabel("true class")
            axes.set_title(f"{shortened(row.step, 40)}, seed {row.predicted_seed}", loc="left")
        return settled(figure, look)


def mistakes(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:  # noqa: ARG001
    """Draw the worst mistakes of the best row over its least sure hits; None where no predictions are kept."""
    shown = [row for row in rows if row.predictions]
    if not shown:
        return None
    best = max(shown, key=lambda row: row.value.mean if row.value else 0.0)
    predictions = best.predictions
    assert predictions is not None  # noqa: S101 - chosen so
    pictures = {int(index): picture for index, picture in zip(predictions.pictured, predictions.pictures, strict=True)}
    with house_style(theme) as look:
        figure = Figure(figsize=(SLIDE_INCHES[0], 6.2), layout="constrained")
        whose = f"{shortened(best.step, 40)}, seed {best.predicted_seed}"
        figure.suptitle(f"{whose}: its surest mistakes, and its least sure hits", fontsize=12, x=0.01, ha="left")
        for line, chosen in enumerate((predictions.worst_mistakes, predictions.least_sure_hits)):
            for column, index in enumerate(chosen.tolist()):
                axes = figure.add_subplot(2, PICTURES, line * PICTURES + column + 1)
                axes.set_axis_off()
                if index in pictures:
                    axes.imshow(pictures[index], interpolation="nearest")
                taken, true = (
                    shortened(predictions.class_names[label], LONGEST_NAME)
                    for label in (predictions.predicted[index], predictions.labels[index])
                )
                sure = f"{100 * predictions.sureness[index]:.0f} % {taken}"
                axes.set_title(
                    f"{sure}\n" + (f"it is {true}" if taken != true else "right"),
                    fontsize=10,
                    color=look.ink if taken == true else look.bad,
                )
        return settled(figure, look)
