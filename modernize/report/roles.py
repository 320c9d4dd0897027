"""What a study's rows are and what stands beside them, in words: rungs or other entries, published on which data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from modernize.external import CONVENTION
from modernize.published import IMAGENET
from modernize.report.contrasts import Contrast
from modernize.report.rows import Row
from modernize.results.study import Study

_SHORT = {IMAGENET: "ImageNet"}


def noun_of(rows: Iterable[Row]) -> str:
    """Name what all rows are: "rung", or "entry" where some are none."""
    return "rung" if all(row.on_ladder for row in rows) else "entry"


def nouns_of(rows: Iterable[Row]) -> str:
    """The same for several."""
    return {"rung": "rungs", "entry": "entries"}[noun_of(rows)]


def ladder_of(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rungs and the probes beside them."""
    return tuple(row for row in rows if row.on_ladder)


def role_text(row: Row) -> str:
    """Say what a row is in its study: "rung", or "baseline: timm:resnet50; a smaller member"."""
    model = f": {row.planned.model}" if row.planned.model else ""
    note = f"; {row.planned.note.rstrip('.')}" if row.planned.note else ""
    return f"{row.planned.role}{model}{note}"


def on_paper_ladder(study: Study, rows: Iterable[Row]) -> bool:
    """Whether a paper's table stands beside a study's rungs."""
    return bool(study.published) and any(row.on_ladder for row in rows)


def published_data(study: Study, rows: Iterable[Row]) -> tuple[str, ...]:
    """Name what the published values of a study were measured on, each data set once."""
    found = dict.fromkeys(row.published.data for row in rows if row.published)
    if study.published:
        found = dict.fromkeys((IMAGENET, *found))
    return tuple(_SHORT.get(data, data) for data in found)


def same_data(measured: str, published: str) -> bool:
    """Whether two names are spellings of one data set.

    Examples:
        >>> same_data("cifar10", "CIFAR-10"), same_data("cifar10-subset", "CIFAR-10")
        (True, False)
    """
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in (measured, published)]
    return plain[0] == plain[1]


def compares_otherwise(rows: Iterable[Row]) -> bool:
    """Whether something is compared with more, or with something else, than the rung before it."""
    return any(row.against or len(row.contrasts) > 1 for row in rows)


def contrast_name(one: Contrast, rows: Sequence[Row]) -> str:
    """Name a contrast: by its entry alone where it is clear against what."""
    clear = any(row.step == one.entry and row.before == one.before and not row.against for row in rows)
    return one.entry if clear else f"{one.entry} against {one.before}"


def macs_note(rows: Iterable[Row]) -> str:
    """Say how the MACs of other libraries' networks are counted; "" where there are none."""
    others = [row.step for row in rows if row.planned.model]
    return f" Of {', '.join(others)}: {CONVENTION}." if others else ""
