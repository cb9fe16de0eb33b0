"""Scenarios from short texts, for tests."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.country import Country, load_country
from sim.errors import InputError
from sim.scenario import Scenario, parse_scenario
from sim.timepath import TimePath

HEADER = 'format: 1\nid: a\ntitle: {en: "A"}\n'
FINE = np.arange(2010, 2046, 1 / 32)


@cache
def country() -> Country:
    """Viet Nam, read once."""
    return load_country()


def scenario(text: str, **options: Any) -> Scenario:
    """The scenario of ``text`` below a header."""
    return parse_scenario(HEADER + text, country(), file="f.yaml", **options)


def problems(text: str, **options: Any) -> list[str]:
    """What is wrong with ``text`` below a header of three lines, one line a problem."""
    with pytest.raises(InputError) as caught:
        scenario(text, **options)
    return [str(problem) for problem in caught.value.problems]


def lever(text: str, code: str = "reform") -> TimePath:
    """The path of one lever that ``text`` sets."""
    return scenario(f"levers:\n  {code}: {text}\n").levers[code]


def values(path: TimePath, *times: float) -> list[float]:
    return path.at(times).tolist()


def same(first: TimePath, second: TimePath, times: np.ndarray = FINE) -> bool:
    """Whether two paths agree bit for bit, on both sides of every time."""
    return all((first.at(times, side) == second.at(times, side)).all() for side in ("left", "right"))
