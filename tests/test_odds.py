"""A probability carries its error, and no number of draws makes anything certain."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from sim.errors import InputError
from sim.odds import LEVELS, Odds, exact_interval, percent_text

levels = st.sampled_from(LEVELS)


@st.composite
def counts(draw):
    draws = draw(st.integers(1, 5000))
    failed = draw(st.integers(0, draws))
    successes = draw(st.integers(0, draws - failed))
    return successes, draws, failed


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("trials", [1, 7, 50, 400])
@pytest.mark.parametrize("p", [0.0, 0.001, 0.02, 0.31, 0.5, 0.77, 0.995, 1.0])
def test_interval_covers_the_truth_at_least_as_often_as_it_says(p, trials, level):
    """Exact coverage: the probability of every count whose interval holds ``p``, added up."""
    covered = 0.0
    for k in range(trials + 1):
        low, high = exact_interval(k, trials, level)
        covered += binom.pmf(k, trials, p) if low <= p <= high else 0.0
    assert covered >= level - 1e-12


@pytest.mark.parametrize(("k", "n"), [(3, 10), (0, 25), (25, 25), (120, 1000)])
def test_interval_ends_are_where_the_tail_holds_half_of_what_is_left(k, n):
    low, high = exact_interval(k, n, 0.95)
    if k > 0:
        assert binom.sf(k - 1, n, low) == pytest.approx(0.025, rel=1e-8)
    if k < n:
        assert binom.cdf(k, n, high) == pytest.approx(0.025, rel=1e-8)


@given(st.integers(1, 3000), st.data(), levels)
def test_everything_grows_with_the_number_of_successes(draws, data, level):
    k = data.draw(st.integers(0, draws - 1))
    fewer, more = Odds(k, draws, level=level), Odds(k + 1, draws, level=level)
    assert fewer.probability < more.probability
    assert fewer.low < more.low
    assert fewer.high < more.high or more.high == 1.0


@given(counts(), levels)
def test_never_certain_and_inside_its_own_interval(count, level):
    odds = Odds(*count, level=level)
    if odds.answered == 0:
        assert math.isnan(odds.probability)
        assert (odds.low, odds.high) == (0.0, 1.0)
        return
    assert 0 < odds.probability < 1
    assert 0 <= odds.low <= odds.probability <= odds.high <= 1
    assert odds.text() not in ("0 %", "100 %")


@given(st.integers(2, 3000), st.data(), levels)
def test_failed_draws_widen_the_interval_on_both_sides(draws, data, level):
    failed = data.draw(st.integers(1, draws - 1))
    k = data.draw(st.integers(0, draws - failed))
    whole = Odds(k, draws - failed, level=level)
    bounded = Odds(k, draws, failed, level=level)
    assert bounded.low < whole.low or (k == 0 and bounded.low == 0)
    assert bounded.high > whole.high or (k == draws - failed and bounded.high == 1)
    # whatever the failed draws would have said, the answer lies inside
    for hidden in (0, failed):
        assert bounded.low <= exact_interval(k + hidden, draws, level)[0]
        assert bounded.high >= exact_interval(k + hidden, draws, level)[1]


@given(st.integers(1, 3000), st.data())
def test_an_event_and_its_opposite_share_one(draws, data):
    k = data.draw(st.integers(0, draws))
    event, opposite = Odds(k, draws), Odds(draws - k, draws)
    assert event.probability + opposite.probability == pytest.approx(1)
    assert event.low == pytest.approx(1 - opposite.high, abs=1e-12)


def test_nothing_in_n_draws_is_less_than_three_in_n():
    assert Odds(0, 1000).text() == "< 3/1000"
    assert Odds(1000, 1000).text("vi") == "> 1 - 3/1000"
    # the rule of three is the upper end of the one-sided 95 % interval, i.e. of the two-sided 90 % one
    assert Odds(0, 1000, level=0.90).high == pytest.approx(3 / 1000, rel=0.01)


def test_failed_draws_are_told_where_nothing_was_seen():
    odds = Odds(0, 1000, failed=50)
    assert odds.high > 0.05
    assert odds.text() == f"< {percent_text(odds.high)}"
    assert Odds(0, 10, failed=10).text() == "?"


def test_few_draws_are_counted_not_bounded():
    assert Odds(0, 1).text() == "0 of 1"
    assert Odds(2, 2).text("vi") == "2 trong 2"


def test_words_in_both_languages():
    assert Odds(370, 1000).text("en") == "37 %"
    assert Odds(4, 1000).text("en") == "0.4 %"
    assert Odds(4, 1000).text("vi") == "0,4 %"
    assert Odds(9996, 10000).text("vi") == "99,96 %"
    assert Odds(370, 1000).interval_text("en") == "34\u201340 %"


@given(st.floats(1e-9, 1 - 1e-9))
def test_percent_text_never_rounds_to_certainty(share):
    value = float(percent_text(share).removesuffix(" %"))
    assert 0 < value < 100
    assert abs(value - 100 * share) <= 0.5000001


@pytest.mark.parametrize(("k", "n", "f"), [(0, 0, 0), (5, 4, 0), (-1, 4, 0), (3, 4, 2), (0, 4, 5)])
def test_impossible_counts_are_refused(k, n, f):
    with pytest.raises(InputError):
        Odds(k, n, f)


def test_two_problems_are_told_together():
    with pytest.raises(InputError) as error:
        Odds(0, 0, level=0.5)
    assert len(error.value.problems) == 2
