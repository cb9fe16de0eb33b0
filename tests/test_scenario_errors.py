"""What is wrong with a scenario is said all at once, with file, line, value, bound and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.scenario import load_scenario, parse_scenario
from tests.scenario_texts import HEADER, country, problems, scenario


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("levers:\n  refrom: 1\n", "f.yaml:5: levers.refrom: unknown lever (did you mean reform?)"),
        ("levers:\n  fdi_shock: 1\n", "f.yaml:5: levers.fdi_shock: this is an assumption: it belongs under"),
        ("assumptions: {reform: 1}\n", "f.yaml:4: assumptions.reform: this is a lever"),
        ("lever: {reform: 1}\n", "f.yaml:4: lever: unknown key (did you mean levers?)"),
        (
            "levers: {st_budget_share: {2026: 3}}\n",
            "f.yaml:4: levers.st_budget_share: years without 'path' (expected how to interpolate and what "
            "follows; did you mean {path: {2026: 3}, interpolate: step, after: hold}?)",
        ),
        (
            "levers:\n  2026: 3\n  2028: 4\n",
            "f.yaml:5: levers.2026: a year outside 'path' (expected the code of a lever, with the years "
            "inside its 'path'; did you mean levers: {<code>: {path: {2026: 3, 2028: 4}, interpolate: step, "
            "after: hold}}?)",
        ),
        (
            "assumptions: {2026.25: {world_demand: 0.5}}\n",
            "f.yaml:4: assumptions.2026.25: a year outside 'path' (expected the code of an assumption, with "
            "the years inside its 'path'; did you mean assumptions: {world_demand: {path: {2026.25: 0.5}, "
            "interpolate: step, after: hold}}?)",
        ),
        (
            "2026: {levers: {reform: 1}}\n",
            "f.yaml:4: 2026: a year outside 'path' (expected the code of a lever, with the years inside its "
            "'path'; did you mean levers: {reform: {path: {2026: 1}, interpolate: step, after: hold}}?)",
        ),
        (
            "2026: 3\n",
            "f.yaml:4: 2026: a year outside 'path' (expected the code of a lever, with the years inside its "
            "'path'; did you mean levers: {<code>: {path: {2026: 3}, interpolate: step, after: hold}}?)",
        ),
        ("3: 1\n", "f.yaml:4: 3: a key must be text"),
        (
            "levers: {reform: {path: {2026: 1}, interpolate: step}}\n",
            "f.yaml:4: levers.reform: 'after' is missing (expected hold, baseline or linear)",
        ),
        (
            "levers: {reform: {path: {2026: 1}, after: hold}}\n",
            "f.yaml:4: levers.reform: 'interpolate' is missing (expected linear or step)",
        ),
        (
            "levers:\n  reform: {start: 2026, to: 1}\n",
            "f.yaml:5: levers.reform: keys of a ramp without 'ramp' "
            "(did you mean {ramp: {start: 2026, to: 1}}?)",
        ),
        (
            "levers: {st_budget_share: 0.03}\n",
            "f.yaml:4: levers.st_budget_share: value out of range (got 0.03; expected 0.5 to 6 percent; "
            "did you mean 3 %?)",
        ),
        (
            "levers: {claim: 30}\n",
            "f.yaml:4: levers.claim: value out of range (got 30.0; expected 0 to 0.9; did",
        ),
        (
            "levers: {st_budget_share: 3 %/year}\n",
            "f.yaml:4: levers.st_budget_share: wrong unit '%/year' "
            "(got '3 %/year'; expected a number in percent, such as 3 or '3 %')",
        ),
        ("levers: {st_budget_share: 5 tn}\n", "f.yaml:4: levers.st_budget_share: wrong unit 'tn'"),
        (
            "levers: {st_budget_share: '3,0 %'}\n",
            "f.yaml:4: levers.st_budget_share: a decimal point is needed, not a comma "
            "(got '3,0 %'; expected a number in percent, such as 3 or '3 %'; did you mean 3.0 %?)",
        ),
        ("levers: {reform: high}\n", "f.yaml:4: levers.reform: not a number (got 'high'"),
        ("levers: {reform: '1'}\n", "f.yaml:4: levers.reform: a number in quotes (got '1'"),
        ("levers: {reform: true}\n", "f.yaml:4: levers.reform: not a number (got True"),
        ("levers: {reform: 1.0e13}\n", "f.yaml:4: levers.reform: not a number"),
        (
            "levers: {reform: [1]}\n",
            "f.yaml:4: levers.reform: not a number (got '[1]'; expected a number, 'baseline'",
        ),
        ("levers: {reform: {}}\n", "f.yaml:4: levers.reform: not a setting"),
        ("levers:\n  reform:\n", "f.yaml:5: levers.reform: no value"),
        ("levers:\n", "f.yaml:4: levers: no value"),
        ("levers: [reform]\n", "f.yaml:4: levers: not valid (got \"['reform']\"; expected a mapping)"),
        (
            "levers: {reform: {path: {2009: 1}, interpolate: step, after: hold}}\n",
            "f.yaml:4: levers.reform.path.2009: year outside the data (got 2009; expected 2010 to 2046)",
        ),
        (
            "levers: {reform: {ramp: {start: 2060, to: 1}}}\n",
            "f.yaml:4: levers.reform.ramp.start: year outside the data (got 2060; expected 2026 to 2045)",
        ),
        (
            "levers: {reform: {ramp: {start: 2020, to: 1}}}\n",
            "f.yaml:4: levers.reform.ramp.start: history cannot",
        ),
        (
            "levers: {reform: {ramp: {start: 2026.1, to: 1}}}\n",
            "f.yaml:4: levers.reform.ramp.start: not a year",
        ),
        (
            "levers: {reform: {ramp: {years: -1, to: 1}}}\n",
            "f.yaml:4: levers.reform.ramp.years: not a number of",
        ),
        (
            "levers: {st_budget_share: {ramp: {to: 3}}}\n",
            "f.yaml:4: levers.st_budget_share.ramp: 'years' is missing",
        ),
        (
            "levers: {reform: {ramp: {to: 1, yeers: 2}}}\n",
            "f.yaml:4: levers.reform.ramp.yeers: unknown key (did you",
        ),
        (
            "levers: {reform: {change: {start: 2027}}}\n",
            "f.yaml:4: levers.reform.change: a change needs one of",
        ),
        (
            "levers: {reform: {change: {add: 1, factor: 2}}}\n",
            "f.yaml:4: levers.reform.change: a change needs one",
        ),
        ("levers: {reform: {change: {add: 2}}}\n", "f.yaml:4: levers.reform: out of range in 2028.25"),
        ("levers: {claim: {change: {factor: 1e12}}}\n", "f.yaml:4: levers.claim: out of range in 2026.25"),
        (
            "levers: {reform: {path: {2026: 1}, interpolate: step, after: linear}}\n",
            "f.yaml:4: levers.reform.after: after: linear continues a slope, and there is none",
        ),
        (
            "levers: {reform: {path: {2026: 0, 2030: 1}, interpolate: linear, after: linear}}\n",
            "f.yaml:4: levers.reform: out of range in 2030.25 (got 1.0625; expected 0 to 1)",
        ),
        (
            "levers: {reform: {path: {}, interpolate: step, after: hold}}\n",
            "f.yaml:4: levers.reform.path: not valid",
        ),
        ("levers: {ramp_len: {ramp: {to: 3}}}\n", "f.yaml:4: levers.ramp_len: this lever is one number"),
        (
            "levers: {ramp_len: 20}\n",
            "f.yaml:4: levers.ramp_len: value out of range (got 20.0; expected 2 to 8 year",
        ),
        ("start: 2020\n", "f.yaml:4: start: year outside the projection (got 2020; expected 2026 to 2045)"),
        ("extends: hodl\n", "f.yaml:4: extends: there is no such scenario (got 'hodl'; did you mean hold?)"),
        (
            "extends: ./hodl.yaml\n",
            "f.yaml:4: extends: there is no such file (got './hodl.yaml'; did you mean hold?)",
        ),
        ("layers: [power_constraint, power_constraint]\n", "f.yaml:4: layers.1: the same layer twice"),
        (
            "parameters: {rer_trned: 0}\n",
            "f.yaml:4: parameters.rer_trned: unknown parameter (did you mean rer_trend?)",
        ),
        (
            "parameters: {rer_trend: 3}\n",
            "f.yaml:4: parameters.rer_trend: value out of bounds (got 3; expected -0.015",
        ),
        (
            "parameters: {percent_per_one: 50}\n",
            "f.yaml:4: parameters.percent_per_one: a constant of the model, not an assumption "
            "(got 50; expected a parameter that has a prior",
        ),
        (
            "parameters:\n  capital_depreciation: 0.05\n",
            "f.yaml:5: parameters.capital_depreciation: a constant of the model, not an assumption "
            "(got 0.05; expected a parameter that has a prior; did you mean pub_knowledge_depreciation?)",
        ),
        ("structures: {crowdng: in}\n", "f.yaml:4: structures.crowdng: unknown structure"),
        (
            "reporting: {targets: [rd_2pct_2031]}\n",
            "f.yaml:4: reporting.targets.0: unknown target (got 'rd_2pct_2031'",
        ),
        ("complete: true\n", "f.yaml:1: levers: a complete scenario states all levers; missing: commitment"),
        (
            "outside_range: ignore\n",
            "f.yaml:4: outside_range: not one of the values allowed (got 'ignore'; expected",
        ),
        (
            "references: Resolution 57\n",
            "f.yaml:4: references: not valid (got 'Resolution 57'; expected a list)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_line_value_bound_and_what_to_write(text: str, expected: str) -> None:
    assert problems(text)[0].startswith(expected)


def test_unusable_values_and_duplicate_keys_hide_nothing_else() -> None:
    text = (
        "code: .nan\nlevers:\n  pay: .nan\n  reform: 1\n  reform: 0.5\n  refrom: 1\n  claim: 30\n"
        "  coop: {ramp: {to: .inf, yeers: 2}}\n  comp_rd: .nan\n  comp_dig: 0.3\n"
        "  dig_capex: {path: {2026.25: .nan, 2027: [.nan, 1], 2028: [~, 1]}, "
        "interpolate: step, after: flat}\n"
        "parameters: {x: .nan, y: 1}\n"
    )
    found = problems(text)
    assert [line.split(" (")[0] for line in found] == [
        "f.yaml:4: code: not a finite number",
        "f.yaml:6: levers.pay: not a finite number",
        "f.yaml:8: levers.reform: duplicate key, first given on line 7",
        "f.yaml:9: levers.refrom: unknown lever",
        "f.yaml:10: levers.claim: value out of range",
        "f.yaml:11: levers.coop.ramp.to: not a finite number",
        "f.yaml:11: levers.coop.ramp.yeers: unknown key",
        "f.yaml:12: levers.comp_rd: not a finite number",
        "f.yaml:14: levers.dig_capex.path.2026.25: not a finite number",
        "f.yaml:14: levers.dig_capex.path.2027.0: not a finite number",
        "f.yaml:14: levers.dig_capex.path.2028.0: no value",
        "f.yaml:14: levers.dig_capex.after: not one of the values allowed",
        "f.yaml:15: parameters.x: not a finite number",
        "f.yaml:15: parameters.x: unknown parameter",
        "f.yaml:15: parameters.y: unknown parameter",
    ]
    assert found[1].endswith("(got '.nan'; expected 0 to 1)")


def test_a_parent_with_an_unusable_value_says_what_else_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(HEADER + "levers: {pay: .nan, refrom: 1}\n")
    found = problems("extends: parent\nlevers: {claim: 30, claim: 30}\n", folder=tmp_path)
    assert [line.partition("levers.")[2].split(" (")[0] for line in found] == [
        "pay: not a finite number",
        "refrom: unknown lever",
        "claim: duplicate key, first given on line 5",
        "claim: value out of range",
    ]


def test_of_very_many_problems_the_first_are_listed_and_the_others_counted() -> None:
    found = problems("levers:\n" + "".join(f"  x{n}: 1\n" for n in range(150)))
    assert len(found) == 101
    assert found[100] == "f.yaml: 50 more problems in this file, not shown"


def test_every_uncertain_parameter_can_be_fixed() -> None:
    medians = {name: p.median for name, p in country().parameters.items() if p.prior is not None}
    entries = "".join(f"  {name}: {value!r}\n" for name, value in medians.items())
    assert scenario(f"parameters:\n{entries}").parameters == medians


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text("format: 1\nid: P\ntitle: {en: x}\nlevers: {pay: 9}\n")
    text = "extends: parent\nlayers: [nothing]\nlevers:\n  refrom: 1\n  claim: 30\n  comp_rd: 0.5\n"
    text += "parameters: {x: 1}\n"
    found = problems(text, folder=tmp_path)
    assert len(found) == 7
    assert sum("parent.yaml:2: id" in line or "parent.yaml:4: levers.pay" in line for line in found) == 2
    assert [line.split(": ")[0] for line in found if line.startswith("f.yaml")] == [
        f"f.yaml:{n}" for n in (5, 7, 8, 9, 10)
    ]


def test_a_composition_that_does_not_sum_to_one_is_never_rescaled() -> None:
    found = problems("levers:\n  comp_rd: 0.5\n")
    assert found == [
        "f.yaml:5: levers.comp_rd: the parts of the budget do not sum to 1 in 2030 (got 'comp_rd 0.5 + "
        "comp_adm 0.21 + comp_tal 0.05 + comp_dig 0.22 + comp_ent 0.07 = 1.05'; expected a sum of 1; "
        "parts are never rescaled; did you mean comp_rd: 0.45?)"
    ]
    uneven = "levers:\n  comp_rd: {ramp: {years: 2, to: 0.40}}\n  comp_dig: {ramp: {years: 4, to: 0.27}}\n"
    assert "do not sum to 1 in 2028 " in problems(uneven)[0]
    even = "levers:\n  comp_rd: {ramp: {years: 3, to: 0.40}}\n  comp_dig: {ramp: {years: 3, to: 0.27}}\n"
    assert scenario(even).levers["comp_rd"].value(2029) == 0.4


def test_a_negative_part_of_the_budget_is_refused_even_where_ranges_are_not_checked() -> None:
    text = "outside_range: warn\nlevers:\n  comp_adm: -0.04\n  comp_rd: 0.70\n"
    assert "a part of the budget is negative" in problems(text)[0]


def test_values_outside_the_range_pass_with_a_warning_when_asked_for() -> None:
    extreme = scenario("outside_range: warn\nlevers: {st_budget_share: 30}\n")
    assert extreme.levers["st_budget_share"].value(2030) == 30
    assert extreme.warnings == (
        "f.yaml:5: levers.st_budget_share: out of range in 2026: 30, feasible is 0.5 to 6 percent",
    )
    assert (
        scenario("outside_range: warn\nlevers: {st_budget_share: 0}\n").levers["st_budget_share"].value(2026)
        == 0
    )


def test_what_is_valid_but_probably_not_meant_is_a_warning() -> None:
    assert "has no effect: same as the baseline" in scenario("levers: {st_budget_share: 1.42}\n").warnings[0]
    assert "has no effect: same as inherited" in scenario("extends: full\nlevers: {coop: 1}\n").warnings[0]
    assert "has no effect" in scenario("start: 2027\n").warnings[0]
    assert "has no effect" in scenario("levers: {ramp_len: 6, st_budget_share: 3}\n").warnings[0]
    assert "write '0.6 %' if a share was meant" in scenario("levers: {dig_capex: 0.006}\n").warnings[0]
    layers = "layers: [low_budget_ratio, high_budget_ratio]\n"
    assert (
        "'high_budget_ratio' overrides budget_ratio of layer 'low_budget_ratio'"
        in scenario(layers).warnings[0]
    )


def test_years_outside_a_path_are_one_problem() -> None:
    for text in ("levers:\n  2026: 3\n  2028: {reform: {a: 1}}\n", "2026: 3\n2028.25: 4\n"):
        assert len(problems(text)) == 1
    empty, year = problems("levers:\n  st_budget_share:\n  2026: 3\n")
    assert "levers.st_budget_share: no value" in empty
    assert "did you mean levers: {st_budget_share: {path: {2026: 3}, " in year
    many = problems("levers:\n" + "".join(f"  {year}: 1.234567\n" for year in range(2026, 2100)))
    assert len(many) == 1
    assert "{<code>: {path: {2026: <value>}, interpolate: step, after: hold}}" in many[0]


def test_a_missing_format_says_which_is_expected() -> None:
    with pytest.raises(InputError, match=r"f\.yaml:1: 'format' is missing \(expected 1\)"):
        parse_scenario(HEADER.replace("format: 1\n", ""), country(), file="f.yaml")


def test_a_path_of_past_years_only_is_a_warning_and_before_the_data_an_error() -> None:
    past = "levers:\n  reform: {path: {2012: 1, 2013: 1}, interpolate: step, after: hold}\n"
    assert scenario(past).warnings == (
        "f.yaml:5: levers.reform.path: points before 2026 only anchor the interpolation; history stands",
    )
    assert scenario(past.replace("2013", "2026")).warnings == ()
    found = problems(past.replace("2012", "2008").replace("2013", "2009.75"))
    assert [line.split(" (")[0] for line in found] == [
        f"f.yaml:5: levers.reform.path.{year}: year outside the data" for year in ("2008", "2009.75")
    ]


def test_a_circle_of_parents_is_printed_whole(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(
            HEADER.replace("id: a", f"id: {name}") + f"extends: {parent}\n"
        )
    with pytest.raises(InputError) as caught:
        load_scenario(tmp_path / "a.yaml", country())
    (problem,) = caught.value.problems
    assert problem.where == "extends"
    assert problem.line == 4
    shown = problem.message.removeprefix("the files run in a circle: ").split(" -> ")
    assert [Path(file).stem for file in shown] == ["a", "b", "c", "a"]


def test_a_file_that_extends_itself_is_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HEADER + "layers: [a]\n")
    with pytest.raises(InputError, match="circle"):
        load_scenario(tmp_path / "a.yaml", country())


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for n in range(12):
        layers = f"layers: [s{n + 1}, ./s{n + 1}.yaml]\n" if n < 11 else ""
        (tmp_path / f"s{n}.yaml").write_text(HEADER + layers)
    with pytest.raises(InputError, match="too many files"):
        load_scenario(tmp_path / "s0.yaml", country())


def test_layers_apply_in_order_after_the_parent_and_before_the_file(tmp_path: Path) -> None:
    for name, value in (("one", 0.1), ("two", 0.2), ("base", 0.3)):
        (tmp_path / f"{name}.yaml").write_text(HEADER + f"levers: {{reform: {value}}}\n")
    text = "extends: base\nlayers: [one, two]\n"
    assert scenario(text, folder=tmp_path).levers["reform"].value(2040) == 0.2
    assert scenario(text + "levers: {reform: 0.4}\n", folder=tmp_path).levers["reform"].value(2040) == 0.4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "budget_3pc",
            "unknown scenario (got 'budget_3pc'; expected a file, or the id of a scenario; did you mean",
        ),
        ("scenarios/hodl.yaml", "there is no such file (did you mean hold?)"),
        ("", "unknown scenario"),
    ],
)
def test_an_unknown_scenario_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(name, country())
    assert message in str(caught.value)


VALID = """format: 1
id: valid
title: {en: "Valid", vi: "Hợp lệ"}
author: "nq57 project"
references: ["Resolution 57-NQ/TW"]
extends: budget_3pct
layers: [fdi_decoupling]
start: 2027
levers:
  st_budget_share: {path: {2025: 1.42 %, 2026: 3 %}, interpolate: step, after: hold}
  reform: {ramp: {start: 2028, years: 4, to: 1}}
  pay: {change: {add: 0.2, start: 2030, years: 2}}
  coop: 0.5
