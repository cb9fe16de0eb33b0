"""Quantities worked out after a run follow from what the run gave, year by year and draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.derived import DERIVED, average_growth, model_inputs, reporting_parameters
from sim.engine.units import parse_unit
from sim.errors import InputError
from tests.small_run import YEARS, a_country, a_run

SINCE = (YEARS - 2010).astype(float)[:, None]
GII_INPUTS = {
    "gerd_gdp": 0.42,
    "gni_pc_usd": 4490.0,
    "researchers_per_10k": 8.4,
    "digital_maturity": 0.3,
    "institutions": 0.46,
}


def growing(rate, draws=3, start=100.0):
    return np.repeat(start * np.exp(rate * SINCE), draws, axis=1)


@given(st.floats(-0.2, 0.3))
def test_constant_growth_is_found_in_every_year_but_the_first(rate):
    growth = a_run({"gdp": growing(rate)}).annual("gdp_growth")
    assert np.isnan(growth[0]).all()
    assert growth[1:] == pytest.approx(100 * np.expm1(rate), abs=1e-9)


def test_average_growth_is_compound():
    values = np.array([[100.0], [150.0], [121.0]])
    assert average_growth(values, 2)[2, 0] == pytest.approx(0.10)
    assert np.isnan(average_growth(values, 2)[:2]).all()
    assert np.isnan(average_growth(values, 3)).all()


@given(st.floats(0.01, 0.05), st.floats(0.0, 0.08), st.floats(0.0, 0.02), st.floats(0.2, 0.6))
def test_growth_accounting_gives_back_the_productivity_that_was_put_in(tfp, capital, labour, share):
    """Y = A K^a L^(1-a) with known growth rates: the contribution of A is its rate over that of Y."""
    output = tfp + share * capital + (1 - share) * labour
    run = a_run(
        {"gdp": growing(output), "capital": growing(capital), "labour": growing(labour)},
        parameters={"capital_share": np.full(3, share)},
    )
    found = run.annual("tfp_contribution_uncorrected")
    assert np.isnan(found[:5]).all()
    assert found[5:] == pytest.approx(100 * tfp / output, rel=1e-9)


def test_official_yardstick_differs_from_the_model_by_one_number_a_draw():
    run = a_run(
        {"gdp": growing(0.06, 200), "capital": growing(0.05, 200), "labour": growing(0.01, 200)},
        parameters={"capital_share": np.full(200, 0.4)},
    )
    bias = (run.annual("tfp_contribution") - run.annual("tfp_contribution_uncorrected"))[5:]
    assert np.ptp(bias, axis=0) == pytest.approx(0, abs=1e-9)
    assert bias[0] == pytest.approx(run.parameter("tfp_bias"))
    # the prior says -3 with standard deviation 5: three standard errors of the mean of 200
    assert abs(bias[0].mean() + 3) < 3 * 5 / np.sqrt(200)


def test_a_share_of_no_growth_is_undefined():
    run = a_run(
        {"gdp": growing(0.004), "capital": growing(0.01), "labour": 50.0},
        parameters={"capital_share": np.full(3, 0.4)},
    )
    assert np.isnan(run.annual("tfp_contribution")).all()


def test_innovation_score_stands_still_until_others_grow_richer():
    """Published up to the last observed year; later, standing still loses what the others' income gains."""
    run = a_run({n: np.full((36, 500), v) for n, v in GII_INPUTS.items()})
    score = run.annual("gii_score")
    assert score[: 2025 - 2010 + 1] == pytest.approx(37.1)
    years = np.arange(2040, 2046)[:, None] - 2025
    lost = run.parameter("gii_income") * run.parameter("gii_peer_growth") * years
    late = score[2040 - 2010 :] + lost
    assert (lost.mean(axis=1) > 0.5).all()
    assert abs(late.mean() - 37.1) < 0.2
    assert 0.85 < late.std() < 1.15


def test_innovation_score_moves_by_what_its_inputs_move():
    """Twice the R&D intensity adds ln 2 times its coefficient and nothing else."""
    same = {n: np.full((36, 50), v) for n, v in GII_INPUTS.items()}
    doubled = {**same, "gerd_gdp": np.where(YEARS[:, None] >= 2031, 2.0, 1.0) * same["gerd_gdp"]}
    one, two = a_run(same), a_run(doubled)
    change = two.annual("gii_score") - one.annual("gii_score")
    assert change[: 2031 - 2010] == pytest.approx(0)
    assert change[2031 - 2010 :] == pytest.approx(
        np.broadcast_to(one.parameter("gii_rd") * np.log(2), (15, 50))
    )


def test_a_draw_has_the_same_derived_values_whoever_else_is_in_the_run():
    values = {n: np.full((36, 40), v) for n, v in GII_INPUTS.items()}
    whole = a_run(values).annual("gii_score")
    ids = np.array([31, 4, 17])
    few = a_run({n: v[:, :3] for n, v in values.items()}, ids=ids).annual("gii_score")
    assert (few == whole[:, ids]).all()


@given(st.integers(2011, 2045))
def test_what_happens_later_leaves_earlier_years_alone(year):
    changed = np.where(YEARS[:, None] >= year, 1.7, 1.0) * growing(0.05)
    for name in ("gdp_growth", "gdp_growth_5y"):
        before = a_run({"gdp": growing(0.05)}).annual(name)[: year - 2010]
        after = a_run({"gdp": changed}).annual(name)[: year - 2010]
        assert np.array_equal(before, after, equal_nan=True)


def test_unknown_quantities_are_named_with_the_nearest_known_one():
    run = a_run({"gdp": growing(0.05)})
    with pytest.raises(InputError, match="did you mean gdp_growth"):
        run.annual("gdp_grwth")
    with pytest.raises(InputError, match="2010 to 2045"):
        run.row(2050)


def test_what_a_run_cannot_give_is_not_offered():
    run = a_run({"gdp": growing(0.05)})
    assert run.has("gdp_growth")
    assert not run.has("gii_score")
    assert not run.has("gii_rank")


def test_the_table_of_derived_quantities_is_complete():
    parameters = reporting_parameters(a_country())
    for derived in DERIVED.values():
        parse_unit(derived.unit)
        assert derived.label and derived.label_vi and derived.source
        assert derived.code.startswith(f"def {derived.name}(")
    assert set(
        model_inputs(["gii_rank", "tfp_contribution"], {*parameters, "capital_share", "percent_per_one"})
    ) == {
        *GII_INPUTS,
        "gdp",
        "capital",
        "labour",
    }
