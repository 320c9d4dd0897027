"""One check and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from modernize.errors import one_line

Status = Literal["ok", "flagged", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        expected: What the other side says.
        got: What we say.
        status: "flagged" where a published value is known to be inconsistent: neither ours nor theirs is changed.
        note: Why it is flagged, "" otherwise.
    """

    expected: str
    got: str
    status: Status
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult(Finding):
    """One line of the table that `modernize verify` prints: what a check found, beside what it was.

    Attributes:
        seconds: How long it took.
    """

    group: str
    what: str
    against: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with us."""
        return self.status != "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that can be checked.

    Attributes:
        group: What kind of check it is, for example "published MACs".
        what: What is checked.
        against: What it is checked against.
        run: Does it.
    """

    group: str
    what: str
    against: str
    run: Callable[[], Finding]

    def result(self) -> CheckResult:
        """Run the check; whatever goes wrong inside is a failed check, and the next one can run."""
        start = time.perf_counter()
        try:
            found = self.run()
        except Exception as error:
            found = Finding("no error", one_line(error), "failed")
        return CheckResult(
            group=self.group,
            what=self.what,
            against=self.against,
            seconds=time.perf_counter() - start,
            **asdict(found),
        )


def equal(expected: str, got: str, anomaly: str = "") -> Finding:
    """Compare two texts; where they differ, `anomaly` is the known reason that makes it a flag, not a failure."""
    if expected == got:
        return Finding(expected, got, "ok")
    return Finding(expected, got, "flagged" if anomaly else "failed", anomaly)
