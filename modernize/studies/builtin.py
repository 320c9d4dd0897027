"""The built-in studies: the files beside this one."""

from __future__ import annotations

from pathlib import Path

from modernize.errors import ModernizeError, hint
from modernize.regimes import REGIMES
from modernize.registry import load_steps

_FOLDER = Path(__file__).parent


def builtin_studies() -> dict[str, Path]:
    """Return the file of each built-in study by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"), key=lambda path: path.stem)}


def study_path(given: str) -> Path:
    """Return the file that is meant by the name of a built-in study or by a path.

    Raises:
        ModernizeError: If it is neither.
    """
    studies = builtin_studies()
    if given in studies:
        return studies[given]
    path = Path(given)
    if path.suffix == ".toml" or path.exists() or len(path.parts) > 1:
        return path
    here = sorted(file.name for file in Path().glob("*.toml") if file.name != "pyproject.toml")
    instead = hint(given, (*studies, *here))
    if given in REGIMES or given in load_steps():
        instead = f" --regime {given} chooses the regime." if given in REGIMES else " --upto and --only choose steps."
    files = f"; study files here: {', '.join(here[:8])}" if here else ""
    raise ModernizeError(f"there is no study '{given[:100]}'.{instead} Built in: {', '.join(studies)}{files}.")
