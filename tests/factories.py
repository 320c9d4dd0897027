"""Synthetic studies and records for tests: plausible, deterministic, and measured by nobody."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from modernize.cost import cost
from modernize.entry import Role
from modernize.fingerprint import fingerprint
from modernize.ladder import Rung, compared, ladder
from modernize.published import published_row
from modernize.report.render import to_markdown
from modernize.report.rows import Row
from modernize.report.study_page import study_page
from modernize.results.record import (
    BudgetFacts,
    CostFacts,
    Curves,
    DataFacts,
    EntryFacts,
    Hardware,
    Record,
    Result,
    Speed,
    Status,
)
from modernize.results.study import PlannedEntry, Reference, Study

EPOCHS = 12
DATA = DataFacts(
    name="shapes",
    fingerprint="0123456789abcdef",
    num_classes=10,
    image_size=32,
    num_train_images=4000,
    num_test_images=2000,
    note="procedural shapes drawn with numpy, ten classes",
)
HARDWARE = Hardware(
    device="cpu",
    processor="A Processor @ 2.50GHz",
    num_cores=2,
    num_threads=1,
    memory_gb=7.8,
    platform="Linux-6.1-x86_64",
)


def make_study(
    name: str = "laptop-shapes",
    regime: str = "laptop",
    upto: str = "",
    seeds: tuple[int, ...] = (0,),
    probes: bool = False,
    epochs: int = EPOCHS,
    baselines: Mapping[str, str] = MappingProxyType({}),
    references: tuple[Reference, ...] = (),
    equivalence_margin: float | None = None,
) -> Study:
    """Plan a real ladder without running it; `baselines` are names of other networks by name of the entry."""
    rungs = ladder(regime, upto=upto, probes=probes)
    return Study(
        name=name,
        regime=regime,
        published=rungs[0].spec.regime.published,
        data=DATA.name,
        budget="laptop",
        epochs=epochs,
        image_size=rungs[0].spec.regime.image_size,
        seeds=seeds,
        entries=(
            *(_planned(rung, seeds, epochs) for rung in rungs),
            *(planned_network(name, model, seeds=seeds) for name, model in baselines.items()),
        ),
        references=references,
        equivalence_margin=equivalence_margin,
        contrasts=compared(rungs),
    )


def make_networks(
    *entries: PlannedEntry, seeds: tuple[int, ...] = (0,), contrasts: tuple[tuple[str, str], ...] = (), **changes: Any
) -> Study:
    """Plan a study that is no ladder."""
    study = Study(
        name="networks",
        regime="",
        published="",
        data=DATA.name,
        budget="small",
        epochs=EPOCHS,
        image_size=DATA.image_size,
        seeds=seeds,
        entries=entries,
        contrasts=contrasts,
    )
    return replace(study, **changes)


def planned_network(
    name: str, model: str = "", *, seeds: tuple[int, ...] = (0,), role: Role = "baseline", note: str = ""
) -> PlannedEntry:
    """Plan an entry that is no rung."""
    key = fingerprint({"entry": name, "model": model})
    return PlannedEntry(
        name=name,
        title=model or name,
        role=role,
        fingerprint=key,
        macs=10_000_000 + 1_000_000 * len(name),
        num_params=300_000 + 10_000 * len(name),
        changes=(),
        run_ids=tuple(fingerprint({"entry": key, "seed": seed}) for seed in seeds),
        model=model,
        note=note,
    )


def _planned(rung: Rung, seeds: tuple[int, ...], epochs: int) -> PlannedEntry:
    counted = cost(rung.spec)
    return PlannedEntry(
        name=rung.step,
        title=rung.title,
        role="rung" if rung.adopted else "probe",
        fingerprint=rung.spec.fingerprint,
        macs=counted.macs,
        num_params=counted.num_params,
        changes=tuple(map(str, rung.changes)),
        run_ids=tuple(fingerprint({"spec": rung.spec.fingerprint, "seed": s, "epochs": epochs}) for s in seeds),
    )


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """As it is read from a file."""
    return json.loads(json.dumps(facts))


@cache
def _rungs(regime: str) -> dict[str, Rung]:
    return {rung.step: rung for rung in ladder(regime, probes=True)}


def make_record(
    study: Study,
    step: str,
    seed: int = 0,
    *,
    status: Status = "finished",
    top1_percent: float | None = None,
    data: DataFacts = DATA,
    **changes: Any,
) -> Record:
    """Make up the record of one run of a study; `changes` replace fields of the record.

    Without `top1_percent` the value is drawn around a squeezed copy of the published one.
    """
    planned = next(entry for entry in study.entries if entry.name == step)
    draw = random.Random(f"{step} {seed}")
    if top1_percent is None:
        published = published_row(study.published, step) if study.published else None
        anchor = published.top1_percent if published else 80.0
        top1_percent = round(82 + 1.6 * (anchor - 79) + draw.gauss(0, 0.8), 2)
    classic = step == "base"
    epochs = study.epochs if status == "finished" else max(1, study.epochs // 3) if status == "diverged" else 0
    noise = [draw.gauss(0, 0.7) for _ in range(epochs)]
    reached = [1 - math.exp(-4.5 * (epoch + 1) / study.epochs) for epoch in range(epochs)]
    top1 = [round(10 + (top1_percent - 10) * r + n, 2) for r, n in zip(reached, noise, strict=True)]
    if status == "finished":
        top1[-1] = top1_percent
    loss = [round(2.3 - (1.7 if classic else 1.45) * r + 0.02 * n, 4) for r, n in zip(reached, noise, strict=True)]
    on_ladder = planned.role in ("rung", "probe")
    rung = _rungs(study.regime).get(step) if on_ladder else None
    spec = rung.spec if rung else ladder(study.regime or "laptop")[-1].spec
    recipe = _plain(asdict(spec.recipe))
    finished = status == "finished"
    record = Record(
        run_id=planned.run_ids[study.seeds.index(seed)],
        study=study.name,
        status=status,
        entry=EntryFacts(
            name=step,
            title=planned.title,
            steps=rung.steps if rung else (step,) if on_ladder else (),
            role=planned.role,
            regime=study.regime if on_ladder else "",
            image_size=study.image_size,
            fingerprint=planned.fingerprint,
            changes=tuple(_plain(asdict(change)) for change in rung.changes) if rung else (),
        ),
        model={"external": planned.model}
        if planned.model
        else {"arch": _plain(asdict(replace(spec.arch, num_classes=data.num_classes)))},
        recipe=recipe,
        trained_recipe=recipe | {"epochs": study.epochs, "batch_size": 64},
        data=data,
        budget=BudgetFacts(name=study.budget, epochs=study.epochs, given={}, cut_from=None),
        seed=seed,
        curves=Curves(
            train_loss=tuple(loss),
            lr=tuple(0.01 for _ in range(epochs)),
            metrics={"top1_percent": tuple(top1), "loss": tuple(round(x - 0.05, 4) for x in loss)},
        ),
        result=Result(
            metrics={"top1_percent": top1_percent, "loss": loss[-1] - 0.05} if finished else {},
            epoch=epochs,
            best=max(top1, default=None),
            best_epoch=top1.index(max(top1)) + 1 if top1 else 0,
        ),
        cost=CostFacts(macs=planned.macs, num_params=planned.num_params),
        speed=Speed(
            images_per_second=round(4e10 / planned.macs * 100, 1) if epochs else 0.0,
            seconds=round(12 + draw.random(), 2),
            peak_memory_mb=410.5,
            epoch_seconds=tuple(1.0 for _ in range(epochs)),
        ),
        hardware=HARDWARE,
        versions={"python": "3.11.7", "torch": "2.9.0", "numpy": "2.3.0", "modernize": "0.1.0"},
        commit="0f1e2d3",
        started_at="2025-01-01T00:00:00+00:00",
        finished_at="2025-01-01T00:00:12+00:00",
        error="" if status != "failed" else "OSError: no space left on device",
    )
    return replace(record, **changes)


def make_records(study: Study, **changes: Any) -> list[Record]:
    """Make up one finished record for every run of a study."""
    return [make_record(study, entry.name, seed, **changes) for entry in study.entries for seed in study.seeds]


def report_text(study: Study, rows: Sequence[Row]) -> str:
    """Write a study's report as Markdown, without figures."""
    return to_markdown(study_page(study, rows, (), ()), {})


def with_rung(study: Study, step: str, /, before: str | None = None, **changes: Any) -> Study:
    """Return the study with one of its entries changed, and `before` as what it is compared with."""
    name = changes.get("name", step)
    renamed = [(name if a == step else a, name if b == step else b) for a, b in study.contrasts]
    contrasts = [pair for pair in renamed if before is None or pair[0] != name]
    study = replace(study, contrasts=tuple(contrasts + [(name, before)] * (before is not None)))
    entries = tuple(PlannedEntry(**(asdict(r) | changes)) if r.name == step else r for r in study.entries)
    return replace(study, entries=entries)
