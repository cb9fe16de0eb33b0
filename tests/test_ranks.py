"""Ranks among simulated economies: bounded, fair to every scenario, and known where theory knows them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from sim import ranks
from sim.derived import rank_in_index
from sim.errors import InputError
from sim.ranks import Peers, drifting_rank, wandering_rank
from tests.small_run import YEARS, a_country, a_run

INDEX_2045 = 2045 - 2010


def some_peers(scores, expected=None, base_year=2025):
    scores = np.asarray(scores, dtype=float)
    return Peers(
        np.arange(scores.size) + 7, scores, scores if expected is None else np.asarray(expected), base_year
    )


def wander(score, peers, draws, *, sd=0.7, reversion=0.0, edition=0.0, seed=1):
    full = np.broadcast_to(np.asarray(score, float), (YEARS.size, draws))
    settings = [np.full(draws, x) for x in (sd, reversion, edition)]
    return wandering_rank(full, YEARS, peers, seed, np.arange(draws), *settings)


@settings(max_examples=30)
@given(arrays(float, 12, elements=st.floats(0, 100)), st.floats(0, 100), st.integers(0, 2**40))
def test_rank_is_between_first_and_last_and_never_worse_for_a_higher_score(scores, score, seed):
    peers = some_peers(scores)
    rank = wander(score, peers, 20, seed=seed, edition=0.5)
    assert ((rank >= 1) & (rank <= 13)).all()
    assert (wander(score + 3, peers, 20, seed=seed, edition=0.5) <= rank).all()


def test_published_ranks_are_met_in_the_year_of_publication():
    run = a_run({"gii_score": np.full((36, 3), 37.1), "egdi": np.full((36, 3), 0.77092)})
    assert (run.annual("gii_rank")[2025 - 2010] == 44).all()
    assert (run.annual("egdi_rank")[2024 - 2010] == 71).all()


def test_random_walk_spreads_with_the_root_of_time():
    """One peer level with the country: it is above by its standard deviation in 15.9 % of draws."""
    score = 50 + 0.7 * np.sqrt(20)
    above = (wander(score, some_peers([50.0]), 20_000)[INDEX_2045] == 2).mean()
    assert above == pytest.approx(norm.sf(1), abs=4 * np.sqrt(0.16 * 0.84 / 20_000))


def test_methods_of_an_edition_add_their_own_spread():
    score = 50 + np.hypot(0.7 * np.sqrt(20), 3.0)
    above = (wander(score, some_peers([50.0]), 20_000, edition=3.0)[INDEX_2045] == 2).mean()
    assert above == pytest.approx(norm.sf(1), abs=4 * np.sqrt(0.16 * 0.84 / 20_000))


def test_peers_are_pulled_towards_what_their_income_predicts():
    arrived = 40 + 20 * 0.98**20
    peers = some_peers([60.0], [40.0])
    for score, rank in ((arrived - 1e-9, 2), (arrived + 1e-9, 1)):
        assert (wander(score, peers, 3, sd=0.0, reversion=0.02)[INDEX_2045] == rank).all()


def test_drifting_peers_stop_at_the_limit_of_the_index():
    ones = np.ones(2)
    rank = drifting_rank(
        np.ones((YEARS.size, 2)),
        YEARS,
        some_peers([0.99], base_year=2024),
        1,
        np.arange(2),
        0.008 * ones,
        0 * ones,
    )
    assert (rank == 1).all()
    rank = drifting_rank(
        np.full((YEARS.size, 2), 0.9),
        YEARS,
        some_peers([0.88], base_year=2024),
        1,
        np.arange(2),
        0.008 * ones,
        0 * ones,
    )
    assert (rank[2026 - 2010] == 1).all() and (rank[2027 - 2010] == 2).all()


def test_ranks_do_not_depend_on_how_draws_are_cut_into_chunks(monkeypatch):
    peers = some_peers(np.linspace(30, 60, 40))
    whole = wander(45.0, peers, 50, edition=0.5)
    monkeypatch.setattr(ranks, "CHUNK", 7)
    assert (wander(45.0, peers, 50, edition=0.5) == whole).all()


def test_an_added_economy_moves_no_other():
    scores = np.linspace(30, 60, 40)
    some, more = some_peers(scores), some_peers([*scores, 44.0])
    moved = wander(45.0, more, 200) - wander(45.0, some, 200)
    assert set(np.unique(moved)) == {0.0, 1.0}


def test_no_score_no_rank():
    score = np.full((YEARS.size, 3), 45.0)
    score[:, 1] = np.nan
    rank = wander(score, some_peers([40.0, 50.0]), 3)
    assert np.isnan(rank[:, 1]).all()
    assert np.isfinite(rank[:, [0, 2]]).all()


def test_rank_within_a_region_counts_only_its_members():
    run = a_run({"egdi": np.full((36, 5), 0.77092)})
    region = ("BRN", "IDN", "KHM", "LAO", "MMR", "MYS", "PHL", "SGP", "THA", "TLS", "VNM")
    among = rank_in_index(run, "egdi", region)
    assert (among[2024 - 2010] == 5).all()
    assert (among <= run.annual("egdi_rank")).all()
    assert among.max() <= len(region)


def test_income_line_is_fitted_on_the_economies_whose_income_is_known():
    peers = Peers.of(a_country(), "gii")
    assert peers.score.size == 138
    unknown = peers.expected == peers.score
    assert unknown.sum() == 1
    # residuals of a least-squares fit with a constant sum to zero
    assert (peers.score - peers.expected).sum() == pytest.approx(0, abs=1e-8)
    correlation = np.corrcoef(peers.score, peers.expected)[0, 1]
    assert correlation > 0.8


def test_what_nobody_is_ranked_by_is_refused(tmp_path):
    run = a_run({"gdp": np.ones((36, 2))})
    with pytest.raises(InputError, match="no ranking"):
        rank_in_index(run, "gdp")
    with pytest.raises(InputError, match="no other economies"):
        Peers.of(a_country(folder=tmp_path), "egdi")
    with pytest.raises(InputError, match="did you mean egdi"):
        Peers.of(a_country(), "edgi")
