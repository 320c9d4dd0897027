"""modernize: from ResNet-50 to ConvNeXt one change at a time.

The public names load on first use, so `import modernize` imports neither numpy nor torch:

    >>> import modernize
    >>> rungs = modernize.ladder("resnet50", upto="ln")
    >>> print(*(rung.step for rung in rungs[:4]))
    base recipe stage-ratio patchify
    >>> counted = modernize.cost(rungs[-1].spec)
    >>> f"{counted.gmacs:.3f} GMACs, {counted.num_params:,} parameters"
    '4.146 GMACs, 25,844,488 parameters'

`ladder` climbs, `cost` counts, `build` makes the torch network of a spec, `run` trains every rung and `load_results`
reads the records as a table. `base_spec`, `Spec` and `step` are what a step of your own needs. What a user can mend is
a `ModernizeError`, one clear line.
"""

from __future__ import annotations

import sys
from types import ModuleType

from modernize.version import __version__

TYPE_CHECKING = False  # typing's own takes longer to import than all else here
if TYPE_CHECKING:
    from typing import Any

    from modernize.cost import cost
    from modernize.errors import ModernizeError
    from modernize.ladder import ladder
    from modernize.nn import build
    from modernize.regimes import base_spec
    from modernize.registry import step
    from modernize.results.store import load_results
    from modernize.run import run
    from modernize.spec import Spec

__all__ = [
    "ModernizeError",
    "Spec",
    "__version__",
    "base_spec",
    "build",
    "cost",
    "ladder",
    "load_results",
    "run",
    "step",
]

_HOMES = {
    "ModernizeError": "modernize.errors",
    "Spec": "modernize.spec",
    "base_spec": "modernize.regimes",
    "build": "modernize.nn",
    "cost": "modernize.cost",
    "ladder": "modernize.ladder",
    "load_results": "modernize.results.store",
    "run": "modernize.run",
    "step": "modernize.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps `modernize.ladder` the function when the module of that name is imported, and `cost` and `run` alike."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
