"""`modernize cost`: what rungs cost, by arithmetic alone."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from modernize.cli import options as shared
from modernize.cli.choose import spec_named, split_names, start_of
from modernize.cli.console import say, say_json, say_prose, say_table, width
from modernize.cli.counts import CONVENTIONS, MACS_NOTE, count_cells, count_heads, counts
from modernize.cli.layout import columns
from modernize.cli.options import argument, complete_rung, examples, option
from modernize.cost import cost as count
from modernize.errors import ModernizeError
from modernize.families import FAMILIES
from modernize.ladder import ladder
from modernize.path import DEFAULT_PATH
from modernize.published import PUBLISHED_REGIMES, family_rows, published_row
from modernize.selection import Selection
from modernize.words import macs_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modernize.cost import Cost, PartCost
    from modernize.spec import Spec


class Per(StrEnum):
    """How finely the cost is split."""

    NETWORK = "network"
    STAGE = "stage"
    BLOCK = "block"
    OP = "op"


EXAMPLES = examples("modernize cost --regime resnet200 --probes", "modernize cost downsample --per stage")


def cost(
    names: Annotated[
        list[str] | None,
        argument("NAME", "Steps, base, or models such as convnext-t; the whole ladder by default.", complete_rung),
    ] = None,
    per: Annotated[Per, option("--per", "Split the cost: network, stage, block or op.", "PART")] = Per.NETWORK,
    regime: shared.Regime = "resnet50",
    image_size: shared.ImageSize = None,
    stem_stride: shared.StemStride = None,
    path: shared.OnPath = DEFAULT_PATH,
    upto: shared.Upto = "",
    start: shared.Start = "",
    skip: shared.Skip = "",
    only: shared.Only = "",
    order: shared.Order = "",
    probes: shared.Probes = False,
    json: shared.Json = False,
) -> None:
    """Count MACs (two conventions), parameters and activations, exactly and without building anything.

    The default regime is resnet50, so that the costs stand beside the paper's.
    """
    base = start_of(regime, stem_stride)
    skipped, only_these, ordered = map(split_names, (skip, only, order))
    chosen = Selection(path=path, upto=upto, start=start, skip=skipped, only=only_these, order=ordered, probes=probes)
    if names and chosen != Selection():
        raise ModernizeError(
            "name rungs or select a ladder (--path, --upto, --start, --skip, --only, --order, --probes), not both."
        )
    specs = (
        {n: spec_named(n, base) for n in names} if names else {r.step: r.spec for r in ladder(base, **asdict(chosen))}
    )
    size = base.regime.image_size if image_size is None else image_size
    costs = {name: count(spec, size) for name, spec in specs.items()}
    if json:
        _print_json(regime, size, specs, costs, per)
    elif per is Per.NETWORK:
        _print_networks(regime, size, specs, costs)
    else:
        _print_parts(regime, size, costs, per)


def _parts(cost: Cost, per: Per) -> Sequence[PartCost]:
    if per is Per.OP:
        return cost.ops
    return cost.stages if per is Per.STAGE else cost.blocks


def _print_json(regime: str, size: int, specs: dict[str, Spec], costs: dict[str, Cost], per: Per) -> None:
    networks = []
    for name, counted in costs.items():
        row: dict[str, Any] = {"name": name, "spec_fingerprint": specs[name].fingerprint, **counts(counted)}
        if per is not Per.NETWORK:
            row["parts"] = [
                {"path": part.path, "out_shape": part.out_shape, **counts(part)} for part in _parts(counted, per)
            ]
        networks.append(row)
    say_json({"regime": regime, "image_size": size, "conventions": CONVENTIONS, "networks": networks})


def _print_networks(regime: str, size: int, specs: dict[str, Spec], costs: dict[str, Cost]) -> None:
    unit, divisor = macs_unit(counted.macs for counted in costs.values())
    printed = _printed(regime, size, specs)
    heads = ["rung", *count_heads(unit), *(["paper>"] if printed else [])]
    rows = []
    for name, counted in costs.items():
        text, anomaly = printed.get(name, ("-", ""))
        paper = [f"{text}{'*' if anomaly else ' '}"] if printed else []
        rows.append((name, *count_cells(counted, divisor), *paper))
    say(f"{regime} regime, {size} px", "bold")
    say_table(columns(*heads), rows)
    say_prose("", MACS_NOTE, style="dim")
    for name, (_, anomaly) in printed.items():
        if anomaly:
            say_prose("*", f"{name}: {anomaly}", style="dim")
    for name in filter(FAMILIES.__contains__, specs):
        models = [row for row in family_rows() if (row.model, row.image_size) == (FAMILIES[name].title, size)]
        printed_top1 = "; ".join(f"top-1 {row.top1_percent} % {row.training} ({row.source})" for row in models)
        say_prose(name, f"published: {printed_top1 or f'nothing at {size} px'}", style="dim")


def _printed(regime: str, size: int, specs: dict[str, Spec]) -> dict[str, tuple[str, str]]:
    """What papers print for those networks that are theirs: GMACs, and what is wrong with them ("" for nothing)."""
    titles = {FAMILIES[name].title: name for name in specs if name in FAMILIES}
    rows = family_rows() if titles else ()
    printed = {titles[r.model]: (r.gmacs_text, "") for r in rows if r.model in titles and r.image_size == size}
    if regime in PUBLISHED_REGIMES and size == 224:
        for rung in ladder(regime, probes=True):
            row = published_row(regime, rung.step)
            if row and rung.step in specs and rung.spec.arch == specs[rung.step].arch:
                printed[rung.step] = (row.gmacs_text, row.anomaly)
    return printed


def _print_parts(regime: str, size: int, costs: dict[str, Cost], per: Per) -> None:
    unit, divisor = macs_unit(counted.macs for counted in costs.values())
    heads = columns("rung", per.value, "output", *count_heads(unit))
    tables = {
        name: [
            *((name, p.path, "x".join(map(str, p.out_shape)), *count_cells(p, divisor)) for p in _parts(counted, per)),
            (name, "total", "", *count_cells(counted, divisor)),
        ]
        for name, counted in costs.items()
    }
    if width() is None:
        say(f"{regime} regime, {size} px")
        say_table(heads, [row for rows in tables.values() for row in rows])
        say(MACS_NOTE)
        return
    for name, rows in tables.items():
        say(f"{name}, {regime} regime, {size} px", "bold")
        say_table(heads[1:], [row[1:] for row in rows], [""] * (len(rows) - 1) + ["bold"])
        say()
    say_prose("", MACS_NOTE, style="dim")
