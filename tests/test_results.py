"""Results say what every draw said, are written whole or not at all, and can be compared bit for bit."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sim.errors import InputError
from sim.record import RunRecord, new_run_id
from sim.results import Results, summary_json
from sim.run_folder import compare_runs
from sim.summary import QUANTILES, STATISTICS, hash_of, statistics
from tests.small_run import YEARS, a_joint, a_record, a_target, some_results

ROOT = Path(__file__).resolve().parent.parent


def made_up(draws=40, seed=0, shift=0.0):
    random = np.random.default_rng(seed)
    level = random.normal(1.5, 0.5, (YEARS.size, draws)) + shift
    return {
        "gerd_gdp": level,
        "gdp": np.exp(random.normal(9, 0.1, (YEARS.size, draws))),
        "capital": 3 + level,
    }


def small(**changes):
    return some_results(made_up(), [a_target()], [a_joint("rd")], **changes)


def everything_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


numbers = st.floats(-1e6, 1e6) | st.just(np.nan)


@given(arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=30), elements=numbers))
def test_quantiles_and_mean_are_those_of_the_values_that_exist(values):
    found = statistics(values)
    assert found.shape == (values.shape[0], len(STATISTICS))
    for row, numbers_found in zip(values, found, strict=True):
        kept = row[np.isfinite(row)]
        if kept.size == 0:
            assert np.isnan(numbers_found).all()
            continue
        assert numbers_found[:-1] == pytest.approx(
            np.quantile(kept, list(QUANTILES.values())), rel=1e-12, abs=1e-9
        )
        assert numbers_found[-1] == pytest.approx(kept.mean(), rel=1e-12, abs=1e-9)


def test_no_draws_no_quantiles():
    assert np.isnan(statistics(np.empty((3, 0)))).all()


def test_failed_draws_are_left_out_counted_and_told():
    values = made_up(5)
    values["gdp"][3, 2] = np.inf
    results = some_results(values, [a_target()])
    assert results.failed.tolist() == [False, False, True, False, False]
    assert results.record.failed_draws == 1
    assert any("1 of 5 draws failed" in w for w in results.record.warnings)
    kept = [0, 1, 3, 4]
    assert results.quantiles("gerd_gdp")["mean"].to_numpy() == pytest.approx(
        values["gerd_gdp"][:, kept].mean(axis=1)
    )
    assert results.probability("rd").odds.failed == 1


def test_odds_by_structure_divide_the_draws_among_the_alternatives(tmp_path):
    values = made_up(40)
    values["gdp"][0, 3] = np.nan
    results = some_results(values, [a_target(), a_target(id="no", kind="not_assessed", variable=None)])
    found = {o.alternative: o.odds for o in results.targets_by_structure()}
    pooled = results.probability("rd").odds
    assert set(found) == {"in", "out"}
    assert sum(o.draws for o in found.values()) == pooled.draws == 40
    assert sum(o.successes for o in found.values()) == pooled.successes
    assert (found["in"].failed, found["out"].failed) == (0, 1)
    with (results.write(tmp_path / "run") / "structures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["structure"], r["alternative"], r["id"]) for r in rows] == [
        ("crowding", "in", "rd"),
        ("crowding", "out", "rd"),
    ]


def test_quantiles_come_as_a_table_of_years():
    table = small().quantiles("gerd_gdp")
    assert list(table.columns) == list(STATISTICS)
    assert table.index.tolist() == YEARS.tolist()
    assert (table["q05"] <= table["q50"]).all() and (table["q50"] <= table["q95"]).all()


def test_misspelt_names_are_told_with_the_nearest_one():
    results = small()
    with pytest.raises(InputError, match="did you mean gerd_gdp"):
        results.quantiles("gerd_gpd")
    with pytest.raises(InputError, match="did you mean rd"):
        results.probability("rdd")


def test_a_run_read_back_says_the_same(tmp_path):
    results = small()
    again = Results.read(results.write(tmp_path / "run"))
    assert list(again.variables.values()) == list(results.variables.values())
    for name in results.variables:
        assert np.array_equal(again.summary(name), results.summary(name), equal_nan=True)
    assert [t.to_json() for t in again.targets()] == [t.to_json() for t in results.targets()]
    assert again.scenario_yaml == results.scenario_yaml
    assert again.record.model_copy(update={"array_hashes": {}}) == results.record
    assert summary_json(again) == summary_json(results)
    pd.testing.assert_frame_equal(again.to_iamc(), results.to_iamc())
    assert compare_runs(results, again) == []
    assert compare_runs(again, results) == []


def test_a_run_folder_holds_what_is_promised(tmp_path):
    folder = small().write(
        tmp_path / "new" / "run", attach=lambda path: (path / "fan.svg").write_text("chart")
    )
    assert everything_in(tmp_path / "new") == {"run"} | {
        f"run/{name}"
        for name in (
            "record.json",
            "scenario.yaml",
            "variables.json",
            "summary.parquet",
            "targets.csv",
            "targets.json",
            "structures.csv",
            "fan.svg",
        )
    }
    table = pd.read_parquet(folder / "summary.parquet")
    assert {"variable", "unit", "year", *STATISTICS, "draws"} == set(table.columns)
    assert not table.duplicated(["variable", "year"]).any()
    with (folder / "targets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["id"] for r in rows] == ["rd", "all"]
    assert float(rows[0]["probability"]) == small().probability("rd").probability
    assert rows[0]["label_vi"] == "Chi tiêu"


def test_draws_are_stored_for_the_variables_asked_for(tmp_path):
    results = small()
    folder = results.write(tmp_path / "run", draws_of=["gerd_gdp", "gdp_growth"])
    again = Results.read(folder)
    assert np.array_equal(again.values("gdp_growth"), results.values("gdp_growth"), equal_nan=True)
    assert np.array_equal(again.draw_ids, results.draw_ids)
    assert set(again.dataset.data_vars) == {"gerd_gdp", "gdp_growth"}
    with pytest.raises(InputError, match="not stored"):
        again.values("gdp")
    with pytest.raises(InputError, match="unknown variable"):
        results.write(tmp_path / "other", draws_of=["gpd"])
    assert everything_in(tmp_path) & {"other"} == set()


def test_a_run_is_never_written_over_another(tmp_path):
    small().write(tmp_path / "run")
    before = {p: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    with pytest.raises(InputError, match="exists already"):
        small().write(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="exists already"):
        small().write(tmp_path / "empty")
    assert {p: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize(
    "place", ["file/run", "file/deeper/run", "x" * 300, "new/" + "x" * 300, "new/" + "y" * 300 + "/run"]
)
def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path, place):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot write"):
        small().write(tmp_path / place)
    assert everything_in(tmp_path) == {"file"}


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("chart")]
)
def test_whatever_goes_wrong_while_writing_leaves_nothing_behind(tmp_path, error):
    def attach(folder: Path) -> None:
        (folder / "half.svg").write_text("half")
        raise error

    expected = InputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        small().write(tmp_path / "new" / "run", attach=attach)
    assert everything_in(tmp_path) == set()


def test_a_file_system_that_takes_no_more_bytes_leaves_nothing_behind(tmp_path):
    """The process may write no file beyond 2,000 bytes: what a full disk looks like to the writer."""
    code = f"""
        import resource, sys
        from pathlib import Path
        from sim.errors import InputError
        from tests.test_results import small
        results = small()
        results.targets()
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        for write in (lambda: results.write(Path({str(tmp_path)!r}) / "run", draws_of=["gdp"]),
                      lambda: results.to_netcdf(Path({str(tmp_path)!r}) / "draws.nc")):
            try:
                write()
            except InputError as error:
                print("refused", error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("refused") == 2, done.stderr
    assert everything_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("record.json", "{"),
        ("record.json", "{}"),
        ("variables.json", "[1]"),
        ("targets.json", '[{"id": 1}]'),
        ("summary.parquet", "not parquet"),
        ("targets.json", None),
    ],
)
def test_a_damaged_run_folder_is_told_by_its_file(tmp_path, file, content):
    folder = small().write(tmp_path / "run")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(InputError) as error:
        Results.read(folder)
    assert error.value.problems[0].file == str(folder / file)


