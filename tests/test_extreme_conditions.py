"""Extreme conditions (Forrester and Senge 1980; Barlas 1996): what must hold at the limit.

``test_model.py`` holds the run at the middle of the priors to the same limits; here every draw that history
has left must stand them. Each row runs the same draws with and without the extreme.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.country import load_country
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.scenario import load_scenario, parse_scenario
from sim.simulation import paths_of, prepare

DRAWS = 60
HEAD = """
format: 1
id: extreme
title: {en: Extreme, vi: Cực trị}
extends: hold
outside_range: warn
"""
OUTPUTS = [
    "gdp",
    "gerd",
    "gerd_gdp",
    "pub_rd_exec",
    "bus_rd_exec",
    "own_bus_rd",
    "subsidy",
    "subsidy_planned",
    "disbursement",
    "disbursement_rate",
    "carryover",
    "appropriation",
    "wage_bus",
    "pub_knowledge",
    "bus_knowledge",
    "digital_share_nso",
    "digital_core_share",
    "digital_maturity",
    "fdi_hightech",
    "hightech_export_share",
    "researchers_per_10k",
]


@pytest.fixture(scope="module")
def country():
    return load_country("vietnam")


@pytest.fixture(scope="module")
def hold(country):
    return prepare("hold", draws=DRAWS, country=country)


class World:
    """Annual values of one run of the fixed draws, read as ``world["gdp", 2044]`` (draw)."""

    def __init__(
        self, hold, country, changes="", *, parameters=None, model=None, scenario=None, outputs=OUTPUTS
    ):
        model = model or hold.model
        if changes:
            scenario = parse_scenario(HEAD + changes, country)
        years = country.horizon - country.start_year + 1
        paths = paths_of(scenario or hold.scenario, country, model)
        self.parameters = {**hold.draws.parameters, **(parameters or {})}
        self.values = simulate(
            model,
            inputs=input_table(model, paths, country.start_year, years, 4),
            parameters=self.parameters,
            noise=noise_table(model, hold.draws.seed, hold.draws.ids, country.start_year, years, 2026),
            outputs=outputs,
            start_year=country.start_year,
            draws=DRAWS,
        ).values

    def __getitem__(self, place):
        name, year = place
        return self.values[name][year - 2010]

    def all_sound(self):
        return all(np.isfinite(v).all() and (v >= 0).all() for v in self.values.values())


@pytest.fixture(scope="module")
def usual(hold, country):
    return World(hold, country)


def median_ratio(world, usual, name, year):
    return float(np.median(world[name, year] / usual[name, year]))


def test_no_budget_for_science_from_2026(hold, country, usual):
    world = World(hold, country, "levers: {st_budget_share: 0 %}\n")
    assert world.all_sound()
    # money carried over from 2025 is still spent; within a few years nothing is left
    assert (world["disbursement", 2030] < 0.02 * usual["disbursement", 2030]).all()
    assert median_ratio(world, usual, "pub_rd_exec", 2027) < 0.15
    assert (world["pub_rd_exec", 2030] < 0.02 * usual["pub_rd_exec", 2030]).all()
    assert 0.85 < median_ratio(world, usual, "bus_rd_exec", 2030) < 1.15
    assert 0.95 < median_ratio(world, usual, "gdp", 2044) < 1.0


def test_thirty_percent_of_the_budget_at_once(hold, country, usual):
    world = World(hold, country, "levers: {st_budget_share: 30 %}\n")
    assert world.all_sound()
    assert np.median(world["disbursement_rate", 2026]) < 0.2
    assert median_ratio(world, usual, "gerd_gdp", 2027) < 1.6
    assert (world["carryover", 2044] < 5 * world["appropriation", 2044]).all()
    assert (world["wage_bus", 2030] > usual["wage_bus", 2030]).mean() > 0.9
    assert np.median(world["disbursement_rate", 2040]) > np.median(world["disbursement_rate", 2027])


def test_no_researchers_and_no_inflow_from_the_start(hold, country, usual):
    nobody = ("researchers_bus_0", "researchers_pub_0", "pool_share_bus", "pool_share_pub", "return_rate")
    world = World(hold, country, parameters={n: np.zeros(DRAWS) for n in nobody})
    assert world.all_sound()
    assert (world["gerd", 2044] < 1e-6 * usual["gerd", 2044]).all()
    for knowledge, decay in (
        ("pub_knowledge", "pub_knowledge_depreciation"),
        ("bus_knowledge", "bus_knowledge_depreciation"),
    ):
        ratio = world[knowledge, 2044] / world[knowledge, 2043]
        assert ratio == pytest.approx(np.exp(-world.parameters[decay]), rel=1e-3)
    assert (world["gdp", 2044] > world["gdp", 2025]).all()
    assert (world["gdp", 2044] < usual["gdp", 2044]).all()


def test_firms_never_do_research(hold, country, usual):
    world = World(
        hold,
        country,
        parameters={"rd_active_scale": np.zeros(DRAWS), "entry_constant": np.full(DRAWS, -60.0)},
    )
    assert world.all_sound()
    assert (world["own_bus_rd", 2044] < 1e-9 * usual["own_bus_rd", 2044]).all()
    # what is left is paid for by the state, and at most what it planned
    assert (world["bus_rd_exec", 2044] <= world["subsidy_planned", 2044] * 2.0).all()
    assert 0.85 < median_ratio(world, usual, "gdp", 2044) < 1.0


def test_nobody_adopts_digital_technology(hold, country, usual):
    none = {n: np.zeros(DRAWS) for n in ("adoption_own", "adoption_peer")}
    world = World(hold, country, parameters=none)
    assert world.all_sound()
    maturity = world.values["digital_maturity"]
    assert (np.diff(maturity, axis=0) <= 1e-12).all()
    assert (world["digital_share_nso", 2030] >= world["digital_core_share", 2030]).all()
    assert (world["digital_share_nso", 2030] < usual["digital_share_nso", 2030]).all()


def test_no_high_technology_investment_from_2027(hold, country, usual):
    world = World(
        hold, country, "assumptions: {fdi_shock: {path: {2027: 1}, interpolate: step, after: hold}}\n"
    )
    assert world.all_sound()
    decay = world["fdi_hightech", 2035] / world["fdi_hightech", 2027]
    assert decay == pytest.approx(np.exp(-8 * world.parameters["fdi_depreciation"]), rel=1e-4)
    share = [np.median(world["hightech_export_share", y]) for y in (2027, 2030, 2035, 2044)]
    assert share[0] - share[1] < 4
    assert share[1] > share[2] > share[3]
    assert median_ratio(world, usual, "gdp", 2044) < 1.0


@pytest.mark.parametrize(("method", "steps", "tolerance"), [("euler", 32, 0.005), ("rk4", 16, 0.001)])
def test_the_step_of_integration_is_fine_enough(hold, country, method, steps, tolerance):
    """Headlines of a quarter-year Runge-Kutta step against finer ones, once the start has settled."""
    full = load_scenario("full", country)
    model, span = hold.model, country.horizon - country.start_year + 1
    headlines = ["gerd_gdp", "researchers_per_10k", "digital_share_nso", "hightech_export_share", "gdp"]
    coarse = World(hold, country, scenario=full, outputs=headlines)
    fine = simulate(
        model,
        inputs=input_table(model, paths_of(full, country, model), country.start_year, span, steps),
        parameters=hold.draws.parameters,
        noise=noise_table(model, hold.draws.seed, hold.draws.ids, country.start_year, span, 2026),
        outputs=headlines,
        start_year=country.start_year,
        draws=DRAWS,
        method=method,
    ).values
    for name in headlines:
        apart = np.abs(fine[name][3:] / coarse.values[name][3:] - 1)
        assert np.median(apart, axis=1).max() < tolerance, name
        # single draws stand at a switch (the middle-income trap) and may pass it a step apart
        assert apart.max() < 0.01, name
