"""Which runs of a study can be looked into: classifiers whose weights are still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modernize.errors import ModernizeError, unknown_name
from modernize.metrics import CLASSIFICATION
from modernize.report.rows import Row
from modernize.results.artifact import artifacts
from modernize.results.record import Record
from modernize.results.study import Study
from modernize.words import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedInto:
    """Runs to look into.

    Attributes:
        runs: By row and seed.
        pairs: Rows to compare, the new one first.
        notes: What is left out, and why.
    """

    runs: dict[str, dict[int, Record]]
    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def records(self) -> list[Record]:
        """Of all of them."""
        return [record for of_row in self.runs.values() for record in of_row.values()]


def looked_into(study: Study, rows: Sequence[Row], names: Sequence[str], out: Path) -> LookedInto:
    """Choose runs whose weights are there.

    Args:
        study: The plan.
        rows: Of it.
        names: Of the rows wanted, each to be compared with the one before it; () for all, each with what the study
            compares it with.
        out: Folder that holds runs/.

    Raises:
        ModernizeError: If there is no such row, or none with weights.
    """
    by_name = {row.step: row for row in rows}
    for name in names:
        if name not in by_name:
            raise unknown_name(f"row of {study.name}", name, by_name)
    wanted = [by_name[name] for name in names] or list(rows)
    left_out = [row.step for row in wanted if row.planned.objective != CLASSIFICATION]
    notes = [f"Left out, for they do not classify: {listed(left_out)}."] if left_out else []
    runs: dict[str, dict[int, Record]] = {}
    gone = []
    for row in wanted:
        if row.step in left_out:
            continue
        for seed in sorted(row.finished):
            states = {one.state for one in artifacts([row.records[seed]], out)}
            if states == {"kept"}:
                runs.setdefault(row.step, {})[seed] = row.records[seed]
            else:
                gone.append(f"{row.step} seed {seed}")
    if not runs:
        raise ModernizeError(
            f"no run of '{study.name}' has its weights under {out / 'runs'}: `modernize run` with --repeat, and "
            "without --no-weights, keeps them."
        )
    notes += [f"Left out, for their weights are not here: {listed(gone)}."] if gone else []
    if ended := [row.step for row in wanted if row.num_diverged]:
        notes.append(f"Runs of {listed(ended)} diverged: they left no weights to look into.")
    there = [row.step for row in wanted if row.step in runs]
    before = list(zip(there[1:], there[:-1], strict=True))
    compared = [(one.entry, one.before) for row in wanted for one in row.contrasts]
    pairs = before if names else [pair for pair in compared if {*pair} <= runs.keys()]
    return LookedInto(runs=runs, pairs=tuple(dict.fromkeys(pairs)), notes=tuple(notes))
