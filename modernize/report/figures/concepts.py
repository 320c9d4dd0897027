"""Pictures of the ideas behind steps, from the fields of the specs before and after: what no block diagram shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from modernize.blueprint import blueprint
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.parts import block_part
from modernize.report.figures.style import house_style
from modernize.spec import Spec

SIZE_INCHES = (11.2, 3.0)
FONT = 14.0
"""Points; 20 px on a slide that is 1152 px wide inside its margins."""
MAP_PIXELS = 14
"""Side of stage 3's map at 224 px."""

Draw = Callable[[tuple[Axes, Axes], Spec, Spec, Look], None]


def concept(draw: Draw, before: Spec, after: Spec, *, theme: Theme = "light") -> Figure:
    """Draw the idea of a step, before at the left and after at the right.

    Args:
        draw: One of `CONCEPTS`.
        before: The spec that it was applied to.
        after: What it made of it.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    with house_style(theme) as look:
        figure = Figure(figsize=SIZE_INCHES)
        left, right = (figure.add_axes((x, 0.02, 0.46, 0.84)) for x in (0.02, 0.52))
        for axes in (left, right):
            axes.set_axis_off()
            axes.set_aspect("equal")
        draw((left, right), before, after, look)
        return figure


def kernel_curve(points: Sequence[tuple[int, float, float | None]], *, theme: Theme = "light") -> Figure:
    """Draw published top-1 against the size of the depthwise kernel.

    Args:
        points: Kernel size, top-1 in percent, and its printed standard deviation; None where none is printed.
        theme: "light" or "dark".
    """
    with house_style(theme) as look:
        figure = Figure(figsize=(5.2, 4.2), layout="constrained")
        axes = figure.subplots()
        sizes = [size for size, *_ in points]
        axes.plot(sizes, [top1 for _, top1, _ in points], "-", color=look.published, lw=2, zorder=1)
        for size, top1, std in points:
            if std is not None:
                axes.errorbar(size, top1, yerr=std, color=look.ink, elinewidth=1.6, capsize=5, zorder=2)
            axes.plot(size, top1, "D", ms=10, mfc=look.published, mec=look.ink, zorder=3)
        axes.set_xticks(sizes, [f"{size}" for size in sizes])
        axes.set_xlabel("kernel size", fontsize=FONT + 1)
        axes.set_ylabel("top-1, %", fontsize=FONT + 1)
        spread = ", ± standard deviation" if any(std is not None for *_, std in points) else ""
        axes.set_title(f"published{spread}", fontsize=FONT, color=look.published_ink)
        axes.tick_params(labelsize=FONT)
        axes.margins(x=0.08, y=0.2)
        axes.grid(axis="y", color=look.grid)
        return figure


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=FONT, loc="center")


def _grid(axes: Axes, cells: int, look: Look, *, at: tuple[float, float] = (0, 0), cell: float = 1.0) -> None:
    """Draw a square of pixels with its lower left corner at a point."""
    x, y = at
    for i in range(cells + 1):
        axes.plot([x + i * cell] * 2, [y, y + cells * cell], color=look.grid, lw=1.0, zorder=1)
        axes.plot([x, x + cells * cell], [y + i * cell] * 2, color=look.grid, lw=1.0, zorder=1)


def _square(
    axes: Axes, x: float, y: float, side: float, colour: str, look: Look, share: float = 0.45, **style: Any
) -> None:
    style = {"facecolor": look.tint(colour, share), "edgecolor": colour, "lw": 2.0, **style}
    axes.add_patch(Rectangle((x, y), side, side, **style))


def _stage_ratio(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:
    most = max(*before.arch.depths, *after.arch.depths)
    for axes, spec, word in zip(pair, (before, after), ("before", "after"), strict=True):
        axes.set_aspect("auto")
        for stage, depth in enumerate(spec.arch.depths):
            colour = look.mark if depth != before.arch.depths[stage] else look.kinds["1x1"]
            for block in range(depth):
                axes.add_patch(
                    Rectangle((stage, block), 0.72, 0.8, facecolor=look.tint(colour, 0.45), edgecolor=colour, lw=1.2)
                )
            axes.text(stage + 0.36, depth + 0.02 * most, str(depth), ha="center", va="bottom", fontsize=FONT)
            axes.text(stage + 0.36, -0.05 * most, f"stage {stage + 1}", ha="center", va="top", fontsize=FONT - 1)
        axes.set(xlim=(-0.3, len(spec.arch.depths)), ylim=(-0.2 * most, most * 1.16))
        _title(axes, f"{word}: blocks a stage")


def _patchify(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:
    stride = before.arch.stem_stride
    kernel, step = (7, 2) if stride == 4 else (3, max(1, stride // 2))
    cells = 12 if stride == 4 else 8
    for axes in pair:
        _grid(axes, cells, look)
        axes.set(xlim=(-0.3, cells * 2.0), ylim=(-0.3, cells + 0.3))
    for i, colour in enumerate((look.kinds["dense"], look.mark, look.kinds["dense"])):
        _square(pair[0], i * step, cells - kernel - i * step, kernel, colour, look, 0.25, zorder=2 + i)
    side = after.arch.stem_stride
    for i in range(0, cells, side):
        for j in range(0, cells, side):
            odd = (i // side + j // side) % 2
            _square(pair[1], i, j, side, look.kinds["depthwise"], look, 0.45 if odd else 0.15, zorder=2)
    _title(pair[0], f"windows {kernel}×{kernel} every {step} px: they overlap")  # noqa: RUF001
    _title(pair[1], f"patches {side}×{side} every {side} px: a grid")  # noqa: RUF001
    _beside(pair[0], cells, [f"{kernel}×{kernel} convolution", "and a max pool"])  # noqa: RUF001
    _beside(pair[1], cells, [f"one {side}×{side} convolution,", "each pixel read once"])  # noqa: RUF001


def _beside(axes: Axes, cells: int, lines: Sequence[str]) -> None:
    axes.text(cells + 0.6, cells / 2, "\n".join(lines), va="center", fontsize=FONT, linespacing=1.5)


def _depthwise(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:  # noqa: ARG001
    n = 5
    names = ("every channel reads all", "every channel reads itself")
    for axes, full, title in zip(pair, (True, False), names, strict=True):
        for i in range(n):
            for j in range(n):
                if full or i == j:
                    colour = look.kinds["dense" if full else "depthwise"]
                    axes.plot([0.6, 5.4], [i, j], color=colour, lw=1.6 if full else 4.0, alpha=0.8, zorder=1)
            for x in (0, 6):
                _square(axes, x - 0.4, i - 0.4, 0.8, look.ink, look, 0.08, zorder=2, lw=1.4)
        cost = f"{n} × {n} filters of k × k" if full else f"{n} filters of k × k"  # noqa: RUF001
        axes.text(7.2, (n - 1) / 2, cost, va="center", fontsize=FONT)
        axes.text(0, n - 0.3, "in", ha="center", fontsize=FONT)
        axes.text(6, n - 0.3, "out", ha="center", fontsize=FONT)
        axes.set(xlim=(-1, 13), ylim=(-0.8, n + 0.3))
        _title(axes, title)


def _kernel(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:
    for axes, spec in zip(pair, (before, after), strict=True):
        k, n = spec.arch.kernel_size, MAP_PIXELS
        _grid(axes, n, look)
        middle = n // 2
        _square(axes, middle - k // 2, middle - k // 2, k, look.kinds["depthwise"], look, 0.5, zorder=2)
        _square(axes, middle, middle, 1, look.mark, look, 1.0, zorder=3)
        axes.set(xlim=(-0.3, n * 2.1), ylim=(-0.3, n + 0.3))
        share = 100 * k * k / n**2
        lines = [f"{k * k} of {n * n} positions,", f"{share:.0f} % of the map"]
        axes.text(n + 1, n / 2, "\n".join(lines), va="center", fontsize=FONT, linespacing=1.5)
        _title(axes, f"one {k}×{k} kernel on a map of {n} px")  # noqa: RUF001


def _gelu(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:  # noqa: ARG001
    curves: tuple[tuple[str, Callable[[float], float]], ...] = (
        ("ReLU: max(x, 0)", lambda x: max(x, 0.0)),
        ("GELU: x times the normal distribution function", lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))),
    )
    xs = [i / 50 for i in range(-175, 126)]
    for axes, (name, f), other in zip(pair, curves, (None, curves[0][1]), strict=True):
        axes.set_aspect("auto")
        axes.axhline(0, color=look.faint, lw=1)
        axes.axvline(0, color=look.faint, lw=1)
        if other:
            axes.plot(xs, [*map(other, xs)], "--", color=look.faint, lw=2)
        axes.plot(xs, [*map(f, xs)], color=look.mark if other else look.kinds["1x1"], lw=4)
        for x in (-3, -2, -1, 1, 2):
            axes.text(x, -0.25, str(x).replace("-", "−"), ha="center", va="top", fontsize=FONT - 1)  # noqa: RUF001
        axes.set(xlim=(-3.5, 2.5), ylim=(-0.6, 2.4))
        _title(axes, name)


def _ln(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:  # noqa: ARG001
    batch, channels, positions = 4, 4, 3
    for axes, by_channel in zip(pair, (True, False), strict=True):
        for n in range(batch):
            for p in range(positions):
                for c in range(channels):
                    chosen = c == 1 if by_channel else (n == batch - 1 and p == 1)
                    _cube(axes, c, p, n, chosen=chosen, look=look)
        axes.set(xlim=(-0.6, 16.5), ylim=(-1.2, 5.8))
        said = (
            ["one channel,", "all images, all positions:", "needs a batch"]
            if by_channel
            else ["one position of one image,", "all channels:", "needs no batch"]
        )
        axes.text(8.0, 2.6, "\n".join(said), va="center", fontsize=FONT, linespacing=1.5)
        axes.text(2.0, -0.75, "channels", ha="center", fontsize=FONT - 1)
        _title(axes, "BatchNorm: one mean and variance over" if by_channel else "LayerNorm: one mean and variance over")


def _cube(axes: Axes, c: int, p: int, n: int, *, chosen: bool, look: Look) -> None:
    """Draw one value of channel c at position p of image n, as a cube seen from the front, images behind each other."""
    x, y = c + 0.9 * (3 - n), p + 0.65 * (3 - n)
    colour = look.mark if chosen else look.faint
    fill = look.tint(look.mark, 0.75) if chosen else look.tint(look.faint, 0.12)
    order = 10 * n + 2
    style: dict[str, Any] = {"facecolor": fill, "edgecolor": colour, "lw": 1.1}
    axes.add_patch(Polygon([(x, y), (x + 0.86, y), (x + 0.86, y + 0.86), (x, y + 0.86)], zorder=order, **style))


def _downsample(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:  # noqa: ARG001
    cells = 8
    kernel = before.arch.kernel_size
    shown = min(kernel, cells - 1)
    for axes in pair:
        _grid(axes, cells, look)
        _grid(axes, cells // 2, look, at=(cells + 3, 2))
        axes.annotate(
            "",
            (cells + 2.6, cells / 2),
            (cells + 0.4, cells / 2),
            arrowprops={"arrowstyle": "-|>", "lw": 2, "color": look.ink},
        )
        axes.set(xlim=(-0.3, 2 * cells), ylim=(-0.3, cells + 0.3))
        _square(axes, cells + 3, 5, 1, look.mark, look, 0.8, zorder=3)
    _square(pair[0], 0, cells - shown, shown, look.kinds["depthwise"], look, 0.3, zorder=2)
    for i in range(0, cells, 2):
        for j in range(0, cells, 2):
            odd = (i // 2 + j // 2) % 2
            _square(pair[1], i, j, 2, look.kinds["1x1"], look, 0.4 if odd else 0.12, zorder=2, lw=1.2)
    _square(pair[1], 0, cells - 2, 2, look.mark, look, 0.8, zorder=3)
    _title(pair[0], f"in a block: stride 2 on {kernel}×{kernel} and shortcut")  # noqa: RUF001
    _title(pair[1], "between stages: a norm, then 2×2 with stride 2")  # noqa: RUF001


def _profile(pair: tuple[Axes, Axes], before: Spec, after: Spec, look: Look) -> None:
    """Draw the channels through a block, as high as they are many."""
    parts = [block_part(blueprint(spec)) for spec in (before, after)]
    most = max(max(node.channels) for part in parts for node in part.nodes)
    for axes, part, word in zip(pair, parts, ("before", "after"), strict=True):
        axes.set_aspect("auto")
        boxes = [node for node in part.nodes if node.text]
        for i, node in enumerate(boxes):
            enters, leaves = (channels / most / 2 for channels in node.channels)
            colour = look.kinds[node.kind]
            corners = [(i, -enters), (i + 0.86, -leaves), (i + 0.86, leaves), (i, enters)]
            axes.add_patch(Polygon(corners, facecolor=look.tint(colour, 0.45), edgecolor=colour, lw=2.0))
            axes.text(i + 0.43, -0.6, node.text.partition(",")[0], ha="center", va="top", fontsize=FONT)
        ends = [(-0.04, boxes[0].channels[0], "right"), (len(boxes) - 0.1, boxes[-1].channels[1], "left")]
        for x, channels, side in ends:
            axes.text(x, 0, f"{channels}", ha=side, va="center", fontsize=FONT)
        for i, node in enumerate(boxes[:-1]):
            axes.text(
                i + 0.93, node.channels[1] / most / 2 + 0.03, f"{node.channels[1]}", ha="center", fontsize=FONT - 1
            )
        axes.set(xlim=(-0.5, len(boxes) + 0.35), ylim=(-0.8, 0.62))
        _title(axes, f"{word}: channels through a block")


CONCEPTS: dict[str, Draw] = {
    "stage-ratio": _stage_ratio,
    "patchify": _patchify,
    "depthwise": _depthwise,
    "width": _profile,
    "inverted": _profile,
    "move-up": _profile,
    "kernel-7": _kernel,
    "gelu": _gelu,
    "ln": _ln,
    "downsample": _downsample,
}
"""By the step whose idea they show."""
