"""`modernize steps`: every registered step."""

from __future__ import annotations

from modernize.cli.console import say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, examples
from modernize.registry import load_steps

EXAMPLES = examples("modernize steps", "modernize steps --json")


def steps(json: Json = False) -> None:
    """List the steps of the ladder in the paper's order, and the probes beside them."""
    found = load_steps().values()
    if json:
        facts = [
            {
                "id": step.id,
                "title": step.title,
                "section": step.section,
                "source": step.source,
                "adopted": step.adopted,
                "instead_of": step.instead_of or None,
                "after": step.after or None,
                "path": step.path or None,
                "module": step.module,
                **step.card(),
            }
            for step in found
        ]
        say_json(facts)
        return
    rows = [(step.id, step.section or "-", step.status, step.title, step.card()["what"]) for step in found]
    styles = ["" if step.adopted else "dim" for step in found]
    say_table(columns("step", "section", "status", "title", "what..."), rows, styles)
