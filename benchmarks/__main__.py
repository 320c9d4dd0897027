"""`python -m benchmarks [NAME ...] [--quick] [--markdown]`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version

from benchmarks.measured import HEADER, Measured
from modernize.run.environment import commit, hardware, versions

BENCHMARKS = {
    "P1": "ladder_wall",
    "P2": "throughput",
    "P3": "model_step",
    "P4": "default_job",
    "P5": "two_workers",
    "P6": "input_pipeline",
    "P7": "light_commands",
    "P8": "first_step",
    "P9": "records",
    "P10": "records",
    "P11": "gpu_training",
    "P12": "gpu_small_images",
    "P13": "gpu_seeds",
    "P14": "same_bytes",
    "P15": "photographs",
    "faults": "faults",
    "roofs": "gpu_roofs",
    "kernels": "kernels",
    "depthwise": "depthwise",
    "allocator": "allocator",
}


def main(argv: list[str] | None = None) -> int:
    """Run the named benchmarks, all of them by default.

    Returns:
        0, or 1 if a goal was missed by a full measurement.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the speed goals.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small and imprecise: whether it runs, not how fast")
    parser.add_argument("--markdown", action="store_true", help="print the rows of benchmarks/README.md")
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark '{unknown[0]}'; there are {', '.join(BENCHMARKS)}")
    print(_circumstances())
    if options.markdown:
        print("\n|" + "|".join(f" {cell} " for cell in HEADER) + "|\n" + "|---" * len(HEADER) + "|")
    missed = False
    for module in dict.fromkeys(BENCHMARKS[name] for name in options.names or BENCHMARKS):
        for row in import_module(f"benchmarks.{module}").measure(options.quick):
            print(_markdown(row) if options.markdown else _text(row, options.quick), flush=True)
            missed |= row.verdict == "MISSED"
    return int(missed and not options.quick)


def _circumstances() -> str:
    machine = hardware(1)
    found = versions() | {name: version(name) for name in ("torchvision", "typer", "rich")}
    software = ", ".join(f"{name} {number}" for name, number in found.items())
    date = datetime.now(UTC).date().isoformat()
    return (
        f"{date}; {machine.processor}, {machine.num_cores} cores, {machine.memory_gb} GB, {machine.platform}; "
        f"{software}; commit {commit() or 'unknown'}"
    )


def _markdown(row: Measured) -> str:
    return "|" + "|".join(f" {cell} " for cell in row.cells()) + "|"


def _text(row: Measured, quick: bool) -> str:
    goal, what, against, ours, other, result, at_least, aim, verdict = row.cells()
    lines = [f"{goal:4} {what}: {ours or verdict}"]
    if against and ours:
        lines[0] += f"; {against}: {other}"
        lines.append(f"ratio {result}")
    if at_least and ours:
        word = "at least" if row.better == "higher" else "at most"
        lines.append(f"{word} {at_least}" + (f", aim {aim}" if aim else "") + f": {verdict}")
        lines[-1] += " (quick: says nothing)" if quick else ""
    if row.note:
        lines.append(row.note)
    return "\n     ".join(lines)


if __name__ == "__main__":
    sys.exit(main())
