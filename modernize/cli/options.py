"""Options that several commands share, each defined once, and what the shell completes for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer


def examples(first: str, second: str) -> str:
    """The end of a command's help: two commands that work as printed."""
    return f"\b\nExamples:\n  {first}\n  {second}"


def exit_codes() -> str:
    """What stands above the examples where a script wants to know: every exit code and what it says."""
    from modernize.errors import EXIT_CODES

    return "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {words}" for code, words in EXIT_CODES.items()) + "\n\n"


def complete_regime(incomplete: str) -> list[str]:
    """Names of regimes."""
    from modernize.regimes import REGIMES

    return _starting(incomplete, REGIMES)


def complete_step(incomplete: str) -> list[str]:
    """Ids of steps, and "base"."""
    from modernize.path import BASE
    from modernize.registry import load_steps

    return _starting(incomplete, (BASE, *load_steps()))


def complete_rung(incomplete: str) -> list[str]:
    """Everything `cost` and `diff` take: steps, "base" and models of the families."""
    from modernize.families import FAMILIES

    return [*complete_step(incomplete), *_starting(incomplete, FAMILIES)]


def complete_path(incomplete: str) -> list[str]:
    """Names of paths."""
    from modernize.registry import path_names

    return _starting(incomplete, path_names())


def complete_steps(incomplete: str) -> list[str]:
    """The last id of a comma list."""
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{name}" for name in complete_step(last)]


def complete_dataset(incomplete: str) -> list[str]:
    """Names of data sets; those that need a path with their colon."""
    from modernize.datasets import DATASETS

    return _starting(incomplete, (f"{key}:" if ":" in info.usage else key for key, info in DATASETS.items()))


def complete_budget(incomplete: str) -> list[str]:
    """Names of budgets."""
    from modernize.train.budget import BUDGETS

    return _starting(incomplete, BUDGETS)


def complete_study(incomplete: str) -> list[str]:
    """Folders under results/ here."""
    from modernize.errors import ModernizeError
    from modernize.results.store import find_studies

    with suppress(ModernizeError):
        return _starting(incomplete, find_studies(Path("results")))
    return []


def complete_builtin_study(incomplete: str) -> list[str]:
    """Names of built-in studies, and study files here."""
    from modernize.studies.builtin import builtin_studies

    return _starting(incomplete, (*builtin_studies(), *sorted(map(str, Path().glob("*.toml")))))


def complete_setting(incomplete: str) -> list[str]:
    """Fields of the spec."""
    from modernize.run.overrides import FIELDS

    return _starting(incomplete, (f"{name}=" for name in FIELDS))


def complete_step_or_recipe(incomplete: str) -> list[str]:
    """Everything `show` takes."""
    from modernize.recipes import RECIPES

    return [*complete_step(incomplete), *_starting(incomplete, RECIPES)]


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _steps(flag: str, text: str, complete: Callable[[str], list[str]], metavar: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        flag, help=text, metavar=metavar, autocompletion=complete, show_default=False, callback=_named
    )
    return info


def _named(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Refuse an option that is given but names nothing: it would be read as one that is not given."""
    source = ctx.get_parameter_source(param.name or "")
    if source and source.name == "COMMANDLINE" and not all(map(str.strip, value.split(","))):
        from modernize.errors import ModernizeError

        raise ModernizeError(f"{param.opts[0]} '{value}' lacks a name; see `modernize steps`.")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Regime = Annotated[
    str,
    typer.Option(
        "--regime",
        help="Ladder: laptop (32 px), resnet50 (to ConvNeXt-T) or resnet200 (to ConvNeXt-B).",
        metavar="NAME",
        autocompletion=complete_regime,
    ),
]
ImageSize = Annotated[
    int | None,
    typer.Option(
        "--image-size", help="Height and width of the input in pixels.", metavar="PX", show_default="the regime's"
    ),
]
StemStride = Annotated[
    int | None,
    typer.Option("--stem-stride", help="Stride of the stem: 1, 2 or 4.", metavar="N", show_default="the regime's"),
]
OnPath = Annotated[
    str,
    _steps(
        "--path",
        "Path that the steps are taken from: convnext, v2 (on to ConvNeXt V2), or another package's.",
        complete_path,
        "NAME",
    ),
]
Upto = Annotated[str, _steps("--upto", "Last step of the ladder.", complete_step, "STEP")]
Start = Annotated[str, _steps("--start", "First rung; the steps before it are applied unseen.", complete_step, "STEP")]
Skip = Annotated[str, _steps("--skip", "Steps to leave out.", complete_steps, "STEP,...")]
Only = Annotated[str, _steps("--only", "The only steps to take, in path order.", complete_steps, "STEP,...")]
Order = Annotated[str, _steps("--order", "The only steps to take, in this order.", complete_steps, "STEP,...")]
Probes = Annotated[bool, typer.Option("--probes", help="Also try the steps that the paper did not adopt.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Where downloaded data sets lie; else $MODERNIZE_DATA or the cache.",
        metavar="DIR",
        show_default=False,
    ),
]
Download = Annotated[bool, typer.Option("--download", help="Fetch the data set if it is not there.")]
Out = Annotated[
    Path,
    typer.Option(
        "--out", help="Folder that holds results/, reports/ and runs/.", metavar="DIR", show_default="this folder"
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a field by hand: recipe.* of every rung, or arch.* of the base before the steps. Repeatable.",
        metavar="FIELD=VALUE",
        autocompletion=complete_setting,
        show_default=False,
    ),
]