def test_what_is_no_run_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such run folder"):
        Results.read(tmp_path / "nowhere")
    with pytest.raises(InputError) as error:
        Results.read(tmp_path)
    assert len(error.value.problems) == 5


@settings(max_examples=20)
@given(st.integers(0, 35), st.integers(0, 39), st.sampled_from(["gerd_gdp", "gdp", "capital"]))
def test_one_bit_in_one_draw_is_a_difference(year, draw, name):
    values = made_up()
    values[name] = values[name].copy()
    values[name][year, draw] = np.nextafter(values[name][year, draw], np.inf)
    changed = some_results(values, [a_target()], [a_joint("rd")])
    found = compare_runs(small(), changed)
    assert any(d.kind == "value" and d.what.startswith(name) for d in found)
    assert compare_runs(small(), small()) == []


def test_a_difference_says_since_when_and_why(tmp_path):
    values = made_up()
    values["gerd_gdp"] = values["gerd_gdp"] + (YEARS[:, None] >= 2030)
    other = some_results(values, [a_target()], [a_joint("rd")], seed=58, versions={"numpy": "0"})
    told = [str(d) for d in compare_runs(small(), other)]
    assert any(t.startswith("gerd_gdp from 2030:") for t in told)
    assert any(t.startswith("odds of rd:") for t in told)
    assert any(t.startswith("seed: 57 against 58") for t in told)
    assert any(t.startswith("version of numpy:") for t in told)


