"""`modernize verify`: what was checked, against what, and the result."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from modernize.cli.console import progress, say, say_json, say_prose, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, examples

if TYPE_CHECKING:
    from modernize.verify import CheckResult

A_CHECK_FAILED = 1
STYLES = {"ok": "green", "flagged": "yellow", "failed": "red"}

EXAMPLES = examples("modernize verify", "modernize verify --json")


def verify(json: Json = False) -> None:
    """Check this installation: costs against the papers, built networks against costs, weights against other libraries.

    "flagged" marks a printed value that is inconsistent in its source. Exits with 1 if a check fails.
    """
    from modernize.verify import checks

    results: list[CheckResult] = []
    for group, members in groupby(checks(), key=lambda check: check.group):
        todo, found = list(members), []
        with progress(group) as begin:
            for check in todo:
                begin(f"{check.what}, against {check.against}", len(todo))
                found.append(check.result())
        results += found
        if not json:
            say(group, "bold")
            for against in dict.fromkeys(result.against for result in found):
                _print(against, [result for result in found if result.against == against])
    if json:
        say_json([asdict(result) | {"ok": result.ok} for result in results])
    else:
        _print_summary(results)
    if not all(result.ok for result in results):
        raise typer.Exit(A_CHECK_FAILED)


def _print(against: str, results: list[CheckResult]) -> None:
    say(f"against {against}", "dim")
    rows = [(result.status, result.what, result.expected, result.got) for result in results]
    say_table(columns("result", "checked", "expected", "got..."), rows, [STYLES[result.status] for result in results])
    for result in results:
        if result.note:
            say_prose("", f"{result.what}: {result.note}", style="dim")
    say()


def _print_summary(results: list[CheckResult]) -> None:
    counted = Counter(result.status for result in results)
    text = ", ".join(f"{counted[status]} {status}" for status in ("ok", "flagged", "failed"))
    seconds = sum(result.seconds for result in results)
    say(f"{len(results)} checks: {text}; {seconds:.0f} s", "bold red" if counted["failed"] else "bold green")
