"""What a study found, as `run` ends with it: a line a row, its change drawn with characters on one axis for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from modernize.cli.console import PLAIN_PROSE, say, say_prose, say_table, width
from modernize.cli.layout import GAP, columns
from modernize.metrics import Metric
from modernize.report import cells
from modernize.report.answer import answer
from modernize.report.contrasts import Contrast
from modernize.report.roles import noun_of
from modernize.report.rows import Row
from modernize.results.study import Study
from modernize.words import plural, signed

NARROWEST, WIDEST = 15, 45
"""Characters an axis may have."""

_STYLES = {"better": "green", "worse": "red"}


def print_answer(study: Study, rows: Sequence[Row]) -> None:
    """Print mean, change and verdict of every row, the changes with their intervals on a common axis, and the answer.

    Args:
        study: The plan.
        rows: At least one of them with a record.
    """
    metric = study.metric
    n_seeds = {row.value.n for row in rows if row.value}
    feet = {row.before for row in rows if row.before}
    against = feet.pop() if len(feet) == 1 and len(rows) > 2 else ""
    lines = [*_lines(study, rows, against)]
    over = f", {plural(min(n_seeds), 'seed')}" if len(n_seeds) == 1 else ""
    say(f"{study.title or study.name}{over}{f'; changes against {against}' if against else ''}", "bold")
    compared = [line.contrast for line in lines if line.contrast.delta and line.contrast.metric == metric]
    if compared:
        _say_changes(lines, compared, noun_of(rows), metric)
    else:
        say_table(columns(noun_of(rows), f"{metric.label}>", "runs..."), [(*line[:2], line.ended) for line in lines])
    say_prose("", answer(rows))


class _Line(NamedTuple):
    """What a row is called and came to, what it is compared with, and how its runs ended if they did not finish."""

    name: str
    value: str
    contrast: Contrast
    ended: str = ""

    @property
    def delta(self) -> str:
        one = self.contrast
        return signed(one.delta.mean, one.metric.digits) if one.delta else ""

    @property
    def verdict(self) -> str:
        words = self.contrast.verdict.replace("not distinguishable", "not told apart")
        return "; ".join(filter(None, (words.partition(" at n=")[0].partition(":")[0], self.ended)))


def _lines(study: Study, rows: Sequence[Row], against: str) -> Iterable[_Line]:
    """A line a row; what is compared with something else than the row above, or `against`, has one of its own."""
    above = ""
    alike = len({row.value.n for row in rows if row.value}) == 1
    for row in rows:
        value, _, n = cells.measured(study, row).text.partition(" (n=")
        plain = row.before in (above, against)
        value = value if alike or not n else f"{value} (n={n}"
        yield _Line(row.step, value, row.contrast if plain else Contrast(), row.status * (row.status != "finished"))
        yield from (_Line(f"  vs {one.before}", "", one) for one in row.contrasts[plain:])
        above = row.step


def _say_changes(lines: Sequence[_Line], compared: Sequence[Contrast], word: str, metric: Metric) -> None:
    told = [(line.name, line.value, line.delta, line.verdict) for line in lines]
    heads = (word, metric.label, "delta", "verdict")
    taken = sum(max(map(len, column)) + len(GAP) for column in zip(heads, *told, strict=True))
    axis = Axis(compared, min(WIDEST, max(NARROWEST, (width() or PLAIN_PROSE) - taken)))
    drawn = [axis.line(line.contrast) if line.contrast in compared else "" for line in lines]
    table = [(*line[:3], f"{plot:{axis.size}}", line[3]) for line, plot in zip(told, drawn, strict=True)]
    styles = [_STYLES.get(line.contrast.verdict, "") for line in lines]
    say_table(columns(word, f"{metric.label}>", "delta>", axis.head(metric), "verdict..."), table, styles)
    if any(one.delta and one.delta.low is not None for one in compared):
        say_prose("", "[---] 95 % interval, not corrected; : no change, * told from it, o not.", style="dim")


class Axis:
    """One axis of characters for the changes of a study: `[--*--]`, with `:` where there is none.

    Args:
        compared: What is drawn.
        size: Characters from end to end.
    """

    def __init__(self, compared: Iterable[Contrast], size: int) -> None:
        deltas = [one.delta for one in compared if one.delta]
        ends = [end for one in deltas for end in (one.low, one.mean, one.high) if end is not None]
        self.size = size
        self._low, self._high = min(0.0, *ends), max(0.0, *ends)

    def line(self, one: Contrast) -> str:
        """Draw a change, and its interval where it has one; a star if its test tells it from none."""
        drawn = [" "] * self.size
        if one.delta is None:
            return "".join(drawn)
        low, high = one.delta.low, one.delta.high
        ends = (self._place(low), self._place(high)) if low is not None and high is not None else ()
        if ends:
            drawn[ends[0] : ends[1] + 1] = "-" * (ends[1] + 1 - ends[0])
        drawn[self._place(0.0)] = ":"
        for end, bracket in zip(ends, "[]", strict=False):
            drawn[end] = bracket
        drawn[self._place(one.delta.mean)] = "*" if one.verdict in _STYLES else "o"
        return "".join(drawn)

    def head(self, metric: Metric) -> str:
        """Write the ends of the axis and its zero, each in its place."""
        left, right = (signed(end, metric.digits) if end else "" for end in (self._low, self._high))
        drawn = f"{left}{right:>{self.size - len(left)}}"
        zero = self._place(0.0)
        free = not drawn[max(0, zero - 1) : zero + 2].strip()
        return f"{drawn[:zero]}0{drawn[zero + 1 :]}" if free else drawn

    def _place(self, value: float) -> int:
        span = self._high - self._low
        return round((value - self._low) / span * (self.size - 1)) if span else self.size // 2
