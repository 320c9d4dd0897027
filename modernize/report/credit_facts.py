"""An attribution for programs: CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from modernize.analysis.attribution import Effect
from modernize.report.credit import attribution_in, credits_in, effect_verdict, over_text, published_delta, reading
from modernize.report.facts import header
from modernize.report.methods import methods
from modernize.report.rows import Row
from modernize.report.tables import Flat, number, significant, table_rows
from modernize.results.study import Study

KINDS = ("in_order", "shapley", "place", "left_out", "added")


def credit_table(study: Study, rows: Sequence[Row]) -> list[Flat]:
    """Flatten what each player earns, one row a player."""
    found = credits_in(study, rows)
    return [
        {
            "study": study.name,
            "step": one.player.name,
            "metric": study.metric.name,
            **{name: value for kind in KINDS for name, value in _effect(kind, getattr(one, kind)).items()},
            "verdict": effect_verdict(one.shapley, study.metric),
            "over": over_text(attribution_in(study), found) if found.total else None,
            "macs": one.macs,
            "seconds": number(one, "seconds"),
            "published_delta": published_delta(study, one.player),
        }
        for one in found.players
    ]


def credit_json(study: Study, rows: Sequence[Row], problems: Sequence[str]) -> Flat:
    """Give an attribution as plain data, its networks included."""
    found, told = credits_in(study, rows), header(study, rows)
    return {
        "study": study.name,
        "header": asdict(told),
        "attribution": asdict(attribution_in(study)),
        "exact": found.exact,
        "order_pairs": found.order_pairs,
        "seeds": found.seeds,
        "total": asdict(found.total) if found.total else None,
        "credit": credit_table(study, rows),
        "interplay": [
            {"pair": one.pair, **_effect("index", one.index), **_effect("at_bottom", one.at_bottom)}
            | _effect("at_top", one.at_top)
            for one in found.interplays
        ],
        "reading": reading(study, rows, found),
        "networks": table_rows(study, rows),
        "methods": methods(study, rows, told),
        "problems": list(problems),
    }


def _effect(kind: str, effect: Effect) -> Flat:
    delta = effect.delta
    return {
        kind: number(delta, "mean"),
        f"{kind}_low": number(delta, "low"),
        f"{kind}_high": number(delta, "high"),
        f"{kind}_n_seeds": delta.n if delta else 0,
        f"{kind}_p_value": significant(delta.p_value) if delta else None,
        f"{kind}_p_value_holm": significant(effect.p_holm),
    }
