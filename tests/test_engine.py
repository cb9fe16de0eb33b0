"""The engine against closed forms: integration, delays, wiring, units, noise, identity of engines."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engine.declare import elements_of
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.engine.graph import InputSpec, build
from tests import toy

INPUTS = [
    InputSpec("interest_rate", "parameter", "1/year"),
    InputSpec("wealth_0", "parameter", "tn_VND2020"),
    InputSpec("contact_rate", "parameter", "1/year"),
    InputSpec("population", "parameter", "person"),
    InputSpec("informed_0", "parameter", "person"),
    InputSpec("position_0", "parameter", "1"),
    InputSpec("frequency", "parameter", "1/year"),
    InputSpec("travel_time", "parameter", "year"),
    InputSpec("persistence", "parameter", "1"),
    InputSpec("stairs", "parameter", "1", points=((-1.0, 0.0), (0.0, 1.0), (1.0, 4.0)), of_unit="1"),
    InputSpec("lever_departures", "lever", "person/year"),
]
VALUES = {
    "interest_rate": 0.07,
    "wealth_0": 3.0,
    "contact_rate": 0.9,
    "population": 500.0,
    "informed_0": 5.0,
    "position_0": 1.0,
    "frequency": 0.8,
    "travel_time": 2.5,
    "persistence": 0.6,
    "variant_of_shape": 0.0,
}
EVERYTHING = [
    "wealth",
    "informed",
    "position",
    "velocity",
    "arrivals",
    "mood",
    "mood_before",
    "staircase",
    "shape",
    "wealth_report",
    "wealth_identity",
]


@pytest.fixture(scope="module")
def model():
    return build(elements_of(toy), INPUTS)


def run(
    model,
    outputs,
    draws=1,
    years=12,
    steps=4,
    departures=lambda t, side: 0 * t + 10.0,
    seed=1,
    noisy_from=2012,
    ids=None,
    **options,
):
    ids = np.arange(draws) if ids is None else np.asarray(ids)
    parameters = dict(
        VALUES, variant_of_shape=(ids % 2).astype(float), interest_rate=0.05 + 0.001 * (ids % 7)
    )
    parameters.update(options.pop("parameters", {}))
    return simulate(
        model,
        inputs=input_table(model, {"lever_departures": departures}, 2010, years, steps),
        parameters=parameters,
        noise=noise_table(model, seed, ids, 2010, years, noisy_from),
        outputs=outputs,
        start_year=2010,
        draws=ids.size,
        **options,
    ).values


def test_exponential_growth_follows_the_closed_form(model):
    wealth = run(model, ["wealth"])["wealth"][:, 0]
    assert wealth == pytest.approx(3.0 * np.exp(0.05 * np.arange(1, 13)), rel=1e-9)


def test_logistic_spread_follows_the_closed_form(model):
    informed = run(model, ["informed"], steps=16)["informed"][:, 0]
    t = np.arange(1, 13)
    assert informed == pytest.approx(500 / (1 + 99 * np.exp(-0.9 * t)), rel=1e-6)


def test_delay_of_third_order_answers_a_step_like_an_erlang_distribution(model):
    """The rate that leaves a third-order delay after a step is the Erlang(3) distribution function."""
    outflow = run(model, ["arrivals_stage_1", "arrivals_stage_2", "arrivals_stage_3"], steps=32)
    t, k = np.arange(1, 13), 3 / 2.5
    expected = 10 * (1 - np.exp(-k * t) * (1 + k * t + (k * t) ** 2 / 2))
    assert outflow["arrivals_stage_3"][:, 0] * k == pytest.approx(expected, rel=1e-6)
    assert outflow["arrivals_stage_1"][:, 0] * k == pytest.approx(10 * (1 - np.exp(-k * t)), rel=1e-6)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("rk4", 4)])
def test_order_of_integration_on_an_oscillator(model, method, order):
    """Halving the step divides the error by 2 to the power of the method's order."""
    exact = np.cos(0.8 * 6)
    steps = (512, 1024) if method == "euler" else (16, 32)
    errors = [
        abs(run(model, ["position"], years=6, steps=s, method=method)["position"][-1, 0] - exact)
        for s in steps
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def test_every_engine_and_width_gives_the_same_bits(model):
    draws = 70
    wide = run(model, EVERYTHING, draws=draws, threads=2)
    narrow = run(model, EVERYTHING, draws=draws, threads=1)
    few = run(model, EVERYTHING, draws=5)
    plain = run(model, EVERYTHING, draws=5, engine="interpreted")
    for name in EVERYTHING:
        assert np.array_equal(wide[name], narrow[name])
        assert np.array_equal(wide[name][:, :5], few[name])
        assert np.array_equal(few[name], plain[name])


def test_a_draw_does_not_depend_on_its_neighbours(model):
    together = run(model, ["wealth_report", "mood"], ids=np.arange(200))
    apart = run(model, ["wealth_report", "mood"], ids=[7, 160, 3])
    for name, values in apart.items():
        assert np.array_equal(values, together[name][:, [7, 160, 3]])


def test_autoregression_and_lag(model):
    values = run(model, ["mood", "mood_before", "shock"], draws=3, years=8)
    for y in range(1, 8):
        assert values["mood"][y] == pytest.approx(0.6 * values["mood"][y - 1] + values["shock"][y])
        assert np.array_equal(values["mood_before"][y], values["mood"][y - 1])
    assert not values["shock"][:2].any()
    assert values["shock"][2:].all()


def test_a_lever_that_moves_in_a_year_leaves_every_earlier_year_identical(model):
    def later(t, side):
        return np.where((t > 2015) | ((t == 2015) & (side == "right")), 99.0, 10.0)

    base, moved = (
        run(model, [*EVERYTHING, "arrivals_stage_1"]),
        run(model, [*EVERYTHING, "arrivals_stage_1"], departures=later),
    )
    for name in base:
        assert np.array_equal(moved[name][:5], base[name][:5])
    assert (moved["arrivals_stage_1"][5] != base["arrivals_stage_1"][5]).all()


def test_an_initial_value_stays_what_it_was_at_the_start(model):
    values = run(
        model,
        ["departures_0", "departures_index"],
        departures=lambda t, side: 10.0 + t - 2010,
        steps=1,
        method="euler",
    )
    assert np.array_equal(values["departures_0"][:, 0], np.full(12, 10.0))
    assert values["departures_index"][:, 0] == pytest.approx(1 + np.arange(12) / 10)


def test_lookup_interpolates_and_holds_its_ends(model):
    values = run(
        model, ["staircase", "position"], years=1, steps=1, method="euler", parameters={"position_0": 0.5}
    )
    assert values["staircase"][0, 0] == pytest.approx(2.5)
    assert (
        run(model, ["staircase"], years=1, steps=1, method="euler", parameters={"position_0": 9.0})[
            "staircase"
        ][0, 0]
        == 4.0
    )


def test_sampled_variants_are_chosen_draw_by_draw(model):
    once = {"draws": 4, "years": 1, "steps": 1, "method": "euler"}
    values = run(model, ["shape"], **once)["shape"][0]
    assert values == pytest.approx([1.0, np.exp(-1.0), 1.0, np.exp(-1.0)])
    fixed = build(elements_of(toy), INPUTS, {"shape": "bell"})
    assert run(fixed, ["shape"], draws=4, years=1, steps=1, method="euler")["shape"][0] == pytest.approx(
        [np.exp(-1.0)] * 4
    )
