"""What a seed's spread is made of: scipy's interval, and variances that are known because they were drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import make_records, make_study, report_text
from scipy import stats

from modernize.report.rows import make_rows
from modernize.report.tables import json_text, study_json
from modernize.results.spread import shared_by_seed, spread_of


def test_the_interval_is_the_chi_squared_one():
    values = [80.1, 81.4, 79.9, 80.7]
    spread, variance = spread_of(values, 2000), np.var(values, ddof=1)
    low, high = 3 * variance / stats.chi2.ppf([0.975, 0.025], 3)
    assert (spread.n, spread.std) == (4, pytest.approx(np.sqrt(variance)))
    assert (spread.low, spread.high) == pytest.approx((np.sqrt(low), np.sqrt(high)))


def test_the_interval_covers_as_often_as_it_says():
    drawn = np.random.default_rng(0).normal(80, 0.7, size=(2000, 5))
    held = sum(spread.low <= 0.7 <= spread.high for values in drawn.tolist() if (spread := spread_of(values, 2000)))
    assert stats.binomtest(held, 2000, 0.95).pvalue > 0.001


def test_images_are_scipys_binomial():
    assert spread_of([79.0, 81.0], 2000).images == pytest.approx(100 * stats.binom(2000, 0.8).std() / 2000)
    assert spread_of([100.0, 100.0], 2000).images == 0.0


@pytest.mark.parametrize("std", [0.0, 1.5])
def test_the_parts_are_those_that_were_drawn(std):
    rng = np.random.default_rng(1)
    chances = np.clip(rng.normal(0.8, std / 100, size=3000), 0, 1)
    spread = spread_of((100 * rng.binomial(2000, chances) / 2000).tolist(), 2000)
    assert spread.images == pytest.approx(100 * np.sqrt(0.8 * 0.2 / 2000), rel=0.01)
    assert spread.rest**2 == pytest.approx(std**2, abs=0.15)
    if std:
        assert spread.images_share == pytest.approx(0.8 / (0.8 + std**2), abs=0.05)


def test_images_that_are_not_alike_add_less():
    # Half of them are always right: what is left of chance is in the other half.
    rng = np.random.default_rng(2)
    top1 = 100 * (1000 + rng.binomial(1000, 0.6, size=400)) / 2000
    spread = spread_of(top1.tolist(), 2000)
    assert spread.std < spread.images
    assert (spread.rest, spread.images_share) == (0.0, 1.0)


def test_one_seed_has_no_spread():
    assert spread_of([80.0], 2000) is None
    assert spread_of([], 2000) is None


def test_pairing_is_worth_what_the_sides_share():
    rng = np.random.default_rng(3)
    common, own, other = rng.normal(size=(3, 2000))
    with_common = [(common + each).tolist() for each in (own, other)]
    own, other, turned = own.tolist(), other.tolist(), (-own).tolist()
    assert shared_by_seed([with_common]) == pytest.approx(0.5, abs=0.05)
    assert shared_by_seed([(own, other)]) == pytest.approx(0.0, abs=0.05)
    assert shared_by_seed([(own, turned)]) == pytest.approx(-1.0)
    assert shared_by_seed([([1.0], [2.0])]) is None


def test_the_report_says_what_is_separated_and_what_is_not():
    study = make_study(upto="stage-ratio", seeds=(0, 1, 2))
    rows = make_rows(study, make_records(study))
    text = report_text(study, rows)
    assert "<summary><b>Where the spread comes from</b></summary>" in text
    assert "these runs cannot tell them apart" in text
    assert "comparing seed by seed" in text
    spread = json.loads(json_text(study_json(study, rows, ())))["spread"]
    assert list(spread) == ["base", "recipe", "stage-ratio"]
    assert spread["recipe"]["std"] == pytest.approx(rows[1].value.std)


def test_one_seed_has_no_such_section():
    study = make_study(upto="recipe")
    assert "Where the spread" not in report_text(study, make_rows(study, make_records(study)))
