"""What the settings of a scenario mean, and what every scenario keeps."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.country import load_country
from sim.scenario import load_scenario, parse_scenario
from sim.scenario_paths import RAMP_LENGTH
from tests.scenario_texts import FINE, HEADER, country, lever, same, scenario, values


def test_a_number_is_reached_by_the_ramp_of_its_lever_from_the_first_projected_year() -> None:
    assert values(lever("1"), 2025.9, 2026, 2027, 2030, 2045) == [0, 0, 0.25, 1, 1]
    assert values(lever("1", "risk_tolerance"), 2026, 2026.5, 2027) == [0, 0.5, 1]


def test_a_lever_that_acts_at_once_jumps_with_the_new_year() -> None:
    share = lever("3", "st_budget_share")
    assert share.value(2026, "left") == 2.3
    assert values(share, 2026, 2040) == [3, 3]


def test_start_and_ramp_length_of_the_scenario_hold_for_all_settings_without_their_own() -> None:
    later = scenario(
        "start: 2028\nlevers: {reform: 1, pay: {ramp: {start: 2027, years: 1, to: 1}}, ramp_len: 2}\n"
    )
    assert values(later.levers["reform"], 2028, 2029, 2030) == [0, 0.5, 1]
    assert values(later.levers["pay"], 2027, 2027.5, 2028) == [0, 0.5, 1]
    assert values(
        scenario("start: 2028\nlevers: {st_budget_share: 3}\n").levers["st_budget_share"], 2027.9, 2028
    ) == [
        1.42,
        3,
    ]


def test_a_ramp_runs_from_the_baseline_or_from_a_stated_value() -> None:
    assert values(lever("{ramp: {start: 2027, years: 2, to: 0.5}}"), 2027, 2028, 2029) == [0, 0.25, 0.5]
    assert values(lever("{ramp: {from: 0.2, years: 2, to: 0.6}}"), 2025.9, 2026, 2027, 2028) == [
        0,
        0.2,
        0.4,
        0.6,
    ]
    assert values(lever("{ramp: {years: 0, to: 0.5}}"), 2025.9, 2026) == [0, 0.5]


def test_steps_hold_each_value_until_the_next_year_stated() -> None:
    path = lever("{path: {2027: 2 %, 2030: 3 %}, interpolate: step, after: hold}", "st_budget_share")
    assert values(path, 2026, 2027, 2029.9, 2030, 2045.9) == [1.42, 2, 2, 3, 3]


def test_lines_run_between_the_beginnings_of_the_years_stated() -> None:
    path = lever("{path: {2027: 2, 2031: 4}, interpolate: linear, after: hold}", "st_budget_share")
    assert values(path, 2026.9, 2027, 2028, 2031, 2045) == [1.42, 2, 2.5, 4, 4]


def test_years_of_the_past_anchor_the_line_and_history_stands() -> None:
    path = lever("{path: {2024: 1, 2028: 5}, interpolate: linear, after: hold}", "st_budget_share")
    assert values(path, 2024, 2025.5, 2026, 2027) == [1.97, 2.3, 3, 4]


def test_what_follows_the_last_year() -> None:
    back = "{path: {2028: 0.4, 2030: 0.4}, interpolate: step, after: baseline}"
    assert values(lever(back), 2027.9, 2028, 2030.9, 2031) == [0, 0.4, 0.4, 0]
    on = "{path: {2026: 0, 2046: 1}, interpolate: linear, after: hold}"
    slope = "{path: {2026: 0, 2030: 0.2}, interpolate: linear, after: linear}"
    assert np.allclose(lever(slope).at(FINE), lever(on).at(FINE), rtol=1e-12)


def test_a_path_may_jump_within_a_line() -> None:
    path = lever("{path: {2026: 0.2, 2028: [0.4, 0.8], 2030: 1}, interpolate: linear, after: hold}")
    assert path.at([2028, 2029], "left").tolist() == [0.4, 0.9]
    assert values(path, 2026, 2027, 2028, 2030) == [0.2, 0.30000000000000004, 0.8, 1]


def test_changes_build_on_the_parent(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEADER + "levers: {st_budget_share: 2, reform: 0.4}\n")
    text = "extends: parent\nlevers:\n  st_budget_share: {change: {factor: 1.5, start: 2028}}\n"
    text += "  reform: {change: {add: 0.2, start: 2035, years: 2}}\n"
    found = scenario(text, folder=tmp_path).levers
    assert values(found["st_budget_share"], 2026, 2027.9, 2028) == [2, 2, 3]
    assert np.allclose(values(found["reform"], 2030, 2034, 2036, 2037), [0.4, 0.4, 0.5, 0.6])


def test_baseline_takes_back_what_the_parent_set() -> None:
    taken_back = scenario("extends: full_shock\nassumptions: {fdi_shock: baseline, world_demand: baseline}\n")
    assert same(taken_back.assumptions["fdi_shock"], taken_back.hold["fdi_shock"])
    assert taken_back.hash == load_scenario("full", country()).hash


@pytest.mark.parametrize(
    ("code", "text", "number"),
    [
        ("st_budget_share", "3.0 %", 3.0),
        ("st_budget_share", "3 percent", 3.0),
        ("st_budget_share", "3", 3.0),
        ("claim", "30 %", 0.3),
        ("claim", "7%", 0.07),
        ("claim", "0.3", 0.3),
        ("power_growth", "{path: {2026: 5.5 %/year}, interpolate: step, after: hold}", 5.5),
        ("ramp_len", "6 years", 6.0),
    ],
)
def test_quantities_with_units_are_numbers_in_the_unit_of_the_lever(
    code: str, text: str, number: float
) -> None:
    assert lever(text, code).value(2045) == number


def test_assumptions_take_the_same_settings() -> None:
    found = scenario(
        "assumptions:\n  population: {change: {factor: 1.1, start: 2030, years: 0}}\n  budget_ratio: 20 %\n"
    )
    ratio = found.assumptions["population"].at(FINE) / found.hold["population"].at(FINE)
    assert np.allclose(ratio[FINE >= 2030], 1.1, rtol=1e-12)
    assert (ratio[FINE < 2030] == 1).all()
    assert found.assumptions["budget_ratio"].value(2026) == 0.2


def test_parameters_and_structures_are_fixed_and_traced() -> None:
    name, structure = next(iter(country().structures.items()))
    option = list(structure.alternatives)[-1]
    found = scenario(f"parameters: {{rer_trend: 0.01}}\nstructures: {{{name}: {option}}}\n")
    assert found.parameters == {"rer_trend": 0.01}
    assert found.structures == {name: option}
    assert found.origin["rer_trend"] == ("f.yaml", 4, "rer_trend: 0.01")
    assert found.origin[name] == ("f.yaml", 5, f"{name}: {option}")


def test_the_inputs_of_a_model_are_levers_their_baselines_and_assumptions() -> None:
    full = load_scenario("full", country())
    codes = set(country().levers) - {RAMP_LENGTH}
    assert set(full.inputs) == codes | {f"{code}_base" for code in codes} | set(country().assumptions)
    hold = load_scenario("hold", country())
    assert all(full.inputs[f"{code}_base"] == hold.inputs[code] for code in codes)


settable = sorted(set(load_country().levers) - {RAMP_LENGTH})
single = [code for code in settable if not code.startswith("comp_")]


lengths = st.integers(0, 30).map(lambda n: n / 4)


@st.composite
def change(draw: st.DrawFn, code: str, earliest: float) -> str:
    """A change of what the parent set for a lever, from ``earliest`` on."""
    start = draw(st.integers(int(earliest * 4), 2045 * 4)) / 4
    factor = draw(st.floats(0, 2))
    amount = draw(st.floats(-1, 1)) * (country().levers[code].high - country().levers[code].low)
    what = draw(st.sampled_from([f"factor: {factor!r}", f"add: {amount!r}"]))
    return f"{{change: {{{what}, start: {start}, years: {draw(lengths)}}}}}"


@st.composite
def setting(draw: st.DrawFn, code: str, earliest: float = 2026) -> str:
    """Any valid setting of a lever that leaves the time before ``earliest`` alone."""
    known = country().levers[code]
    number = st.floats(known.low, known.high).map(repr)
    year = st.integers(int(earliest * 4), 2045 * 4).map(lambda n: n / 4)
    kind = draw(st.sampled_from(["path", "ramp", "change"]))
    if kind == "path":
        years = draw(st.lists(year, min_size=1, max_size=4, unique=True))
        points = ", ".join(f"{y}: {draw(number)}" for y in years)
        after = draw(st.sampled_from(["hold", "baseline"]))
        interpolate = draw(st.sampled_from(["step", "linear"]))
        return f"{{path: {{{points}}}, interpolate: {interpolate}, after: {after}}}"
    if kind == "ramp":
        return f"{{ramp: {{start: {draw(year)}, years: {draw(lengths)}, to: {draw(number)}}}}}"
    return draw(change(code, earliest))


@st.composite
def settings_of(draw: st.DrawFn, earliest: float = 2026) -> str:
    """A valid scenario body: some levers set in some way, the composition moved as a whole."""
    codes = draw(st.lists(st.sampled_from(single), unique=True, max_size=4))
    lines = [f"  {code}: {draw(setting(code, earliest))}" for code in codes]
    if draw(st.booleans()):
        shift = draw(st.floats(0, 0.2))
        year = draw(st.integers(int(earliest), 2045))
        for code, amount in (("comp_rd", -shift), ("comp_dig", shift)):
            lines.append(f"  {code}: {{change: {{add: {amount!r}, start: {year}, years: 2}}}}")
    return "outside_range: warn\n" + ("levers:\n" + "\n".join(lines) + "\n" if lines else "")


@given(st.lists(st.sampled_from(single), unique=True))
@settings(max_examples=25)
def test_stating_the_baseline_is_the_hold_scenario_bit_for_bit(codes: list[str]) -> None:
    hold = load_scenario("hold", country())
    stated = scenario("levers: {" + ", ".join(f"{code}: baseline" for code in codes) + "}\n")
    assert stated.hash == hold.hash
    assert stated.changed_levers() == stated.changed_assumptions() == []
    assert all(same(path, stated.hold[code]) for code, path in stated.levers.items())


@given(st.sampled_from(single), st.integers(2026 * 4, 2045 * 4), st.data())
@settings(max_examples=40)
def test_what_first_differs_in_a_year_leaves_every_earlier_time_the_same(
    code: str, n: int, data: st.DataObject
) -> None:
    time = n / 4
    parent = data.draw(settings_of())
    before = scenario(parent)
    child = f"extends: parent\nlevers:\n  {code}: {data.draw(change(code, time))}\n"
    with TemporaryDirectory() as folder:
        (Path(folder) / "parent.yaml").write_text(HEADER + parent)
        after = scenario(child, folder=Path(folder))
    past = FINE[FINE < time]
    assert all(same(after.levers[name], before.levers[name], past) for name in before.levers)
    assert after.levers[code].value(time, "left") == before.levers[code].value(time, "left")


@given(st.sampled_from(single), st.integers(2026 * 4, 2045 * 4), st.data())
@settings(max_examples=50)
def test_a_lever_follows_the_hold_path_until_its_setting_begins(
    code: str, n: int, data: st.DataObject
) -> None:
    text = data.draw(setting(code, n / 4))
    found = scenario(f"outside_range: warn\nlevers:\n  {code}: {text}\n")
    assert same(found.levers[code], found.hold[code], FINE[FINE < n / 4])


@given(settings_of())
@settings(max_examples=60)
def test_the_resolved_form_is_a_scenario_with_the_same_paths_and_the_same_hash(text: str) -> None:
    first = scenario(text)
    again = parse_scenario(first.resolved_yaml(), country())
    assert again.levers == first.levers
    assert again.assumptions == first.assumptions
    assert again.hash == first.hash
    assert again.resolved_yaml() == first.resolved_yaml()


@given(settings_of(), st.integers(2027, 2044))
@settings(max_examples=30)
def test_the_hash_changes_with_any_path(text: str, year: int) -> None:
    first = scenario(text)
    more = scenario(
        text + f"assumptions: {{world_demand: {{ramp: {{start: {year}, years: 1, to: 0.01}}}}}}\n"
    )
    assert first.hash != more.hash
    assert first.hash == parse_scenario((HEADER + text).replace("id: a", "id: b"), country()).hash
