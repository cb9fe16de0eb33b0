"""Run a model over many draws: inputs to arrays, blocks to threads, blocks back to draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.engine import rng
from sim.engine.graph import Model
from sim.engine.kernel import Kernel, make_kernel, reduction_codes
from sim.errors import InputError, Problem

LANES = 32  # draws a block
FEW = 16  # below so many draws, small blocks are faster
FEW_LANES = 4
ENGINES = ("compiled", "interpreted")
METHODS = ("rk4", "euler")

# values of a path at times t: path(t, side), with side "left" or "right" where it jumps
PathFunction = Callable[..., NDArray[np.float64]]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Simulation:
    """What a run gives: ``values`` by name, each of shape (year, draw), and the kernel that made them."""

    values: dict[str, Array]
    years: NDArray[np.int64]
    kernel_hash: str
    engine: str


@lru_cache(maxsize=8)
def _kernel(model_hash: str, lanes: int, engine: str, holder: _Holder) -> Kernel:
    return make_kernel(holder.model, lanes, engine)


@dataclass(frozen=True)
class _Holder:
    """Carries the model through the cache, which compares models by their hash."""

    model: Model

    def __hash__(self) -> int:
        return hash(self.model.hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Holder) and self.model.hash == other.model.hash


def kernel_for(model: Model, draws: int, engine: str = "compiled") -> Kernel:
    """The kernel that would run ``draws`` draws of ``model``."""
    lanes = 1 if engine == "interpreted" else FEW_LANES if draws < FEW else LANES
    return _kernel(model.hash, lanes, engine, _Holder(model))


def input_table(
    model: Model, paths: Mapping[str, PathFunction], start_year: int, years: int, steps: int
) -> Array:
    """Levers, series and time at the three instants of every step, shape (years * steps, 3, columns).

    The instants are start, middle and end of the step; at the end the limit from the left counts, so
    that what changes with the new year cannot act before it. ``paths[name](t, side)`` gives values at
    times ``t``, ``side`` "left" or "right". Raises InputError when a path is missing.
    """
    names = model.input_names("lever", "series")
    missing = [n for n in names if n not in paths]
    if missing:
        raise InputError([Problem("no path is given", where=n) for n in missing])
    begin = start_year + np.arange(years * steps) / steps
    table = np.empty((begin.size, 3, 1 + len(names)))
    for k, (offset, side) in enumerate(((0.0, "right"), (0.5, "right"), (1.0, "left"))):
        t = begin + offset / steps
        table[:, k, 0] = t
        for column, name in enumerate(names, start=1):
            table[:, k, column] = paths[name](t, side)
    return table


def noise_table(
    model: Model,
    seed: int,
    draws: NDArray[np.int64],
    start_year: int,
    years: int,
    first_noisy_year: int | None,
) -> Array:
    """Random numbers of every noise element, shape (noise, year, draw).

    Before ``first_noisy_year``, and in every year when that is None, they are neutral.
    """
    noises = model.of_kind("noise")
    table = np.empty((len(noises), years, draws.size))
    calendar = start_year + np.arange(years)
    for k, name in enumerate(noises):
        element = model.elements[name]
        table[k] = element.neutral
        noisy = calendar >= first_noisy_year if first_noisy_year is not None else np.zeros(years, bool)
        if noisy.any():
            draw_number = rng.normal if element.distribution == "normal" else rng.uniform
            table[k, noisy] = draw_number(seed, draws[None, :], f"noise:{name}", calendar[noisy][:, None])
    return table


def _padded(values: Array, columns: int) -> Array:
    """``values`` with ``columns`` draws, the last one repeated, as contiguous numbers."""
    missing = columns - values.shape[-1]
    if missing:
        values = np.concatenate([values, np.repeat(values[..., -1:], missing, axis=-1)], axis=-1)
    return np.ascontiguousarray(values, dtype=float)


def simulate(
    model: Model,
    *,
    inputs: Array,
    parameters: Mapping[str, Array | float],
    noise: Array,
    outputs: Sequence[str],
    start_year: int,
    draws: int,
    method: str = "rk4",
    engine: str = "compiled",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Run ``draws`` draws of ``model`` and keep ``outputs`` as annual values.

    ``inputs`` is the table of :func:`input_table`, ``noise`` that of :func:`noise_table`, ``parameters``
    one value or one array (draw) a parameter. Stocks are reported at the end of the year, identities by
    their worst absolute value, everything else as the mean over the steps of the year (of their middles
    under Runge-Kutta, of their starts under Euler). ``progress`` is called with the number of draws
    finished since the last call. The result does not depend on ``threads``. Raises InputError for unknown
    names.
    """
    if engine not in ENGINES or method not in METHODS:
        raise InputError(
            Problem("unknown engine or method", value=(engine, method), bound=f"{ENGINES}, {METHODS}")
        )
    kernel = kernel_for(model, draws, engine)
    layout = kernel.layout
    absent = [n for n in layout.parameters if n not in parameters]
    unknown = [n for n in outputs if n not in layout.cell and n not in layout.row]
    if absent or unknown:
        raise InputError(
            [Problem("the parameter has no value", where=n) for n in absent]
            + [Problem("no such quantity", where=n) for n in unknown]
        )
    years = noise.shape[1]
    steps = inputs.shape[0] // years
    blocks = -(-draws // kernel.lanes)
    columns = blocks * kernel.lanes
    matrix = np.empty((len(layout.parameters), columns))
    for k, name in enumerate(layout.parameters):
        matrix[k, :draws] = parameters[name]
    matrix[:, draws:] = matrix[:, draws - 1 : draws]
    computed = [n for n in outputs if n in model.elements]
    cells = np.array([layout.cell[n] for n in computed], dtype=np.int64)
    kinds = reduction_codes(model, computed)
    padded_noise = _padded(noise, columns)
    out = np.empty((len(computed), years, columns))

    def work(first: int, last: int) -> int:
        with np.errstate(all="ignore"):
            kernel.run_blocks(
                first,
                last,
                inputs,
                matrix,
                padded_noise,
                years,
                steps,
                method == "rk4",
                cells,
                kinds,
                out,
            )
        return min(last * kernel.lanes, draws) - first * kernel.lanes

    _spread(work, blocks, threads, progress)
    values = {n: out[k, :, :draws] for k, n in enumerate(computed)}
    for name in outputs:
        if name not in values:
            instants = inputs[:, 1 if method == "rk4" else 0]
            values[name] = _given(name, instants, matrix[:, :draws], layout.row, layout.parameters, years)
    return Simulation({n: values[n] for n in outputs}, start_year + np.arange(years), kernel.hash, engine)


def _given(
    name: str, instants: Array, matrix: Array, rows: Mapping[str, int], parameters: Sequence[str], years: int
) -> Array:
    """Annual values of an input: the mean of a path over the steps of a year, a parameter as it is."""
    draws = matrix.shape[1]
    if name in rows:
        path = instants[:, rows[name]].reshape(years, -1).mean(axis=1)
        return np.repeat(path[:, None], draws, axis=1)
    return np.repeat(matrix[list(parameters).index(name)][None, :], years, axis=0)


def _spread(
    work: Callable[[int, int], int], blocks: int, threads: int | None, progress: Callable[[int], None] | None
) -> None:
    """Do blocks 0..blocks-1 on ``threads`` threads (all processors by default), a few blocks a task."""
    import os

    workers = max(1, min(threads or len(os.sched_getaffinity(0)), blocks))
    size = max(1, min(16, blocks // (4 * workers)))
    if workers == 1:
        for first in range(0, blocks, size):
            done = work(first, min(first + size, blocks))
            if progress:
                progress(done)
        return
    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(work, k, min(k + size, blocks)) for k in range(0, blocks, size)]
        for task in as_completed(tasks):
            done = task.result()
            if progress:
                progress(done)
