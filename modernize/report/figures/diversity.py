"""Feature diversity by layer, a line a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from modernize.report.figures.look import Theme
from modernize.report.figures.style import WIDTH, house_style, settled, shortened

LONGEST_NAME = 60


def diversity(lines: Mapping[str, Sequence[float]], *, theme: Theme = "light") -> Figure:
    """Draw the mean distance of channels from the first layer to the last, as ConvNeXt V2's figure 4 does.

    Networks of different depth share the axis: it runs from 0 at the first layer measured to 1 at the last.

    Args:
        lines: Of each network, by its name, a value a layer.
        theme: "light" or "dark".
    """
    with house_style(theme) as look:
        figure = Figure(figsize=(WIDTH, 7.5), layout="constrained")
        axes = figure.add_subplot()
        axes.grid()
        colours = (look.measured, look.published, look.baseline, look.bad, look.kinds["dense"], look.faint)
        for index, (name, values) in enumerate(lines.items()):
            axes.plot(
                [layer / max(1, len(values) - 1) for layer in range(len(values))],
                values,
                color=colours[index % len(colours)],
                linestyle=("-", "--", ":")[index // len(colours) % 3],
                marker="os^Dv"[index % 5],
                label=shortened(name, LONGEST_NAME),
            )
        axes.axhline(0.5, color=look.faint, lw=1, ls=(0, (2, 3)), zorder=1)
        axes.set_ylim(0, max(0.56, *(1.05 * value for values in lines.values() for value in values)))
        axes.set_xlabel("layer, from the first to the last")
        axes.set_ylabel("mean of (1 - cosine) / 2 over pairs of channels")
        axes.set_title("Feature diversity: 0 where all channels say the same, 0.5 where they are orthogonal")
        axes.legend(loc="best", frameon=False)
        return settled(figure, look)
