"""The study: which entries and seeds belong together in one report.

`study.json` is written when a study is planned, so that a report can name what is still missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modernize.entry import Role
from modernize.errors import ModernizeError, unknown_name
from modernize.metrics import CLASSIFICATION, METRICS, TOP1, Metric, primary
from modernize.published import PUBLISHED_REGIMES
from modernize.results.attribution import Attribution
from modernize.results.checks import check, check_name
from modernize.results.upgrade import upgraded_study
from modernize.strict import from_dict
from modernize.words import plural

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEntry:
    """A row of the report.

    Attributes:
        name: Its key: of a rung the id of its step, or "base".
        title: What reports call it.
        role: What it is in the study, see `Role`.
        fingerprint: Of network and recipe before the budget shortened it.
        macs: At the study's image size; of a network of another library, counted on the built one.
        num_params: Exact.
        changes: A step's changes in words, for example "arch.norm: batch -> layer".
        run_ids: One a seed, in the order of `Study.seeds`.
        objective: What its runs learn.
        model: Name of another library's network, for example "timm:resnet50"; "" for one of this toolkit.
        note: What is special about it in this study, for example a smaller member of its family; "" for nothing.
        begins_with: Name of the entry whose weights it starts from, "" for random ones.
    """

    name: str
    title: str
    role: Role
    fingerprint: str
    macs: int
    num_params: int
    changes: tuple[str, ...]
    run_ids: tuple[str, ...]
    objective: str = CLASSIFICATION
    model: str = ""
    note: str = ""
    begins_with: str = ""

    @property
    def adopted(self) -> bool:
        """Whether it is a rung that later ones stand on."""
        return self.role == "rung"

    @property
    def metric(self) -> Metric:
        """What its results are compared by."""
        return primary(self.objective)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A published value of an entry, as printed.

    Attributes:
        entry: Name of the entry.
        metric: What was measured.
        value: In the metric's unit.
        std: Over runs, None where none is printed.
        n: Runs, None where it is not said.
        data: What it was measured on.
        source: Where it is printed.
    """

    entry: str
    metric: Literal["top1_percent"] = "top1_percent"
    value: float
    std: float | None = None
    n: int | None = None
    data: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What was said of a contrast before its runs.

    Attributes:
        contrast: Names of two entries: the first against the second.
        sign: Of the difference of their metric, as a number: "higher" or "lower"; or "same", within the study's margin
            of equivalence.
        than: Another contrast: what is higher or lower is this one's difference than that one's. None for than 0.
    """

    contrast: tuple[str, str]
    sign: Literal["higher", "lower", "same"]
    than: tuple[str, str] | None = None

    def __str__(self) -> str:
        """Say it, for example "ln against fewer-norms: lower"."""
        than = f" than {' against '.join(self.than)}" if self.than else ""
        return f"{' against '.join(self.contrast)}: {self.sign}{than}"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The contrasts it is about."""
        return (self.contrast, self.than) if self.than else (self.contrast,)

    @property
    def names(self) -> frozenset[str]:
        """The entries it is about."""
        return frozenset(name for pair in self.pairs for name in pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A named set of entries with data, budget and seeds.

    Attributes:
        name: Folder under results/ and reports/.
        regime: Name of the regime of its rungs, "" without any.
        published: Regime whose published table is set beside the results ("resnet50" or "resnet200"); "" for none.
        data: Name of the data set.
        budget: Name of the budget.
        epochs: Epochs of each run.
        image_size: In pixels.
        seeds: Each entry runs once a seed; seeds are paired across entries.
        rounds: Where entries get seeds until their contrasts are decided: how many of `seeds` there are after each
            round, see `modernize.results.rounds`. () where every entry gets all.
        entries: In the order of the report.
        contrasts: Pairs of entries: the first is compared with the second.
        note: What readers of the report should know besides, in the words of whoever ran it; "" for nothing.
        title: Heading of the report; "" for one made from regime and data.
        about: What the study asks, in a sentence or two.
        expectation: What was expected before it ran.
        predictions: The same, contrast by contrast.
        references: Published values beside those of `published`.
        equivalence_margin: Differences up to this count as none, in the unit of its metric; None where none is stated.
        attribution: Where its rows are coalitions of steps, among whom its result is shared out; else None.
    """

    name: str
    regime: str
    published: str
    data: str
    budget: str
    epochs: int
    image_size: int
    seeds: tuple[int, ...]
    entries: tuple[PlannedEntry, ...]
    contrasts: tuple[tuple[str, str], ...] = ()
    note: str = ""
    title: str = ""
    about: str = ""
    expectation: str = ""
    predictions: tuple[Prediction, ...] = ()
    references: tuple[Reference, ...] = ()
    equivalence_margin: float | None = None
    rounds: tuple[int, ...] = ()
    attribution: Attribution | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def size(self) -> str:
        """How much it is, in words, for example "5 rungs and 2 baselines x 3 seeds"."""
        kinds = Counter("rung" if entry.role == "probe" else entry.role for entry in self.entries)
        return f"{' and '.join(plural(n, kind) for kind, n in kinds.items())} x {self.seeds_text}"

    @property
    def seeds_text(self) -> str:
        """How many seeds there are, or where they come in rounds, can be."""
        return f"{'up to ' * bool(self.rounds)}{plural(len(self.seeds), 'seed')}"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Its contrasts, each once."""
        return tuple(dict.fromkeys(self.contrasts))

    def comparable(self, pair: tuple[str, str]) -> bool:
        """Whether two of its entries are measured by the same metric."""
        metrics = [entry.metric for entry in self.entries if entry.name in pair]
        return len({*metrics}) == 1

    def margin_of(self, pair: tuple[str, str]) -> float | None:
        """Return the margin of equivalence of two entries: the study's, if it is of their metric."""
        own = {entry.metric for entry in self.entries if entry.name in pair} == {self.metric}
        return self.equivalence_margin if own else None

    @property
    def metric(self) -> Metric:
        """What its reports are about: its last entry's, for that is what others lead to."""
        return self.entries[-1].metric if self.entries else TOP1

    @property
    def noun(self) -> str:
        """What its rows are: "rung", or "entry" where some are none."""
        return "rung" if all(entry.role in ("rung", "probe") for entry in self.entries) else "entry"

    def before(self, entry: str) -> str:
        """Return the entry that one is compared with first, "" for none."""
        return next((other for name, other in self.contrasts if name == entry), "")

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dump`."""
        return asdict(self) | {"schema_version": SCHEMA_VERSION}

    @staticmethod
    def from_json(data: Any, path: str = "study") -> Study:
        """Read what `to_json` gave.

        Raises:
            ModernizeError: If it is no study, one of a newer schema, or one with names or numbers that cannot be.
        """
        version = data.get("schema_version") if isinstance(data, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise ModernizeError(
                f"{path} has schema version {version}; this modernize reads up to {SCHEMA_VERSION}. Update it."
            )
        study = from_dict(Study, upgraded_study(data) if isinstance(data, dict) else data, path)
        check_name(study.name, f"a study ({path})")
        check(study, path)
        if study.published not in ("", *PUBLISHED_REGIMES):
            raise unknown_name(f"published table ({path})", study.published, PUBLISHED_REGIMES)
        if study.rounds and [*study.rounds] != sorted({0, *study.rounds, len(study.seeds)})[1:]:
            raise ModernizeError(f"{path}.rounds should rise to the {len(study.seeds)} seeds.")
        names = {entry.name for entry in study.entries}
        for entry in study.entries:
            check_name(entry.name, f"an entry ({path})")
            if entry.objective not in METRICS:
                raise unknown_name(f"objective ({path})", entry.objective, METRICS)
        meant = [*(name for pair in study.contrasts for name in pair), *(one.entry for one in study.references)]
        meant += sorted({name for one in study.predictions for name in one.names})
        if study.attribution:
            study.attribution.check(path)
            meant += [one.entry for one in study.attribution.coalitions]
        for name in meant:
            if name not in names:
                raise unknown_name(f"entry ({path})", name, names)
        return study
