"""What the matched draws say about the past, against what was published."""

from __future__ import annotations

import numpy as np
import pytest

from sim.country import load_country
from sim.draws import CUTOFF, history_matched, implausibility, measured_variables, sample
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.simulation import paths_of, prepare, run

DRAWS = 400


@pytest.fixture(scope="module")
def country():
    return load_country("vietnam")


@pytest.fixture(scope="module")
def results(country):
    return run("hold", draws=DRAWS, country=country)


def observed(country, series, first, last):
    return [(o.year, o.value) for o in country.observed(series) if first <= o.year <= last]


def median(results, variable, year):
    return float(results.quantiles(variable).loc[year, "q50"])


@pytest.mark.parametrize(
    ("series", "variable", "first", "last", "count", "relative", "absolute"),
    [
        ("gerd_gdp_survey", "gerd_gdp", 2013, 2023, 6, 0.15, None),
        ("researchers_fte_per_10k", "researchers_per_10k", 2013, 2023, 6, 0.15, None),
        ("digital_share_nso", "digital_share_nso", 2020, 2025, 6, None, 1.0),
        ("hightech_goods_share", "hightech_export_share", 2010, 2022, 13, None, 3.0),
        ("gdp_real", "gdp", 2010, 2025, 16, 0.06, None),
    ],
)
def test_the_median_of_the_matched_draws_follows_history(
    country, results, series, variable, first, last, count, relative, absolute
):
    published = observed(country, series, first, last)
    assert len(published) == count
    for year, value in published:
        tolerance = relative * value if relative else absolute
        assert median(results, variable, year) == pytest.approx(value, abs=tolerance), year


def test_the_survey_of_2023_is_inside_the_bands(country, results):
    band = results.quantiles("gerd_gdp").loc[2023]
    assert band["q05"] < 0.41456 < band["q95"]


def test_every_kept_draw_passes_and_every_dropped_one_fails(country):
    prepared = prepare("hold", draws=50, country=country)
    model, draws = prepared.model, prepared.draws
    ids = np.arange(draws.tried)
    parameters, _ = sample(country, model, draws.seed, ids, {})
    years = country.last_observed - country.start_year + 1
    values = simulate(
        model,
        inputs=input_table(model, paths_of(prepared.scenario, country, model), country.start_year, years, 4),
        parameters=parameters,
        noise=noise_table(model, draws.seed, ids, country.start_year, years, None),
        outputs=measured_variables(country),
        start_year=country.start_year,
        draws=ids.size,
    ).values
    scores = np.max(list(implausibility(country, values, country.start_year).values()), axis=0)
    assert np.array_equal(np.flatnonzero(scores <= CUTOFF), draws.ids)


def test_a_longer_run_contains_the_shorter_one(country):
    long = prepare("hold", draws=60, country=country).draws
    short = prepare("hold", draws=20, country=country).draws
    assert np.array_equal(long.ids[:20], short.ids)
    for name, values in short.parameters.items():
        assert np.array_equal(values, long.parameters[name][:20])


def test_fixed_structures_are_fixed_and_sampled_ones_follow_their_weights(country):
    prepared = prepare("hold", draws=40, country=country, structures={"crowding": "out"})
    labels = prepared.draws.structure_labels["crowding"]
    assert {labels[k] for k in prepared.draws.structures["crowding"]} == {"out"}
    ids = np.arange(20_000)
    _, chosen = sample(country, prepared.model, 57, ids, {})
    for name, structure in country.structures.items():
        shares = np.bincount(chosen[name], minlength=len(structure.alternatives)) / ids.size
        weights = np.array([a.weight for a in structure.alternatives.values()])
        assert np.all(np.abs(shares - weights) < 4 * np.sqrt(weights * (1 - weights) / ids.size))


def test_the_baseline_does_not_depend_on_the_scenario_that_asks(country):
    hold, full = (prepare(s, draws=10, country=country) for s in ("hold", "full"))
    again = history_matched(
        country, hold.model, paths_of(full.scenario, country, hold.model), 10, hold.draws.seed
    )
    assert np.array_equal(again.ids, hold.draws.ids)
    assert again.name == hold.draws.name


@pytest.mark.parametrize("damage", ["empty", "truncated", "shifted"])
def test_a_damaged_memory_of_matched_draws_is_made_anew(country, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("NQ57_CACHE", str(tmp_path))
    sound = prepare("hold", draws=10, country=country, seed=8).draws.ids
    (store,) = tmp_path.glob("matched_*.npz")
    if damage == "shifted":
        with np.load(store) as saved:
            content = dict(saved)
        np.savez(store, **{**content, "accepted": content["accepted"] + 1})
    else:
        store.write_bytes(store.read_bytes()[:100] if damage == "truncated" else b"")
    assert np.array_equal(prepare("hold", draws=10, country=country, seed=8).draws.ids, sound)
