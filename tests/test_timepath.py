"""Paths through time: exact at their knots, and unchanged before the time at which they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.timepath import TimePath, series_path

quarters = st.integers(2010 * 4, 2046 * 4).map(lambda n: n / 4)
values = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-1e6, 1e6))
FINE = np.arange(2009, 2047, 1 / 32)


@st.composite
def paths(draw: st.DrawFn) -> TimePath:
    """Any path with jumps and slopes on the grid of quarters."""
    times = draw(st.lists(quarters, min_size=1, max_size=6, unique=True))
    continuous = draw(st.booleans())
    knots = []
    for time in times:
        before = draw(values)
        knots.append((time, before, before if continuous else draw(values)))
    return TimePath.through(knots)


def test_a_constant_is_the_same_at_all_times() -> None:
    assert (TimePath.constant(0.1).at(FINE) == 0.1).all()
    assert TimePath.constant(3).at([[1.0, 2.0]]).shape == (1, 2)


def test_steps_hold_from_their_time_until_the_next() -> None:
    path = TimePath.step([(2026, 1.0), (2028, 3.0)])
    assert path.at([2000, 2026, 2027.99, 2028, 2050]).tolist() == [1, 1, 1, 3, 3]
    assert path.at([2026, 2028, 2028.01], "left").tolist() == [1, 1, 3]


def test_lines_run_between_points_and_hold_outside() -> None:
    path = TimePath.linear([(2026, 1.0), (2030, 3.0)])
    assert path.at([2020, 2026, 2027, 2028, 2030, 2040]).tolist() == [1, 1, 1.5, 2, 3, 3]
    assert path.at([2026, 2028, 2030], "left").tolist() == [1, 2, 3]


def test_a_ramp_reaches_its_target_exactly_and_zero_years_are_a_jump() -> None:
    ramp = TimePath.constant(0.1).ramp_to(0.7, 2026, 3)
    assert ramp.at([2025.9, 2026, 2027.5, 2029, 2045]).tolist() == [0.1, 0.1, 0.4, 0.7, 0.7]
    jump = TimePath.constant(1.42).ramp_to(3.0, 2026, 0)
    assert jump.value(2026, "left") == 1.42
    assert jump.value(2026) == 3.0
    assert TimePath.constant(0).ramp_to(4, 2026, 2, origin=2).at([2025, 2026, 2027, 2028]).tolist() == [
        0,
        2,
        3,
        4,
    ]


def test_series_of_observations() -> None:
    step = series_path([2024, 2025], [1.0, 2.0], "step")
    line = series_path([2024.5, 2025.5], [1.0, 2.0], "linear")
    assert step.at([2023, 2024.9, 2025]).tolist() == [1, 1, 2]
    assert line.at([2023, 2025, 2026]).tolist() == [1, 1.5, 2]


@pytest.mark.parametrize(
    "knots", [[], [(2026, 1, 1), (2026, 2, 2)], [(2026, float("nan"), 1)], [(float("inf"), 1, 1)]]
)
def test_what_is_no_path_is_refused(knots: list[tuple[float, float, float]]) -> None:
    with pytest.raises(ValueError, match="path"):
        TimePath.through(knots)


@given(st.dictionaries(quarters, st.tuples(values, values), min_size=1, max_size=8))
def test_a_path_takes_its_values_exactly_at_its_knots(points: dict[float, tuple[float, float]]) -> None:
    path = TimePath.through((time, *sides) for time, sides in points.items())
    for time, (before, after) in points.items():
        assert path.value(time, "left") == before
        assert path.value(time) == after


@given(paths())
def test_one_value_is_the_same_as_that_of_many_bit_for_bit(path: TimePath) -> None:
    for side in ("left", "right"):
        one_by_one = [path.value(time, side) for time in FINE]  # type: ignore[arg-type]
        assert path.at(FINE, side).tolist() == one_by_one  # type: ignore[arg-type]


@given(paths())
def test_left_and_right_agree_except_at_jumps(path: TimePath) -> None:
    jumps = [time for time, before, after in path.knots if before != after]
    smooth = np.setdiff1d(FINE, jumps)
    assert (path.at(smooth) == path.at(smooth, "left")).all()


@given(paths())
def test_a_path_stays_between_its_knots(path: TimePath) -> None:
    low, high = min(path.before + path.after), max(path.before + path.after)
    slack = 1e-12 * max(abs(low), abs(high))
    assert (path.at(FINE) >= low - slack).all()
    assert (path.at(FINE) <= high + slack).all()


@given(paths(), paths(), quarters)
def test_cutting_a_path_leaves_its_past_the_same_bit_for_bit(
    path: TimePath, then: TimePath, time: float
) -> None:
    joined = path.until_then(time, then)
    past, future = FINE[time > FINE], FINE[time <= FINE]
    assert (joined.at(past) == path.at(past)).all()
    assert (joined.at(past, "left") == path.at(past, "left")).all()
    assert joined.value(time, "left") == path.value(time, "left")
    assert (joined.at(future) == then.at(future)).all()


@given(paths(), quarters)
def test_a_ramp_leaves_the_past_the_same_bit_for_bit(path: TimePath, start: float) -> None:
    past = FINE[start > FINE]
    assert (path.ramp_to(5.0, start, 2.5).at(past) == path.at(past)).all()


@given(paths(), paths())
def test_sums_are_sums_at_every_time(first: TimePath, second: TimePath) -> None:
    total = first + second
    for side in ("left", "right"):
        expected = first.at(FINE, side) + second.at(FINE, side)  # type: ignore[arg-type]
        assert np.allclose(total.at(FINE, side), expected, rtol=1e-12, atol=1e-9)  # type: ignore[arg-type]


@given(paths(), st.floats(-10, 10))
def test_a_constant_factor_scales_every_value(path: TimePath, factor: float) -> None:
    scaled = path * TimePath.constant(factor)
    assert np.allclose(scaled.at(FINE), factor * path.at(FINE), rtol=1e-12, atol=1e-9)


@given(paths())
def test_adding_nothing_and_multiplying_by_one_change_no_bit(path: TimePath) -> None:
    assert ((path + TimePath.constant(0)).at(FINE) == path.at(FINE)).all()
    assert ((path * TimePath.constant(1)).at(FINE) == path.at(FINE)).all()


@given(paths(), quarters)
def test_few_points_give_the_same_path_again(path: TimePath, cut: float) -> None:
    for version in (path, path.from_then(cut), path.until_then(cut, TimePath.constant(1))):
        points = version.points()
        assert TimePath.through(points) == version
        assert len(points) <= len(version.knots)


def test_a_straight_line_needs_two_points() -> None:
    assert len(TimePath.linear([(2010, 0.0), (2030, 7.0)]).knots) == 81
    assert len(TimePath.linear([(2010, 0.0), (2030, 7.0)]).points()) == 2
