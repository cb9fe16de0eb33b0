"""The ten promises of the product, each also broken on purpose to see that its check notices.

What a promise is checked with stands in a function of its own (``differing``, ``leaks`` ...); the tests
that end in ``_broken`` hand it a world in which the promise does not hold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.assemble import model_of
from sim.cli import FAILED, OK, main
from sim.country import load_country
from sim.engine import rng
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.odds import Odds
from sim.results import Results
from sim.scenario import list_scenarios, load_scenario, parse_scenario
from sim.simulation import kept_variables, paths_of, prepare, run

DRAWS = 24
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def country():
    return load_country("vietnam")


@pytest.fixture(scope="module")
def model(country):
    return model_of(country)


@pytest.fixture(scope="module")
def hold(country):
    return prepare("hold", draws=DRAWS, country=country)


def written(country, changes, extends="hold"):
    """A scenario that extends another with the lines ``changes``."""
    head = f"format: 1\nid: changed\ntitle: {{en: Changed, vi: Thay đổi}}\nextends: {extends}\n"
    return parse_scenario(head + changes, country)


def annual(
    prepared, scenario=None, *, model=None, ids=None, side=None, engine="compiled", outputs=None, **options
):
    """Annual values of everything a run keeps; ``side`` overrides on which side of a jump paths are read."""
    country, model = prepared.country, model or prepared.model
    paths = paths_of(scenario or prepared.scenario, country, model)
    if side is not None:
        paths = {n: (lambda t, _, path=p: path(t, side)) for n, p in paths.items()}
    every = prepared.draws.ids
    picked = np.arange(every.size) if ids is None else np.asarray(ids)
    span = country.horizon - country.start_year + 1
    return simulate(
        model,
        inputs=input_table(model, paths, country.start_year, span, 4),
        parameters={n: v[picked] for n, v in prepared.draws.parameters.items()},
        noise=noise_table(model, prepared.draws.seed, every[picked], country.start_year, span, 2026),
        outputs=outputs or [*kept_variables(model, country), *model.of_kind("stock")],
        start_year=country.start_year,
        draws=picked.size,
        engine=engine,
        **options,
    ).values


def differing(first, second, years=slice(None), draws=slice(None)):
    """Names of the quantities whose values are not the same bit for bit."""
    return [n for n in first if not np.array_equal(first[n][years, draws], second[n][years], equal_nan=True)]


def altered(model, name, old, new):
    """The model with the text ``old`` in the equation of ``name`` replaced."""
    element = model.elements[name]
    assert old in element.code
    changed = replace(element, code=element.code.replace(old, new), body=None)
    return replace(model, elements={**model.elements, name: changed})


# 1. Null scenario = baseline


def test_1_a_scenario_that_changes_nothing_is_the_baseline(hold, country):
    assert differing(annual(hold), annual(hold, written(country, ""))) == []


def test_1_broken_by_the_smallest_change(hold, country):
    nudged = written(country, "levers:\n  st_budget_share: {change: {add: 0.000000001, start: 2026}}\n")
    assert "st_disbursed_share" in differing(annual(hold), annual(hold, nudged))


# 2. Causality

LATE = """
levers:
  st_budget_share: {path: {2029: 4 %}, interpolate: step, after: hold}
  reform: {ramp: {start: 2029, years: 2, to: 1}}
