"""Two studies rung by rung: what differs between them, and what that did to the numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from modernize.errors import ModernizeError
from modernize.report.contrasts import verdict_of
from modernize.report.gather import read_study
from modernize.report.machines import execution_text, hardware_text
from modernize.report.rows import Row, records_of
from modernize.results.record import Record
from modernize.results.statistics import Delta, Summary, holm, paired_delta, summarise, welch_delta
from modernize.results.store import find_studies, find_study
from modernize.results.study import Study
from modernize.results.walk import STUDY_FILE
from modernize.spec import Arch, Recipe
from modernize.words import value_text

Quantity = Literal["value", "deltas"]
_DEFAULTS = {part: json.loads(json.dumps(asdict(cls()))) for part, cls in (("arch", Arch), ("trained_recipe", Recipe))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two studies, its rows by step; `label` tells it from the other."""

    label: str
    study: Study
    rows: Mapping[str, Row]

    @property
    def records(self) -> list[Record]:
        """All its runs that ended."""
        return records_of(self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RungPair:
    """One rung on both sides.

    Attributes:
        step: Its id.
        a: Mean over seeds of the first side, of top-1 or of the step's delta; None where nothing finished.
        b: The same of the second.
        difference: b minus a; None where a side is missing.
        p_holm: Of the difference, Holm-corrected over the comparison; None where there is no test.
        same_spec: Whether the step meant the same on both sides; None where a side lacks the rung.
        verdict: The test in words.
    """

    step: str
    a: Summary | None
    b: Summary | None
    difference: Delta | None
    p_holm: float | None
    same_spec: bool | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two studies side by side.

    Attributes:
        a: The first.
        b: The second.
        quantity: "value" of the metric, or "deltas" (per step only) where the data differ.
        paired: Whether differences are paired by seed.
        differs: What differs between the studies: name, value of a, value of b.
        same: Names of what does not.
        rungs: In the order of the first study, then what only the second has.
    """

    a: Side
    b: Side
    quantity: Quantity
    paired: bool
    differs: tuple[tuple[str, str, str], ...]
    same: tuple[str, ...]
    rungs: tuple[RungPair, ...]


def load_sides(a: str, b: str, study: str = "", results_dir: Path = Path("results")) -> tuple[Side, Side]:
    """Read two studies.

    Args:
        a: A results folder, the folder of a study, or the name of a study under `results_dir`.
        b: The same.
        study: Name of the study in results folders that hold several.
        results_dir: Where names are looked up.

    Raises:
        MissingResultsError: If one has no record.
        ModernizeError: If one cannot be found, or it is not clear which study is meant.
    """
    found = [_studies(name, results_dir) for name in (a, b)]
    folders = [_choose(a, found[0], found[1], study), _choose(b, found[1], found[0], study)]
    (one, *_), (other, *_) = read = [read_study(folder) for folder in folders]
    labels = (a, b) if one.name == other.name else (one.name, other.name)
    first, second = (
        Side(label=label, study=plan, rows={row.step: row for row in rows})
        for label, (plan, rows, _) in zip(labels, read, strict=True)
    )
    return first, second


def compare(a: Side, b: Side) -> Comparison:
    """Compare two studies rung by rung.

    Where both evaluated the same images, their metric is compared: paired by seed if they also trained on the same
    budget, by Welch's test otherwise. Where the data differ, it means different things, and only the deltas of the
    steps are compared.

    Raises:
        ModernizeError: If they are about different metrics.
    """
    if a.study.metric != b.study.metric:
        measured = f"{a.label} measures {a.study.metric.title}, {b.label} {b.study.metric.title}"
        raise ModernizeError(f"{measured}: they cannot be compared.")
    same_data = _distinct(a, _data) == _distinct(b, _data)
    steps = [*a.rows, *(step for step in b.rows if step not in a.rows)]
    shared = [step for step in steps if step in a.rows and step in b.rows]
    paired = same_data and all(_epochs(a.rows[step]) == _epochs(b.rows[step]) for step in shared)
    values = _values if same_data else _deltas
    one, other = ({step: values(side, step) for step in steps} for side in (a, b))
    differences = {step: _difference(one[step], other[step], paired=paired) for step in steps}
    p_values = {step: found.p_value for step, found in differences.items() if found and found.p_value is not None}
    corrected = holm(p_values)
    words = a.study.metric.verdicts if same_data else ("larger", "smaller")

    def verdict(step: str) -> str:
        for side in (a, b):
            if step not in side.rows:
                return f"only in {(b if side is a else a).label}"
        if (difference := differences[step]) is None:
            return "nothing to compare"
        return "identical" if one[step] == other[step] else verdict_of(difference, corrected.get(step), words)

    differs, same = _facts(a, b, shared)
    return Comparison(
        a=a,
        b=b,
        quantity="value" if same_data else "deltas",
        paired=paired,
        differs=differs,
        same=same,
        rungs=tuple(
            RungPair(
                step=step,
                a=summarise([*one[step].values()]),
                b=summarise([*other[step].values()]),
                difference=differences[step],
                p_holm=corrected.get(step),
                same_spec=a.rows[step].planned.fingerprint == b.rows[step].planned.fingerprint
                if step in shared
                else None,
                verdict=verdict(step),
            )
            for step in steps
        ),
    )


def _studies(given: str, results_dir: Path) -> dict[str, Path]:
    if not (Path(given) / STUDY_FILE).is_file() and (studies := find_studies(Path(given))):
        return studies
    folder = find_study(results_dir, given)
    return {folder.name: folder}


def _choose(given: str, studies: Mapping[str, Path], other: Mapping[str, Path], study: str) -> Path:
    names = [study] if study in studies else list(studies)
    if len(names) > 1 and not study:
        names = [name for name in studies if name in other]
    if len(names) == 1:
        return studies[names[0]]
    raise ModernizeError(f"{given} holds {len(studies)} studies; choose one with --study: {', '.join(studies)}.")


def _difference(one: Mapping[int, float], other: Mapping[int, float], *, paired: bool) -> Delta | None:
    if paired and one.keys() & other.keys():
        return paired_delta(other, one)
    return welch_delta([*other.values()], [*one.values()])


def _values(side: Side, step: str) -> Mapping[int, float]:
    return side.rows[step].finished if step in side.rows else {}


def _deltas(side: Side, step: str) -> Mapping[int, float]:
    """Paired difference of each seed that finished both the rung and the one before."""
    if step not in side.rows or side.rows[step].before not in side.rows:
        return {}
    after, before = side.rows[step].finished, side.rows[side.rows[step].before].finished
    return {seed: after[seed] - before[seed] for seed in after if seed in before}


def _data(record: Record) -> Any:
    return record.data.fingerprint, record.data.image_size


def _epochs(row: Row) -> set[int]:
    return {record.budget.epochs for record in row.records.values()}


def _distinct(side: Side, what: Callable[[Record], Any]) -> list[Any]:
    return list(dict.fromkeys(map(what, side.records)))


_FACTS: tuple[tuple[str, Callable[[Record], str]], ...] = (
    ("regime", lambda r: r.entry.regime),
    ("data", lambda r: r.data.name),
    ("data fingerprint", lambda r: r.data.fingerprint),
    ("image size", lambda r: f"{r.data.image_size} px"),
    ("training images", lambda r: f"{r.data.num_train_images:,}"),
    ("test images", lambda r: f"{r.data.num_test_images:,}"),
    ("budget", lambda r: r.budget.name),
    ("epochs", lambda r: str(r.budget.epochs)),
    ("hardware", lambda r: hardware_text(r.hardware)),
    ("execution", execution_text),
    ("commit", lambda r: r.commit or "outside a repository"),
)


def _facts(a: Side, b: Side, shared: Sequence[str]) -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """Compare everything the records say about how they were made."""
    found = [(name, _joined(_distinct(a, say)), _joined(_distinct(b, say))) for name, say in _FACTS]
    found.insert(0, ("seeds", _joined(a.study.seeds), _joined(b.study.seeds)))
    packages = dict.fromkeys(name for side in (a, b) for record in side.records for name in record.versions)
    found += [(name, _version(a, name), _version(b, name)) for name in packages]
    found += _recipe_facts(a, b, shared)
    differs = tuple((name, one, other) for name, one, other in found if one != other)
    return differs, tuple(name for name, one, other in found if one == other)


def _version(side: Side, package: str) -> str:
    return _joined(dict.fromkeys(record.versions.get(package, "-") for record in side.records))


def _recipe_facts(a: Side, b: Side, shared: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Fields of the recipes as trained and of the architectures that differ on a rung that both have."""
    found: dict[tuple[str, ...], list[str]] = {}
    for step in shared:
        one, other = ([*side.rows[step].records.values()][:1] for side in (a, b))
        if not one or not other:
            continue
        for part in ("arch", "trained_recipe"):
            left, right = getattr(one[0], part), getattr(other[0], part)
            for field in dict.fromkeys((*left, *right)):
                # Records from before there was a field mean its default.
                values = [side.get(field, _DEFAULTS[part].get(field, "-")) for side in (left, right)]
                if values[0] != values[1] and field != "num_classes":
                    name = f"{'recipe' if part == 'trained_recipe' else part}.{field}"
                    key = (name, *map(value_text, values))
                    found.setdefault(key, []).append(step)
    for (name, one_value, other_value), steps in found.items():
        where = "every rung" if len(steps) == len(shared) else ", ".join(steps)
        yield f"{name} ({where})", one_value, other_value


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values)) or "-"
