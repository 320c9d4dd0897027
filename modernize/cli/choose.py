"""From what the user wrote to specs and rungs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modernize.errors import ModernizeError, unknown_name
from modernize.families import FAMILIES, family_spec
from modernize.ladder import rung_of
from modernize.path import BASE
from modernize.regimes import REGIMES, base_spec
from modernize.registry import load_steps
from modernize.spec import Spec

if TYPE_CHECKING:
    from modernize.seminar.course import Course


def start_of(regime: str, stem_stride: int | None = None) -> Spec:
    """Return rung 0 of a regime, with another stem stride if given."""
    base = base_spec(regime)
    return base if stem_stride is None else base.with_arch(stem_stride=stem_stride)


def spec_named(name: str, base: Spec) -> Spec:
    """Return the spec of a step, of "base", or of a model of the ConvNeXt families.

    Raises:
        ModernizeError: If there is none.
    """
    if name in FAMILIES:
        return family_spec(name)
    refuse_unknown(name, (BASE, *load_steps(), *FAMILIES), "step or model")
    return rung_of(name, base).spec


def refuse_unknown(name: str, allowed: tuple[str, ...], kind: str = "step") -> None:
    """Refuse a name that is not allowed, and say what it is where it is something else.

    Raises:
        ModernizeError: Naming the nearest.
    """
    if name in allowed:
        return
    if name in REGIMES:
        raise ModernizeError(f"{name} is a regime, not a {kind}: --regime {name}.")
    if name in FAMILIES:
        raise ModernizeError(f"{name} is a model, not a {kind}: `modernize cost {name}`.")
    raise unknown_name(kind, name, allowed)


def study_meant(results: Path, given: str) -> str:
    """Return the folder of the study that a name, a path or nothing means; where there are several, say which is taken.

    Args:
        results: Folder that holds studies.
        given: Name or path of one; "" for the one that was written to last.

    Raises:
        ModernizeError: If there is none.
    """
    from modernize.cli.console import note
    from modernize.results.store import find_studies, find_study

    folder = find_study(results, given)
    if not given and (number := len(find_studies(results))) > 1:
        note(f"{folder.name}, the newest of {number} studies under {results}")
    return str(folder)


def course_named(regime: str, study: str, results: Path | None) -> Course:
    """Return the course of a study, or of a regime's published numbers where no study is asked for.

    Args:
        regime: Used without a study.
        study: Name or path of a study; "" with `results` given means the newest there.
        results: Folder that holds studies; "results" by default.

    Raises:
        ModernizeError: If there is no such regime or study, or no record.
    """
    from modernize.seminar.course import published_course, study_course

    if study or results is not None:
        folder = results or Path("results")
        return study_course(folder, study_meant(folder, study))
    return published_course(regime)


def split_names(text: str) -> tuple[str, ...]:
    """Split "a, b" into its names."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
