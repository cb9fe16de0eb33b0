"""Every draw meets a target, misses it or failed; the odds say how many, and never more than is known."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.assemble import model_of
from sim.country import load_country
from sim.country_targets import MovingLine, OutsideView
from sim.derived import DERIVED, required_variables
from sim.engine.units import parse_unit
from sim.odds import Odds
from sim.targets import DOUBTFUL, TargetOdds, evaluate, judged_values
from tests.small_run import YEARS, a_country, a_joint, a_run, a_target

paths = arrays(float, (36, 12), elements=st.floats(0, 5))


def in_2030(*values):
    """A quantity that has these values in 2030, one a draw, and 0 in every other year."""
    table = np.zeros((YEARS.size, len(values)))
    table[2030 - 2010] = values
    return table


def judge(values, *targets, joint=(), failed=None, parameters=None):
    country = a_country(targets or (a_target(),), joint)
    run = a_run({n: np.asarray(v, float) for n, v in values.items()}, country, parameters=parameters)
    failed = np.zeros(run.draw_ids.size, dtype=bool) if failed is None else failed
    return {t.id: t for t in evaluate(run, failed)}


def test_probability_is_the_share_of_draws_that_meet_the_target_in_its_year():
    found = judge({"gerd_gdp": in_2030(1.0, 1.9, 2.0, 3.0)})["rd"]
    assert found.probability == 0.5
    assert found.odds == Odds(2, 4)
    assert found.status == "ok"


@pytest.mark.parametrize(("op", "hits"), [(">=", 2), (">", 1), ("<=", 3), ("<", 2)])
def test_comparison_is_strict_where_the_target_says_so(op, hits):
    values = {"gerd_gdp": in_2030(1.0, 1.9, 2.0, 3.0)}
    assert judge(values, a_target(op=op))["rd"].odds.successes == hits


def test_shortfall_looks_only_at_the_draws_that_miss():
    short = judge({"gerd_gdp": in_2030(1.0, 1.5, 2.0, 30.0)})["rd"].shortfall
    assert short.mean == pytest.approx(0.75)
    assert short.draws == 2
    assert short.unit == "percent"
    assert judge({"gerd_gdp": in_2030(2.0, 3.0)})["rd"].shortfall is None
    # the wrong side of an upper limit is above it
    assert judge({"gerd_gdp": in_2030(1.0, 5.0)}, a_target(op="<="))["rd"].shortfall.mean == pytest.approx(3)


@given(paths)
def test_shortfall_is_positive_and_counts_every_miss(values):
    found = judge({"gerd_gdp": values})["rd"]
    if found.odds.successes == 12:
        assert found.shortfall is None
    else:
        assert found.shortfall.draws == 12 - found.odds.successes
        assert 0 < found.shortfall.mean <= 2
        assert found.shortfall.q50 <= found.shortfall.q90 <= 2


@given(paths)
def test_first_success_can_only_come_nearer(values):
    found = judge({"gerd_gdp": values})["rd"]
    reached = list(found.reached_by.values())
    assert list(found.reached_by) == list(range(2026, 2046))
    assert all(0 <= a <= b <= 1 for a, b in pairwise(reached))
    assert found.reached_by[2030] >= found.odds.successes / 12
    assert found.late.successes >= found.odds.successes
    assert found.late.successes == pytest.approx(12 * found.reached_by[2035])
    first = found.first_year
    assert first is None or (found.reached_by[first] >= 0.5 and found.reached_by.get(first - 1, 0) < 0.5)


def test_success_before_the_last_observed_year_is_not_a_success_of_the_plan():
    values = np.where(YEARS[:, None] <= 2025, 5.0, 1.0) * np.ones((1, 4))
    found = judge({"gerd_gdp": values})["rd"]
    assert set(found.reached_by.values()) == {0.0}


def test_no_odds_beyond_the_horizon():
    found = judge({"gerd_gdp": np.full((36, 4), 1.0)}, a_target(year=2045))["rd"]
    assert found.late is None
    assert found.to_json()["late_year"] is None


@settings(max_examples=50)
@given(paths, paths, st.floats(0, 5), st.floats(0, 5))
def test_joint_odds_lie_within_what_the_members_allow(one, two, line_one, line_two):
    """Fréchet: at most the least likely member, at least the sum less one; expected number = sum."""
    targets = (a_target(value=line_one), a_target(id="growth", variable="gdp", value=line_two))
    found = judge({"gerd_gdp": one, "gdp": two}, *targets, joint=[a_joint("rd", "growth")])
    shares = [found[i].odds.successes / 12 for i in ("rd", "growth")]
    both = found["all"].odds.successes / 12
    assert max(0, sum(shares) - 1) - 1e-12 <= both <= min(shares) + 1e-12
    assert found["all"].probability <= min(found[i].probability for i in ("rd", "growth")) + 1e-12
    assert found["all"].expected_met == pytest.approx(sum(shares))
    assert sum(found["all"].met_counts) == pytest.approx(1)
    assert found["all"].met_counts[2] == pytest.approx(both)


def test_members_of_a_joint_target_are_judged_in_their_own_years():
    values = np.zeros((YEARS.size, 2))
    values[2030 - 2010, 0] = values[2045 - 2010, 0] = 3.0
    targets = (a_target(), a_target(id="later", year=2045))
    found = judge({"gerd_gdp": values}, *targets, joint=[a_joint("rd", "later")])
    assert found["all"].odds.successes == 1
    assert found["all"].year == 2045


def test_what_the_model_cannot_speak_about_gets_no_number():
    target = a_target(
        kind="not_assessed", variable=None, reason="outside the model", reason_vi="ngoài mô hình"
    )
    found = judge({"gerd_gdp": in_2030(1.0, 3.0)}, target, joint=[a_joint("rd")])
    for odds in found.values():
        assert odds.status == "not_assessed"
        assert odds.probability is None and odds.low is None and odds.high is None
        assert odds.text("en") == "not assessed"
        assert odds.text("vi") == "không đánh giá"
    assert found["rd"].note == "outside the model"


def test_failed_draws_are_neither_hits_nor_misses_but_bounds():
    # a draw that failed elsewhere has a value here: it is not believed
    values = in_2030(1.0, 3.0, 9.0, 3.0)
    failed = np.array([False, False, True, False])
    found = judge({"gerd_gdp": values}, joint=[a_joint("rd")], failed=failed)
    for name in ("rd", "all"):
        assert found[name].odds == Odds(2, 4, 1)
    assert found["rd"].q50 == 3.0
    assert found["rd"].reached_by[2045] == pytest.approx(2 / 3)


def test_all_draws_failed_gives_no_answer():
    found = judge({"gerd_gdp": in_2030(np.nan, np.nan)}, joint=[a_joint("rd")], failed=np.array([True, True]))
    assert found["rd"].probability is None
    assert (found["rd"].low, found["rd"].high) == (0.0, 1.0)
    assert found["all"].probability is None
    json.dumps([t.to_json() for t in found.values()], allow_nan=False)


def test_an_undefined_value_misses_the_target():
    """Growth after zero is no number; that draw did not fail, and did not meet a growth target."""
    values = np.ones((YEARS.size, 2))
    values[:, 0] = 0.0
    target = a_target(kind="growth", variable="gdp", window=(2025, 2030), value=-1.0)
    found = judge({"gdp": values}, target)["rd"]
    assert found.odds == Odds(1, 2)


@given(st.floats(0.0, 0.4))
def test_growth_targets_judge_the_compound_rate_between_the_years_of_the_window(rate):
    values = np.repeat((1 + rate) ** (YEARS - 2010.0)[:, None], 3, axis=1)
    target = a_target(kind="growth", variable="gdp", window=(2025, 2030), unit="percent/year", value=10.0)
    country = a_country([target])
    judged = judged_values(a_run({"gdp": values}, country), target)
    assert judged[2030 - 2010] == pytest.approx(100 * rate, abs=1e-9)
    assert np.isnan(judged[:5]).all()


def test_threshold_over_a_window_judges_its_mean():
    values = np.repeat((YEARS - 2026.0)[:, None], 2, axis=1)
    target = a_target(window=(2026, 2030))
    assert judged_values(a_run({"gerd_gdp": values}, a_country([target])), target)[
        2030 - 2010
    ] == pytest.approx(2)


def test_a_quantity_that_covers_the_window_itself_is_not_averaged_again():
    values = {
        n: np.repeat(np.exp(g * (YEARS - 2010.0))[:, None], 2, axis=1)
        for n, g in (("gdp", 0.06), ("capital", 0.05))
    }
    parameters = {"capital_share": np.full(2, 0.4)}
    target = a_target(variable="tfp_contribution", window=(2026, 2030))
    run = a_run({**values, "labour": np.ones((36, 2))}, a_country([target]), parameters=parameters)
    assert np.array_equal(judged_values(run, target), run.annual("tfp_contribution"), equal_nan=True)


def test_a_moving_line_is_reached_by_draws_in_which_it_moves_less():
    """Income on the line of the base year grown by 0.4 % a year: above the line in half of the draws."""
    draws = 4000
    income = np.repeat(13935 * 1.004 ** (YEARS - 2024.0)[:, None], draws, axis=1)
    line = MovingLine(2024, ("normal", (0.004, 0.004)), "1/year")
    target = a_target(variable="gni_pc_usd", value=13935, year=2045, moving_line=line)
    found = judge({"gni_pc_usd": income}, target)["rd"]
    assert found.probability == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(draws))


def test_status_tells_what_is_met_already_and_what_rests_on_little():
    values = {"gerd_gdp": np.full((36, 4), 3.0)}
    assert judge(values)["rd"].status == "already_met"
    low = a_target(value=9.0, confidence="reporting equation, low confidence")
    assert judge(values, low)["rd"].status == "low_confidence"


def test_rank_targets_are_judged_by_rank_not_by_score():
    first = a_target(kind="rank", variable="egdi", op="<=", value=1, year=2030)
    found = judge({"egdi": np.full((36, 20), 1.0)}, first)["rd"]
    last = judge({"egdi": np.zeros((36, 20))}, first)["rd"]
    assert last.odds.successes == 0
    assert last.q50 > 190 - 1
    assert found.q50 < last.q50
    region = a_target(kind="rank", variable="egdi", op="<=", value=3, group=("SGP", "MYS"))
    assert judge({"egdi": np.zeros((36, 20))}, region)["rd"].odds.successes == 20


def test_outside_view_stands_beside_the_odds():
    view = OutsideView(0.0, 0.07, "none of 42 countries", "không nước nào", "WDI")
    found = judge({"gerd_gdp": in_2030(1.0, 3.0)}, a_target(outside_view=view))["rd"].to_json()
    assert found["outside_view"]["high"] == 0.07
    assert {"id", "label", "year", "probability", "low", "high", "outside_view", "status"} <= set(found)


@given(paths, st.floats(0, 5))
def test_json_gives_back_the_same_odds(values, line):
    found = judge({"gerd_gdp": values}, a_target(value=line), joint=[a_joint("rd")])
    for odds in found.values():
        content = json.loads(json.dumps(odds.to_json(), allow_nan=False))
        assert TargetOdds.from_json(content).to_json() == odds.to_json()


# --- the country that comes with the product -------------------------------------------------------


def test_every_target_of_the_country_can_be_judged_by_what_a_run_keeps():
    country = load_country("vietnam")
    model = model_of(country)
    wanted = required_variables(country)
    assert [n for n in wanted if n not in model.elements and n not in model.inputs] == []
    ids = [t.id for t in country.targets] + [t.id for t in country.joint_targets]
    assert len(set(ids)) == len(ids)
    for target in country.targets:
        assert target.assessed == (target.variable is not None)
        if target.assessed:
            own = DERIVED.get(target.variable)
            unit = own.unit if own else model.unit(target.variable)
            judged = "percent/year" if target.kind == "growth" else "1" if target.kind == "rank" else unit
            assert parse_unit(target.unit).matches(parse_unit(judged)), target.id


def test_the_country_says_which_odds_little_stands_behind():
    said = [t.id for t in load_country("vietnam").targets if any(w in t.confidence for w in DOUBTFUL)]
    assert {"patents_16pct_2030", "publications_10pct_2030", "tfp_55pct_2030"} <= set(said)
