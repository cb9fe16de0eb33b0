"""Addressed random numbers: each is a pure function of where it is used.

A number depends on (seed, process name, draw, index) and on nothing else: not on how many numbers were
drawn before it, by whom, or in which order. Adding a process, a draw, a scenario or a worker therefore
moves no other number, and scenarios that share draws share their luck.

The mixer is the finaliser of splitmix64 (Steele, Lea and Flood 2014), applied to the parts in turn.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)


def _mix(z: Any) -> Any:
    z = (z ^ (z >> _S30)) * _FIRST
    z = (z ^ (z >> _S27)) * _SECOND
    return z ^ (z >> _S31)


@functools.cache
def process_key(process: str) -> int:
    """64 bits that stand for the name of a process."""
    return int.from_bytes(hashlib.sha256(process.encode()).digest()[:8], "little")


def uniform(seed: int, draws: ArrayLike, process: str, index: ArrayLike = 0) -> NDArray[np.float64]:
    """Numbers in (0, 1), broadcast over ``draws`` and ``index`` (both non-negative whole numbers)."""
    with np.errstate(over="ignore"):
        base = _mix(np.uint64(seed % 2**64) + _GOLDEN)
        base = _mix((base ^ np.uint64(process_key(process))) + _GOLDEN)
        z = _mix(base + np.asarray(draws).astype(np.uint64) * _GOLDEN + _GOLDEN)
        z = _mix(z ^ (np.asarray(index).astype(np.uint64) * _FIRST + _GOLDEN))
    # 52 bits and a half: never 0 and never 1
    return ((z >> _S12).astype(np.float64) + 0.5) * 2.0**-52


def normal(seed: int, draws: ArrayLike, process: str, index: ArrayLike = 0) -> NDArray[np.float64]:
    """Standard normal numbers: :func:`uniform` through the inverse of the normal distribution."""
    from scipy.special import ndtri

    return ndtri(uniform(seed, draws, process, index))
