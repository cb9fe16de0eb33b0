"""Fair timing on a machine that is shared: contenders take turns, and only ratios within a turn count."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Seconds a call took, one value a round; ``work`` is how many runs one call does."""

    seconds: tuple[float, ...]
    work: int

    @property
    def best(self) -> float:
        """Runs per second in the best round."""
        return self.work / min(self.seconds)

    @property
    def median(self) -> float:
        """Runs per second in the median round."""
        return self.work / statistics.median(self.seconds)

    def times(self, other: Measured) -> float:
        """How many times as many runs per second as ``other``: the median over rounds of the ratio."""
        pairs = zip(self.seconds, other.seconds)
        return statistics.median((self.work / mine) / (other.work / theirs) for mine, theirs in pairs)


def take_turns(
    contenders: Mapping[str, tuple[Callable[[], object], int]], rounds: int, shortest: float = 0.05
) -> dict[str, Measured]:
    """Time every contender in every round, after one call that warms it up.

    A contender is a call and the number of runs it does; calls shorter than ``shortest`` seconds are
    repeated within a round until they fill it.
    """
    repeats = {}
    for name, (call, _) in contenders.items():
        call()
        begin = time.perf_counter()
        call()
        repeats[name] = max(1, round(shortest / (time.perf_counter() - begin)))
    seconds: dict[str, list[float]] = {n: [] for n in contenders}
    for _ in range(rounds):
        for name, (call, _) in contenders.items():
            begin = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            seconds[name].append((time.perf_counter() - begin) / repeats[name])
    return {n: Measured(tuple(seconds[n]), work) for n, (_, work) in contenders.items()}
