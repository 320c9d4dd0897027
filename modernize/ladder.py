"""From a base spec and a selection of steps to rungs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modernize.errors import ModernizeError
from modernize.path import BASE, DEFAULT_PATH
from modernize.regimes import DEFAULT_REGIME, base_spec
from modernize.registry import get_step, load_steps
from modernize.selection import Selection, not_on_ladder, select_steps
from modernize.spec import Change, Spec
from modernize.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """The spec after a step, and how it came about.

    Attributes:
        step: Id of the step that made it, or "base".
        title: What reports call it.
        steps: Ids of all steps applied to the base spec, in order.
        adopted: Whether later rungs stand on it (a probe is not adopted).
        spec: The rung itself.
        before: The spec that the step was applied to; None at the base.
    """

    step: str
    title: str
    steps: tuple[str, ...]
    adopted: bool
    spec: Spec
    before: Spec | None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields that the step changed."""
        return self.before.diff(self.spec) if self.before else ()


def ladder(
    regime: str | Spec = DEFAULT_REGIME,
    *,
    path: str = DEFAULT_PATH,
    upto: str = "",
    start: str = "",
    skip: Iterable[str] = (),
    only: Iterable[str] = (),
    order: Iterable[str] = (),
    probes: bool = False,
) -> tuple[Rung, ...]:
    """Apply steps cumulatively to a regime's base spec.

    Args:
        regime: Name of a regime, or a spec to start from.
        path: Name of the path whose steps are taken.
        upto: Last step taken.
        start: First rung returned; earlier steps are applied all the same.
        skip: Steps to leave out.
        only: Take only these, in path order.
        order: Take only these, in this order.
        probes: Also try the probes, each from the spec its adopted counterpart started from.

    Returns:
        The rungs, rung 0 first (unless `start` says otherwise).

    Raises:
        ModernizeError: If a name is unknown, the selection contradicts itself, or a step changes nothing.

    Examples:
        >>> [rung.step for rung in ladder("resnet50", upto="patchify")]
        ['base', 'recipe', 'stage-ratio', 'patchify']
        >>> ladder("resnet50")[-1].spec.arch.norm
        'layer'
    """
    for option, names in (("skip", skip), ("only", only), ("order", order)):
        if isinstance(names, str):
            raise ModernizeError(f"{option} should be a list of steps, not {names!r}; write [{names!r}].")
    selection = Selection(
        path=path, upto=upto, start=start, skip=tuple(skip), only=tuple(only), order=tuple(order), probes=probes
    )
    rungs = climb(regime if isinstance(regime, Spec) else base_spec(regime), select_steps(selection))
    taken = [rung.step for rung in rungs]
    if start and start not in taken:
        raise not_on_ladder("--start", start, taken)
    return rungs[taken.index(start) :] if start else rungs


def compared(rungs: Iterable[Rung]) -> tuple[tuple[str, str], ...]:
    """Say which of these rungs is compared with which: with the one its step was applied to, or the one it names.

    Examples:
        >>> compared(ladder("resnet50", start="move-up", upto="kernel-7", probes=True))[1:3]
        (('kernel-7', 'move-up'), ('kernel-9', 'kernel-7'))
    """
    rungs, steps = tuple(rungs), load_steps()
    names = {rung.step for rung in rungs}
    by_spec = {rung.spec: rung.step for rung in reversed(rungs)}
    pairs = []
    for rung in rungs:
        foot = by_spec.get(rung.before) if rung.before else None
        other = steps[rung.step].against if rung.step in steps else ""
        if foot and other in names:
            foot = other
        if foot:
            pairs.append((rung.step, foot))
    return tuple(pairs)


def climb(base: Spec, path: Sequence[tuple[Step, bool]]) -> tuple[Rung, ...]:
    """Apply steps one after the other.

    Args:
        base: Rung 0.
        path: Each step, and whether the steps after it stand on it.

    Raises:
        ModernizeError: If a step changes nothing.
    """
    rungs = [
        Rung(step=BASE, title=base.regime.start, steps=(), adopted=True, spec=base, before=None),
    ]
    standing = rungs[0]
    # Where each step was applied: a probe starts where the step whose place it takes did.
    places: dict[str, Rung] = {}
    probes_waiting = {step.instead_of for step, adopted in path if not adopted}
    for step, adopted in path:
        foot = standing if adopted else places.get(step.instead_of, standing)
        rung = Rung(
            step=step.id,
            title=step.title,
            steps=(*foot.steps, step.id),
            adopted=adopted,
            spec=_applied(step, foot),
            before=foot.spec,
        )
        rungs.append(rung)
        if adopted:
            if step.id in probes_waiting:
                places[step.id] = foot
            standing = rung
    return tuple(rungs)


def _applied(step: Step, foot: Rung) -> Spec:
    """Apply a step; where it fails on steps of other packages, say so: it may well be sound without them."""
    try:
        return step.apply(foot.spec)
    except ModernizeError as error:
        others = [before for name in foot.steps if step.shipped and not (before := get_step(name)).shipped]
        if not others:
            raise
        raise ModernizeError(f"{error} Before it stands {', '.join(map(str, others))}.") from error


def rung_of(step: str, regime: str | Spec = DEFAULT_REGIME) -> Rung:
    """Return the rung of one step of a regime: where the default path has it, or else where the step says.

    Raises:
        ModernizeError: If the step or the regime is unknown.
    """
    return ladder(regime, upto=step)[-1]
