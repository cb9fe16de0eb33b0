"""The scenarios that come with the product, and the schema editors complete from."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from sim import scenario_chain
from sim.scenario import list_scenarios, load_scenario, parse_scenario
from sim.scenario_chain import scenario_folder
from sim.scenario_file import export_schema
from sim.yamlfile import read_yaml
from tests.scenario_texts import FINE, country, same, values

CANONICAL = sorted(scenario_folder().glob("*.yaml"))
FRAGMENTS = sorted((scenario_folder() / "assumptions").glob("*.yaml"))


PLAN = {
    "st_budget_share": 3,
    "comp_rd": 0.26,
    "comp_ent": 0.07,
    "comp_tal": 0.05,
    "comp_dig": 0.45,
    "comp_adm": 0.17,
}
FULL = {
    "st_budget_share": 3,
    "reform": 1,
    "focus": 0.7,
    "risk_tolerance": 1,
    "diaspora": 1,
    "pay": 0.5,
    "tax_ded": 1,
    "claim": 0.6,
    "venture": 1,
    "soe_rd": 1,
    "fdi_link": 1,
    "dig_capex": 0.6,
    "coop": 1,
    "comp_rd": 0.42,
    "comp_ent": 0.22,
    "comp_tal": 0.12,
    "comp_dig": 0.18,
    "comp_adm": 0.06,
}
FINAL = {
    "hold": {},
    "as_legislated": {**PLAN, "tax_ded": 1, "claim": 0.3, "risk_tolerance": 0.5, "reform": 0.3},
    "budget_1pct": {"st_budget_share": 1},
    "budget_2pct": {"st_budget_share": 2},
    "budget_3pct": PLAN,
    "budget_3pct_rd_kept": {"st_budget_share": 3},
    "reform": {
        "st_budget_share": 3,
        "reform": 1,
        "focus": 0.7,
        "risk_tolerance": 1,
        "comp_rd": 0.5,
        "comp_ent": 0.08,
        "comp_tal": 0.05,
        "comp_dig": 0.3,
        "comp_adm": 0.07,
    },
    "talent": {
        "st_budget_share": 3,
        "comp_rd": 0.32,
        "comp_ent": 0.07,
        "comp_tal": 0.15,
        "comp_dig": 0.3,
        "comp_adm": 0.16,
        "diaspora": 1,
        "pay": 0.5,
    },
    "enterprise": {
        "st_budget_share": 3,
        "comp_rd": 0.3,
        "comp_ent": 0.25,
        "comp_tal": 0.05,
        "comp_dig": 0.26,
        "comp_adm": 0.14,
        "tax_ded": 1,
        "claim": 0.5,
        "venture": 1,
        "soe_rd": 1,
        "fdi_link": 0.7,
    },
    "digital": {
        "st_budget_share": 3,
        "comp_rd": 0.22,
        "comp_ent": 0.06,
        "comp_tal": 0.05,
        "comp_dig": 0.55,
        "comp_adm": 0.12,
        "dig_capex": 0.6,
    },
    "full": FULL,
    "full_2029": FULL,
    "full_power": {**FULL, "power_growth": 5.5},
    "full_shock": {**FULL, "fdi_shock": 0.5},
    "korea_path": {
        **FULL,
        "st_budget_share": 5,
        "focus": 1,
        "comp_rd": 0.48,
        "comp_dig": 0.14,
        "comp_adm": 0.04,
        "diaspora": 1.5,
        "pay": 1,
        "tax_ded": 1.5,
        "claim": 0.9,
        "soe_rd": 1.5,
        "dig_capex": 1.2,
    },
}


@pytest.mark.parametrize("name", FINAL)
def test_where_the_levers_of_each_canonical_scenario_end(name: str) -> None:
    found = load_scenario(name, country())
    final = {code: path.value(2045) for code, path in {**found.levers, **found.assumptions}.items()}
    held = {code: path.value(2045) for code, path in found.hold.items()}
    assert final == pytest.approx({**held, **FINAL[name]})
    assert found.warnings == ()


def test_every_canonical_scenario_is_in_the_table_above() -> None:
    assert {info.id for info in list_scenarios()} == set(FINAL) == {file.stem for file in CANONICAL}
    assert [info.code for info in list_scenarios()][:4] == ["S0", "S0L", "S1", "S2"]


def test_a_delayed_package_is_the_hold_scenario_until_it_starts() -> None:
    late, soon, hold = (load_scenario(name, country()) for name in ("full_2029", "full", "hold"))
    assert all(same(late.levers[code], hold.levers[code], FINE[FINE < 2029]) for code in late.levers)
    shifted = [code for code in late.levers if code != "power_growth"]
    assert all(
        np.allclose(late.levers[code].at(np.arange(2029, 2040)), soon.levers[code].at(np.arange(2026, 2037)))
        for code in shifted
    )


def test_shocks_come_when_they_should() -> None:
    shock = load_scenario("full_shock", country()).assumptions
    assert values(shock["fdi_shock"], 2027, 2028, 2029, 2040) == [0, 0.25, 0.5, 0.5]
    assert values(shock["world_demand"], 2027.9, 2028, 2030.9, 2031) == [0, -0.04, -0.04, 0]
    power = load_scenario("full_power", country()).levers["power_growth"]
    assert values(power, 2025.9, 2026, 2030.9, 2031) == [9, 5, 5, 5.5]


@pytest.mark.parametrize("file", [*CANONICAL, *FRAGMENTS], ids=lambda file: file.stem)
def test_every_file_says_who_wrote_it_on_what_grounds_in_both_languages(file: Path) -> None:
    found = load_scenario(file, country())
    data = read_yaml(file).data
    assert found.id == file.stem
    assert found.author == "nq57 project"
    assert found.references
    assert set(data["title"]) == set(data["description"]) == {"en", "vi"}
    levels = len(file.relative_to(scenario_folder()).parts) - 1
    assert file.read_text().startswith(f"# yaml-language-server: $schema={'../' * levels}schema.json\n")


@pytest.mark.parametrize("file", CANONICAL, ids=lambda file: file.stem)
def test_the_parts_of_the_budget_sum_to_one_at_every_time(file: Path) -> None:
    found = load_scenario(file, country())
    for side in ("left", "right"):
        total = sum(path.at(FINE, side) for code, path in found.levers.items() if code.startswith("comp_"))
        assert np.allclose(total, 1, rtol=0, atol=1e-9)


def test_the_line_that_set_each_value_is_known() -> None:
    found = load_scenario("full_shock", country())
    shown = {code: found.origin[code].file.rsplit("/", 1)[-1] for code in ("fdi_shock", "coop", "efficiency")}
    assert shown == {"fdi_shock": "fdi_decoupling.yaml", "coop": "full.yaml", "efficiency": "levers.yaml"}
    assert [origin.text for origin in found.trace["comp_rd"]] == ["comp_rd: 0.26", "comp_rd: 0.42"]
    origin = found.origin["coop"]
    line = (scenario_folder() / "full.yaml").read_text().splitlines()[origin.line - 1]  # type: ignore[operator]
    assert line.strip() == origin.text == "coop: 1"
    assert [Path(file).stem for file in found.chain] == [
        "hold", "budget_3pct", "full", "fdi_decoupling", "world_recession", "full_shock",
    ]  # fmt: skip


def as_json(value: Any) -> Any:
    """``value`` as JSON has it: keys are text."""
    if isinstance(value, dict):
        return {str(key): as_json(entry) for key, entry in value.items()}
    return [as_json(entry) for entry in value] if isinstance(value, list) else value


def test_the_committed_schema_is_that_of_the_models() -> None:
    assert (scenario_folder() / "schema.json").read_text() == export_schema(country())


@pytest.mark.parametrize("file", [*CANONICAL, *FRAGMENTS], ids=lambda file: file.stem)
def test_every_file_satisfies_the_schema(file: Path) -> None:
    jsonschema.validate(as_json(read_yaml(file).data), json.loads(export_schema(country())))


@pytest.mark.parametrize(
    "change",
    [
        {"levers": {"refrom": 1}},
        {"levers": {"reform": {"path": {"2026": 1}, "interpolate": "step"}}},
        {"levers": {"reform": {"2026": 1}}},
        {"format": 2},
        {"assumption": {}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change: dict[str, Any]) -> None:
    data = {"format": 1, "id": "a", "title": {"en": "A"}}
    schema = json.loads(export_schema(country()))
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, **change}, schema)


DOCUMENT = scenario_folder().parent / "docs" / "scenarios.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("example", [text for text in EXAMPLES if "format: 1" in text])
def test_the_documented_examples_load_without_a_warning(example: str) -> None:
    assert parse_scenario(example, country()).warnings == ()


def test_the_documentation_names_every_lever_with_its_task_group_and_every_scenario() -> None:
    text = DOCUMENT.read_text()
    for code, known in country().levers.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {known.task_group} ")]
        assert f"`{code}`" in row
    for info in list_scenarios():
        assert f"| {info.code} | `{info.id}` |" in text
    assert all(f"`{file.stem}`" in text for file in FRAGMENTS)


def test_an_installed_package_carries_its_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "site" / "sim" / "_data" / "scenarios"
    shutil.copytree(scenario_folder(), inside)
    monkeypatch.setattr(scenario_chain, "__file__", str(tmp_path / "site" / "sim" / "scenario_chain.py"))
    assert scenario_folder() == inside.resolve()
    found = load_scenario("full_shock", country())
    assert {Path(file).parent.name for file in found.chain} == {"scenarios", "assumptions"}
    assert all(Path(file).is_relative_to(inside) for file in found.chain)
