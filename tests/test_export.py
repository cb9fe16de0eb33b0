"""Exports hold the same numbers as the results, appear whole or not at all, and overwrite nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr

from sim.assemble import model_of
from sim.central_run import central_parameters
from sim.country import load_country
from sim.errors import InputError
from sim.export import FORMATS, HEADLINE_GROUPS, OTHER_SHEET, export
from sim.results import HEADLINES, Results
from sim.scenario import parse_scenario
from sim.simulation import run
from sim.summary import STATISTICS
from sim.xmile import NAMESPACE, identifiers
from tests.small_run import YEARS, a_joint, a_target, some_results

DRAWS = 5


@pytest.fixture
def results():
    rng = np.random.default_rng(1)
    values = {
        name: rng.lognormal(size=(YEARS.size, DRAWS)) for name in ("gerd_gdp", "gdp", "capital", "labour")
    }
    return some_results(values, [a_target(), a_target(id="other", code="T2")], [a_joint("rd", "other")])


def test_every_headline_has_one_sheet():
    grouped = [name for names in HEADLINE_GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(HEADLINES)


def test_csv_is_the_summary(results, tmp_path):
    table = pd.read_csv(export(results, "csv", tmp_path / "run.csv"))
    assert list(table.columns) == ["scenario", "variable", "unit", "year", *STATISTICS]
    pd.testing.assert_frame_equal(
        table.drop(columns="scenario"), results.to_dataframe(), check_dtype=False, rtol=1e-15
    )
    assert set(table["scenario"]) == {results.scenario}


def test_iamc_has_one_row_a_statistic_and_one_column_a_year(results, tmp_path):
    table = pd.read_csv(export(results, "iamc", tmp_path / "run.csv"))
    assert list(table.columns[:5]) == ["model", "scenario", "region", "variable", "unit"]
    assert [int(c) for c in table.columns[5:]] == YEARS.tolist()
    row = table.set_index("variable").loc["gerd_gdp|50th Percentile"]
    assert np.allclose(row[4:].astype(float), results.quantiles("gerd_gdp")["q50"], rtol=1e-15)


def test_the_workbook_holds_definitions_targets_and_quantiles(results, tmp_path):
    book = openpyxl.load_workbook(export(results, "xlsx", tmp_path / "run.xlsx"))
    assert book.sheetnames == ["README", "targets", "research spending", "growth", OTHER_SHEET, "scenario"]
    readme = {row[0]: row[1] for row in book["README"].iter_rows(values_only=True) if row[0]}
    assert readme["run_id"] == results.record.run_id
    assert readme["scenario_hash"] == results.record.scenario_hash
    assert readme["residuals: money"] == results.record.residuals["money"]
    assert {name: readme[name] for name in results.variables} == {
        name: v.label for name, v in results.variables.items()
    }
    head, *rows = book["targets"].iter_rows(values_only=True)
    for row, target in zip(rows, results.targets(), strict=True):
        stated = dict(zip(head, row, strict=True))
        assert (stated["id"], stated["probability"]) == (target.id, target.probability)
        assert (stated["low"], stated["high"]) == (target.low, target.high)
    head, *rows = book["growth"].iter_rows(values_only=True)
    assert head == ("variable", "unit", "year", *STATISTICS)
    gdp = np.array([row[3:] for row in rows if row[0] == "gdp"], dtype=float)
    # the format keeps 16 digits
    assert np.allclose(gdp, results.summary("gdp"), rtol=1e-15, atol=0)


def test_undefined_values_are_blank_cells(results, tmp_path):
    book = openpyxl.load_workbook(export(results, "xlsx", tmp_path / "run.xlsx"))
    rows = [row for row in book["growth"].iter_rows(values_only=True) if row[0] == "gdp_growth"]
    undefined = np.isnan(results.summary("gdp_growth")).all(axis=1)
    assert undefined.any()
    assert [all(v is None for v in row[3:]) for row in rows] == undefined.tolist()


def test_text_in_the_workbook_is_never_a_formula(results, tmp_path):
    results.titles["en"] = "=1+1"
    book = openpyxl.load_workbook(export(results, "xlsx", tmp_path / "run.xlsx"))
    cell = book["README"]["B1"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_netcdf_holds_every_draw(results, tmp_path):
    with xr.open_dataset(export(results, "netcdf", tmp_path / "run.nc"), engine="h5netcdf") as data:
        assert np.array_equal(data["gdp"].values[0].T, results.values("gdp"))
        assert data["gdp"].attrs["units"] == "tn_VND2020/year"


def test_a_run_read_from_its_folder_has_the_draws_that_were_stored(results, tmp_path):
    read = Results.read(results.write(tmp_path / "without"))
    with pytest.raises(InputError, match="--save-draws"):
        export(read, "netcdf", tmp_path / "run.nc")
    assert not (tmp_path / "run.nc").exists()
    read = Results.read(results.write(tmp_path / "with", draws_of=["gdp"]))
    with xr.open_dataset(export(read, "netcdf", tmp_path / "run.nc"), engine="h5netcdf") as data:
        assert list(data.data_vars) == ["gdp"]
    for format in ("csv", "iamc", "xlsx"):
        export(read, format, tmp_path / f"from_folder.{format}")


def a_real_run(body):
    """Results that say they come from the present model and a scenario, with made-up numbers."""
    country = load_country()
    scenario = parse_scenario(f"format: 1\nid: own\ntitle: {{en: Own}}\n{body}", country)
    results = some_results(
        {"gdp": np.ones((YEARS.size, 1))}, model_hash=model_of(country).hash, country_hash=country.hash
    )
    results.scenario_yaml = scenario.resolved_yaml()
    return results, country


def test_xmile_has_the_scenarios_path_and_the_medians(tmp_path):
    results, country = a_real_run(
        "levers: {reform: 1}\nparameters: {investment_rate: 0.35}\nstructures: {crowding: in}\n"
    )
    model = model_of(country)
    root = ElementTree.parse(export(results, "xmile", tmp_path / "model.xmile")).getroot()
    ns = {"x": NAMESPACE}
    named = {v.get("name"): v for v in root.find("x:model/x:variables", ns) if v.get("name")}
    called = identifiers(model)
    equations = {n: named[called[n]].findtext("x:eqn", namespaces=ns) for n in model.input_names("parameter")}
    expected = central_parameters(
        country, model, parameters={"investment_rate": 0.35}, structures={"crowding": "in"}
    )
    assert {n: float(e) for n, e in equations.items()} == {n: expected[n] for n in equations}
    reform = [float(y) for y in named[called["reform"]].findtext("x:gf/x:ypts", namespaces=ns).split(",")]
    assert (reform[0], reform[-1]) == (0.0, 1.0)
    assert root.findtext("x:header/x:name", namespaces=ns) == "Hold"


def test_xmile_of_another_model_is_refused(results, tmp_path):
    with pytest.raises(InputError) as error:
        export(results, "xmile", tmp_path / "model.xmile")
    assert len(error.value.problems) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", FORMATS)
def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(results, tmp_path, format):
    file = tmp_path / "run"
    file.write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        export(results, format, file)
    assert file.read_text() == "mine"
    if format != "xmile":
        export(results, format, file, overwrite=True)
        assert file.read_bytes() != b"mine"
    assert [f.name for f in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("format", [f for f in FORMATS if f != "xmile"])
def test_what_cannot_be_written_is_said_and_leaves_nothing(results, tmp_path, format):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        export(results, format, tmp_path / "file" / "run")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        export(results, format, tmp_path / "folder", overwrite=True)
    assert sorted(f.name for f in tmp_path.rglob("*")) == ["file", "folder"]


def test_an_unknown_format_is_told_with_the_nearest(results, tmp_path):
    with pytest.raises(InputError) as error:
        export(results, "excel", tmp_path / "run")
    assert error.value.problems[0].bound == "one of csv, xlsx, iamc, netcdf, xmile"
    with pytest.raises(InputError, match="did you mean netcdf"):
        export(results, "netcfd", tmp_path / "run")


def test_a_workbook_of_a_run_with_fewer_years(tmp_path):
    results = run("hold", draws=5, years=(2020, 2040))
    export(results, "xlsx", tmp_path / "some.xlsx")
    rows = openpyxl.load_workbook(tmp_path / "some.xlsx")["README"].iter_rows(values_only=True)
    assert ("years", "2020 to 2040") in [row[:2] for row in rows]
