"""Controls of equal cost: what a rung's multiply-accumulates buy without its step.

A step that makes a network costlier may be better for its cost alone. Its control is the rung before it, merely wider
until it costs as much, or where the step itself does no more than widen, merely deeper: found by arithmetic from specs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from modernize.cost import cost
from modernize.entry import Entry
from modernize.ladder import Rung
from modernize.words import macs_text, macs_unit

COSTLIER = 1.05
"""A step that multiplies MACs by more than this has a control."""

CONTROL = "-control"
"""What the name of a step's control ends in."""

_WIDENS = {"arch.width", "arch.dims"}
_SCALES = [1 + step / 200 for step in range(1, 1000)]

Contrasts = tuple[tuple[str, str], ...]


def controls_of(rungs: Sequence[Rung], names: Iterable[str] = ()) -> tuple[tuple[Entry, ...], Contrasts]:
    """Return a control for each step that makes its network costlier.

    Args:
        rungs: Of a ladder; those that were applied to a rung which is not among them have none.
        names: Taken by other entries.

    Returns:
        The entries, and their contrasts: each rung against its control.

    Examples:
        >>> from modernize.ladder import ladder
        >>> entries, contrasts = controls_of(ladder("resnet50"))
        >>> print(*[entry.name for entry in entries])
        stage-ratio-control width-control downsample-control
        >>> entries[0].note
        'channels 64-128-256-512 -> 68-135-270-540: 4.544 GMACs, as stage-ratio has 4.526'
        >>> contrasts[1]
        ('width', 'width-control')
    """
    by_spec = {rung.spec: rung for rung in reversed(rungs)}
    taken = {*names, *(rung.step for rung in rungs)}
    entries, contrasts = [], []
    for rung in rungs:
        before = by_spec.get(rung.before) if rung.before else None
        if before and cost(rung.spec).macs > COSTLIER * cost(before.spec).macs:
            name = f"{rung.step}{CONTROL}"
            while name in taken:
                name += "-2"
            entries.append(_control(rung, before, name))
            contrasts.append((rung.step, name))
    return tuple(entries), tuple(contrasts)


def _control(rung: Rung, before: Rung, name: str) -> Entry:
    deeper = {change.field for change in rung.changes} <= _WIDENS
    field, what = ("depths", "blocks") if deeper else ("dims", "channels")
    old = before.spec.arch.depths if deeper else before.spec.arch.stage_widths
    target = cost(rung.spec).macs

    def scaled(scale: float) -> tuple[int, tuple[int, ...]]:
        numbers = tuple(round(scale * n) for n in old)
        return cost(before.spec.with_arch(**{field: numbers})).macs, numbers

    # MACs only grow with the scale: the nearest ones stand on both sides of the target.
    place = min(bisect_left(_SCALES, target, key=lambda scale: scaled(scale)[0]), len(_SCALES) - 1)
    macs, nearest = min(map(scaled, _SCALES[max(0, place - 1) : place + 1]), key=lambda of: abs(of[0] - target))
    unit_name, unit = macs_unit([target])
    then, now = ("-".join(map(str, numbers)) for numbers in (old, nearest))
    return Entry(
        name=name,
        title=f"{before.step}, merely {'deeper' if deeper else 'wider'}",
        role="control",
        model=before.spec.with_arch(**{field: nearest}).arch,
        recipe=before.spec.recipe,
        note=f"{what} {then} -> {now}: {macs_text(macs, unit)} {unit_name}, as {rung.step} has "
        f"{macs_text(target, unit)}",
    )
