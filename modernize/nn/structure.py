"""The modules of a network as `print(network)` shows them, and what a step changes in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import torch
from torch import nn

from modernize.nn.network import Network
from modernize.spec import Spec

CONTEXT_LINES = 2


@dataclass(frozen=True, slots=True)
class Module:
    """A module with its name in the module around it; `arguments` are printed between its brackets if it has no parts.

    `count` is how many alike stand here: 1, or more after `folded`.
    """

    name: str
    type: str
    arguments: str = ""
    parts: tuple[Module, ...] = ()
    count: int = 1


def structure(spec: Spec) -> Module:
    """Return the modules of the network that `modernize.build(spec)` makes; nothing is computed for it.

    Examples:
        >>> from modernize.ladder import ladder
        >>> stem = structure(ladder("resnet50")[-1].spec).parts[0]
        >>> for line in lines(stem):
        ...     print(line)
        (stem): Sequential(
          (conv): Conv2d(3, 96, kernel_size=(4, 4), stride=(4, 4))
          (norm): LayerNorm2d(96, eps=1e-06)
        )
    """
    with torch.device("meta"):
        return _read("", Network(spec))


def lines(module: Module, depth: int = 0) -> list[str]:
    """Print a module as torch does, a line a module and closing bracket."""
    indent = "  " * depth
    name = f"({module.name}): " if module.name else ""
    head = f"{indent}{name}{f'{module.count} x ' if module.count > 1 else ''}{module.type}("
    if not module.parts:
        return [f"{head}{module.arguments})"]
    return [head, *(line for part in module.parts for line in lines(part, depth + 1)), f"{indent})"]


def folded(module: Module) -> Module:
    """Print blocks that follow each other and are alike, but for their drop rate, once.

    Returns:
        The module with such blocks as one, named "1-8", as torch prints a ModuleList.
    """
    groups: list[list[Module]] = []
    for part in map(folded, module.parts):
        alike = groups and part.type == "ResidualBlock" and _without_rate(groups[-1][0]) == _without_rate(part)
        groups[-1].append(part) if alike else groups.append([part])
    return replace(module, parts=tuple(_as_one(group) for group in groups))


def structure_diff(before: Spec, after: Spec) -> list[str]:
    """Compare the modules of two networks, blocks that are alike printed once.

    Returns:
        Lines that begin with " ", "-" or "+", as in a unified diff; "@@ path @@" names the module in which the first
        change below it stands. Empty if nothing changes.

    Examples:
        >>> from modernize.ladder import rung_of
        >>> rung = rung_of("gelu", "laptop")
        >>> changed = structure_diff(rung.before, rung.spec)
        >>> changed[0]
        '@@ stages.0.blocks.0.branch @@'
        >>> [line.split() for line in changed if line[0] in "+-"][:2]
        [['-', '(spatial_act):', 'ReLU(inplace=True)'], ['+', '(spatial_act):', "GELU(approximate='none')"]]
    """
    old, new = (lines(folded(structure(spec))) for spec in (before, after))
    paths = _paths(old)
    shown: list[str] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        first = next((i for tag, i, *_ in group if tag != "equal"), None)
        if first is None:
            continue
        shown.append(f"@@ {paths[first] or 'network'} @@")
        for tag, i, j, m, n in group:
            if tag == "equal":
                shown += [f" {line}" for line in old[i:j]]
            else:
                shown += [f"-{line}" for line in old[i:j]] + [f"+{line}" for line in new[m:n]]
    return shown


def _read(name: str, module: nn.Module) -> Module:
    parts = tuple(_read(*child) for child in module.named_children())
    return Module(name, type(module).__name__, module.extra_repr(), parts)


def _without_rate(block: Module) -> tuple[Module, ...]:
    return tuple(replace(part, arguments="") if part.type == "DropPath" else part for part in block.parts)


def _as_one(group: list[Module]) -> Module:
    first, last = group[0], group[-1]
    if first is last:
        return first
    rates = [part.arguments for block in (first, last) for part in block.parts if part.type == "DropPath"]
    spread = f"{rates[0]} to {rates[-1].removeprefix('rate=')}" if len(set(rates)) > 1 else "".join(rates[:1])
    parts = tuple(replace(part, arguments=spread) if part.type == "DropPath" else part for part in first.parts)
    return replace(first, name=f"{first.name}-{last.name}", count=len(group), parts=parts)


def _paths(text: list[str]) -> list[str]:
    """Name the module that each line stands in."""
    paths: list[str] = []
    inside: list[str] = []
    for line in text:
        name = line.strip().partition(")")[0].lstrip("(")
        if line.strip() == ")":
            inside.pop()
        paths.append(".".join(filter(None, inside)))
        if line.endswith("(") and line.strip() != ")":
            inside.append(name if line.lstrip().startswith("(") else "")
    return paths
