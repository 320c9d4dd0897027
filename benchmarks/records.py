"""P9 and P10: reading, reporting and recording with many records."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import ROOT
from modernize.report import write_report
from modernize.results.record import Record
from modernize.results.store import save_record, save_study
from modernize.results.study import Study

NUM_FILES_BEFORE = 10


def measure(quick: bool) -> list[Measured]:
    """Make up records, report them with all imports done before, and add single records."""
    many, few, repeats = (400, 100, 1) if quick else (10_000, 1_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        large, small, tiny = (Path(folder) / name for name in ("large", "small", "tiny"))
        records, study = make(many, large)
        num_many = len(records)
        num_few = len(make(few, small)[0])
        make(NUM_FILES_BEFORE, tiny)
        _report_seconds(small)
        times: dict[Path, list[float]] = {large: [], small: [], tiny: []}
        for _ in range(repeats):
            for results in (small, large):
                times[results].append(_report_seconds(results))
        with_figures = [_report_seconds(large, figures=True) for _ in range(1 if quick else 2)][-1]
        saves: dict[Path, list[float]] = {large: [], tiny: []}
        for number in range(5 if quick else 100):
            new = replace(records[0], run_id=f"{number:016x}", seed=100_000 + number, study=study.name)
            for results in (tiny, large):
                began = time.perf_counter()
                save_record(new, results)
                saves[results].append(time.perf_counter() - began)
    note = f"{num_many:,} records, imports done, without figures; {with_figures:.2f} s with figures"
    return [
        Measured(
            goal="P9",
            what=f"report of {num_many:,} records",
            ours=median(times[large]),
            unit="s",
            better="lower",
            at_least=1.5,
            aim=0.5,
            note=note,
        ),
        Measured(
            goal="P9",
            what=f"report, per record of {num_many:,}",
            against=f"per record of {num_few:,}",
            ours=1e6 * median(times[large]) / num_many,
            other=1e6 * median(times[small]) / num_few,
            unit="us",
            better="lower",
            at_least=1.5,
        ),
        Measured(
            goal="P10",
            what=f"recording one run beside {num_many:,} records",
            against=f"beside {NUM_FILES_BEFORE} records",
            ours=1e3 * median(saves[large]),
            other=1e3 * median(saves[tiny]),
            unit="ms",
            better="lower",
            at_least=1.5,
            aim=1.1,
            note="the file is flushed to the disk (fsync) each time",
        ),
    ]


def make(num_records: int, results: Path) -> tuple[list[Record], Study]:
    """Write the made-up records of a study with about so many runs."""
    sys.path.insert(0, str(ROOT / "tests"))
    from factories import make_records, make_study

    from modernize.results.reader import record_text

    upto = "ln" if num_records > NUM_FILES_BEFORE else "base"
    rungs = 13 if upto == "ln" else 1
    study = make_study(upto=upto, seeds=tuple(range(-(-num_records // rungs))))
    records = make_records(study)
    save_study(study, results)
    for record in records:
        path = results / study.name / f"{record.entry.name}-seed{record.seed}-{record.run_id[:8]}.json"
        path.write_bytes(record_text(record))
    return records, study


def _report_seconds(results: Path, *, figures: bool = False) -> float:
    began = time.perf_counter()
    write_report(results, results.with_name(f"{results.name}-reports"), figures=figures)
    return time.perf_counter() - began
