"""The project's own exp and log against the correctly rounded ones; addressed random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import rng
from sim.engine.functions import clip, exp, log, power

finite = st.floats(-690, 690)
positive = st.floats(1e-300, 1e300)


@given(finite)
def test_exp_is_within_two_units_in_the_last_place(x):
    assert abs(exp(x) - math.exp(x)) <= 2 * math.ulp(math.exp(x))


@given(positive)
def test_log_is_within_two_units_in_the_last_place(x):
    assert abs(log(x) - math.log(x)) <= 2 * math.ulp(math.log(x)) + 1e-16


@given(st.floats(1e-6, 1e6), st.floats(-3, 3))
def test_power(base, exponent):
    assert power(base, exponent) == pytest.approx(base**exponent, rel=1e-13)


def test_edges():
    assert (
        math.isnan(log(0.0))
        and math.isnan(log(-1.0))
        and math.isnan(log(math.nan))
        and math.isnan(exp(math.nan))
    )
    assert power(0.0, 0.5) == 0.0
    assert math.isnan(power(-1.0, 0.5))
    assert exp(0.0) == 1.0 and log(1.0) == 0.0
    assert exp(1e9) == exp(700.0)
    assert (clip(5.0, 0.0, 1.0), clip(-5.0, 0.0, 1.0), clip(0.3, 0.0, 1.0)) == (1.0, 0.0, 0.3)


def test_a_random_number_depends_on_its_address_only():
    many = rng.uniform(7, np.arange(1000), "entry", np.arange(20)[:, None])
    assert many[13, 400] == rng.uniform(7, 400, "entry", 13)
    assert many[13, 400] != rng.uniform(8, 400, "entry", 13)
    assert many[13, 400] != rng.uniform(7, 400, "exit", 13)


def test_random_numbers_are_uniform_and_unrelated():
    from scipy import stats

    grid = rng.uniform(57, np.arange(4000), "shock", np.arange(25)[:, None])
    assert 0 < grid.min() and grid.max() < 1
    assert stats.kstest(grid.ravel(), "uniform").pvalue > 1e-3
    neighbours = [grid[:, :-1].ravel(), grid[:-1].ravel(), rng.uniform(58, np.arange(4000), "shock")]
    followers = [grid[:, 1:].ravel(), grid[1:].ravel(), grid[0]]
    for a, b in zip(neighbours, followers, strict=True):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(a.size)
    assert stats.kstest(rng.normal(57, np.arange(20000), "shock"), "norm").pvalue > 1e-3
