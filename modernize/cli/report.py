"""`modernize report`: from records to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.choose import split_names, study_meant
from modernize.cli.console import progress, say
from modernize.cli.options import Out, argument, complete_study, examples, option
from modernize.errors import ModernizeError
from modernize.published import PUBLISHED_REGIMES

EXAMPLES = examples("modernize report --all --format md,html", "modernize report --published resnet50")


def complete_published(incomplete: str) -> list[str]:
    """Regimes with a published table."""
    return [name for name in PUBLISHED_REGIMES if name.startswith(incomplete)]


def report(
    study: Annotated[
        str,
        argument("STUDY", "Name or path of a study's folder.", complete_study, default="the newest under results/"),
    ] = "",
    formats: Annotated[
        str,
        option(
            "--format",
            "Of md (with figures), html (one file with everything in it), latex, csv and json, by commas.",
            "F,...",
        ),
    ] = "md",
    every: Annotated[bool, option("--all", "Every study there is, and an index of them.")] = False,
    published: Annotated[
        str,
        option(
            "--published",
            "Instead, a ladder as the paper prints it: resnet50 or resnet200.",
            "REGIME",
            complete_published,
            default=False,
        ),
    ] = "",
    out: Out = Path(),
) -> None:
    """Write the report of a study from its records, into reports/STUDY.

    Prints the files written. The same records give the same bytes.
    """
    from modernize.report.write import write_all, write_paper_report, write_report

    if sum(map(bool, (study, every, published))) > 1:
        raise ModernizeError("STUDY, --all and --published each say what to report; give one of them.")
    chosen = split_names(formats) or ("md",)
    results, reports = out / "results", out / "reports"
    meant = "" if every or published else study_meant(results, study)
    with progress("reports") as begin:
        if every:
            files = write_all(results, reports, chosen, begin=begin)
        else:
            begin(published or Path(meant).name, 1)
            files = (
                write_paper_report(published, reports, chosen)
                if published
                else write_report(results, reports, meant, chosen)
            )
    for path in files:
        say(str(path))
