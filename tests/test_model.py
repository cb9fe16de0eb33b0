"""What the model says of the world: its history, its limits, what levers do, what must add up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.assemble import model_of
from sim.central_run import central_parameters
from sim.country_targets import Measurement
from sim.engine.declare import elements_of
from sim.engine.ensemble import PathFunction, input_table, noise_table, simulate
from sim.engine.units import parse_unit
from sim.model import SECTORS
from sim.model.representative_firm import SIZE_CLASSES
from sim.scenario import load_scenario
from sim.simulation import paths_of
from tests.scenario_texts import country, scenario

FIRST = 2010
YEARS = 36
HEADLINES = ("gerd_gdp", "researchers_per_10k", "digital_share_nso", "hightech_export_share", "gdp")
MONEY_OR_PEOPLE = (
    "gdp",
    "capital",
    "tfp",
    "gerd",
    "bus_rd_exec",
    "pub_rd_exec",
    "carryover",
    "disbursement",
    "absorb_capacity",
    "bus_knowledge",
    "pub_knowledge",
    "researchers_bus",
    "researchers_pub",
    "stem_students",
    "stem_workforce",
    "diaspora_pool",
    "fdi_hightech",
    "digital_infra",
    "digital_va",
    "elec_supply",
    "wage_premium",
    "institutions",
    "gov_digital",
)
NOBODY = {
    "researchers_bus_0": 0.0,
    "researchers_pub_0": 0.0,
    "pool_share_bus": 0.0,
    "pool_share_pub": 0.0,
    "return_rate": 0.0,
}
NO_FIRM_RD = {"rd_active_scale": 0.0, "entry_constant": -700.0}
NO_ADOPTION = {"adoption_own": 0.0, "adoption_peer": 0.0}

World = Mapping[str, NDArray[np.float64]]


def from_year(first: int, value: float, otherwise: PathFunction) -> PathFunction:
    """``value`` from the start of the year ``first``, before it the path ``otherwise``."""

    def path(t: NDArray[np.float64], side: str) -> NDArray[np.float64]:
        begun = t >= first if side == "right" else t > first
        return np.where(begun, value, otherwise(t, side))

    return path


def world(
    levers: str = "",
    *,
    changed: Mapping[str, Callable[[PathFunction], PathFunction]] | None = None,
    canonical: str = "",
    steps: int = 4,
    method: str = "rk4",
    noise: bool = False,
    parameters: Mapping[str, float] | None = None,
) -> World:
    """One run at the middle of the priors: annual values (year) of every indicator, identity and stock."""
    model = model_of(country())
    chosen = load_scenario(canonical, country()) if canonical else scenario(levers)
    paths = paths_of(chosen, country(), model)
    for name, change in (changed or {}).items():
        paths[name] = change(paths[name])
    values = central_parameters(country(), model)
    assert set(parameters or {}) <= set(values)
    values |= parameters or {}
    outputs = {*HEADLINES, *MONEY_OR_PEOPLE, *model.of_kind("stock", "indicator", "identity")}
    outputs |= {"subsidy", "own_bus_rd", "digital_maturity", "core_share"}
    ids = np.array([0])
    result = simulate(
        model,
        inputs=input_table(model, paths, FIRST, YEARS, steps),
        parameters={n: np.array([v]) for n, v in values.items()},
        noise=noise_table(model, 57, ids, FIRST, YEARS, 2026 if noise else None),
        outputs=sorted(outputs),
        start_year=FIRST,
        draws=1,
        method=method,
    )
    return {name: found[:, 0] for name, found in result.values.items()}


@cache
def hold() -> World:
    return world()


@cache
def full() -> World:
    return world(canonical="full")


def at(run: World, name: str, year: int) -> float:
    return float(run[name][year - FIRST])


@pytest.mark.parametrize("sector", SECTORS, ids=lambda s: s.__name__.rsplit(".", 1)[-1])
def test_every_quantity_is_named_in_two_languages(sector: ModuleType) -> None:
    elements = elements_of(sector)
    assert elements
    for element in elements:
        assert element.label, element.name
        assert element.label_vi, element.name
        assert element.label != element.label_vi, element.name


def test_no_name_of_a_quantity_holds_a_gap_left_unfilled() -> None:
    for element in model_of(country()).elements.values():
        for label in (element.label, element.label_vi):
            assert not set(label) & set("{}[]"), f"{element.name}: {label}"


def test_a_rule_for_size_classes_is_declared_for_each_of_them() -> None:
    names = set(model_of(country()).elements)
    assert not {n for n in names if "cls" in n}
    for name in ("rd_active", "rd_intensity", "maturity", "link"):
        assert {f"{name}_{size}" for size in SIZE_CLASSES} <= names


def test_shares_of_classes_owners_and_sectors_sum_to_one() -> None:
    values = {n: p.median for n, p in country().parameters.items()}
    assert sum(values[f"firm_share_{c}"] for c in SIZE_CLASSES) == pytest.approx(1)
    assert sum(values[f"va_share_{c}_0"] for c in SIZE_CLASSES) == pytest.approx(1)
    sectors = ("electronics", "manufacturing", "ict", "services", "industry")
    assert sum(values[f"sector_{s}"] for s in sectors) == pytest.approx(1)
    for size in SIZE_CLASSES:
        assert sum(values[f"owner_{o}_{size}"] for o in ("state", "private", "fdi")) == pytest.approx(1)


@pytest.mark.parametrize("rule", [r for r in country().measurement if r.used], ids=lambda r: r.series)
def test_the_middle_of_the_priors_is_near_what_was_measured(rule: Measurement) -> None:
    reach = {"gdp": 0.06, "electricity_use": 0.10}
    for year, observed, _ in rule.observations:
        modelled = at(hold(), rule.variable, year)
        if rule.error == "log":
            assert abs(np.log(modelled / observed)) < reach.get(rule.variable, 0.15), (
                year,
                modelled,
                observed,
            )
        else:
            limit = {"digital_share_nso": 1.0, "hightech_export_share": 3.0}.get(rule.variable, 5.0)
            assert abs(modelled - observed) < limit, (year, modelled, observed)


def test_accounts_balance_in_every_extreme() -> None:
    extremes = [
        hold(),
        full(),
        world(canonical="full", noise=True),
        world(parameters=NOBODY),
        world(parameters=NO_FIRM_RD),
        world(changed={"st_budget_share": lambda p: from_year(2026, 30.0, p)}),
        world(changed={"st_budget_share": lambda p: from_year(2026, 0.0, p)}),
    ]
    identities = model_of(country()).of_kind("identity")
    assert len(identities) >= 7
    for run in extremes:
        assert max(float(run[i].max()) for i in identities) < 1e-9
        for name in MONEY_OR_PEOPLE:
            assert np.isfinite(run[name]).all(), name
            assert (run[name] >= -1e-9).all(), name


def test_without_an_st_budget_public_research_ends_and_business_research_stays() -> None:
    run = world(changed={"st_budget_share": lambda p: from_year(2026, 0.0, p)})
    # what is spent in 2026-27 was carried over
    assert at(run, "pub_rd_gdp", 2028) < 0.05 * at(run, "pub_rd_gdp", 2025)
    assert at(run, "carryover", 2030) < 0.01 * at(run, "carryover", 2025)
    assert at(run, "bus_rd_gdp", 2030) > 0.85 * at(hold(), "bus_rd_gdp", 2030)
    assert at(run, "gdp", 2044) > 0.95 * at(hold(), "gdp", 2044)


def test_ten_times_the_money_at_once_cannot_be_absorbed() -> None:
    run = world(changed={"st_budget_share": lambda p: from_year(2026, 30.0, p)})
    assert at(run, "disbursed_percent", 2026) < 20
    assert at(run, "gerd", 2027) < 1.3 * at(hold(), "gerd", 2027)
    assert at(run, "wage_premium", 2030) > at(hold(), "wage_premium", 2030)
    assert run["carryover"].max() < 0.3 * at(run, "gdp", 2044)
    assert at(run, "disbursed_percent", 2044) > 70


def test_without_researchers_there_is_no_research_and_knowledge_decays() -> None:
    run = world(parameters=NOBODY)
    assert (run["gerd"] == 0).all()
    assert at(run, "bus_knowledge", 2044) < 0.01 * at(run, "bus_knowledge", 2010)
    assert (np.diff(run["gdp"]) > 0).all()
    assert at(run, "gdp", 2044) < 0.85 * at(hold(), "gdp", 2044)


def test_where_firms_never_do_research_only_support_is_spent() -> None:
    run = world(parameters=NO_FIRM_RD)
    assert run["own_bus_rd"].max() < 1e-200
    assert (run["bus_rd_exec"] <= run["subsidy"] * (1 + 1e-9)).all()


def test_without_adoption_digital_maturity_only_falls() -> None:
    run = world(parameters=NO_ADOPTION)
    assert (np.diff(run["digital_maturity"]) <= 0).all()
    assert (run["digital_share_nso"] >= 100 * run["core_share"]).all()


def test_without_new_fdi_its_stock_and_the_high_tech_share_run_down() -> None:
    run = world(changed={"fdi_shock": lambda p: from_year(2027, 1.0, p)})
    depreciation = country().parameters["fdi_depreciation"].median
    ratio = run["fdi_hightech"][18:] / run["fdi_hightech"][17:-1]
    assert ratio == pytest.approx(np.exp(-depreciation), rel=1e-4)
    assert at(run, "hightech_export_share", 2044) < 0.65 * at(hold(), "hightech_export_share", 2044)
    assert at(run, "gdp", 2044) > 0.95 * at(hold(), "gdp", 2044)


def test_shares_do_not_depend_on_the_unit_of_money() -> None:
    model = model_of(country())
    scaled = {}
    for name, value in central_parameters(country(), model).items():
        if name in country().parameters:
            power = parse_unit(country().parameters[name].unit).currency_power()
            if power:
                scaled[name] = value * 1000.0**power
    run = world(canonical="full", parameters=scaled)
    assert {"gdp_0", "wage_bus_0", "data_centre_load", "bus_knowledge_ref"} <= set(scaled)
    for name, found in run.items():
        if parse_unit(model.unit(name)).currency_power() == 0 and model.elements[name].kind != "identity":
            assert found == pytest.approx(full()[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize(
    ("settings", "indicator", "sign"),
    [
        ("reform: 1", "disbursed_percent", 1),
        ("reform: 1", "gdp", 1),
        ("risk_tolerance: 1", "bus_rd_gdp", 1),
        ("st_budget_share: 3", "pub_rd_gdp", 1),
        ("focus: 1", "publications", 1),
        ("dig_capex: 1", "digital_share_nso", 1),
        ("power_growth: 4", "gdp", -1),
        ("efficiency: 1", "electricity_use", -1),
        ("diaspora: 1", "researchers_per_10k", 1),
        # fixed money buys fewer people
        ("pay: 0.5", "researchers_per_10k", -1),
        ("tax_ded: 1", "bus_rd_gdp", 1),
        ("tax_ded: 1\n  claim: 0.6", "bus_rd_gdp", 1),
        ("venture: 1", "bus_rd_gdp", 1),
        ("soe_rd: 1", "bus_rd_gdp", 1),
        ("fdi_link: 1", "hightech_export_share", 1),
        ("coop: 1", "publications", 1),
        ("reform: 1\n  commitment: 0.5", "disbursed_percent", 1),
    ],
)
def test_every_lever_moves_its_own_target_the_documented_way(
    settings: str, indicator: str, sign: int
) -> None:
    run = world(f"levers:\n  {settings}\n")
    assert sign * (at(run, indicator, 2035) - at(hold(), indicator, 2035)) > 0
    # nothing a lever does reaches the past
    assert (run[indicator][:16] == hold()[indicator][:16]).all()


def test_half_the_commitment_carries_a_lever_half_the_way() -> None:
    whole = world("levers:\n  dig_capex: 1\n")
    half = world("levers:\n  dig_capex: 1\n", changed={"commitment": lambda p: from_year(2026, 0.5, p)})
    lesser = world("levers:\n  dig_capex: 0.5\n")
    assert half["gdp"] == pytest.approx(lesser["gdp"], rel=1e-12)
    assert at(whole, "cost_gdp", 2040) == pytest.approx(1.0)


def test_holding_costs_nothing_and_money_has_its_price() -> None:
    assert np.abs(hold()["cost_total"]).max() == 0
    run = world("levers:\n  st_budget_share: 3\n")
    assert at(run, "cost_gdp", 2030) == pytest.approx(0.22 * (3 - 1.42), rel=1e-6)


def test_the_step_of_integration_does_not_matter() -> None:
    coarse, fine = full(), world(canonical="full", steps=8)
    for name in model_of(country()).of_kind("stock"):
        assert coarse[name][1:] == pytest.approx(fine[name][1:], rel=2e-3), name


def test_euler_with_small_steps_agrees_with_runge_kutta() -> None:
    coarse, fine = full(), world(canonical="full", steps=32, method="euler")
    for name in ("capital", "tfp", "researchers_bus", "researchers_pub", "ict_share", "hightech_trend"):
        assert coarse[name][1:] == pytest.approx(fine[name][1:], rel=2e-2), name


def test_a_power_shortage_costs_output_and_the_full_package_needs_power() -> None:
    run = world(canonical="full_power")
    assert at(run, "gdp", 2044) < 0.97 * at(full(), "gdp", 2044)


def test_convergence_slows_in_the_middle_income_trap_until_knowledge_is_abundant() -> None:
    trapped = {"variant_of_convergence_rate": 1.0}
    assert at(world(parameters=trapped), "gdp", 2035) < at(hold(), "gdp", 2035)
    gap = 1 - at(world(canonical="full", parameters=trapped), "gdp", 2044) / at(full(), "gdp", 2044)
    assert 0 < gap < 1 - at(world(parameters=trapped), "gdp", 2044) / at(hold(), "gdp", 2044)


def test_noise_leaves_the_past_alone() -> None:
    noisy = world(noise=True)
    assert (noisy["gdp"][:16] == hold()["gdp"][:16]).all()
    assert (noisy["gdp"][16:] != hold()["gdp"][16:]).all()
