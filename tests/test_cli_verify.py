"""`modernize verify`: the table, the summary and the exit code."""

from __future__ import annotations

import json

import pytest

from modernize.cli import main
from modernize.verify import Check
from modernize.verify.check import Finding


def check(what, *findings):
    return [Check(group=what, what=f"{what} {i}", against="theirs", run=lambda f=f: f) for i, f in enumerate(findings)]


GOOD = check("good", Finding("4.09", "4.09", "ok"), Finding("4.46", "4.15", "flagged", "inconsistent in the source"))
BAD = check("bad", Finding("1", "2", "failed"))


@pytest.fixture
def checks(monkeypatch):
    def use(found):
        monkeypatch.setattr("modernize.verify.checks", lambda: iter(found))

    return use


def test_all_well(checks, capsys):
    checks(GOOD)
    assert main(["verify"]) == 0
    text = capsys.readouterr().out
    assert "against theirs" in text
    assert "good 1: inconsistent in the source" in text
    assert "2 checks: 1 ok, 1 flagged, 0 failed" in text


def test_a_failed_check_gives_1(checks, capsys):
    checks(GOOD + BAD)
    assert main(["verify"]) == 1
    assert "3 checks: 1 ok, 1 flagged, 1 failed" in capsys.readouterr().out


def test_json(checks, capsys):
    checks(GOOD + BAD)
    assert main(["verify", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [(row["group"], row["ok"]) for row in rows] == [("good", True), ("good", True), ("bad", False)]
    assert rows[1]["note"] == "inconsistent in the source"


def test_progress_is_on_stderr_and_only_where_it_takes_long(checks, capsys, monkeypatch):
    monkeypatch.setattr("modernize.cli.console.QUIET_SECONDS", -1.0)
    checks(GOOD)
    assert main(["verify", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["good, 1 of 2: good 0, against theirs", "good, 2 of 2: good 1, against theirs"]
    assert len(json.loads(printed.out)) == 2