"""
BEFORE_2029 = slice(0, 2029 - 2010)


def test_2_a_lever_that_first_differs_in_2029_leaves_every_earlier_year_identical(hold, country):
    base, late = annual(hold), annual(hold, written(country, LATE))
    assert differing(base, late, BEFORE_2029) == []
    assert "gerd_gdp" in differing(base, late)


def test_2_broken_by_reading_the_new_year_at_the_end_of_the_old_one(hold, country):
    base, leaking = annual(hold, side="right"), annual(hold, written(country, LATE), side="right")
    assert "carryover" in differing(base, leaking, BEFORE_2029)


# 3. Addressed noise


def moved(before, after, names):
    """The noise elements of ``names`` whose numbers are not the same."""
    return [n for k, n in enumerate(names) if not any(np.array_equal(before[k], row) for row in after)]


def test_3_adding_a_process_moves_no_other_number(model):
    names = model.of_kind("noise")
    ids = np.arange(50)
    before = noise_table(model, 57, ids, 2010, 36, 2026)
    extra = replace(model.elements[names[0]], name="another_shock")
    more = replace(model, elements={"another_shock": extra, **model.elements})
    after = noise_table(more, 57, ids, 2010, 36, 2026)
    assert after.shape[0] == before.shape[0] + 1
    assert moved(before, after, names) == []
    assert np.array_equal(noise_table(model, 57, ids[30:], 2010, 36, 2026), before[:, :, 30:])


def test_3_broken_by_a_shared_stream(model):
    names = model.of_kind("noise")
    before = np.random.default_rng(57).normal(size=(len(names), 36, 50))
    after = np.random.default_rng(57).normal(size=(36, len(names) + 1, 50)).swapaxes(0, 1)
    assert moved(before, after, names)


def test_3_scenarios_share_draws_and_noise(hold, country):
    full = prepare("full", draws=DRAWS, country=country)
    assert np.array_equal(full.draws.ids, hold.draws.ids)
    for name, values in hold.draws.parameters.items():
        assert np.array_equal(values, full.draws.parameters[name])


# 4. Order-free


def test_4_threads_and_company_do_not_matter(hold):
    together = annual(hold, threads=2)
    assert differing(together, annual(hold, threads=1)) == []
    some = [17, 3, 11]
    assert differing(together, annual(hold, ids=some), draws=some) == []


def test_4_broken_by_counting_draws_by_position(hold):
    some = [17, 3, 11]
    positions = replace(hold, draws=replace(hold.draws, ids=np.arange(DRAWS)))
    moved_draws = replace(positions, draws=replace(positions.draws, ids=np.roll(positions.draws.ids, 1)))
    assert differing(annual(positions), annual(moved_draws, ids=some), draws=some)


# 5. Compiled = interpreted


def test_5_compiled_and_interpreted_agree_to_the_last_bit(hold, country):
    full = load_scenario("full", country)
    names = [n for n, e in hold.model.elements.items() if e.kind not in ("noise", "initial")]
    few = annual(hold, full, ids=[0, 1], outputs=names)
    assert differing(few, annual(hold, full, ids=[0, 1], outputs=names, engine="interpreted")) == []
    assert differing(annual(hold, full, outputs=names), few, draws=[0, 1]) == []


def test_5_broken_by_one_operation_in_another_order(hold):
    element = hold.model.elements["pub_rd_planned"]
    first, second = element.arguments[:2]
    other = altered(hold.model, "pub_rd_planned", f"{first} * {second}", f"{first} * (1 / (1 / {second}))")
    assert differing(annual(hold, ids=[0, 1]), annual(hold, ids=[0, 1], model=other, engine="interpreted"))


# 6. Nothing silent


def test_6_a_lever_without_effect_is_a_visible_warning(country):
    idle = written(country, "levers:\n  focus: 0\n")
    assert any("focus" in w and "no effect" in w for w in idle.warnings)


def test_6_a_failed_draw_is_counted_and_bounds_every_probability(hold, country):
    broken = {n: v.copy() for n, v in hold.draws.parameters.items()}
    broken["capital_depreciation"][5] = np.nan
    from sim.simulation import run_prepared

    results = run_prepared(replace(hold, draws=replace(hold.draws, parameters=broken)))
    assert results.record.failed_draws == 1
    assert results.failed.tolist() == [k == 5 for k in range(DRAWS)]
    sound = {t.id: t for t in run_prepared(hold).targets()}
    for target in results.targets():
        if target.odds is not None:
            assert target.odds.failed == 1
            assert target.low <= sound[target.id].low
            assert target.high >= sound[target.id].high
    assert any("failed" in w for w in results.record.warnings)


# 7. Accounting


def worst_residual(values, model):
    return max(float(np.abs(values[n]).max()) for n in model.of_kind("identity"))


@pytest.mark.parametrize("scenario", [s.id for s in list_scenarios()])
def test_7_accounts_balance_in_every_scenario(hold, country, scenario):
    values = annual(hold, load_scenario(scenario, country))
    assert worst_residual(values, hold.model) < TOLERANCE


@pytest.mark.parametrize(
    "stock", ["stem_students", "researchers_bus", "researchers_pub", "diaspora_pool", "carryover"]
)
def test_7_broken_by_a_stock_that_forgets_an_outflow(hold, stock):
    element = hold.model.elements[stock]
    forgetful = replace(element, outflows=element.outflows[:-1])
    leaking = replace(hold.model, elements={**hold.model.elements, stock: forgetful})
    assert worst_residual(annual(hold, model=leaking), leaking) > TOLERANCE


@pytest.mark.parametrize("flow", ["carryover_inflow", "gerd", "gdp"])
def test_7_broken_by_money_that_vanishes_on_the_way(hold, flow):
    leaking = altered(hold.model, flow, "return ", "return (1 - 1 / (1 + 1 + 1 + 1)) * ")
    assert worst_residual(annual(hold, model=leaking), leaking) > TOLERANCE


# 8. A kernel is named by what it was made from


def test_8_an_edited_equation_is_another_kernel_with_other_numbers(hold):
    edited = altered(hold.model, "gdp", "return ", "return (1 + 1 / (1 + 1)) * ")
    assert edited.hash != hold.model.hash
    assert "gerd_gdp" in differing(annual(hold), annual(hold, model=edited))
    # and back: the first kernel is not disturbed by the second
    assert differing(annual(hold), annual(hold)) == []


def test_8_broken_by_a_name_that_does_not_follow_the_content(hold):
    edited = altered(hold.model, "gdp", "return ", "return (1 + 1 / (1 + 1)) * ")
    vars(edited)["hash"] = hold.model.hash
    assert differing(annual(hold), annual(hold, model=edited)) == []


# 9. A probability never stands alone


def test_9_every_probability_carries_its_draws_interval_and_outside_view(hold):
    results = run("budget_3pct", draws=DRAWS)
    assert results.record.draws_id.startswith("prior-matched:")
    for target in results.targets():
        content = target.to_json()
        assert "outside_view" in content
        if content["probability"] is None:
            assert content["status"] == "not_assessed"
            continue
        assert content["draws"] == DRAWS
        assert 0 < content["probability"] < 1
        assert 0 <= content["low"] <= content["probability"] <= content["high"] <= 1
        assert content["low"] < content["high"]


def test_9_zero_hits_is_a_bound_and_not_a_zero():
    assert Odds(0, 2000).text() == "< 3/2000"
    assert Odds(2000, 2000).text() == "> 1 - 3/2000"
    assert Odds(0, 2000).high == pytest.approx(1 - 0.025 ** (1 / 2000))


# 10. A result can be run again


def test_10_a_run_folder_replays_bit_for_bit(tmp_path):
    folder = tmp_path / "kept"
    run("reform", draws=DRAWS, seed=3).write(folder)
    assert main(["replay", str(folder)]) == OK


def test_10_broken_by_another_seed(tmp_path, capsys):
    folder = tmp_path / "kept"
    run("reform", draws=DRAWS, seed=3).write(folder)
    record = folder / "record.json"
    record.write_text(record.read_text().replace('"seed": 3', '"seed": 4'))
    assert main(["replay", str(folder)]) == FAILED
    assert "differs" in capsys.readouterr().err
    assert Results.read(folder).record.seed == 4


def test_the_noise_of_a_draw_does_not_depend_on_how_many_there_are():
    many = rng.normal(57, np.arange(1000), "noise:shock_tfp", 2030)
    assert np.array_equal(many[400:410], rng.normal(57, np.arange(400, 410), "noise:shock_tfp", 2030))
