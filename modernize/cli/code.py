"""What `modernize show --code` prints: a step's source, and the modules of the network before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modernize.cli.console import say, say_prose
from modernize.registry import get_step

if TYPE_CHECKING:
    from modernize.ladder import Rung

_STYLES = {"+": "green", "-": "red", "@": "dim"}


def code_facts(rung: Rung) -> dict[str, Any]:
    """Return source, structure before and after, and their diff, for JSON."""
    from modernize.nn.structure import lines, structure, structure_diff

    return {
        "step": rung.step,
        "module": get_step(rung.step).module if rung.before else None,
        "source": get_step(rung.step).code() if rung.before else None,
        "before": lines(structure(rung.before)) if rung.before else None,
        "after": lines(structure(rung.spec)),
        "diff": structure_diff(rung.before, rung.spec) if rung.before else None,
    }


def print_code(rung: Rung, before_name: str) -> None:
    """Print a step's function, and how the modules of the network change; the base's modules are printed whole.

    Args:
        rung: What the step made.
        before_name: What the rung before it is called; unused at the base.
    """
    from modernize.nn.structure import folded, lines, structure, structure_diff

    if rung.before is None:
        say(f"{rung.step}: {rung.title}, modules of the network", "bold")
        for line in lines(folded(structure(rung.spec))):
            say(line)
        return
    step = get_step(rung.step)
    say(f"{step.id}: {step.title} ({step.module})", "bold")
    say()
    for line in (step.code() or "the source of this step is in no file").splitlines():
        say(line)
    changed = structure_diff(rung.before, rung.spec)
    say(f"\nModules of the network, {before_name} -> {rung.step}, {rung.spec.regime.name} regime", "bold")
    for line in changed or ["no module changes: the step is in how the network is trained"]:
        say(line, _STYLES.get(line[:1], ""))
    if changed:
        say_prose("", "Blocks that are alike but for their drop rate stand as one, as (1-8): 8 x.", style="dim")
