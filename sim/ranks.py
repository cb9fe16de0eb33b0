"""Ranks among other economies, whose scores are simulated draw by draw.

A rank target is never a deterministic cut: the others move too. Each peer's path is a pure function of
(seed, draw, economy, year), so every scenario meets the same peers and adding an economy moves no other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.country_tables import SCORE_COLUMNS, VALUE_COLUMNS, peers_of, read_table
from sim.engine import rng
from sim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from sim.country import Country

Array = NDArray[np.float64]

CHUNK = 128  # draws simulated at a time: a few arrays of (peers, CHUNK) that stay in the processor's cache
INCOME = "income"  # file of incomes per head
FOLLOW_INCOME = ("gii",)  # indices whose scores income predicts
_YEARS_PER_CODE = 10_000


@dataclass(frozen=True)
class Peers:
    """Other economies in an index: ``code`` addresses their random numbers, ``score`` is the published one.

    ``expected`` is the score that income predicts (the published score where income is not known),
    ``base_year`` the edition the scores are from.
    """

    code: NDArray[np.int64]
    score: Array
    expected: Array
    base_year: int

    @classmethod
    def of(cls, country: Country, index: str, among: Container[str] | None = None) -> Peers:
        """The peers of ``country`` in ``index``, its own row left out, limited to the codes ``among``.

        The line of expected scores is the least-squares fit of the published scores on the log of income
        per head. Incomes stay at their observed values: projecting those of 138 economies would add
        guesses, and the slow pull matters less than each economy's own wandering.
        """
        table = _published(country, index)
        abroad = [row for row in table if row["iso3"] != country.iso3]
        codes = [row["iso3"] for row in abroad]
        score = np.array([row["score"] for row in abroad], dtype=float)
        expected = score.copy()
        if index in FOLLOW_INCOME:
            by_code = {row["iso3"]: row["value"] for row in _published(country, INCOME)}
            income = np.array([by_code.get(c, np.nan) for c in codes], dtype=float)
            known = np.isfinite(income)
            slope, level = np.polyfit(np.log(income[known]), score[known], 1)
            expected[known] = level + slope * np.log(income[known])
        code = np.array([int.from_bytes(c.encode(), "big") for c in codes], dtype=np.int64)
        kept = np.array([among is None or c in among for c in codes])
        edition = max(int(row["edition"]) for row in abroad)
        return cls(code[kept], score[kept], expected[kept], edition)


def _published(country: Country, name: str) -> list[dict[str, Any]]:
    """The rows of one file of peers; as data frames they would load pandas, slower than all the ranks."""
    folder = country.folder / "peers"
    file = folder / f"{name}.csv"
    if not file.is_file():
        known = [other.stem for other in folder.glob("*.csv")]
        raise InputError(
            Problem("no other economies are given", file=str(file), suggestion=nearest(name, known))
        )
    return peers_of(read_table(file, SCORE_COLUMNS, VALUE_COLUMNS))


def _ranked(score: Array, others: Array) -> Array:
    """1 + number of ``others`` (peer, draw) above ``score`` (draw,); NaN where there is no score."""
    return np.where(np.isfinite(score), 1.0 + (others > score).sum(axis=0), np.nan)


def wandering_rank(
    score: Array,
    years: NDArray[np.int64],
    peers: Peers,
    seed: int,
    draw_ids: NDArray[np.int64],
    step_sd: Array,
    reversion: Array,
    edition_sd: Array,
) -> Array:
    """Rank of ``score`` (year, draw) among peers that wander: shape (year, draw), from 1.

    From the base year on a peer's score is a random walk with yearly step ``step_sd``, pulled by
    ``reversion`` a year to the score its income predicts; what an edition publishes carries a further
    independent error ``edition_sd`` for changes of method. Up to the base year peers have their published
    scores. ``step_sd``, ``reversion`` and ``edition_sd`` have shape (draw,).
    """
    rank = np.full(score.shape, np.nan)
    address = peers.code[:, None] * _YEARS_PER_CODE

    def simulate(part: slice) -> None:
        ids = draw_ids[part][None, :]
        level = np.repeat(peers.score[:, None], ids.size, axis=1)
        published = level
        for k, year in enumerate(years.tolist()):
            if year > peers.base_year:
                pull = reversion[part] * (peers.expected[:, None] - level)
                level = level + pull + step_sd[part] * rng.normal(seed, ids, "peers:wander", address + year)
                published = level + edition_sd[part] * rng.normal(seed, ids, "peers:edition", address + year)
            rank[k, part] = _ranked(score[k, part], published)

    _in_chunks(simulate, draw_ids.size)
    return rank


def drifting_rank(
    score: Array,
    years: NDArray[np.int64],
    peers: Peers,
    seed: int,
    draw_ids: NDArray[np.int64],
    drift: Array,
    drift_sd: Array,
) -> Array:
    """Rank of ``score`` (year, draw) among peers with a trend each: shape (year, draw), from 1.

    A peer's yearly gain is normal with mean ``drift`` and standard deviation ``drift_sd``, one number per
    draw and economy. The nearer to 1, the limit of the index, the slower: a gain g takes the distance d
    to it down to d exp(-g / d), so that nobody arrives and there are no ties. Losses stop at 0.
    """
    rank = np.full(score.shape, np.nan)

    def simulate(part: slice) -> None:
        distance = np.maximum(1e-6, 1.0 - peers.score[:, None])
        luck = rng.normal(seed, draw_ids[part][None, :], "peers:drift", peers.code[:, None])
        gain = drift[part] + drift_sd[part] * luck
        for k, year in enumerate(years.tolist()):
            since = max(0, year - peers.base_year)
            change = gain * since
            rising = 1.0 - distance * np.exp(-np.maximum(change, 0.0) / distance)
            others = np.maximum(0.0, rising + np.minimum(change, 0.0))
            rank[k, part] = _ranked(score[k, part], others)

    _in_chunks(simulate, draw_ids.size)
    return rank


def _in_chunks(simulate: Callable[[slice], None], draws: int) -> None:
    """Call ``simulate`` on every chunk of draws, on all processors; chunks share nothing."""
    # the first call loads the library of special functions, which threads must not do at once
    chunks = [slice(first, min(first + CHUNK, draws)) for first in range(0, draws, CHUNK)]
    for part in chunks[:1]:
        simulate(part)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(simulate, part) for part in chunks[1:]]:
            done.result()
