"""Options of the commands, each defined once, and what the shell completes for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from modernize.errors import EXIT_CODES, ModernizeError

Complete = Callable[[str], list[str]]


def examples(first: str, second: str) -> str:
    """The end of a command's help: two commands that work as printed."""
    return f"\b\nExamples:\n  {first}\n  {second}"


def exit_codes() -> str:
    """What stands above the examples where a script wants to know: every exit code and what it says."""
    return "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {words}" for code, words in EXIT_CODES.items()) + "\n\n"


def among(*names: str) -> Complete:
    """Complete one of these names.

    Args:
        names: "module:attribute" stands for the names that it holds, or gives when called, once the shell asks.
    """

    def complete(incomplete: str) -> list[str]:
        found: list[str] = []
        for name in names:
            module, colon, attribute = name.partition(":")
            held = getattr(import_module(f"modernize.{module}"), attribute) if colon else [name]
            found += held() if callable(held) else held
        return [name for name in found if name.startswith(incomplete)]

    return complete


complete_regime = among("regimes:REGIMES")
complete_step = among("base", "registry:load_steps")
complete_rung = among("base", "registry:load_steps", "families:FAMILIES")
complete_step_or_recipe = among("base", "registry:load_steps", "recipes:RECIPES")
complete_recipe = among("recipes:RECIPES")


def complete_steps(incomplete: str) -> list[str]:
    """The last id of a comma list."""
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{name}" for name in complete_step(last)]


def complete_dataset(incomplete: str) -> list[str]:
    """Names of data sets; those that need a path with their colon."""
    from modernize.datasets import DATASETS

    names = (f"{key}:" if ":" in info.usage else key for key, info in DATASETS.items())
    return [name for name in names if name.startswith(incomplete)]


def complete_study(incomplete: str) -> list[str]:
    """Folders under results/ here."""
    from modernize.results.store import find_studies

    with suppress(ModernizeError):
        return [name for name in find_studies(Path("results")) if name.startswith(incomplete)]
    return []


def complete_builtin_study(incomplete: str) -> list[str]:
    """Names of built-in studies, and study files here."""
    files = sorted(file.name for file in Path().glob("*.toml") if file.name.startswith(incomplete))
    return [*among("studies.builtin:builtin_studies")(incomplete), *files]


def complete_setting(incomplete: str) -> list[str]:
    """Fields of the spec."""
    return [f"{name}=" for name in among("overrides:FIELDS")(incomplete)]


def complete_device(incomplete: str) -> list[str]:
    """What there is to train on."""
    from modernize.run.devices import find_gpus

    names = ("auto", "cpu", *(f"cuda:{gpu.index}" for gpu in find_gpus().gpus))
    return [name for name in names if name.startswith(incomplete)]


def option(
    flag: str,
    text: str,
    metavar: str | None = None,
    complete: Complete | None = None,
    *,
    default: bool | str = True,
    **more: Any,
) -> Any:
    """Describe an option.

    Args:
        flag: With its hyphens.
        text: What its help says.
        metavar: What its value is called there.
        complete: What the shell completes.
        default: What its help says of its default: words, or whether its value is given.
        more: What else typer knows, for example `min`.
    """
    return typer.Option(flag, help=text, metavar=metavar, autocompletion=complete, show_default=default, **more)


def argument(metavar: str, text: str, complete: Complete | None = None, *, default: bool | str = False) -> Any:
    """Describe an argument, in the words of `option`."""
    return typer.Argument(metavar=metavar, help=text, autocompletion=complete, show_default=default)


def _steps(flag: str, text: str, complete: Complete, metavar: str) -> Any:
    return option(flag, text, metavar, complete, default=False, callback=_named)


def _named(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Refuse an option that is given but names nothing: it would be read as one that is not given."""
    source = ctx.get_parameter_source(param.name or "")
    if source and source.name == "COMMANDLINE" and not all(map(str.strip, value.split(","))):
        raise ModernizeError(f"{param.opts[0]} '{value}' lacks a name; see `modernize steps`.")
    return value


# Of several commands.
Json = Annotated[bool, option("--json", "Print JSON instead of text.")]
Replace = Annotated[bool, option("--replace", "Replace files that are there.")]
_REGIME = "Ladder: laptop or, wider, cifar (32 px), resnet50 (to ConvNeXt-T) or resnet200 (to ConvNeXt-B)."
Regime = Annotated[str, option("--regime", _REGIME, "NAME", complete_regime)]
_SIZE = "Height and width of the input in pixels."
ImageSize = Annotated[int | None, option("--image-size", _SIZE, "PX", default="the regime's")]
StemStride = Annotated[
    int | None, option("--stem-stride", "Stride of the stem: 1, 2 or 4.", "N", default="the regime's")
]
_PATH = "Path that the steps are taken from: convnext, v2 (on to ConvNeXt V2), or another package's."
OnPath = Annotated[str, _steps("--path", _PATH, among("registry:path_names"), "NAME")]
Upto = Annotated[str, _steps("--upto", "Last step of the ladder.", complete_step, "STEP")]
Start = Annotated[str, _steps("--start", "First rung; the steps before it are applied unseen.", complete_step, "STEP")]
Skip = Annotated[str, _steps("--skip", "Steps to leave out.", complete_steps, "STEP,...")]
Only = Annotated[str, _steps("--only", "The only steps to take, in path order.", complete_steps, "STEP,...")]
Order = Annotated[str, _steps("--order", "The only steps to take, in this order.", complete_steps, "STEP,...")]
Probes = Annotated[bool, option("--probes", "Also try the steps that the paper did not adopt.")]
_DATA_DIR = "Where downloaded data sets lie; else $MODERNIZE_DATA or the cache."
DataDir = Annotated[Path | None, option("--data-dir", _DATA_DIR, "DIR", default=False)]
Download = Annotated[bool, option("--download", "Fetch what is not here: a data set, a library's weights.")]
_OUT = "Folder that holds results/, reports/ and runs/."
Out = Annotated[Path, option("--out", _OUT, "DIR", default="this folder")]
_COURSE = "Take a study's records, and its regime; published numbers alone without it."
StudyName = Annotated[str, option("--study", _COURSE, "NAME", complete_study, default=False)]
Results = Annotated[Path | None, option("--results", "Folder that holds studies.", "DIR", default="results")]
_MODEL = "run:ID, timm:NAME, torchvision:NAME, a file that `modernize export` wrote, convnext-t or laptop/ln."
Model = Annotated[str, option("--model", _MODEL, "MODEL")]
Models = Annotated[list[str] | None, option("--model", f"{_MODEL} Repeatable.", "MODEL", default=False)]
_WEIGHTS = "Weights of the model: a safetensors file, what its library calls them, or 'random'."
Weights = Annotated[str, option("--weights", _WEIGHTS, "FILE", default="the library's")]
_INPUT = "Height and width in pixels of what the network sees."
InputSize = Annotated[int | None, option("--image-size", _INPUT, "PX", default="the weights'", min=8)]
Picture = Annotated[Path | None, option("--picture", "Draw what was found into this PNG.", "FILE", default=False)]
