"""The whole model, exported and read unchanged by PySD: every variable, noise included."""

from __future__ import annotations

import pytest

from sim.country import load_country
from sim.engine.ensemble import noise_table
from sim.simulation import paths_of, prepare
from tests.test_xmile import START, YEARS, compare


@pytest.mark.parametrize("scenario", ["hold", "full"])
def test_the_exported_model_agrees_in_pysd(scenario, tmp_path):
    country = load_country("vietnam")
    prepared = prepare(scenario, draws=2, country=country)
    model, draws = prepared.model, prepared.draws
    parameters = {n: float(v[1]) for n, v in draws.parameters.items()}
    noise = noise_table(model, draws.seed, draws.ids[1:], START, YEARS, country.last_observed + 1)[:, :, 0]
    worst = compare(model, paths_of(prepared.scenario, country, model), parameters, noise, tmp_path)
    assert len(worst) > 300
    assert {n: w for n, w in worst.items() if not w < 1e-6} == {}
