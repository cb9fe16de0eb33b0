"""Many draws in a few numbers: quantiles and mean by year, and a hash that tells every bit."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

QUANTILES = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}
STATISTICS = (*QUANTILES, "mean")
REPORTED_STATISTICS = ("q05", "q25", "q50", "q75", "q95", "mean")


def statistics(values: Array) -> Array:
    """Quantiles and mean of each row of ``values`` (year, draw): shape (year, statistic).

    The columns are :data:`STATISTICS`. Quantiles are interpolated linearly between order statistics.
    Values that are not finite are left out row by row; a row without any gives NaN.
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    last = np.maximum(count - 1, 0)
    found = np.full((values.shape[0], len(STATISTICS)), np.nan)
    if values.shape[1] == 0:
        return found
    for column, share in enumerate(QUANTILES.values()):
        position = share * last
        below = np.floor(position).astype(int)
        above = np.minimum(below + 1, last)
        part = position - below
        low = np.take_along_axis(ordered, below[:, None], axis=1)[:, 0]
        high = np.take_along_axis(ordered, above[:, None], axis=1)[:, 0]
        found[:, column] = low + (high - low) * part
    total = np.where(np.isfinite(ordered), ordered, 0.0).sum(axis=1)
    found[:, -1] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def hash_of(values: Array) -> str:
    """sha256 of the shape and the bytes of ``values`` (little-endian float64, row by row)."""
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update(np.ascontiguousarray(values, dtype="<f8").data)
    return digest.hexdigest()
