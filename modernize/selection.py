"""Which steps a ladder takes, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

from modernize.errors import ModernizeError, unknown_name
from modernize.path import BASE, DEFAULT_PATH
from modernize.registry import get_step, load_steps, path_names
from modernize.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which steps a ladder takes.

    Attributes:
        path: Name of the path whose steps are taken; all begin as the default one.
        upto: Last step of the ladder; "" for all. "base" for rung 0 alone. A step that is not on the path ends it
            where it stands: behind the step it follows, or in the place of the one it is a probe of.
        start: First rung shown; the steps before it are applied but are not rungs of their own. "" for the base.
        skip: Steps left out.
        only: If given, the only steps taken, in path order.
        order: If given, the only steps taken, in this order.
        probes: Whether probes are tried beside the adopted step whose place they take.
    """

    path: str = DEFAULT_PATH
    upto: str = ""
    start: str = ""
    skip: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    probes: bool = False


def select_steps(selection: Selection) -> list[tuple[Step, bool]]:
    """Return the steps of a selection in the order they are taken, each with whether later steps stand on it.

    A probe named in `only` or `order` is taken like any other step. `probes` adds those of the path whose adopted
    counterpart is on the ladder.

    Raises:
        ModernizeError: If a name is unknown or the selection contradicts itself.
    """
    _refuse_unfit(selection)
    steps = load_steps()
    on_path = [step for step in steps.values() if step.path in (DEFAULT_PATH, selection.path)]
    named = bool(selection.only or selection.order)
    if named:
        # "base" is on every ladder: naming it takes no step.
        taken = [name for name in selection.order or steps if name in (selection.only or steps)]
    else:
        taken = [step.id for step in on_path if step.adopted]
    beside = [step for step in on_path if selection.probes and step.instead_of in taken]
    for name in selection.skip:
        if name not in (*taken, *(probe.id for probe in beside)):
            raise not_on_ladder("--skip", name, taken)
    taken = [name for name in taken if name not in selection.skip]
    if selection.upto:
        reached = None if selection.upto in selection.skip else _reach(selection.upto, taken, steps)
        if reached is None:
            raise not_on_ladder("--upto", selection.upto, taken)
        taken = reached
    path = [(steps[name], named or steps[name].adopted) for name in taken]
    order = list(steps)
    for probe in beside:
        if probe.instead_of in taken and probe.id not in (*taken, *selection.skip):
            # Beside its counterpart, on the side where the path has it.
            at = next(i for i, (step, _) in enumerate(path) if step.id == probe.instead_of)
            if order.index(probe.id) > order.index(probe.instead_of):
                at += 1
                while at < len(path) and path[at][0].instead_of == probe.instead_of:
                    at += 1
            path.insert(at, (probe, False))
    return path


def _refuse_unfit(selection: Selection) -> None:
    if selection.path not in path_names():
        raise unknown_name("path", selection.path, path_names())
    known, single = (BASE, *load_steps()), filter(None, (selection.upto, selection.start))
    for name in (*selection.skip, *selection.only, *selection.order, *single):
        if name not in known:
            raise unknown_name("step", name, known)
    if selection.only and selection.order:
        raise ModernizeError("--only and --order both say which steps to take; give one of them.")
    if len(set(selection.order)) < len(selection.order):
        raise ModernizeError(f"--order names a step twice: {', '.join(selection.order)}.")


def _reach(name: str, taken: list[str], steps: dict[str, Step]) -> list[str] | None:
    """Cut the steps taken behind one; where it is not among them, behind where it stands. None if that is nowhere."""
    if name in ("", BASE):
        return [] if name else None
    if name in taken:
        return taken[: taken.index(name) + 1]
    foot = _reach(steps[name].instead_of or steps[name].after, taken, steps)
    return None if foot is None else [*(foot[:-1] if steps[name].instead_of else foot), name]


def not_on_ladder(option: str, name: str, names: list[str]) -> ModernizeError:
    """Build the error for a step that is registered, but not among those taken."""
    path = "" if name == BASE else get_step(name).path
    hint = f" It is on another path: --path {path}." if path not in ("", DEFAULT_PATH) else ""
    return ModernizeError(f"{option} '{name}' is not on this ladder: {', '.join(names)}.{hint}")
