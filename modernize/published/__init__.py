"""What papers print: CSV package data with a source in every row, and a typed reader.

Values are kept as printed, never corrected; `anomaly` says where a printed value contradicts itself or the others.
Nothing that this project measured stands here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from modernize.errors import unknown_name

PUBLISHED_REGIMES = ("resnet50", "resnet200")
IMAGENET = "ImageNet-1K at 224 px"

Role = Literal["adopted", "probe", "reference"]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One published row: of a ladder without EMA, or a value that a study refers to.

    Attributes:
        step: Id of the step, "base", or the name of a reference model.
        label: As the paper calls it.
        role: "adopted", "probe" (tried, not adopted) or "reference" (no rung).
        before: Id of the row it is compared with: the one the change was made to, or for a kernel larger than the
            adopted one that; "" if there is none.
        top1_percent: Mean over seeds.
        top1_text: The same as printed.
        top1_std: Standard deviation over seeds, None where none is printed.
        gmacs: Multiply-accumulates in units of 10^9; the paper calls them FLOPs.
        gmacs_text: The same as printed.
        source: Where it is printed.
        note: What a reader must know, "" for nothing.
        anomaly: Why the printed cost is inconsistent, "" if it is not.
        data: What it was measured on.
        n: Runs that the mean is over, None where its row does not say.
    """

    step: str
    label: str
    role: Role
    before: str
    top1_percent: float
    top1_text: str
    top1_std: float | None
    gmacs: float
    gmacs_text: str
    source: str
    note: str
    anomaly: str
    data: str = IMAGENET
    n: int | None = None

    @property
    def adopted(self) -> bool:
        """Whether later rows stand on it."""
        return self.role == "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """A published model of the ConvNeXt families.

    Attributes:
        model: Its name.
        depths: Blocks a stage.
        widths: Channels a stage.
        image_size: In pixels.
        params_m: Millions of parameters.
        params_m_text: The same as printed.
        gmacs: Multiply-accumulates in units of 10^9.
        gmacs_text: The same as printed.
        top1_percent: ImageNet-1K top-1.
        training: "ImageNet-1K" or "ImageNet-22K" (pre-training, V1); "supervised" or "FCMAE" (V2).
        source: Where it is printed.
    """

    model: str
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    image_size: int
    params_m: float
    params_m_text: str
    gmacs: float
    gmacs_text: str
    top1_percent: float
    training: str
    source: str


@cache
def published_rows(regime: str) -> tuple[PublishedRow, ...]:
    """Return the published ladder of a regime in the paper's order, its reference model last.

    Args:
        regime: "resnet50" (Table 10) or "resnet200" (Table 11).

    Raises:
        ModernizeError: If there is no such table.

    Examples:
        >>> [(row.step, row.gmacs_text) for row in published_rows("resnet50")][:3]
        [('base', '4.09'), ('recipe', '4.09'), ('stage-ratio', '4.53')]
    """
    if regime not in PUBLISHED_REGIMES:
        raise unknown_name("published table", regime, PUBLISHED_REGIMES)
    return tuple(_read(PublishedRow, f"{regime}.csv"))


def published_row(regime: str, step: str) -> PublishedRow | None:
    """Return the published row of one step, None if nothing is published for it.

    Raises:
        ModernizeError: If there is no table for `regime`.

    Examples:
        >>> published_row("resnet50", "ln").top1_percent
        81.47
        >>> published_row("resnet50", "a-step-of-mine") is None
        True
    """
    return next((row for row in published_rows(regime) if row.step == step), None)


@cache
def family_rows() -> tuple[FamilyRow, ...]:
    """Return the published ConvNeXt V1 and V2 models, one row a size and training."""
    return (*_read(FamilyRow, "convnext_v1_family.csv"), *_read(FamilyRow, "convnext_v2_family.csv"))


def read_table(name: str) -> list[dict[str, str]]:
    """Read a table of this package as text."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _integers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())


_COLUMNS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("top1_percent", "gmacs", "params_m"), float),
    "top1_std": lambda text: float(text) if text else None,
    "image_size": int,
    **dict.fromkeys(("depths", "widths"), _integers),
}
"""What columns hold that hold no text."""
_AS_PRINTED = {"top1_text": "top1_percent", "gmacs_text": "gmacs", "params_m_text": "params_m"}


def _read(kind: type[Row], name: str) -> Iterator[Row]:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    for row in read_table(name):
        values = {column: _COLUMNS.get(column, str)(text) for column, text in row.items()}
        yield kind(**values, **{field: row[column] for field, column in _AS_PRINTED.items() if field in known})
