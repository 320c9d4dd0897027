"""The section on predictions: what was written before the runs beside what they measured, also where it was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modernize.metrics import Metric
from modernize.report.contrasts import Contrast
from modernize.report.facts import Report
from modernize.report.numbers import delta_text, p_text
from modernize.report.rows import Row, all_contrasts
from modernize.report.view import Cell, Paragraph, Section, table
from modernize.results.statistics import LEVEL, Delta, corrected, paired_delta
from modernize.results.study import Prediction, Study
from modernize.words import NONE, plural

Outcome = Literal["yes", "no", "not decided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A prediction and what became of it.

    Attributes:
        prediction: It.
        metric: What its difference is of.
        delta: The difference it is about, over the seeds that all its entries finished; None if there is none.
        p_holm: Holm-corrected: of a contrast, over those of the study; of a difference of contrasts, over those
            that are predicted. None where there is no test.
        came_true: What the tests say.
    """

    prediction: Prediction
    metric: Metric
    delta: Delta | None
    p_holm: float | None
    came_true: Outcome


def foretold(report: Report) -> Section:
    """Set predictions beside results; nothing where the study predicts nothing."""
    study, found = report.study, outcomes(report.study, report.rows)
    if not found:
        return Section("foretold", "")
    margin = study.equivalence_margin
    same = f"the same within {study.metric.difference(margin)}" if margin else "the same"
    seeds = len(study.seeds)
    shown = table(
        "foretold",
        "What was predicted before the runs, and what they measured.",
        found,
        ("difference", lambda one: _difference(one.prediction)),
        ("predicted", lambda one: same if one.prediction.sign == "same" else one.prediction.sign),
        (f"measured, {study.metric.delta_unit or 'difference'}>", lambda one: _measured(one, seeds)),
        ("p, Holm>", lambda one: Cell(NONE if one.p_holm is None else p_text(one.p_holm), value=one.p_holm)),
        ("came true", lambda one: Cell(one.came_true, bad=one.came_true == "no")),
    )
    return Section("foretold", "Predicted and measured", (shown, Paragraph(_summary(study, found))))


def outcomes(study: Study, rows: Sequence[Row]) -> tuple[Foretold, ...]:
    """Judge each prediction of a study that its results are about."""
    contrasts = {(one.entry, one.before): one for one in all_contrasts(rows)}
    finished = {row.step: row.finished for row in rows}
    known = [one for one in study.predictions if {*one.pairs} <= contrasts.keys()]
    of_two = [one for one in known if one.than]
    deltas = [_of_two(one, finished) for one in of_two]
    p_values = corrected(delta.p_value if delta else None for delta in deltas)
    second = dict(zip(of_two, zip(deltas, p_values, strict=True), strict=True))
    found = []
    for one in known:
        contrast = contrasts[one.contrast]
        delta, p_holm = second.get(one, (contrast.delta, contrast.p_holm))
        found.append(
            Foretold(
                prediction=one,
                metric=contrast.metric,
                delta=delta,
                p_holm=p_holm,
                came_true=_came_true(one, delta, p_holm, contrast),
            )
        )
    return tuple(found)


def outcomes_json(study: Study, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Give the predictions and their outcomes as plain data."""
    return [
        {
            "contrast": one.prediction.contrast,
            "than": one.prediction.than,
            "predicted": one.prediction.sign,
            "measured": one.delta.mean if one.delta else None,
            "low": one.delta.low if one.delta else None,
            "high": one.delta.high if one.delta else None,
            "p_holm": one.p_holm,
            "came_true": one.came_true,
        }
        for one in outcomes(study, rows)
    ]


def _of_two(prediction: Prediction, finished: Mapping[str, Mapping[int, float]]) -> Delta | None:
    """Subtract the differences of two contrasts, seed by seed."""
    differences = []
    for pair in prediction.pairs:
        entry, before = (finished[name] for name in pair)
        differences.append({seed: entry[seed] - before[seed] for seed in entry.keys() & before.keys()})
    return paired_delta(*differences)


def _came_true(prediction: Prediction, delta: Delta | None, p_holm: float | None, contrast: Contrast) -> Outcome:
    if delta is None or p_holm is None:
        return "not decided"
    differs = p_holm < LEVEL
    same = contrast.equivalence.startswith("the same") and not prediction.than
    if prediction.sign == "same":
        return "yes" if same else "no" if differs else "not decided"
    if differs:
        return "yes" if (delta.mean > 0) == (prediction.sign == "higher") else "no"
    return "no" if same else "not decided"


def _difference(prediction: Prediction) -> str:
    one, *than = (" against ".join(pair) for pair in prediction.pairs)
    return f"{one}, less that of {than[0]}" if than else one


def _measured(one: Foretold, seeds: int) -> Cell:
    return Cell(delta_text(one.delta, seeds, one.metric.digits), value=one.delta.mean if one.delta else None)


def _summary(study: Study, found: Sequence[Foretold]) -> str:
    ends = Counter(one.came_true for one in found)
    margin = study.equivalence_margin
    same = (
        f"; a difference shown to be within {study.metric.difference(margin)} is no difference predicted"
        if margin
        else ""
    )
    two = (
        " Differences of two contrasts are paired by seed too, and corrected for their own number."
        if any(one.prediction.than for one in found)
        else ""
    )
    return (
        f"{plural(len(found), 'prediction')}, as the study's file had them before its runs: {ends['yes']} came true, "
        f"{ends['no']} did not, {ends['not decided']} not decided. A prediction is decided where the "
        f"Holm-corrected paired test passes at {100 * LEVEL:.0f} %{same}.{two}"
    )
