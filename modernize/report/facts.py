"""What the header of a report says, and what its numbers can and cannot show: rules from facts to sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from modernize.report.evidence import agreement, agreement_sentences, power, power_sentence, verdict_sentences
from modernize.report.machines import hardware_text
from modernize.report.numbers import top1_text
from modernize.report.roles import contrast_name, noun_of, nouns_of, on_paper_ladder, published_data, same_data
from modernize.report.rows import Row, all_contrasts
from modernize.results.record import DataFacts, Record
from modernize.results.statistics import sampling_error_percent
from modernize.results.study import Study
from modernize.words import duration, listed, plural, signed

Part = TypeVar("Part")

# The paper's own setting: ImageNet-1K, 224 px, three seeds (arXiv:2201.03545 section 2 and Table 5).
IMAGENET_TRAIN_IMAGES = 1_281_167
# Below these a run shows that the machinery works, and little about the steps.
SMALL_TRAIN_IMAGES = 40_000
SMALL_SHARE_OF_EPOCHS = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Facts of a study, each a list of distinct values in words."""

    data: tuple[str, ...]
    budget: tuple[str, ...]
    seeds: str
    hardware: tuple[str, ...]
    versions: tuple[str, ...]
    commits: tuple[str, ...]
    runs: str


def header(study: Study, rows: Sequence[Row]) -> Header:
    """Collect what a reader needs to judge the numbers."""
    records = _all(rows)
    return Header(
        data=_distinct((r.data for r in records), _data),
        budget=_distinct(_alike(records), _budget),
        seeds=f"{len(study.seeds)} ({', '.join(map(str, study.seeds[:10]))}{', ...' if len(study.seeds) > 10 else ''})"
        f", the same for every {noun_of(rows)}: same order of the data, same augmentation",
        hardware=_distinct((r.hardware for r in records), hardware_text),
        versions=_distinct((r.versions for r in records), _versions),
        commits=_distinct((r.commit for r in records), lambda commit: commit or "outside a repository"),
        runs=_runs(study, records),
    )


