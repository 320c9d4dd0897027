"""The rungs of a request's ladder, or the coalitions of its steps, with what the user set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from modernize.entry import Entry, entry_of
from modernize.errors import ModernizeError
from modernize.ladder import Rung, climb, ladder
from modernize.path import BASE
from modernize.recipes import named_recipe
from modernize.regimes import base_spec
from modernize.registry import get_step
from modernize.results.attribution import Attribution
from modernize.run.request import RunRequest
from modernize.selection import select_steps
from modernize.spec import Spec
from modernize.studies.coalitions import plan_attribution, steps_of


def rungs_of(request: RunRequest) -> tuple[Rung, ...]:
    """Climb the ladder of a request.

    Raises:
        ModernizeError: If the selection does not fit together, or nothing reads a field that is set by hand.
    """
    return _as_asked(ladder(_base(request), **asdict(request.selection)), request)


def attribution_of(request: RunRequest) -> Attribution | None:
    """Say which coalitions of the ladder's steps a request asks for; None where it asks for no attribution.

    Raises:
        ModernizeError: If it names a step that is not on the ladder, or contradicts itself.
    """
    options = request.definition.attribution
    return plan_attribution(options, _ladder_steps(request)) if options else None


def coalitions_of(request: RunRequest, attribution: Attribution) -> tuple[Entry, ...]:
    """Return each coalition as a row: the base with its steps, in the ladder's order.

    Raises:
        ModernizeError: If a step does not stand without another that is no part of its coalition.
    """
    order, base = _ladder_steps(request), _base(request)
    players = {player.name: player for player in attribution.players}
    rungs = []
    for one in attribution.coalitions:
        steps = steps_of([players[name] for name in one.players], attribution.fixed, order)
        try:
            rungs.append(climb(base, [(get_step(step), True) for step in steps])[-1])
        except ModernizeError as error:
            told = ", ".join(steps)
            raise ModernizeError(
                f"{error} That is in the coalition {told}: --group joins steps that need each other, as in "
                "depthwise+width, and --skip leaves one out."
            ) from error
    rungs = [*_as_asked(rungs, request)]
    first: dict[str, str] = {}
    entries = []
    for one, rung in zip(attribution.coalitions, rungs, strict=True):
        entry = entry_of(rung)
        same = first.setdefault(entry.fingerprint, one.entry)
        note = "" if same == one.entry else f"the same network as {same}"
        title = " + ".join((BASE, *rung.steps))
        entries.append(replace(entry, name=one.entry, title=title, role="network", changes=(), note=note))
    return tuple(entries)


def _ladder_steps(request: RunRequest) -> tuple[str, ...]:
    return tuple(step.id for step, _ in select_steps(request.selection))


def _base(request: RunRequest) -> Spec:
    base, given = base_spec(request.regime), request.overrides
    if request.stem_stride is not None:
        if "stem_stride" in given.arch:
            raise ModernizeError("--stem-stride and --set arch.stem_stride say the same thing; give one of them.")
        base = base.with_arch(stem_stride=request.stem_stride)
    return base.with_arch(**given.arch)


def _as_asked(rungs: Sequence[Rung], request: RunRequest) -> tuple[Rung, ...]:
    """Give rungs the recipe and the fields of it that the user asks for."""
    given = request.overrides

    def asked(spec: Spec) -> Spec:
        spec = replace(spec, recipe=named_recipe(request.recipe)) if request.recipe else spec
        return spec.with_recipe(**given.for_entry(spec))

    found = tuple(replace(rung, spec=asked(rung.spec), before=rung.before and asked(rung.before)) for rung in rungs)
    read = {name for rung in found for name in given.for_entry(rung.spec)}
    if unread := [name for name in given.recipe if name not in read]:
        raise ModernizeError(f"recipe.{unread[0]} is set, but no rung of this ladder reads it.")
    return found
