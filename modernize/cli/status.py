"""`modernize status`: how far a study is, here or on a cluster."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli.choose import study_meant
from modernize.cli.console import say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import Json, Out, argument, complete_study, examples

if TYPE_CHECKING:
    from modernize.run.standing import Standing

EXAMPLES = examples("modernize status", "modernize status laptop-shapes-smoke --json")
STYLES = {"failed": "red", "diverged": "red", "running": "green", "pending": "dim", "open": "dim"}
Study = Annotated[
    str, argument("STUDY", "Name or path of a study's folder.", complete_study, default="the newest under results/")
]


def status(study: Study = "", out: Out = Path(), json: Json = False) -> None:
    """Say of each run of a study whether it is pending, running, done or failed, and how far, or why.

    What is open is in nobody's hands: the study's command does it.
    """
    from modernize.results.store import load_study
    from modernize.run.standing import RESULTS, standings

    planned = load_study(Path(study_meant(out / RESULTS, study)))
    found = standings(planned, out)
    if json:
        say_json([asdict(one) for one in found])
        return
    on_cluster = any(one.job for one in found)
    heads = columns(planned.noun, "seed>", "state", *["job"] * on_cluster, "what...")
    rows = [(one.entry, f"{one.seed}", one.state, *[one.job] * on_cluster, _what(one)) for one in found]
    say_table(heads, rows, [STYLES.get(one.state, "") for one in found])
    counts = Counter(one.state for one in found)
    say(f"\n{planned.name}: {len(found)} runs, {', '.join(f'{count} {state}' for state, count in counts.items())}")


def _what(one: Standing) -> str:
    where = f" ({one.holder})" if one.holder else ""
    log = f"; see {one.log}" if one.log and one.state == "failed" and one.log not in one.says else ""
    return f"{one.says}{where}{log}"
