"""The study: which rungs and seeds belong together in one report.

`study.json` is written when a study is planned, so that a report can name what is still missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from modernize.errors import ModernizeError
from modernize.results.limits import check
from modernize.results.names import check_name
from modernize.strict import from_dict

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRung:
    """A row of the report.

    Attributes:
        step: Id of the step, or "base".
        title: Its title.
        adopted: False for a probe.
        before: Id of the rung it is compared with; "" for the first.
        spec_fingerprint: Of its spec.
        macs: At the study's image size, the paper's convention.
        num_params: Exact.
        changes: The step's changes in words, for example "arch.norm: batch -> layer".
        run_ids: One a seed, in the order of `Study.seeds`.
    """

    step: str
    title: str
    adopted: bool
    before: str
    spec_fingerprint: str
    macs: int
    num_params: int
    changes: tuple[str, ...]
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A named set of rungs with data, budget and seeds.

    Attributes:
        name: Folder under results/ and reports/.
        regime: Name of the regime.
        published: Regime whose published table is set beside the results ("resnet50" or "resnet200").
        data: Name of the data set.
        budget: Name of the budget.
        epochs: Epochs of each run.
        image_size: In pixels.
        seeds: Each rung runs once a seed; seeds are paired across rungs.
        rungs: In the ladder's order.
        note: What readers of the report should know besides, in the words of whoever ran it; "" for nothing.
    """

    name: str
    regime: str
    published: str
    data: str
    budget: str
    epochs: int
    image_size: int
    seeds: tuple[int, ...]
    rungs: tuple[PlannedRung, ...]
    note: str = ""
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dump`."""
        return asdict(self)

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
        study = from_dict(Study, data, path)
        check_name(study.name, f"a study ({path})")
        check(study, path)
        return study
