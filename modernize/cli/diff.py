"""`modernize diff`: two rungs beside each other."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from modernize.cli.choose import spec_named, start_of
from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.counts import CONVENTIONS, MACS_NOTE, change_rows, counts
from modernize.cli.layout import columns
from modernize.cli.options import ImageSize, Json, Regime, StemStride, argument, complete_rung, examples
from modernize.cost import cost

_HELP = "A step's id, base, or a model such as convnext-t."
NameA = Annotated[str, argument("A", _HELP, complete_rung, default=True)]
NameB = Annotated[str, argument("B", _HELP, complete_rung, default=True)]

EXAMPLES = examples("modernize diff base downsample", "modernize diff kernel-5 kernel-11 --json")


def diff(
    a: NameA,
    b: NameB,
    regime: Regime = "resnet50",
    image_size: ImageSize = None,
    stem_stride: StemStride = None,
    json: Json = False,
) -> None:
    """Compare two rungs: the fields of the spec that differ, and what each costs.

    The default regime is resnet50, so that the costs stand beside the paper's.
    """
    base = start_of(regime, stem_stride)
    left, right = spec_named(a, base), spec_named(b, base)
    size = base.regime.image_size if image_size is None else image_size
    before, after = cost(left, size), cost(right, size)
    changes = left.diff(right)
    if json:
        costs = {"image_size": size, "conventions": CONVENTIONS, "a": counts(before), "b": counts(after)}
        changed = [asdict(change) for change in changes]
        say_json({"a": a, "b": b, "regime": regime, "changes": changed, "cost": costs})
        return
    say(f"From {a} to {b}, {regime} regime", "bold")
    for change in changes or ("nothing changes",):
        say(f"  {change}")
    say(f"\nCost at {size} px", "bold")
    say_table(columns("", f"{a}>", f"{b}>", "change>"), change_rows(before, after))
    say_prose("", MACS_NOTE, style="dim")