def test_hash_tells_shape_and_every_bit():
    values = np.arange(6.0).reshape(2, 3)
    assert hash_of(values) == hash_of(np.asfortranarray(values))
    assert hash_of(values) != hash_of(values.reshape(3, 2))
    assert hash_of(values) != hash_of(-values)
    assert hash_of(np.zeros((1, 1))) != hash_of(-np.zeros((1, 1)))


def test_data_set_describes_itself(tmp_path):
    results = small(ids=np.arange(100, 140))
    results.to_netcdf(tmp_path / "draws.nc")
    with xr.open_dataset(tmp_path / "draws.nc", engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"scenario": 1, "draw": 40, "year": 36}
        assert dataset["draw"].values[0] == 100
        for name, variable in results.variables.items():
            assert dataset[name].attrs["units"] == variable.unit
            assert {"long_name", "long_name_vi", "kind", "source"} <= set(dataset[name].attrs)
            assert np.array_equal(dataset[name].values[0].T, results.values(name), equal_nan=True)
    assert results.variables["capital"].kind == "stock at year end"
    assert results.variables["gdp"].kind == "flow over the year"
    assert everything_in(tmp_path) == {"draws.nc"}


def test_iamc_layout_is_wide_with_the_statistic_in_the_name():
    results = small()
    table = results.to_iamc()
    assert list(table.columns) == ["model", "scenario", "region", "variable", "unit", *YEARS.tolist()]
    assert len(table) == len(results.variables) * len(STATISTICS)
    median = table[table["variable"] == "gerd_gdp|50th Percentile"].iloc[0]
    assert median["region"] == "Viet Nam" and median["unit"] == "percent"
    assert median[2030] == results.quantiles("gerd_gdp").loc[2030, "q50"]


def test_long_table_has_one_row_for_each_variable_and_year():
    results = small()
    table = results.to_dataframe()
    assert len(table) == len(results.variables) * YEARS.size
    one = table[(table["variable"] == "gdp") & (table["year"] == 2044)].iloc[0]
    assert one["q95"] == results.quantiles("gdp").loc[2044, "q95"]


