"""The registry of steps: `@step` to register, `get_step` to look up.

Steps are found through the entry-point group `modernize.steps`: each entry point names a module that registers its
steps when imported. The toolkit's own come in the same way, and the `PATH` of their package is the default path. A
step of another package is on the path that it names, and on no other: installing one changes nobody's ladder.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from modernize.errors import ModernizeError, one_line, shown, unknown_name, warn
from modernize.path import BASE, DEFAULT_PATH
from modernize.step import Step, Transform

ENTRY_POINT_GROUP = "modernize.steps"

# By id, as registered, and the order of the toolkit's own, once loaded.
_steps: dict[str, Step] = {}
_path: list[str] = []


def step(
    id: str,  # noqa: A002 - "id" is what users call it
    *,
    title: str,
    section: str = "",
    source: str = "arXiv:2201.03545",
    after: str = "",
    instead_of: str = "",
    path: str = "",
    against: str = "",
) -> Callable[[Transform], Transform]:
    """Register a step; the function itself is returned unchanged.

    Args:
        id: Unique name: lower-case letters, digits and hyphens.
        title: What reports call it.
        section: Section of `source`.
        source: Where the change comes from; say "ours" for your own.
        after: Id of the step it follows, or "base" (not needed where `steps.PATH` places it).
        instead_of: Makes it a probe: the id of the adopted step whose place it takes.
        path: Name of the path it joins, which begins as the default one and is chosen with `--path`. Without one the
            step is taken where `upto`, `only` or `order` name it.
        against: Id of the step whose rung it is compared with, where that is not the rung it is applied to: of a probe
            that asks whether more of what was adopted helps still.

    Raises:
        ModernizeError: If the id is taken, or the arguments do not fit together.
    """

    def register(transform: Transform) -> Transform:
        new = Step(
            id=id, title=title, section=section, source=source, after=after, instead_of=instead_of, path=path,
            transform=transform, against=against,
        )  # fmt: skip
        _refuse_unfit(new)
        if not new.shipped:
            _load()  # first, so that whoever comes second is told
        # The same function again (a notebook cell run twice, a module reloaded) replaces itself.
        if (old := _steps.get(id)) and _origin(old) != _origin(new):
            raise ModernizeError(f"step id '{id}' from {new.module} is taken by {old.module}; choose another.")
        _steps[id] = new
        return transform

    return register


def _refuse_unfit(new: Step) -> None:
    for kind, name in (("id", new.id), *((("path", new.path),) if new.path else ())):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or len(name) > 40:
            raise ModernizeError(
                f"step {kind} {shown(name)} from {new.module} should be up to 40 lower-case letters and digits, in "
                "words joined by hyphens, like 'kernel-7'."
            )
    if new.id == BASE:
        raise ModernizeError(f"step id '{BASE}' from {new.module} is taken by rung 0; choose another.")
    if new.after and new.instead_of:
        raise ModernizeError(f"{new} says after and instead_of: a step follows another, or is a probe of another.")
    if new.path == DEFAULT_PATH:
        raise ModernizeError(f"{new} cannot join path '{DEFAULT_PATH}', which is the paper's; name one of your own.")


def _origin(one: Step) -> tuple[str, str]:
    return one.module, getattr(one.transform, "__qualname__", "")


def load_steps() -> dict[str, Step]:
    """Import every module of the entry-point group once and return all steps by id, in order.

    Raises:
        ModernizeError: If there is no step, or `after` or `instead_of` names an unknown step or runs in a circle.
    """
    _load()
    return order_steps(_steps, _path)


def _load() -> None:
    """Import the entry points once, the toolkit's own first. A package that fails costs its own steps alone."""
    if _path:
        return
    found = _entry_points()
    for name in sorted(found, key=lambda name: (name != "steps", found[name])):
        try:
            module = import_module(name)
        except (Exception, SystemExit) as error:
            fault = f"the steps of '{found[name]}' ({name}) do not import: {one_line(error)}"
            if not _path:
                raise ModernizeError(f"{fault}.") from error
            warn(f"{fault}; they are left out.")
            for one in [one for one in _steps.values() if one.module == name]:
                del _steps[one.id]
        else:
            _path[:] = _path or module.PATH
    if not _path:
        raise ModernizeError(
            f"no steps found: no installed package has the entry-point group '{ENTRY_POINT_GROUP}'. "
            "Is modernize installed (pip install -e .)?"
        )


def _entry_points() -> dict[str, str]:
    """Return the names of the entry points by module.

    As `importlib.metadata` finds them, which takes half as long to import as typer.
    """
    found: dict[str, str] = {}
    for file in (file for folder in sys.path for file in Path(folder).glob("*-info/entry_points.txt")):
        try:
            text = f"\n{file.read_text(encoding='utf-8', errors='replace')}"
        except OSError as error:
            warn(f"{file} cannot be read: {error.strerror}; steps that it names are left out.")
            continue
        for line in text.partition(f"\n[{ENTRY_POINT_GROUP}]\n")[2].partition("\n[")[0].splitlines():
            name, equals, module = map(str.strip, line.partition("="))
            if equals:
                found.setdefault(module, name)
    return found


def order_steps(steps: dict[str, Step], path: Sequence[str]) -> dict[str, Step]:
    """Order steps: those on the default path as it says, each other one behind the step that it names.

    Raises:
        ModernizeError: If `path` or a step names an unknown step, or steps follow each other in a circle.
    """
    for name in path:
        if name not in steps:
            raise unknown_name("step in PATH", name, steps)
    order = list(path)
    waiting = {name: _anchor(one, steps) for name, one in steps.items() if name not in path}
    while waiting:
        placed = [name for name, anchor in waiting.items() if anchor in (BASE, *order)]
        if not placed:
            raise ModernizeError(f"steps follow each other in a circle: {', '.join(waiting)}; mend their 'after'.")
        # Backwards, so that steps behind the same one keep the order in which they were registered.
        for name in reversed(placed):
            anchor = waiting.pop(name)
            order.insert(0 if anchor == BASE else order.index(anchor) + 1, name)
    return {name: replace(steps[name], path=DEFAULT_PATH) if name in path else steps[name] for name in order}


def _anchor(one: Step, steps: dict[str, Step]) -> str:
    anchor = one.after or one.instead_of
    if not anchor:
        raise ModernizeError(f"{one} says neither after nor instead_of; name the step that it follows.")
    if anchor not in (BASE, *steps):
        raise ModernizeError(f"{one} follows an {unknown_name('step', anchor, (BASE, *steps))}")
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


def path_names() -> list[str]:
    """Return the names of all paths, the default one first."""
    return list(dict.fromkeys([DEFAULT_PATH, *(step.path for step in load_steps().values() if step.path)]))
