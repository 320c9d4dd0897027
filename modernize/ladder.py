"""From a base spec and a selection of steps to rungs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modernize.errors import ModernizeError, unknown_name
from modernize.regimes import DEFAULT_REGIME, base_spec
from modernize.registry import BASE, Step, load_steps
from modernize.spec import Change, Spec


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which steps a ladder takes.

    Attributes:
        upto: Last step of the ladder; "" for all. "base" for rung 0 alone.
        start: First rung shown; the steps before it are applied but are not rungs of their own. "" for the base.
        skip: Steps left out.
        only: If given, the only steps taken, in path order.
        order: If given, the only steps taken, in this order.
        probes: Whether probes are tried beside the adopted step whose place they take.
    """

    upto: str = ""
    start: str = ""
    skip: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    probes: bool = False


def ladder(
    regime: str | Spec = DEFAULT_REGIME,
    *,
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
    selection = Selection(upto=upto, start=start, skip=tuple(skip), only=tuple(only), order=tuple(order), probes=probes)
    rungs = climb(regime if isinstance(regime, Spec) else base_spec(regime), select_steps(selection))
    if not start:
        return rungs
    names = [rung.step for rung in rungs]
    if start not in names:
        _refuse_unless_known(start)
        raise ModernizeError(f"--start '{start}' is not on this ladder: {', '.join(names)}.")
    return rungs[names.index(start) :]


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
            spec=step.apply(foot.spec),
            before=foot.spec,
        )
        rungs.append(rung)
        if adopted:
            if step.id in probes_waiting:
                places[step.id] = foot
            standing = rung
    return tuple(rungs)


def rung_of(step: str, regime: str = DEFAULT_REGIME) -> Rung:
    """Return the rung of one step on the default ladder of a regime, probes included.

    Raises:
        ModernizeError: If the step or the regime is unknown.
    """
    if step == BASE:
        return ladder(regime, upto=BASE)[0]
    return next(rung for rung in ladder(regime, upto=step) if rung.step == step)


def select_steps(selection: Selection) -> list[tuple[Step, bool]]:
    """Return the steps of a selection in the order they are taken, each with whether later steps stand on it.

    A probe named in `only` or `order` is taken like any other step. `probes` adds those whose adopted counterpart is
    on the ladder.

    Raises:
        ModernizeError: If a name is unknown or the selection contradicts itself.
    """
    steps = load_steps()
    for name in (*selection.skip, *selection.only, *selection.order):
        _refuse_unless_known(name)
    if selection.only and selection.order:
        raise ModernizeError("--only and --order both say which steps to take; give one of them.")
    if len(set(selection.order)) < len(selection.order):
        raise ModernizeError(f"--order names a step twice: {', '.join(selection.order)}.")
    named = bool(selection.only or selection.order)
    if named:
        # "base" is on every ladder: naming it takes no step.
        taken = [name for name in selection.order or steps if name in (selection.only or steps)]
    else:
        taken = [name for name, step in steps.items() if step.adopted]
    for name in selection.skip:
        skippable_probe = selection.probes and name in steps and steps[name].instead_of in taken
        if name not in taken and not skippable_probe:
            raise ModernizeError(f"--skip '{name}' is not on this ladder: {', '.join(taken)}.")
    taken = [name for name in taken if name not in selection.skip]
    taken = _cut(taken, selection.upto, steps)
    path = [(steps[name], named or steps[name].adopted) for name in taken]
    if not selection.probes:
        return path
    unwanted = {*taken, *selection.skip}
    probes = [step for step in steps.values() if step.instead_of in taken and step.id not in unwanted]
    order = list(steps)
    for probe in probes:
        # Beside its counterpart, on the side where the path has it.
        counterpart = next(i for i, (step, _) in enumerate(path) if step.id == probe.instead_of)
        if order.index(probe.id) > order.index(probe.instead_of):
            counterpart += 1
            while counterpart < len(path) and path[counterpart][0].instead_of == probe.instead_of:
                counterpart += 1
        path.insert(counterpart, (probe, False))
    return path


def _cut(taken: list[str], upto: str, steps: dict[str, Step]) -> list[str]:
    """Cut the path behind `upto`; a probe ends it in the place of its counterpart."""
    if not upto:
        return taken
    if upto == BASE:
        return []
    _refuse_unless_known(upto)
    counterpart = steps[upto].instead_of
    if upto not in taken and counterpart in taken:
        return [*taken[: taken.index(counterpart)], upto]
    if upto not in taken:
        raise ModernizeError(f"--upto '{upto}' is not on this ladder: {', '.join(taken)}.")
    return taken[: taken.index(upto) + 1]


def _refuse_unless_known(name: str) -> None:
    if name not in (*load_steps(), BASE):
        raise unknown_name("step", name, (*load_steps(), BASE))
