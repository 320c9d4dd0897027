"""The registry of steps: `@step` to register, `get_step` to look up.

Steps are found through the entry-point group `modernize.steps`. Each entry point names a module that registers its
steps when imported and may hold a `PATH`, the order of its steps; the toolkit's own steps come in the same way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

from modernize.errors import ModernizeError, unknown_name
from modernize.spec import Spec

Transform = Callable[[Spec], Spec]

ENTRY_POINT_GROUP = "modernize.steps"
BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change, as registered.

    Attributes:
        id: Name on the command line.
        title: What reports call it.
        section: Section of the source that argues for it.
        source: Where the change comes from: the paper, or "ours".
        after: Id of the step it follows by default; "" if a `PATH` places it.
        instead_of: For a probe (tried, not adopted): id of the adopted step whose place it takes.
        transform: The function itself, spec to spec.
    """

    id: str
    title: str
    section: str
    source: str
    after: str
    instead_of: str
    transform: Transform

    @property
    def adopted(self) -> bool:
        """Whether later rungs stand on this step; a probe is only tried."""
        return not self.instead_of

    @property
    def module(self) -> str:
        """Module that defines the step."""
        return self.transform.__module__

    def card(self) -> dict[str, str]:
        """Split the docstring into its parts: "what", "why", "watch" and "deviates" ("" where one is missing)."""
        parts = {"what": "", "why": "", "watch": "", "deviates": ""}
        key = "what"
        for line in (inspect.getdoc(self.transform) or "").splitlines():
            head, colon, rest = line.partition(":")
            if colon and head.lower() in parts:
                key, line = head.lower(), rest
            parts[key] = f"{parts[key]} {line.strip()}".strip()
        return parts

    def apply(self, spec: Spec) -> Spec:
        """Apply the step.

        Raises:
            ModernizeError: If it changes nothing, or returns something that is no spec.
        """
        changed = self.transform(spec)
        if not isinstance(changed, Spec):
            raise ModernizeError(f"step '{self.id}' returned {changed!r}; a step must return a Spec.")
        if changed == spec:
            raise ModernizeError(f"step '{self.id}' changes nothing where it is applied.")
        return changed


_steps: dict[str, Step] = {}
# Ids in path order as of the last load, and the `PATH`s that the entry points hold.
_loaded: list[str] = []
_path: list[str] = []


def step(
    id: str,  # noqa: A002 - "id" is what users call it
    *,
    title: str,
    section: str = "",
    source: str = "arXiv:2201.03545",
    after: str = "",
    instead_of: str = "",
) -> Callable[[Transform], Transform]:
    """Register a step; the function itself is returned unchanged.

    Args:
        id: Unique name, lower case with hyphens.
        title: What reports call it.
        section: Section of `source`.
        source: Where the change comes from; say "ours" for your own.
        after: Id of the step it follows by default (not needed where a `PATH` places it).
        instead_of: Makes it a probe: the id of the adopted step whose place it takes.

    Raises:
        ModernizeError: If the id is taken.
    """

    def register(transform: Transform) -> Transform:
        # The same function again (a notebook cell run twice, a module reloaded) replaces itself.
        if id == BASE or (id in _steps and _origin(_steps[id].transform) != _origin(transform)):
            owner = "rung 0" if id == BASE else _steps[id].module
            raise ModernizeError(f"step id '{id}' from {transform.__module__} is taken by {owner}; choose another.")
        _steps[id] = Step(
            id=id,
            title=title,
            section=section,
            source=source,
            after=after,
            instead_of=instead_of,
            transform=transform,
        )
        return transform

    return register


def _origin(transform: Transform) -> tuple[str, str]:
    return transform.__module__, transform.__qualname__


def load_steps() -> dict[str, Step]:
    """Import every module of the entry-point group once and return all steps by id, in path order.

    Raises:
        ModernizeError: If there is no step, a module fails to import, or `after` names an unknown step or runs in a
            circle.
    """
    if not _loaded:
        _path[:] = _import_entry_points()
        if not _steps:
            raise ModernizeError(
                f"no steps found: no installed package has the entry-point group '{ENTRY_POINT_GROUP}'. "
                "Is modernize installed (pip install -e .)?"
            )
    if list(_steps) != _loaded:
        ordered = order_steps(_steps, _path)
        _steps.clear()
        _steps.update(ordered)
        _loaded[:] = ordered
    return dict(_steps)


def _import_entry_points() -> list[str]:
    path: list[str] = []
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda e: (e.value != "steps", e.name)):
        try:
            module = entry.load()
        except ModernizeError:
            raise
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ModernizeError(f"the steps of '{entry.name}' ({entry.value}) do not import: {reason}.") from error
        path += getattr(module, "PATH", ())
    return path


def order_steps(steps: dict[str, Step], path: list[str]) -> dict[str, Step]:
    """Order steps: those on `path` as it says, each other one behind the step it names in `after` or `instead_of`.

    Raises:
        ModernizeError: If `path` or a step names an unknown step, or steps follow each other in a circle.
    """
    for name in path:
        if name not in steps:
            raise unknown_name("step in PATH", name, steps)
    order = list(dict.fromkeys(path))
    waiting = [name for name in steps if name not in order]
    while waiting:
        placed = [name for name in waiting if _anchor(steps[name], steps) in ("", BASE, *order)]
        if not placed:
            raise ModernizeError(f"steps follow each other in a circle: {', '.join(waiting)}; mend their 'after'.")
        order += [name for name in placed if not _anchor(steps[name], steps)]
        # Backwards, so that steps behind the same one keep the order in which they were registered.
        for name in reversed(placed):
            anchor = _anchor(steps[name], steps)
            if anchor:
                order.insert(0 if anchor == BASE else order.index(anchor) + 1, name)
        waiting = [name for name in waiting if name not in placed]
    return {name: steps[name] for name in order}


def _anchor(one: Step, steps: dict[str, Step]) -> str:
    anchor = one.after or one.instead_of
    if anchor and anchor != BASE and anchor not in steps:
        raise ModernizeError(f"step '{one.id}' follows '{anchor}', which is not registered.")
    return anchor


def get_step(name: str) -> Step:
    """Return the step called `name`.

    Raises:
        ModernizeError: If there is none; the message names the nearest.
    """
    steps = load_steps()
    if name not in steps:
        raise unknown_name("step", name, steps)
    return steps[name]
