"""Piecewise linear functions of time with jumps, exact at their knots.

Every lever, assumption and exogenous series of a run is such a path: constants, steps, ramps,
straight lines between points, and sums of these. A path is given by its knots; at each knot it
has a value just before and a value from then on, so a change at the beginning of a year is not
smeared over the step that ends there: ``at(t, "left")`` is the limit from before, ``at(t)`` the
value from ``t`` on. Times are calendar years (2026.0 is the beginning of 2026).

Sloping pieces carry a knot at every quarter of a year. Cutting a path at a quarter and continuing
it otherwise therefore leaves its earlier part the same bit for bit, which interpolation between
new end points would not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Side = Literal["left", "right"]
Interpolation = Literal["linear", "step"]
Knot = tuple[float, float, float]

GRID = 0.25


@dataclass(frozen=True)
class TimePath:
    """An immutable path: straight between its knots, constant before the first and after the last.

    ``times`` are strictly increasing; ``before[i]`` and ``after[i]`` are the values just before and
    from ``times[i]`` on. Paths are equal when their knots are.
    """

    times: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]

    @classmethod
    def constant(cls, value: float) -> TimePath:
        """The same value at all times."""
        return cls.through([(0.0, value, value)])

    @classmethod
    def linear(cls, points: Iterable[tuple[float, float]]) -> TimePath:
        """Straight lines between ``points`` (time, value); constant outside them."""
        return cls.through((time, value, value) for time, value in points)

    @classmethod
    def step(cls, points: Iterable[tuple[float, float]]) -> TimePath:
        """Each value holds from its time until the next; the first also holds before its time."""
        ordered = sorted(points)
        previous = [ordered[0][1], *(value for _, value in ordered[:-1])]
        return cls.through((time, old, new) for (time, new), old in zip(ordered, previous))

    @classmethod
    def through(cls, knots: Iterable[Knot]) -> TimePath:
        """Straight lines between ``knots`` (time, value just before, value from then on).

        Raises ValueError when there is no knot, a time twice or a number that is not finite.
        """
        given = sorted((float(t), float(b), float(a)) for t, b, a in knots)
        if not given:
            raise ValueError("a path needs at least one knot")
        if not all(math.isfinite(number) for knot in given for number in knot):
            raise ValueError("times and values of a path must be finite")
        if any(first[0] == second[0] for first, second in pairwise(given)):
            raise ValueError("two knots of a path at one time")
        times, before, after = zip(*_simplified(_refined(given)))
        return cls(times, before, after)

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.times), np.array(self.before), np.array(self.after)

    def at(self, t: ArrayLike, side: Side = "right") -> NDArray[np.float64]:
        """Values at the times ``t`` (any shape), at a jump those on ``side`` of it."""
        times, before, after = self._arrays
        t = np.asarray(t, dtype=float)
        last = len(times) - 1
        end = np.searchsorted(times, t, side=side)  # the knot that ends the piece in which t lies
        i, j = np.clip(end - 1, 0, last), np.clip(end, 0, last)
        first, final = after[i], before[j]
        width = np.where(j > i, times[j] - times[i], 1.0)
        value = first + (final - first) * ((t - times[i]) / width)
        value = np.where(t == times[j], final, value)  # exact at the knot, not the outcome of a division
        return np.where(end == 0, before[0], np.where(end > last, after[last], value))

    def value(self, t: float, side: Side = "right") -> float:
        """The value at one time: as :meth:`at`, without the cost of arrays."""
        end = bisect_right(self.times, t) if side == "right" else bisect_left(self.times, t)
        if end == 0:
            return self.before[0]
        if end == len(self.times):
            return self.after[-1]
        if t == self.times[end]:
            return self.before[end]
        start, first, final = self.times[end - 1], self.after[end - 1], self.before[end]
        return first + (final - first) * ((t - start) / (self.times[end] - start))

    @property
    def knots(self) -> list[Knot]:
        """The knots as (time, value just before, value from then on)."""
        return list(zip(self.times, self.before, self.after))

    def until_then(self, time: float, then: TimePath) -> TimePath:
        """This path before ``time`` and ``then`` from ``time`` on."""
        joint = (time, self.value(time, "left"), then.value(time))
        earlier = [knot for knot in self.knots if knot[0] < time]
        later = [knot for knot in then.knots if knot[0] > time]
        return TimePath.through([*earlier, joint, *later])

    def from_then(self, time: float) -> TimePath:
        """This path from ``time`` on; before it, constant at its value there."""
        return TimePath.constant(self.value(time)).until_then(time, self)

    def ramp_to(self, target: float, start: float, years: float, origin: float | None = None) -> TimePath:
        """This path until ``start``, then a straight line to ``target``, reached after ``years``.

        The line begins at ``origin``, by default at the value this path has from ``start`` on.
        """
        if years == 0:
            return self.until_then(start, TimePath.constant(target))
        first = self.value(start) if origin is None else origin
        return self.until_then(start, TimePath.linear([(start, first), (start + years, target)]))

    def __add__(self, other: TimePath) -> TimePath:
        """The sum, exact at every knot of both."""
        return self._combined(other, lambda a, b: a + b)

    def __mul__(self, other: TimePath) -> TimePath:
        """The product: exact at every knot of both, straight between them."""
        return self._combined(other, lambda a, b: a * b)

    def _combined(self, other: TimePath, operation: Callable[[float, float], float]) -> TimePath:
        times = sorted({*self.times, *other.times})
        before = map(operation, self.at(times, "left").tolist(), other.at(times, "left").tolist())
        after = map(operation, self.at(times).tolist(), other.at(times).tolist())
        return TimePath.through(zip(times, before, after))

    def points(self) -> list[Knot]:
        """A few knots from which :meth:`through` makes this path again, bit for bit."""
        knots = self.knots
        kept = [knots[0]]
        i = 0
        while i < len(knots) - 1:
            # as far as the slope stays the same; where a cut line rounds differently, as far as it does not
            end = i + 1
            while end + 1 < len(knots) and _about_straight(knots[i], knots[end], knots[end + 1]):
                end += 1
            if not _straight(knots[i : end + 1]):
                end = i + 1
                while end + 1 < len(knots) and _straight(knots[i : end + 2]):
                    end += 1
            kept.append(knots[end])
            i = end
        return kept


def series_path(years: Sequence[float], values: Sequence[float], interpolation: Interpolation) -> TimePath:
    """The path of a table of observations.

    ``step``: each value holds from its year until the next; ``linear``: straight lines between the
    points, so the time of an annual mean is the middle of its year. Constant outside the table.
    """
    points = zip(years, values)
    return TimePath.step(points) if interpolation == "step" else TimePath.linear(points)


def _refined(knots: list[Knot]) -> list[Knot]:
    """``knots`` with those on the grid added in every sloping piece."""
    found = knots[:1]
    for (start, _, first), knot in pairwise(knots):
        end, final, _ = knot
        if first != final:
            for number in range(math.floor(start / GRID) + 1, math.ceil(end / GRID)):
                time = number * GRID
                value = first + (final - first) * ((time - start) / (end - start))
                found.append((time, value, value))
        found.append(knot)
    return found


def _simplified(knots: list[Knot]) -> list[Knot]:
    """``knots`` without those at which nothing happens."""
    kept: list[Knot] = []
    for i, (time, left, right) in enumerate(knots):
        earlier = kept[-1][2] if kept else left
        later = knots[i + 1][1] if i + 1 < len(knots) else right
        if not earlier == left == right == later:
            kept.append((time, left, right))
    return kept or [(0.0, knots[0][1], knots[0][1])]


def _about_straight(start: Knot, middle: Knot, end: Knot) -> bool:
    """Whether ``middle`` lies on the line from ``start`` to ``end``, but for rounding."""
    share = (middle[0] - start[0]) / (end[0] - start[0])
    line = start[2] + (end[1] - start[2]) * share
    return all(math.isclose(side, line, rel_tol=1e-9, abs_tol=1e-12) for side in middle[1:])


def _straight(knots: list[Knot]) -> bool:
    """Whether the knots between the first and the last are what :func:`_refined` puts there."""
    return _refined([knots[0], knots[-1]]) == knots
