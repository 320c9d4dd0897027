"""From what the user wrote to specs and rungs."""

from __future__ import annotations

from dataclasses import asdict

from modernize.errors import unknown_name
from modernize.ladder import Rung, Selection, ladder
from modernize.regimes import base_spec
from modernize.registry import BASE, load_steps
from modernize.spec import Spec


def start_of(regime: str, stem_stride: int | None = None) -> Spec:
    """Return rung 0 of a regime, with another stem stride if given."""
    base = base_spec(regime)
    return base if stem_stride is None else base.with_arch(stem_stride=stem_stride)


def selection(upto: str, start: str, skip: str, only: str, order: str, *, probes: bool) -> Selection:
    """Read the options that select steps; lists come as "a,b"."""
    return Selection(
        upto=upto, start=start, skip=split_names(skip), only=split_names(only), order=split_names(order), probes=probes
    )


def rungs_of(base: Spec, chosen: Selection) -> tuple[Rung, ...]:
    """Climb the selected ladder from `base`."""
    return ladder(base, **asdict(chosen))


def rung_named(step: str, base: Spec) -> Rung:
    """Return the rung of a step (or "base") on the default ladder from `base`.

    Raises:
        ModernizeError: If there is no such step.
    """
    if step not in (BASE, *load_steps()):
        raise unknown_name("step", step, (BASE, *load_steps()))
    return next(rung for rung in ladder(base, upto=step) if rung.step == step)


def spec_named(name: str, base: Spec) -> Spec:
    """Return the spec of a step, of "base", or of a model of the ConvNeXt families.

    Raises:
        ModernizeError: If there is none.
    """
    from modernize.families import FAMILIES, family_spec

    steps = (BASE, *load_steps())
    if name in FAMILIES:
        return family_spec(name)
    if name not in steps:
        raise unknown_name("step or model", name, (*steps, *FAMILIES))
    return rung_named(name, base).spec


def split_names(text: str) -> tuple[str, ...]:
    """Split "a, b" into its names."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
