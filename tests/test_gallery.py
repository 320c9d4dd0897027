"""The committed reports are what the commands make of the committed records."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from shutil import copytree

import pytest

from modernize.report import write_all, write_paper_report

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REPORTS.is_dir(), reason="reports/ is not installed"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder, results = (tmp_path_factory.mktemp(name) for name in ("reports", "results"))
    for study in studies():
        copytree(ROOT / "results" / study, results / study)
    write_all(results, folder, ("md",))
    for regime in ("resnet50", "resnet200"):
        write_paper_report(regime, folder, ("md",))
    return folder


def studies() -> list[str]:
    """Those of the gallery; runs of the user's own may lie beside them."""
    return re.findall(r"\]\(([\w-]+)/report\.md\)", (REPORTS / "index.md").read_text(encoding="utf-8"))


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_every_report_is_there_and_no_file_of_one_is_left_over(made):
    assert studies()
    folders = {name.partition("/")[0] for name in files(made)}
    committed = {name for name in files(REPORTS) if name.partition("/")[0] in folders}
    assert committed == files(made).keys()


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
