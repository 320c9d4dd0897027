"""What the header of a report says, and what its numbers can and cannot show: rules from facts to sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from modernize.metrics import TOP1
from modernize.report.evidence import power, power_sentence
from modernize.report.machines import hardware_text
from modernize.report.roles import noun_of, on_paper_ladder, published_data, same_data
from modernize.report.rows import Row, records_of
from modernize.results.record import DataFacts, Record
from modernize.results.statistics import sampling_error_percent
from modernize.results.study import Study
from modernize.words import duration, listed, plural

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a section is made from.

    Attributes:
        study: The plan.
        rows: At least one of them with a record.
        header: What a reader needs to judge the numbers.
        notes: Key of each row's footnote.
        figures: Keys of the figures there are.
        problems: Files that could not be read.
    """

    study: Study
    rows: Sequence[Row]
    header: Header
    notes: dict[str, str]
    figures: Collection[str]
    problems: Sequence[str]


def header(study: Study, rows: Sequence[Row]) -> Header:
    """Collect what a reader needs to judge the numbers."""
    records = records_of(rows)
    return Header(
        data=_distinct(map(_data, _distinct(r.data for r in records))),
        budget=_distinct(_budget(r) for r in records),
        seeds=f"{_seeds(study)}, the same for every {noun_of(rows)}: same order of the data, same augmentation",
        hardware=_distinct(map(hardware_text, _distinct(r.hardware for r in records))),
        versions=_distinct(", ".join(map(" ".join, r.versions.items())) for r in records),
        commits=_distinct(r.commit or "outside a repository" for r in records),
        runs=_runs(rows, records),
    )


def scale_limits(study: Study, rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what data and budget of this size can and cannot show."""
    records = records_of(rows)
    return _beside_paper(study, records) if on_paper_ladder(study, rows) else _alone(study, rows, records)


def _beside_paper(study: Study, records: Sequence[Record]) -> tuple[str, ...]:
    first = records[0]
    paper_epochs = max((int(r.recipe.get("epochs", 0)) for r in records), default=0)
    imagenet = first.data.num_classes == 1000 and first.data.num_train_images == IMAGENET_TRAIN_IMAGES
    full = study.epochs >= paper_epochs > 0
    if imagenet and full and first.data.image_size == 224:
        what = "ImageNet-1K at 224 px with the full recipe"
        return (f"This study trains on {what}: its top-1 is comparable with the paper's.",)
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
    return (
        size,
        verdict,
        "Measured and published top-1 come from different data: compare signs and order, never values.",
    )


def _alone(study: Study, rows: Sequence[Row], records: Sequence[Record]) -> tuple[str, ...]:
    """What stands where no paper's ladder does: sizes as asked for and as trained, and what published values are of."""
    first = records[0].data
    cut = dict.fromkeys(
        f"{r.budget.epochs:g} of {asked:g}" for r in records if r.budget.epochs < (asked := r.recipe.get("epochs", 0))
    )
    whole = f"{plural(study.epochs, 'epoch')}, all that its recipe asks for"
    epochs = f"{listed(cut)} epochs that its recipe asks for" if cut else whole
    sentences = (
        f"Each run saw {first.num_train_images:,} images of {first.image_size} px for {epochs}.",
        "The numbers are facts about these networks on this data with this budget, and about no other.",
    )
    printed = [row for row in rows if row.published]
    if not printed:
        return sentences
    others = [data for data in published_data(study, rows) if not same_data(first.name, data)]
    reasons = [f"they were measured on {listed(others)}, these on {first.name}"] if others else []
    reasons += [f"runs here had {listed(cut)} epochs"] if cut else []
    reasons += [f"{row.step}: {row.planned.note.rstrip('.')}" for row in printed if row.planned.note]
    if reasons:
        return *sentences, f"Published values are not comparable with the measured ones: {'; '.join(reasons)}."
    alike = "of the same data, and every recipe ran for all its epochs: they can be set beside the measured ones"
    return *sentences, f"Published values are {alike}, as far as networks and recipes agree with their source."


def seed_limits(study: Study, rows: Sequence[Row]) -> tuple[str, ...]:
    """Say what this number of seeds and of test images can and cannot tell apart."""
    sentences = []
    if means := sorted(row.value.mean for row in rows if row.value and row.planned.metric == TOP1):
        images = records_of(rows)[0].data.num_test_images
        error = sampling_error_percent(means[len(means) // 2], images)
        sentences.append(
            f"The {images:,} test images alone leave about ±{error:.1f} points on each accuracy (95 %, binomial)."
        )
    n = len(study.seeds)
    if n == 1:
        small = "differences of a point or two" if study.metric == TOP1 else "differences"
        sentences.append(f"One seed shows no spread: {small} may be chance.")
    else:
        sentences.append(
            f"With {study.seeds_text}, ± is the sample standard deviation over seeds, and brackets hold the 95 % t "
            "interval of the paired difference; an interval that includes 0 is no evidence of a change, nor of its "
            "absence."
        )
        over = "the ladder" if noun_of(rows) == "rung" else "all entries"
        if seen := power(study, rows):
            sentences.append(power_sentence(seen, study.metric, over))
    return tuple(sentences)


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


def _seeds(study: Study) -> str:
    shown = f"{len(study.seeds)} ({', '.join(map(str, study.seeds[:10]))}{', ...' if len(study.seeds) > 10 else ''})"
    if not study.rounds:
        return shown
    return f"in rounds ({listed(map(str, study.rounds))}) until a contrast is decided, up to {shown}"


def _runs(rows: Sequence[Row], records: Sequence[Record]) -> str:
    planned = sum(max(row.num_wanted, len(row.records)) for row in rows)
    ends = [record.status for record in records]
    others = [f"{ends.count(end)} {end}" for end in ("diverged", "failed") if end in ends]
    if planned > len(ends):
        others.append(f"{planned - len(ends)} missing")
    seconds = sum(record.speed.seconds for record in records)
    rest = f" ({', '.join(others)})" if others else ""
    return f"{ends.count('finished')} of {planned} finished{rest}; {duration(seconds)} of run time in all"


def _distinct(facts: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(facts))
