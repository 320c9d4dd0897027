"""A published ladder as a page: what the paper prints, how sure its own deltas are, and what the specs count to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from modernize.cost import cost
from modernize.ladder import Rung
from modernize.published import IMAGENET, published_rows
from modernize.registry import load_steps
from modernize.report import cells, numbers
from modernize.report import provenance as source
from modernize.report.costs import cost_section
from modernize.report.drawings import PUBLISHED, change_keys, figures_of
from modernize.report.panels import diagram, facts, published_numbers, step_card
from modernize.report.paper import N_SEEDS, READINGS
from modernize.report.rows import Row, make_rows
from modernize.report.specs import paper_rungs
from modernize.report.study_notes import published_notes
from modernize.report.view import Block, Cell, Facts, Items, Page, Panel, Paragraph, Section, Table, heads
from modernize.results.statistics import Summary, welch
from modernize.results.study import PlannedEntry, Study
from modernize.words import signed

IMAGE_SIZE = 224
_ENDS = {"resnet50": "ResNet-50 to ConvNeXt-T", "resnet200": "ResNet-200 to ConvNeXt-B"}


def paper_study(regime: str) -> Study:
    """Give the published ladder as a study without runs, so that what shows studies can show it."""
    by_step = {row.step: row for row in published_rows(regime)}
    rungs = paper_rungs(regime)
    return Study(
        name=f"paper-{regime}",
        regime=regime,
        published=regime,
        data="ImageNet-1K",
        budget="full",
        epochs=rungs["base"].spec.recipe.epochs,
        image_size=IMAGE_SIZE,
        seeds=(),
        entries=tuple(_planned(rung) for rung in rungs.values()),
        contrasts=tuple((step, by_step[step].before) for step in rungs if by_step[step].before),
    )


def _planned(rung: Rung) -> PlannedEntry:
    counted = cost(rung.spec, IMAGE_SIZE)
    return PlannedEntry(
        name=rung.step,
        title=rung.title,
        role="rung" if rung.adopted else "probe",
        fingerprint=rung.spec.fingerprint,
        macs=counted.macs,
        num_params=counted.num_params,
        changes=tuple(map(str, rung.changes)),
        run_ids=(),
    )


def paper_page(regime: str, figures: Collection[str], *, panels: bool) -> Page:
    """Lay out the published ladder of a regime.

    Args:
        regime: "resnet50" or "resnet200".
        figures: Keys of the figures there are.
        panels: Whether rung panels are shown.
    """
    study = paper_study(regime)
    rows = make_rows(study, [])
    table = published_rows(regime)[0].source
    costs, anomalies = cost_section((regime,))
    # The main table has both columns already.
    costs = replace(costs, blocks=costs.blocks[:1])
    sections = (
        Section(
            id="rungs",
            title="Rungs",
            blocks=(
                *figures_of("rungs", figures, PUBLISHED),
                _table(regime, rows),
                Items(items=tuple(published_notes(study, rows))),
            ),
        ),
        Section(id="deltas", title="How sure each step is", blocks=tuple(_sure(regime, rows, figures))),
        Section(id="cost", title="Accuracy and cost", blocks=tuple(_beside(regime, figures))),
        Section(
            id="steps",
            title="What each step changed",
            blocks=(*figures_of("steps", figures, PUBLISHED), _steps(rows)),
            rungs=True,
        ),
        costs,
    )
    return Page(
        name=study.name,
        title=f"{_ENDS[regime]}, as published",
        lead=(
            Paragraph(
                text=f"The ladder as {table} prints it. Nothing on this page was measured by this project: accuracies "
                "are the paper's, costs stand beside what this project's specs count to."
            ),
            Facts(
                items=(
                    ("Source", table),
                    ("Data", IMAGENET),
                    ("Seeds", _seeds(rows)),
                    ("Training", "300 epochs with the modern recipe from the second rung on, without EMA"),
                )
            ),
        ),
        sections=sections,
        footnotes=anomalies,
        panels=_panels(regime, rows) if panels else (),
    )


def _seeds(rows: Sequence[Row]) -> str:
    with_std = [row for row in rows if row.published and row.published.top1_std is not None]
    if with_std:
        return f"three; a standard deviation is printed for {len(with_std)} of {len(rows)} rungs"
    return "no standard deviation is printed"


def _table(regime: str, rows: Sequence[Row]) -> Table:
    return Table(
        id="rungs",
        caption="Top-1 and cost of every published rung, and the change against the rung before.",
        columns=heads(
            "step",
            "change",
            "top-1 printed, %>",
            "delta>",
            "verdict",
            "GMACs printed>",
            "GMACs counted>",
            "parameters>",
        ),
        rows=tuple(_cells(regime, row) for row in rows),
    )


def _cells(regime: str, row: Row) -> tuple[Cell, ...]:
    return (
        cells.step(row),
        Cell(text=row.planned.title),
        cells.top1_published(row),
        cells.delta_published(row),
        cells.verdict_published(row),
        cells.gmacs_published(row, f"{regime}-{row.step}"),
        _gmacs(row),
        cells.params(row, IMAGE_SIZE),
    )


def _gmacs(row: Row) -> Cell:
    """With one digit more than is printed."""
    return Cell(text=f"{row.gmacs:.3f}", value=row.gmacs, source=source.counted_source(row.planned, IMAGE_SIZE))


def _sure(regime: str, rows: Sequence[Row], figures: Collection[str]) -> Iterable[Block]:
    yield from figures_of("deltas", figures, PUBLISHED)
    readings = READINGS[regime]
    if not readings:
        yield Paragraph(text="The table prints no standard deviations: its deltas cannot be tested.")
        return
    by_verdict: dict[str, list[str]] = {verdict: [] for verdict in ("clear", "borderline", "not distinguishable")}
    for step, reading in readings.items():
        by_verdict[reading.verdict].append(step)
    yield Items(items=tuple((verdict.capitalize(), ", ".join(steps)) for verdict, steps in by_verdict.items() if steps))
    untested = [row.step for row in rows if row.published_delta is not None and row.step not in readings]
    left_out = f" No standard deviation is printed for what {', '.join(untested)} changed." if untested else ""
    yield Paragraph(
        text="Read from the printed means and standard deviations of three seeds (Welch, Holm-corrected); the paper "
        "itself makes no such test. A step that is not distinguishable may still have an effect too small for three "
        f"seeds to show, and a loss may prepare the next gain: depthwise and move-up do.{left_out}"
    )
    yield Paragraph(text=_kernels(regime))


def _kernels(regime: str) -> str:
    """Compare the kernel sizes with the one adopted: in the table each stands against the 3x3 before."""
    printed = {
        row.step: Summary(n=N_SEEDS, mean=row.top1_percent, std=row.top1_std)
        for row in published_rows(regime)
        if row.step.startswith("kernel-")
    }
    adopted = printed.pop("kernel-7")
    found = []
    for step, summary in printed.items():
        p_value = welch(summary, adopted).p_value
        p = f" (p = {numbers.p_text(p_value)})" if p_value is not None else ""
        found.append(f"{step} {signed(summary.mean - adopted.mean)}{p}")
    return f"Each kernel size stands against the 3x3 of move-up. Against kernel-7, uncorrected: {', '.join(found)}."


def _beside(regime: str, figures: Collection[str]) -> Iterable[Block]:
    yield from figures_of("cost", figures, PUBLISHED)
    for row in published_rows(regime):
        if row.role == "reference":
            yield Paragraph(
                text=f"Beside the ladder, {row.source} prints {row.label}: {row.top1_text} % at {row.gmacs_text} GMACs."
            )


def _steps(rows: Sequence[Row]) -> Items:
    steps = load_steps()
    items = []
    for row in rows:
        if row.step not in steps:
            continue
        step = steps[row.step]
        where = f", section {step.section}" if step.section else ""
        what = step.card()["what"].replace("`", "")
        items.append((f"{row.step}, {row.planned.title}{where}", f"{what} Spec: {'; '.join(row.planned.changes)}."))
    return Items(items=tuple(items))


def _panels(regime: str, rows: Sequence[Row]) -> tuple[Panel, ...]:
    rungs = paper_rungs(regime)
    drawings = change_keys([row.step for row in rows])
    return tuple(
        Panel(
            step=row.step,
            title=row.planned.title,
            label=row.label,
            card=step_card(row.step),
            before=row.before,
            changes=tuple((c.field, str(c.before), str(c.after)) for c in rungs[row.step].changes),
            drawing=drawings[row.step],
            diagram=diagram(rungs[row.step].before, rungs[row.step].spec, row.before, row.step),
            numbers=facts(
                *published_numbers(row),
                ("GMACs printed", cells.gmacs_published(row)),
                ("GMACs counted", _gmacs(row)),
                ("Parameters", cells.params(row, IMAGE_SIZE)),
            ),
        )
        for row in rows
    )
