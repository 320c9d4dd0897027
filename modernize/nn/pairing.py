"""torch and torchvision are built for each other: say plainly when those installed are not."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version

from modernize.errors import ModernizeError


def check_torch_pair() -> str:
    """Import torchvision and name the pair; call it before anything that imports torchvision or timm.

    Which versions belong together follows no formula, so the import itself is the test.

    Returns:
        For example "torch 2.9.0, torchvision 0.24.0".

    Raises:
        ModernizeError: If torchvision is missing, or was built for another torch.
    """
    pair = f"torch {_version('torch')}, torchvision {_version('torchvision')}"
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        raise ModernizeError(
            f"{error.name} is not installed, which torchvision needs ({pair}): "
            "pip install -c constraints.txt torch torchvision"
        ) from error
    # A mismatch shows as RuntimeError ("operator torchvision::nms does not exist"), ImportError or OSError (libraries).
    except (RuntimeError, ImportError, OSError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ModernizeError(
            f"{pair.replace(', ', ' and ')} do not belong together ({reason}); "
            "install matching versions: pip install -c constraints.txt torch torchvision"
        ) from error
    return pair


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