assumptions:
  world_demand: {path: {2028: -0.04, 2030: 0.0}, interpolate: linear, after: baseline}
parameters: {rer_trend: 0.01}
reporting: {targets: [rd_2pct_2030]}
"""
KEYS = re.findall(r"([a-z_]+):", VALID)


def test_the_file_to_be_corrupted_is_valid() -> None:
    assert parse_scenario(VALID, country()).warnings == ()


@given(st.sampled_from(KEYS), st.text(alphabet="abcxyz_", min_size=1, max_size=3), st.booleans())
def test_a_mistyped_key_is_always_an_error(key: str, extra: str, before: bool) -> None:
    wrong = VALID.replace(f"{key}:", f"{extra + key if before else key + extra}:", 1)
    assume(wrong != VALID)
    with pytest.raises(InputError):
        parse_scenario(wrong, country())


@given(st.sampled_from([line for line in VALID.splitlines() if ":" in line]))
def test_a_duplicated_line_is_always_an_error(line: str) -> None:
    with pytest.raises(InputError, match="duplicate key"):
        parse_scenario(VALID.replace(line + "\n", line + "\n" + line + "\n"), country())


@given(st.sampled_from(["format", "id", "title", "interpolate", "after", "to", "add"]))
def test_a_missing_key_that_is_needed_is_always_an_error(key: str) -> None:
    lines = VALID.splitlines()
    cut = next(line for line in lines if f"{key}:" in line)
    entries = [part for part in cut.strip("}").split(", ") if f"{key}:" not in part]
    shorter = (
        ""
        if cut.startswith(key)
        else ", ".join(entries) + "}" * (cut.count("{") - ", ".join(entries).count("}"))
    )
    wrong = VALID.replace(cut, shorter)
    assume(wrong != VALID)
    with pytest.raises(InputError):
        parse_scenario(wrong, country())


JUNK = [
    "{}",
    "[]",
    "[[1]]",
    "true",
    "~",
    "-1",
    "1e300",
    "x",
    "'3'",
    "3 kg",
    "2026",
    '"\\0"',
    "{a: 1}",
    "{2026: 1}",
    "*a",
]


@given(st.sampled_from(KEYS), st.sampled_from(JUNK))
@settings(max_examples=100)
def test_a_value_of_the_wrong_kind_never_ends_in_a_traceback(key: str, junk: str) -> None:
    lines = []
    for line in VALID.splitlines():
        start, found, _ = line.partition(f"{key}: ")
        lines.append(f"{start}{found}{junk}" + "}" * start.count("{") if found else line)
    try:
        parse_scenario("\n".join(lines), country())
    except InputError as error:
        assert all(problem.file for problem in error.problems)


@given(
    st.integers(0, len(VALID)), st.integers(0, 12), st.text(alphabet="a1 :-{}[],#\n%'\"&*!?|>~.", max_size=6)
)
@settings(max_examples=150)
def test_any_damage_gives_a_scenario_or_an_input_error(start: int, length: int, replacement: str) -> None:
    try:
        parse_scenario(VALID[:start] + replacement + VALID[start + length :], country())
    except InputError as error:
        assert error.problems


def test_long_names_stay_out_of_messages() -> None:
    found = problems(f"levers:\n  {'x' * 900}: 1\n  reform: {'9' * 5000}x\nextends: {'y' * 5000}\n")
    assert all(len(line) < 700 for line in found)