def test_reported_years_bound_the_report_and_not_the_odds():
    results = small(reported_years=(2020, 2031))
    assert results.years.tolist() == list(range(2020, 2032))
    assert results.values("gerd_gdp").shape == (12, 40)
    whole = small()
    assert results.quantiles("gdp_growth").equals(whole.quantiles("gdp_growth").loc[2020:2031])
    assert results.probability("rd").to_json() == whole.probability("rd").to_json()


@given(st.floats(-2, 2))
@settings(max_examples=20)
def test_differences_are_taken_draw_by_draw(shift):
    """A shift common to all draws has no spread, however widely the draws differ."""
    table = some_results(made_up(shift=shift)).diff(some_results(made_up()), ["gerd_gdp"])
    assert table["q05"].to_numpy() == pytest.approx(shift, abs=1e-9)
    assert table["q95"].to_numpy() == pytest.approx(shift, abs=1e-9)
    assert (table["draws"] == 40).all()


def test_a_difference_drops_pairs_of_which_one_failed():
    values = made_up()
    values["gdp"][0, 7] = np.nan
    for one, two in ((values, made_up()), (made_up(), values)):
        table = some_results(one).diff(some_results(two), ["gerd_gdp"])
        assert (table["draws"] == 39).all()
        assert (table["share_above"] == 0).all()


def test_unpaired_runs_are_not_subtracted():
    one = some_results(made_up())
    for other in (
        some_results(made_up(), seed=58, draws_id="prior-matched:other"),
        some_results(made_up(30)),
        some_results(made_up(), ids=np.arange(1, 41)),
    ):
        with pytest.raises(InputError, match="paired"):
            one.diff(other)


def test_json_summary_has_every_promised_field_and_no_nan():
    content = json.loads(json.dumps(summary_json(small()), allow_nan=False))
    promised = {
        "run_id",
        "scenario",
        "engine",
        "draws",
        "failed_draws",
        "seed",
        "targets",
        "variables",
        "residuals",
    }
    assert promised <= set(content)
    growth = content["variables"]["gdp_growth"]
    assert growth["unit"] == "percent/year"
    assert [int(y) for y in growth["years"]] == YEARS.tolist()
    assert set(growth["years"]["2011"]) == {"q05", "q25", "q50", "q75", "q95", "mean"}
    assert growth["years"]["2010"]["q50"] is None
    assert "capital" not in content["variables"]
    assert content["residuals"] == {"money": 1e-15}


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=3650)), min_size=2, unique=True))
def test_names_of_runs_sort_by_time(moments):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = sorted(start + m for m in moments)
    stamps = [new_run_id(t, "x").rsplit("-", 1)[0] for t in times]
    assert stamps == sorted(stamps)


def test_names_of_runs_tell_apart_what_they_were_made_from():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert new_run_id(moment, "a", 1) != new_run_id(moment, "a", 2)
    assert new_run_id(moment, "a", 1) == new_run_id(moment, "a", 1)


def test_record_survives_json():
    record = a_record(residuals={"money": 0.1 + 0.2, "people": float("nan")}, timings={"run": 1e-3})
    again = RunRecord.from_json(record.to_json())
    assert again.to_json() == record.to_json()
    assert again.residuals["money"] == 0.1 + 0.2
    with pytest.raises(InputError) as error:
        RunRecord.from_json('{"run_id": "x", "seed": "many", "colour": 1}', "record.json")
    assert {p.where for p in error.value.problems} >= {"seed", "colour", "scenario_id"}
    assert all(p.file == "record.json" for p in error.value.problems)


def test_results_load_no_library_they_do_not_need():
    """A fresh process must come to its first result quickly."""
    heavy = ("pandas", "xarray", "pyarrow", "scipy", "pint")
    code = f"import sys, sim.results; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
