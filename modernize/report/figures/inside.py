"""What was found inside a study's networks: where they look, how alike they are, what each gets right anew."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from modernize.analysis.inside import SHARES, Inside
from modernize.analysis.receptive_field import centre
from modernize.report.figures.diversity import diversity
from modernize.report.figures.look import Theme
from modernize.report.figures.style import WIDTH, house_style, lined, settled, shortened
from modernize.words import signed

COLUMNS = 7
MOST_NUMBERS = 12
"""Classes up to which a cell has room for its number."""


def fields(found: Inside, *, theme: Theme = "light") -> Figure | None:
    """Draw the contribution of each pixel to the middle of each network's last map, with the squares that hold it.

    Darker (on dark pages, lighter) is more, by the square root, or all but the middle would be blank.
    """
    shown = {name: of_row[-1] for name, of_row in found.fields.items() if of_row}
    if not shown:
        return None
    columns = min(COLUMNS, len(shown))
    lines = math.ceil(len(shown) / columns)
    with house_style("light" if theme == "page" else theme) as look:  # a picture cannot follow its page
        figure = Figure(figsize=(max(4.0, 1.9 * columns), 0.5 + 2.5 * lines), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False)
        colours = LinearSegmentedColormap.from_list("contribution", [look.page, look.measured])
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, (name, one) in zip(grid.flat, shown.items(), strict=False):
            axes.imshow(one.contribution**0.5, cmap=colours, vmin=0, interpolation="nearest")
            row, column = centre(one.contribution)
            for side, style in zip(one.sides_px, ("-", (0, (3, 2))), strict=True):
                corner = (column - side / 2, row - side / 2)
                axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=look.ink, lw=1.4, ls=style))
            numbers = " and ".join(f"{side:.0f}" for side in one.sides_px)
            axes.set_title(f"{shortened(name, 18)}\n{numbers} px", fontsize=10.5, loc="center")
        held = " and ".join(f"{100 * share:.0f} %" for share in SHARES)
        return settled(figure, look, [f"squares hold {held} of the gradient at {found.image_size} px"])


def alignment(found: Inside, *, theme: Theme = "light") -> Figure | None:
    """Draw linear CKA with the row before, a panel a stride, beside that between the seeds of one row."""
    strides = sorted({one.stride for one in found.likenesses if one.old})
    rows = list(dict.fromkeys(one.new for one in found.likenesses if one.old))
    if not rows:
        return None
    with house_style(theme) as look:
        figure, panels = lined([shortened(name, 24) for name in rows], n_panels=len(strides), ticks=5)
        figure.set_size_inches(WIDTH, figure.get_figheight())
        for axes, stride in zip(panels, strides, strict=True):
            for one in found.likenesses:
                if one.stride == stride and one.new in rows:
                    face, marker = (look.measured, "s") if one.old else (look.page, "o")
                    axes.plot(one.cka, rows.index(one.new), marker, ms=8, mfc=face, mec=look.measured, mew=1.6)
            axes.set_xlim(-0.03, 1.03)
            axes.set_title(f"maps of stride {stride}", color=look.measured, weight="bold")
        panels[len(panels) // 2].set_xlabel("linear CKA")
        notes = ["square: with the row before"]
        notes += ["circle: between seeds of the row itself"] * any(not one.old for one in found.likenesses)
        return settled(figure, look, notes)


def layers(found: Inside, *, theme: Theme = "light") -> Figure | None:
    """Draw feature diversity by layer."""
    lines = {name: list(of_row.values()) for name, of_row in found.diversity.items() if of_row}
    return diversity(lines, theme=theme) if lines else None


def exchanged(found: Inside, *, theme: Theme = "light") -> Figure | None:
    """Draw how many images each row gets right that the one before did not, and loses, beside what seeds exchange."""
    if not found.gains:
        return None
    names = [f"{shortened(one.new, 18)} after {shortened(one.old, 18)}" for one in found.gains]
    with house_style(theme) as look:
        figure, (bars, cells) = lined(names, n_panels=2, around=2.6)
        figure.set_size_inches(WIDTH, figure.get_figheight())
        for place, one in enumerate(found.gains):
            bars.barh(place, one.overall.gained, height=0.5, color=look.measured)
            bars.barh(place, -one.overall.lost, height=0.5, color=look.bad)
            if one.overall.noise is not None:
                for end in (-one.overall.noise, one.overall.noise):
                    bars.plot([end, end], [place - 0.36, place + 0.36], color=look.ink, lw=2.2)
        bars.axvline(0, color=look.ink, lw=1.1)
        bars.set_xlabel("% of the test images: lost at the left, gained at the right")
        bars.set_title("right in one of the two alone", color=look.measured, weight="bold")
        cells.set_title("gained less lost, by class", color=look.measured, weight="bold")
        classes = list(dict.fromkeys(name for one in found.gains for name in one.classes))
        most = max(abs(of.gained - of.lost) for one in found.gains for of in one.classes.values()) or 1.0
        for place, one in enumerate(found.gains):
            for name, of_class in one.classes.items():
                net = of_class.gained - of_class.lost
                colour = look.tint(look.measured if net > 0 else look.bad, abs(net) / most)
                at = classes.index(name)
                cells.add_patch(Rectangle((at - 0.5, place - 0.5), 1, 1, facecolor=colour, edgecolor="none"))
                if len(classes) <= MOST_NUMBERS:
                    cells.text(at, place, signed(net, 0), ha="center", va="center", fontsize=9.5, color=look.on(colour))
        cells.grid(visible=False)
        named: dict[str, Any] = {"rotation": 90, "fontsize": 10}
        few = len(classes) <= 4 * MOST_NUMBERS
        cells.set_xlim(-0.5, len(classes) - 0.5)
        cells.set_xticks(
            range(len(classes)) if few else [], [shortened(n, 16) for n in classes] if few else [], **named
        )
        notes = ["black: what two seeds of one network exchange"] * (found.gains[0].overall.noise is not None)
        return settled(figure, look, notes or ["one seed: it is not known what seeds alone exchange"])


DRAWN: Mapping[str, Any] = {"fields": fields, "alignment": alignment, "diversity": layers, "gains": exchanged}
"""By key, in the order of the page."""
