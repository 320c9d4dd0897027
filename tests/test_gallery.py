"""The committed reports are what the commands make of the committed records."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from modernize.report import write_all, write_paper_report

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
NOT_FROM_RECORDS = {"README.md", "handout.md", "seminar.ipynb"}  # of the seminar, whose tests compare two of them

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REPORTS.is_dir(), reason="reports/ is not installed"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    write_all(ROOT / "results", folder, ("md",))
    for regime in ("resnet50", "resnet200"):
        write_paper_report(regime, folder, ("md",))
    return folder


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_every_report_is_there_and_none_is_left_over(made):
    assert files(REPORTS).keys() - NOT_FROM_RECORDS == files(made).keys()


def test_texts_are_equal(made):
    for name, path in files(made).items():
        if path.suffix == ".md":
            assert (REPORTS / name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), name


def test_drawings_are_equal(made):
    (pinned,) = re.findall(r"^matplotlib==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    if version("matplotlib") != pinned:
        pytest.skip(f"drawn with matplotlib {pinned}; other versions draw other bytes")
    drawings = [name for name in files(made) if name.endswith(".svg")]
    assert len(drawings) > 20
    assert [name for name in drawings if (REPORTS / name).read_bytes() != (made / name).read_bytes()] == []