def scale_limits(study: Study, rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what data and budget of this size can and cannot show."""
    records = _all(rows)
    return tuple(_scale(study, records) if on_paper_ladder(study, rows) else _own_scale(study, rows, records))


def seed_limits(study: Study, rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what this number of seeds and of test images can and cannot tell apart."""
    return tuple(_spread(study, rows, _all(rows)))


def findings(rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what the deltas show, with no more certainty than the seeds allow."""
    sentences = verdict_sentences(rows)
    if agreed := agreement(rows):
        sentences += agreement_sentences(agreed)
    for end, what in (("diverged", "loss was no longer finite"), ("failed", "stopped with an error")):
        steps = [row.step for row in rows if any(r.status == end for r in row.records.values())]
        if steps:
            sentences.append(f"Runs of {listed(steps)} {end} ({what}); they are not in the means.")
    if missing := [row.step for row in rows if len(row.records) < len(row.planned.run_ids)]:
        sentences.append(f"Runs are missing for {listed(missing)}: this report is partial.")
    return tuple(sentences)


def _scale(study: Study, records: Sequence[Record]) -> list[str]:
    first = records[0]
    paper_epochs = max((int(r.recipe.get("epochs", 0)) for r in records), default=0)
    imagenet = first.data.num_classes == 1000 and first.data.num_train_images == IMAGENET_TRAIN_IMAGES
    full = study.epochs >= paper_epochs > 0
    if imagenet and full and first.data.image_size == 224:
        return [
            "This study trains on ImageNet-1K at 224 px with the full recipe: its top-1 is comparable with the paper's."
        ]
    size = (
        f"Each run saw {first.data.num_train_images:,} images of {first.data.image_size} px for "
        f"{plural(study.epochs, 'epoch')}; the paper's saw {IMAGENET_TRAIN_IMAGES:,} ImageNet images of 224 px "
        "for 300 epochs."
    )
    small = first.data.num_train_images < SMALL_TRAIN_IMAGES or study.epochs < SMALL_SHARE_OF_EPOCHS * paper_epochs
    verdict = (
        "This is a demonstration of the machinery: every rung was built, trained and measured in the same way. It can "
        "hint at the direction of a large change; it can neither confirm nor refute the paper's numbers, and changes "
        "that need long training, large images or much data may turn round."
        if small
        else "The deltas are facts about this data and this budget; they need not be the paper's."
    )
    return [
        size,
        verdict,
        "Measured and published top-1 come from different data: compare signs and order, never values.",
    ]


def _own_scale(study: Study, rows: Sequence[Row], records: Sequence[Record]) -> list[str]:
    """What stands where no paper's ladder does: sizes as asked for and as trained, and what published values are of."""
    first = records[0].data
    cut = dict.fromkeys(
        f"{r.budget.epochs:g} of {asked:g}" for r in records if r.budget.epochs < (asked := r.recipe.get("epochs", 0))
    )
    whole = f"{plural(study.epochs, 'epoch')}, all that its recipe asks for"
    epochs = f"{listed(cut)} epochs that its recipe asks for" if cut else whole
    sentences = [
        f"Each run saw {first.num_train_images:,} images of {first.image_size} px for {epochs}.",
        "The numbers are facts about these networks on this data with this budget, and about no other.",
    ]
    printed = [row for row in rows if row.published]
    if not printed:
        return sentences
    others = [data for data in published_data(study, rows) if not same_data(first.name, data)]
    reasons = [f"they were measured on {listed(others)}, these on {first.name}"] if others else []
    reasons += [f"runs here had {listed(cut)} epochs"] if cut else []
    reasons += [f"{row.step}: {row.planned.note.rstrip('.')}" for row in printed if row.planned.note]
    if reasons:
        return [*sentences, f"Published values are not comparable with the measured ones: {'; '.join(reasons)}."]
    alike = (
        "Published values are of the same data, and every recipe ran for all its epochs: they can be set beside the "
        "measured ones, as far as networks and recipes agree with their source."
    )
    return [*sentences, alike]


def found_line(rows: Sequence[Row]) -> str:
    """Say in a line what was found: the verdicts, or where there is no test the numbers themselves."""
    if verdicts := verdict_sentences(rows):
        untested = [
            f"{contrast_name(one, rows)} {signed(one.delta.mean)}"
            for one in all_contrasts(rows)
            if one.delta and one.p_holm is None
        ]
        return verdicts[0] + (f" Not tested, equal differences: {', '.join(untested)} points." if untested else "")
    compared = [
        f"{contrast_name(one, rows)} {signed(one.delta.mean)} points" for one in all_contrasts(rows) if one.delta
    ]
    if compared:
        return f"{'; '.join(compared)}; {'one seed' if _one_seed(rows) else 'equal differences'}: no test."
    ranked = sorted((row for row in rows if row.top1), key=lambda row: -row.top1.mean if row.top1 else 0.0)
    return "; ".join(f"{row.step} {top1_text(row.top1)} %" for row in ranked) + "; no contrast is tested."


def _one_seed(rows: Sequence[Row]) -> bool:
    return all(one.delta is None or one.delta.n == 1 for one in all_contrasts(rows))


def _spread(study: Study, rows: Sequence[Row], records: Sequence[Record]) -> list[str]:
    sentences = []
    means = sorted(row.top1.mean for row in rows if row.top1)
    if means:
        images = records[0].data.num_test_images
        error = sampling_error_percent(means[len(means) // 2], images)
        sentences.append(
            f"The {images:,} test images alone leave about ±{error:.1f} points on each accuracy (95 %, binomial)."
        )
    n = len(study.seeds)
    if n == 1:
        sentences.append("One seed shows no spread: differences of a point or two may be chance.")
    else:
        sentences.append(
            f"With {n} seeds, ± is the sample standard deviation over seeds, and brackets hold the 95 % t interval of "
            "the paired difference; an interval that includes 0 is no evidence of a change, nor of its absence."
        )
        if seen := power(study, rows):
            sentences.append(power_sentence(seen, "the ladder" if noun_of(rows) == "rung" else "all entries"))
    return sentences


def _data(data: DataFacts) -> str:
    note = f"; {data.note.rstrip('.')}" if data.note else ""
    held_out = f", {data.num_val_images:,} validation" if data.num_val_images else ""
    return (
        f"{data.name}: {data.num_train_images:,} training{held_out} and {data.num_test_images:,} test images, "
        f"{data.num_classes} classes, {data.image_size} px{note}"
    )


def _budget(record: Record) -> str:
    seen = record.budget.epochs * record.data.num_train_images
    return f"{record.budget.name}: {plural(record.budget.epochs, 'epoch')}, {seen:,} images seen by each run"


def span(rows: Sequence[Row]) -> str:
    """Name a run of rows."""
    names = [row.step for row in rows]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]}, {len(names)} {nouns_of(rows)}"


def _runs(study: Study, records: Sequence[Record]) -> str:
    planned = len(study.entries) * len(study.seeds)
    ends = [record.status for record in records]
    others = [f"{ends.count(end)} {end}" for end in ("diverged", "failed") if end in ends]
    if planned > len(ends):
        others.append(f"{planned - len(ends)} missing")
    seconds = sum(record.speed.seconds for record in records)
    rest = f" ({', '.join(others)})" if others else ""
    return f"{ends.count('finished')} of {planned} finished{rest}; {duration(seconds)} of run time in all"


def _all(rows: Sequence[Row]) -> list[Record]:
    return [record for row in rows for record in row.records.values()]


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _alike(records: Iterable[Record]) -> Iterable[Record]:
    """One record of each budget and data set."""
    return {(id(record.budget), id(record.data)): record for record in records}.values()


def _distinct(parts: Iterable[Part], words: Callable[[Part], str]) -> tuple[str, ...]:
    """Describe parts of records; most of many records share the objects, and each is put in words once."""
    objects = {id(part): part for part in parts}
    return tuple(dict.fromkeys(map(words, objects.values())))
