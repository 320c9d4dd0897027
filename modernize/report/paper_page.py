"""A published ladder as a page: what the paper prints, how sure its own deltas are, and what the specs count to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from modernize.published import IMAGENET, published_rows
from modernize.registry import load_steps
from modernize.report import cells, numbers
from modernize.report.answer import published_answer
from modernize.report.drawings import figures_of
from modernize.report.panels import facts, published_numbers, study_panels
from modernize.report.paper import N_SEEDS, READINGS, sign_only_words
from modernize.report.recipe_tables import changes_text, recipe_tables
from modernize.report.recipe_words import RecipeStep, recipe_steps
from modernize.report.rows import Row
from modernize.report.study_page import illustrated
from modernize.report.study_tables import published_notes
from modernize.report.view import Block, Facts, Fold, Items, Page, Paragraph, Section, Table, table
from modernize.results.statistics import Summary, welch
from modernize.results.study import Study
from modernize.words import signed

IMAGE_SIZE = 224
_ENDS = {"resnet50": "ResNet-50 to ConvNeXt-T", "resnet200": "ResNet-200 to ConvNeXt-B"}


def paper_page(study: Study, rows: Sequence[Row], figures: Collection[str], *, panels: bool) -> Page:
    """Lay out a published ladder.

    Args:
        study: See `modernize.report.specs.paper_study`.
        rows: Of the study.
        figures: Keys of the figures there are.
        panels: Whether rung panels are shown.
    """
    regime = study.published
    source = published_rows(regime)[0].source
    grouped = recipe_steps(study, rows)
    how = tuple(published_notes(study, rows))
    sections = (
        Section("rungs", "Rungs", (_table(regime, rows), Fold("How to read the table", (Items(how),)))),
        Section("deltas", "How sure each step is", tuple(_sure(regime, rows))),
        Section("cost", "Accuracy and cost", tuple(_beside(regime))),
        Section(
            "steps",
            "What each step changed",
            (*recipe_tables(grouped), _steps(rows, grouped)),
            rungs=True,
            folded=True,
        ),
        Section("counted", "Counted against printed cost", (_counted(rows, source),), folded=True),
    )
    return Page(
        name=study.name,
        title=f"{_ENDS[regime]}, as published",
        lead=(
            Paragraph(published_answer(rows, regime)),
            *figures_of("answer", figures, study, rows),
            Paragraph(
                f"The ladder as {source} prints it. Nothing on this page was measured by this project: accuracies "
                "are the paper's, costs stand beside what this project's specs count to."
            ),
            Facts(
                (
                    ("Source", source),
                    ("Data", IMAGENET),
                    ("Seeds", _seeds(rows)),
                    ("Training", "300 epochs with the modern recipe from the second rung on, without EMA"),
                )
            ),
        ),
        sections=illustrated(sections, figures, study, rows),
        footnotes=tuple(
            (
                f"{regime}-{row.step}",
                f"{source}, {row.step}, prints {row.published.gmacs_text}. {row.published.anomaly}",
            )
            for row in rows
            if row.published and row.published.anomaly
        ),
        panels=tuple(
            replace(
                panel,
                numbers=facts(
                    *published_numbers(row),
                    ("GMACs printed", cells.gmacs_published(row)),
                    ("GMACs counted", cells.gmacs(row, IMAGE_SIZE)),
                    ("Parameters", cells.params(row, IMAGE_SIZE)),
                ),
            )
            for panel, row in zip(study_panels(study, rows), rows, strict=True)
        )
        if panels
        else (),
    )


def counted_as_printed(row: Row) -> bool:
    """Whether the count gives the printed GMACs to the last digit."""
    printed = row.published.gmacs_text if row.published else ""
    return f"{row.gmacs:.{len(printed.partition('.')[2])}f}" == printed


def _counted(rows: Sequence[Row], source: str) -> Paragraph:
    return Paragraph(
        "GMACs at 224 px in the paper's convention, counted from this project's specs, beside the values "
        f"the paper prints. Equal to the last printed digit: {sum(map(counted_as_printed, rows))} of {len(rows)} in "
        f"{source}."
    )


def _seeds(rows: Sequence[Row]) -> str:
    with_std = [row for row in rows if row.published and row.published.top1_std is not None]
    if with_std:
        return f"three; a standard deviation is printed for {len(with_std)} of {len(rows)} rungs"
    return "no standard deviation is printed"


def _table(regime: str, rows: Sequence[Row]) -> Table:
    return table(
        "rungs",
        "Top-1 and cost of every published rung, and the change against the rung before.",
        rows,
        ("step", cells.step),
        ("change", lambda row: row.planned.title),
        ("top-1 printed, %>", cells.top1_published),
        ("delta>", cells.delta_published),
        ("verdict", cells.verdict_published),
        ("GMACs printed>", lambda row: cells.gmacs_published(row, f"{regime}-{row.step}")),
        ("GMACs counted>", lambda row: cells.gmacs(row, IMAGE_SIZE)),
        ("parameters>", lambda row: cells.params(row, IMAGE_SIZE)),
        narrow=True,
    )


def _sure(regime: str, rows: Sequence[Row]) -> Iterable[Block]:
    readings = READINGS[regime]
    if not readings:
        yield Paragraph(sign_only_words(regime, ()))
        return
    by_verdict: dict[str, list[str]] = {verdict: [] for verdict in ("clear", "borderline", "not distinguishable")}
    for step, reading in readings.items():
        by_verdict[reading.verdict].append(step)
    yield Items(tuple((verdict.capitalize(), ", ".join(steps)) for verdict, steps in by_verdict.items() if steps))
    untested = [row.step for row in rows if row.published_delta is not None and row.step not in readings]
    left_out = sign_only_words(regime, untested)
    yield Paragraph(
        "Read from the printed means and standard deviations of three seeds (Welch, Holm-corrected over the adopted "
        "steps, and over the probes); the paper "
        "itself makes no such test. A step that is not distinguishable may still have an effect too small for three "
        f"seeds to show, and a loss may prepare the next gain: depthwise and move-up do. {left_out}".rstrip()
    )
    yield Paragraph(_kernels(regime))


def _kernels(regime: str) -> str:
    """Say what each kernel size stands against, and compare the one adopted with the one before it."""
    five, seven = (
        Summary(n=N_SEEDS, mean=row.top1_percent, std=row.top1_std)
        for row in published_rows(regime)
        if row.step in ("kernel-5", "kernel-7")
    )
    p_value = welch(seven, five).p_value
    p = f" (p = {numbers.p_text(p_value)})" if p_value is not None else ""
    return (
        "kernel-5 and kernel-7 stand against the 3x3 of move-up; kernel-9 and kernel-11 against kernel-7, for they ask "
        f"whether more helps still. kernel-7 against kernel-5, uncorrected: {signed(seven.mean - five.mean)}{p}."
    )


def _beside(regime: str) -> Iterable[Block]:
    for row in published_rows(regime):
        if row.role == "reference":
            yield Paragraph(
                f"Beside the ladder, {row.source} prints {row.label}: {row.top1_text} % at {row.gmacs_text} GMACs."
            )


def _steps(rows: Sequence[Row], grouped: Mapping[str, RecipeStep]) -> Items:
    steps = load_steps()
    items = []
    for row in rows:
        if step := steps.get(row.step):
            where = f", section {step.section}" if step.section else ""
            what = step.card()["what"].replace("`", "")
            items.append((f"{row.step}, {row.planned.title}{where}", f"{what} Spec: {changes_text(row, grouped)}."))
    return Items(tuple(items))
