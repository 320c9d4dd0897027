"""Where the MACs and the parameters of networks lie: by kind of operation and by stage, as stacked bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from modernize.cost import Cost, PartCost, cost
from modernize.errors import ModernizeError, unknown_name
from modernize.report.figures.look import KINDS, Look, Theme
from modernize.report.figures.style import WIDTH, house_style, lined, settled, shortened
from modernize.report.provenance import MEASURED
from modernize.spec import Spec

By = Literal["kind", "stage"]
Stacks = dict[str, dict[str, list[int]]]

_MEASURES: dict[str, Callable[[PartCost], int]] = {"macs": lambda op: op.macs, "params": lambda op: op.num_params}
# Pooling has neither MACs in this convention nor parameters.
_KINDS: dict[str, str] = {kind: name for kind, name in KINDS.items() if kind != "pool"}
_LIGHTEST, _DARKEST = 0.2, 1.0


def cost_breakdown(
    specs: Mapping[str, Spec],
    by: By = "kind",
    image_size: int | None = None,
    *,
    speeds: Mapping[str, float] = MappingProxyType({}),
    theme: Theme = "light",
) -> Figure:
    """Draw what each network costs, a stacked bar of MACs, one of parameters, and how fast it trains.

    Args:
        specs: Networks by name, drawn from top to bottom.
        by: What the bars are stacked of: "kind" of operation, or "stage" (each with its downsampling).
        image_size: Height and width of the input in pixels; each regime's own by default.
        speeds: Measured training images a second by name, where they are known.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no network, or no such division or theme.
    """
    if by not in ("kind", "stage"):
        raise unknown_name("division", by, ("kind", "stage"))
    if not specs:
        raise ModernizeError("there is no network to draw the cost of.")
    counted = {name: cost(spec, image_size) for name, spec in specs.items()}
    keys = [_keys(of, by) for of in counted.values()]
    names = _KINDS if by == "kind" else _stage_names(keys)
    stacks: Stacks = {measure: {key: [] for key in names} for measure in _MEASURES}
    for of, own in zip(counted.values(), keys, strict=True):
        _add(stacks, of.ops, own)
    sizes = sorted({of.image_size for of in counted.values()})
    with house_style(theme) as look:
        return _panels(
            [shortened(name, 22) for name in specs], stacks, names, by, sizes, [speeds.get(n) for n in specs], look
        )


def _keys(counted: Cost, by: By) -> dict[str, str]:
    """Say of each operation, by its path, to which part of a bar it belongs."""
    if by == "stage":
        return {op.path: ".".join(op.path.split(".")[: 2 if op.path.startswith("stages") else 1]) for op in counted.ops}
    return {op.path: "rest" if op.kind == "pool" else op.kind for op in counted.ops}


def _stage_names(keys: Sequence[Mapping[str, str]]) -> dict[str, str]:
    found = dict.fromkeys(stage for of in keys for stage in of.values())
    stages = sorted((s for s in found if s.startswith("stages")), key=lambda stage: int(stage.split(".")[1]))
    named = {stage: f"stage {int(stage.split('.')[1]) + 1}" for stage in stages}
    return {"stem": "stem", **named, "head": "head"}


def _add(stacks: Stacks, ops: Sequence[PartCost], keys: Mapping[str, str]) -> None:
    """Add a bar: the sum over the operations of each key."""
    for measure, value in _MEASURES.items():
        for key, values in stacks[measure].items():
            values.append(sum(value(op) for op in ops if keys[op.path] == key))


def _panels(
    labels: Sequence[str],
    stacks: Stacks,
    names: Mapping[str, str],
    by: By,
    sizes: Sequence[int],
    speeds: Sequence[float | None],
    look: Look,
) -> Figure:
    colours = _colours(names, by, look)
    timed = any(speed is not None for speed in speeds)
    figure, axes = lined(labels, n_panels=2 + timed, line=0.36, ticks=6 - timed)
    figure.set_figwidth(WIDTH)
    pixels = f"{sizes[0]} px" if len(sizes) == 1 else "each one's own input size"
    units = {
        "macs": (("GMACs", 1e9), ("MMACs", 1e6), f"at {pixels}"),
        "params": (("million parameters", 1e6), ("thousand parameters", 1e3), ""),
    }
    for panel, (measure, (large, small, where)) in zip(axes, units.items(), strict=False):
        totals = [sum(column) for column in zip(*stacks[measure].values(), strict=True)]
        name, unit = large if max(totals) >= large[1] else small
        _bars(panel, stacks[measure], totals, unit, colours, look)
        panel.set_xlabel(f"{name} {where}".strip())
    if timed:
        _speeds(axes[-1], speeds, look)
    used = [key for key in names if any(sum(stacks[measure][key]) for measure in _MEASURES)]
    figure.legend(
        handles=[Patch(label=names[key], **_surface(key, colours, look)) for key in used],
        loc="outside upper center",
        ncols=len(used),
        frameon=False,
        fontsize=11,
        handlelength=1.2,
        columnspacing=1.6,
    )
    return settled(figure, look)


def _speeds(axes: Axes, speeds: Sequence[float | None], look: Look) -> None:
    """Draw what was measured as dots: a bar is what something is made of."""
    known = [(place, speed) for place, speed in enumerate(speeds) if speed is not None]
    most = max(speed for _, speed in known) or 1.0
    for place, speed in known:
        axes.plot([0, speed], [place, place], color=look.grid, lw=1.2, zorder=1)
        axes.plot(speed, place, MEASURED.marker, color=look.measured, ms=8, zorder=2)
        axes.annotate(f"{speed:,.0f}", (speed, place), (8, 0), textcoords="offset points", va="center", fontsize=10.5)
    axes.set_xlim(0, 1.25 * most)
    axes.set_xlabel("training images/s, measured")


def _bars(
    axes: Axes,
    stacks: Mapping[str, Sequence[int]],
    totals: Sequence[int],
    unit: float,
    colours: Mapping[str, str],
    look: Look,
) -> None:
    starts = [0.0] * len(totals)
    for key, values in stacks.items():
        widths = [value / unit for value in values]
        axes.barh(range(len(widths)), widths, left=starts, height=0.68, **_surface(key, colours, look))
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    digits = 3 if max(totals) / unit < 10 else 2 if max(totals) / unit < 100 else 1
    # What is little beside the others is not nothing.
    texts = [f"{v:.{digits}f}" if round(v, digits) or not v else f"{v:.1g}" for v in (t / unit for t in totals)]
    for place, (total, text) in enumerate(zip(totals, texts, strict=True)):
        axes.annotate(text, (total / unit, place), (6, 0), textcoords="offset points", va="center", fontsize=10.5)
    axes.set_xlim(0, max(totals) / unit * 1.17)


def _surface(key: str, colours: Mapping[str, str], look: Look) -> dict[str, Any]:
    """How a part of a bar is filled: what is left over is hatched, so that grey ink tells it from the others."""
    if key == "rest":
        return {"facecolor": look.page, "edgecolor": look.faint, "hatch": "//////", "linewidth": 0.6}
    return {"facecolor": colours[key], "edgecolor": look.page, "linewidth": 0.6}


def _colours(names: Mapping[str, str], by: By, look: Look) -> dict[str, str]:
    """Kinds have colours of their own; stages are shades of one, the deeper the stronger."""
    if by == "kind":
        return {key: look.kinds[key] for key in names}
    step = (_DARKEST - _LIGHTEST) / max(1, len(names) - 1)
    return {key: look.tint(look.measured, _LIGHTEST + step * i) for i, key in enumerate(names)}
