"""Explanations hold for every variable, name the line that moved it, and agree with the run."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sim.assemble import model_of
from sim.causal_graph import causal_graph, draw_causal_graph
from sim.central_run import central_parameters, central_run, central_structures
from sim.country import load_country
from sim.derived import DERIVED
from sim.errors import InputError
from sim.explain import _Text, explain_scenario, explain_variable
from sim.scenario import load_scenario, parse_scenario
from sim.simulation import paths_of

YEAR = 2030


@pytest.fixture(scope="module")
def country():
    return load_country()


@pytest.fixture(scope="module")
def model(country):
    return model_of(country)


@pytest.fixture(scope="module")
def budget(country):
    return load_scenario("budget_3pct", country)


def central(scenario, country, model, **options):
    parameters = central_parameters(
        country, model, parameters=scenario.parameters, structures=scenario.structures
    )
    return central_run(country, model, paths_of(scenario, country, model), parameters, **options)


def a_scenario(country, body):
    return parse_scenario(f"format: 1\nid: own\ntitle: {{en: Own}}\n{body}", country, file="own.yaml")


def fact(text, name):
    """What stands behind ``name`` at the beginning of a line."""
    return re.search(rf"^ *{re.escape(name)} {{2,}}(.*)$", text, re.MULTILINE)[1]


# explain_variable


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_every_name_of_a_scenario_is_explained(budget, country, model, lang):
    text = _Text(budget, country, lang, YEAR, "interpreted")
    names = text.names()
    assert {*model.elements, *model.inputs, *DERIVED, *country.parameters, *country.levers} <= set(names)
    for name in names:
        text.check(name)
        lines = "\n".join(text.lines(name))
        assert lines.startswith(f"{name}: {text.label(name)}"), name
        assert text.unit(name) in lines
        for cause in text.causes(name):
            assert re.search(rf"^  {re.escape(cause)} ", lines, re.MULTILINE), (name, cause)
        element = model.elements.get(name)
        if element is not None and element.code:
            body = element.code.rstrip().splitlines()[-1].strip()
            assert body in lines, name
        if element is not None:
            assert " ".join(element.source.split()) in " ".join(lines.split()), name


def test_values_are_those_of_the_central_run(budget, country, model):
    text = explain_variable(budget, country, "gerd_gdp", year=YEAR)
    run = central(budget, country, model)
    hold = central(load_scenario("hold", country), country, model)
    row = run.row(YEAR)
    value, base = (r.annual("gerd_gdp")[row, 0] for r in (run, hold))
    assert fact(text, f"value {YEAR}") == f"{value:.6g} percent"
    assert fact(text, "hold scenario") == f"{base:.6g}"
    assert fact(text, "change").startswith(f"{value - base:+.4g} ")
    for name in ("gerd", "gdp"):
        shown = float(fact(text, name).split()[0].replace(",", ""))
        assert shown == pytest.approx(run.annual(name)[row, 0], rel=1e-5)


def test_the_line_that_moved_it_is_the_line_of_the_file(budget, country):
    text = explain_variable(budget, country, "gerd_gdp", year=YEAR)
    places = re.findall(r"^  (scenarios/\S+):(\d+)  (.*)$", text, re.MULTILINE)
    assert {line.split(":")[0] for *_, line in places} == {*budget.changed_levers()} - {"comp_adm"}
    root = Path(country.folder).parent.parent
    for file, number, line in places:
        assert (root / file).read_text("utf-8").splitlines()[int(number) - 1].strip() == line
    assert "st_budget_share: 1.42 → 3 percent" in text


def test_lines_that_do_not_reach_it_are_not_named(country):
    scenario = a_scenario(country, "levers:\n  st_budget_share: 2 %\n  comp_rd: 0.5\n  comp_adm: 0.16\n")
    text = explain_variable(scenario, country, "comp_rd_eff", year=YEAR)
    assert "own.yaml:6  comp_rd: 0.5" in text
    assert "st_budget_share" not in text
    text = explain_variable(scenario, country, "population", year=YEAR)
    assert "Nothing this scenario changes reaches it." in text


def test_effects_alone_and_together_add_up(country):
    scenario = a_scenario(country, "levers:\n  st_budget_share: 3 %\n  reform: 1\n")
    text = _Text(scenario, country, "en", YEAR, "interpreted")
    hold = text.value("gerd_gdp", ())
    both = text.value("gerd_gdp", {"st_budget_share", "reform"}) - hold
    alone = [text.value("gerd_gdp", {n}) - hold for n in ("st_budget_share", "reform")]
    lines = "\n".join(text.lines("gerd_gdp"))
    assert f"all lines together        {both:+.4g} " in lines
    assert float(fact(lines, "interaction of the lines").split()[0]) == pytest.approx(
        both - sum(alone), rel=1e-3
    )
    assert both == pytest.approx(text.value("gerd_gdp", text.settings) - hold, rel=1e-12)


def test_an_inherited_line_is_named_with_what_it_replaced(country):
    full = load_scenario("full", country)
    text = explain_variable(full, country, "comp_rd", year=2031)
    assert re.search(r"scenarios/full.yaml:\d+  comp_rd: 0.42  \(in place of scenarios/budget_3pct", text)
    assert "comp_rd: 0.45 → 0.42" in text


def test_fixed_parameters_structures_and_assumptions_are_lines_too(country):
    scenario = a_scenario(
        country,
        "assumptions: {world_demand: {path: {2028: -0.04}, interpolate: step, after: hold}}\n"
        "parameters: {investment_rate: 0.35}\nstructures: {crowding: in}\n",
    )
    text = explain_variable(scenario, country, "gdp", year=YEAR)
    assert re.search(r"own.yaml:5  .*\n      investment_rate: 0.318 → 0.35\n      alone: \+", text)
    assert re.search(r"own.yaml:6  .*\n      crowding: neutral → in\n      alone: ", text)
    assert re.search(r"own.yaml:4  .*\n      world_demand: 0 → -0.04\n      alone: -", text)
    own = explain_variable(scenario, country, "investment_rate", year=YEAR)
    assert "fixed at 0.35 by own.yaml:5" in own


def test_hold_and_history_move_nothing(budget, country):
    hold = load_scenario("hold", country)
    text = explain_variable(hold, country, "gdp", year=2040)
    assert fact(text, "change") == "0"
    assert "This scenario changes nothing" in text
    text = explain_variable(budget, country, "gdp", year=2020)
    assert fact(text, "change") == "0"
    assert "2020 is history: scenarios begin in 2026." in text


def test_the_length_of_ramps_is_told(country):
    scenario = a_scenario(country, "levers:\n  ramp_len: 8\n  reform: 1\n")
    text = explain_variable(scenario, country, "reform_eff", year=YEAR)
    assert "The length of its ramps is set by own.yaml:5: ramp_len: 8" in text
    assert "reform: 0 → 0.546875" in text  # half of the way in 2030.0, plus three steps' mean


def test_everything_wrong_is_told_at_once(budget, country):
    with pytest.raises(InputError) as error:
        explain_variable(budget, country, "gerd_gpd", year=2050)
    unknown, outside = error.value.problems
    assert (unknown.value, unknown.suggestion) == ("gerd_gpd", "gerd_gdp")
    assert (outside.value, outside.bound) == (2050, "a year from 2010 to 2045")


def test_the_name_of_a_target_leads_to_its_variable(budget, country):
    target = next(t for t in country.targets if t.variable == "gerd_gdp")
    with pytest.raises(InputError) as error:
        explain_variable(budget, country, target.id)
    assert error.value.problems[0].suggestion == "gerd_gdp"


def test_an_unknown_language_is_refused(budget, country, model):
    for ask in (
        lambda: explain_scenario(budget, country, "fr"),
        lambda: explain_variable(budget, country, "gdp", lang="fr"),
        lambda: causal_graph(model, lang="fr"),
    ):
        with pytest.raises(InputError, match="en or vi"):
            ask()


# explain_scenario


def test_every_value_of_a_scenario_has_its_origin(country):
    scenario = load_scenario("full_shock", country)
    text = explain_scenario(scenario, country)
    root = Path(country.folder).parent.parent
    for code in {**scenario.levers, **scenario.assumptions}:
        row = re.search(rf"^  {code} .*$", text, re.MULTILINE)[0]
        origin = scenario.origin[code]
        if origin.line is None:
            assert row.endswith(f"history / baseline, {origin.file}")
            continue
        file, line = row.rsplit(maxsplit=1)[1].split(":")
        assert code in (root / file).read_text("utf-8").splitlines()[int(line) - 1]
    for file in scenario.chain:
        assert file in text


def test_paths_are_told_in_a_few_words(country):
    scenario = a_scenario(
        country,
        "levers: {reform: {ramp: {start: 2028, years: 2, to: 0.5}}, st_budget_share: 3 %}\n"
        "assumptions:\n"
        "  world_demand: {path: {2028: -0.04, 2030: -0.04}, interpolate: step, after: baseline}\n"
        "parameters: {investment_rate: 0.35}\nstructures: {crowding: in}\n",
    )
    text = explain_scenario(scenario, country)
    assert "0 until 2028; to 0.5 by 2030  1 " in fact(text, "reform")
    assert "0 until 2028; -0.04 from 2028; 0 from 2031" in fact(text, "world_demand")
    assert fact(text, "st_budget_share").split()[:3] == ["2.3", "3", "percent"]
    assert "own.yaml:7" in fact(text, "investment_rate")
    assert "own.yaml:8" in fact(text, "crowding")
    assert "Đòn bẩy" in explain_scenario(scenario, country, "vi")


# the central run


def test_central_parameters_are_medians_or_what_is_fixed(country, model):
    values = central_parameters(
        country, model, parameters={"investment_rate": 0.33}, structures={"crowding": "in"}
    )
    assert {*model.input_names("parameter")} <= set(values)
    assert values["investment_rate"] == 0.33
    inward = country.structures["crowding"].alternatives["in"].parameters
    assert values["additionality"] == inward["additionality"].median
    assert values["tfp_shock_sd"] == country.parameters["tfp_shock_sd"].median
    for element, labels in model.sampled.items():
        assert 0 <= values[f"variant_of_{element}"] < len(labels)


def test_a_fixed_alternative_decides_the_variant(country, model):
    values = central_parameters(country, model, structures={"convergence": "trap"})
    assert model.sampled["convergence_rate"][int(values["variant_of_convergence_rate"])] == "trap"
    assert central_structures(country)["convergence"] == "linear"
    with pytest.raises(InputError, match="trapp"):
        central_structures(country, {"convergence": "trapp"})


def test_the_central_run_knows_no_chance(budget, country, model):
    run = central(budget, country, model)
    for name in model.of_kind("noise"):
        assert np.all(run.values[name] == model.elements[name].neutral)
    # a rank without noise: never better in a later year for a score that did not rise
    score, rank = run.annual("gii_score")[:, 0], run.annual("gii_rank")[:, 0]
    last = run.row(run.last_observed)
    rising = np.diff(score[last:]) > 0
    assert np.all(np.diff(rank[last:])[rising] <= 0)
    short = central(budget, country, model, last_year=2028)
    assert np.array_equal(short.annual("gdp"), run.annual("gdp")[: short.years.size])


# the causal graph


def arrows(dot):
    return {(a, b) for a, b in re.findall(r'^  "([^"]+)" -> "([^"]+)"', dot, re.MULTILINE)}


def nodes(dot):
    return set(re.findall(r'^    "([^"]+)" \[shape', dot, re.MULTILINE))


def test_the_graph_of_the_model_has_every_dependency(model):
    dot = causal_graph(model)
    found = arrows(dot)
    for name in model.elements:
        for cause in model.dependencies(name):
            known = cause in model.elements or model.inputs.get(cause) is not None
            is_parameter = cause in model.inputs and model.inputs[cause].kind == "parameter"
            assert ((cause, name) in found) == (known and not is_parameter), (cause, name)
    assert all(f'"cluster_{e.sector}"' in dot for e in model.elements.values())
    assert nodes(dot) == {n for arrow in found for n in arrow}
    for stock in model.of_kind("stock"):
        assert f'"{stock}" [shape=box,' in dot
    assert dot.count("{") == dot.count("}")


def test_the_graph_around_a_variable_stops_after_two_steps(model):
    first = {*model.dependencies("gdp")}
    second = {c for name in first for c in model.dependencies(name)}
    after = {n for n in model.elements if "gdp" in model.dependencies(n)}
    after |= {n for n, derived in DERIVED.items() if "gdp" in derived.inputs}
    assert nodes(causal_graph(model, around="gdp")) == {"gdp"} | first | second | after


def test_the_graph_knows_derived_quantities_and_inputs(model):
    dot = causal_graph(model, around="gdp_growth")
    assert ("gdp", "gdp_growth") in arrows(dot)
    assert "reform_eff" in nodes(causal_graph(model, around="reform", lang="vi"))
    with pytest.raises(InputError, match="gdp_growth"):
        causal_graph(model, around="gdp_grwth")


@pytest.mark.parametrize("around, lang", [(None, "en"), ("gerd", "vi")])
def test_the_picture_names_what_it_shows(model, tmp_path, around, lang):
    file = draw_causal_graph(model, tmp_path / "new" / "graph.svg", lang=lang, around=around)
    texts = {e.text for e in ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}text")}
    if around:
        assert {around, *model.dependencies(around)} <= texts
        assert model.label(around, lang) in texts
    else:
        assert any("Policy" in (text or "") for text in texts)
    assert [f.name for f in file.parent.iterdir()] == ["graph.svg"]


def test_a_picture_that_cannot_be_written_leaves_nothing(model, tmp_path):
    with pytest.raises(InputError, match=r"\.svg or \.png"):
        draw_causal_graph(model, tmp_path / "graph.jpg")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        draw_causal_graph(model, tmp_path / "file" / "graph.svg", around="gerd")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]
