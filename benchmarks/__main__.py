"""Measure the kernel against numpy over draws and against PySD: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.case import SEED, STEPS, Case
from benchmarks.fresh import first_result
from benchmarks.numpy_peer import NumpyPeer
from benchmarks.pysd_peer import PysdPeer
from benchmarks.timing import Measured, take_turns
from sim.engine.ensemble import LANES, noise_table, simulate
from sim.engine.kernel import make_kernel
from sim.engine.machine import processor
from sim.engine.program import Program

AGREEMENT = 1e-9
PYSD_AGREEMENT = 1e-6
NUMPY_BLOCKS = (1_000, 2_500, 5_000, 10_000)


def main() -> None:
    """Run every measurement and print it."""
    options = _options()
    threads = len(os.sched_getaffinity(0))
    case = Case.load(options.scenario, max(options.draws))
    numpy_peer = NumpyPeer(case.model)
    print(f"{_machine()}; {threads} processors; load average {os.getloadavg()[0]:.1f}")
    print(
        f"{len(case.model.elements)} quantities, {len(case.model.of_kind('stock'))} stocks, "
        f"{case.years} years in steps of 1/{STEPS} year, {len(case.outputs)} kept; "
        f"scenario {options.scenario}"
    )
    ours, theirs = _check_numpy(case, numpy_peer)
    print(f"largest relative difference between kernel and numpy: {ours:.1e} (RK4), {theirs:.1e} (Euler)")
    pysd_peer = None
    if not options.no_pysd:
        begin = time.perf_counter()
        pysd_peer = PysdPeer(case)
        print(f"PySD reads the exported model in {time.perf_counter() - begin:.1f} s")
        print(
            f"largest relative difference between kernel and PySD: {_check_pysd(case, pysd_peer):.1e} (Euler)"
        )
    _throughput(case, numpy_peer, pysd_peer, options.draws, options.rounds, threads)
    _latency(case, options.rounds)
    _threads(case, max(options.draws), options.rounds, threads)
    _processes(options.scenario, options.rounds)
    _compilation(case)
    _where(case, max(options.draws), threads)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scenario", default="budget_3pct", help="scenario to run")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 100, 1_000, 10_000], help="sizes of runs")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which the contenders take turns")
    parser.add_argument("--no-pysd", action="store_true", help="leave PySD out")
    return parser.parse_args()


def _machine() -> str:
    features = processor().split(",")
    vectors = [f for f in ("avx512f", "avx2", "neon") if f"+{f}" in ",".join(features)]
    versions = ", ".join(f"{p} {version(p)}" for p in ("numpy", "llvmlite", "pysd"))
    return f"{platform.machine()} {', '.join(vectors)}; Python {platform.python_version()}, {versions}"


def _heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def _difference(mine: np.ndarray, other: np.ndarray) -> float:
    """Largest difference relative to the value, or to the largest value of the variable where near zero."""
    scale = np.maximum(np.abs(mine), 1e-6 * np.nanmax(np.abs(mine), initial=1e-300))
    return float(np.nanmax(np.abs(mine - other) / scale))


def _compared(case: Case) -> list[str]:
    # residuals of identities are rounding errors: nothing to agree on
    return [n for n in case.outputs if case.model.elements[n].kind != "identity"]


def _check_numpy(case: Case, peer: NumpyPeer) -> list[float]:
    found = []
    draws = min(64, case.noise.shape[2])
    for method in ("rk4", "euler"):
        options = case.options(draws, method)
        mine = simulate(case.model, **options, start_year=case.start_year).values
        other = peer.run(**options)
        found.append(max(_difference(mine[n], other[n]) for n in _compared(case)))
    if max(found) > AGREEMENT:
        raise SystemExit(f"numpy and kernel differ by {max(found):.1e}: nothing to compare")
    return found


def _check_pysd(case: Case, peer: PysdPeer) -> float:
    mine = simulate(case.model, **case.options(1, "euler"), start_year=case.start_year).values
    other = peer.run()
    found = max(_difference(mine[n][:, 0], other[n]) for n in _compared(case))
    if found > PYSD_AGREEMENT:
        raise SystemExit(f"PySD and kernel differ by {found:.1e}: nothing to compare")
    return found


def _kernel_call(case: Case, draws: int, method: str, threads: int) -> Callable[[], object]:
    options = case.options(draws, method)
    return partial(simulate, case.model, **options, start_year=case.start_year, threads=threads)


def _throughput(
    case: Case,
    numpy_peer: NumpyPeer,
    pysd_peer: PysdPeer | None,
    sizes: list[int],
    rounds: int,
    threads: int,
) -> None:
    block = _best_block(case, numpy_peer, max(sizes), threads)
    for draws in sizes:
        _heading(f"runs per second, {draws:,} draw{'s' if draws > 1 else ''}")
        contenders: dict[str, tuple[Callable[[], object], int]] = {}
        for method in ("rk4", "euler"):
            numpy_run = partial(numpy_peer.run, **case.options(draws, method), block=block, threads=threads)
            contenders[f"kernel, {method}"] = _kernel_call(case, draws, method, threads), draws
            contenders[f"numpy, {method}"] = numpy_run, draws
        if pysd_peer is not None:
            contenders["PySD, euler"] = pysd_peer.run, 1
        measured = take_turns(contenders, rounds)
        for name, result in measured.items():
            line = f"  {name:16s} best {result.best:11,.1f}   median {result.median:11,.1f}"
            if not name.startswith("kernel"):
                mine = measured[f"kernel, {name.split(', ')[1]}"]
                line += f"   kernel / {name.split(',')[0]} {mine.times(result):10,.1f}"
            print(line)
        if draws == max(sizes):
            print(f"  (numpy in blocks of {block:,} draws, its best; both on {threads} threads;")
            print("   PySD integrates with Euler only and makes one run after another)")


def _best_block(case: Case, peer: NumpyPeer, draws: int, threads: int) -> int:
    """The block size with which numpy is fastest on ``draws`` draws."""
    speed = {}
    for block in NUMPY_BLOCKS:
        begin = time.perf_counter()
        peer.run(**case.options(draws, "euler"), block=block, threads=threads)
        speed[time.perf_counter() - begin] = block
    return speed[min(speed)]


def _latency(case: Case, rounds: int) -> None:
    _heading("one draw")
    measured = take_turns({m: (_kernel_call(case, 1, m, 1), 1) for m in ("rk4", "euler")}, max(rounds, 20))
    for method, result in measured.items():
        print(f"  {method:6s} best {1e3 / result.best:.3f} ms   median {1e3 / result.median:.3f} ms")


def _threads(case: Case, draws: int, rounds: int, threads: int) -> None:
    _heading(f"threads, {draws:,} draws, RK4")
    contenders = {n: (_kernel_call(case, draws, "rk4", n), draws) for n in sorted({1, threads})}
    measured: dict[int, Measured] = take_turns(contenders, rounds)  # type: ignore[arg-type, assignment]
    for count, result in measured.items():
        label = f"{count} thread{'s' if count > 1 else ''}"
        print(f"  {label:10s} best {result.best:11,.1f}   median {result.median:11,.1f}")
    if threads > 1:
        print(f"  {threads} threads against 1: {measured[threads].times(measured[1]):.2f} times")


def _processes(scenario: str, rounds: int) -> None:
    _heading("a fresh process until the odds of every target, 1,000 draws")
    with tempfile.TemporaryDirectory() as folder:
        seconds, laps = first_result(scenario, 1000, Path(folder))
        print(f"  empty cache: {seconds:6.2f} s   {_phases(laps)}")
        warm = [first_result(scenario, 1000, Path(folder)) for _ in range(max(3, rounds))]
        best = min(warm, key=lambda found: found[0])
        median = statistics.median(found[0] for found in warm)
        print(f"  warm cache:  {best[0]:6.2f} s   {_phases(best[1])}   (median {median:.2f} s)")


def _phases(laps: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in laps.items())


def _compilation(case: Case) -> None:
    _heading("making a kernel")
    kept = os.environ.get("NQ57_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NQ57_CACHE"] = folder
        for label in ("empty cache", "warm cache"):
            begin = time.perf_counter()
            make_kernel(case.model, LANES)
            print(f"  {label:12s} {time.perf_counter() - begin:6.3f} s")
    if kept is None:
        del os.environ["NQ57_CACHE"]
    else:
        os.environ["NQ57_CACHE"] = kept


def _where(case: Case, draws: int, threads: int) -> None:
    _heading(f"where the time goes, {draws:,} draws, RK4")
    from sim.country import load_country
    from sim.draws import sample

    country, ids = load_country("vietnam"), np.arange(draws)
    parts: dict[str, Callable[[], object]] = {
        "parameters from the priors": partial(sample, country, case.model, SEED, ids, {}),
        "noise": partial(
            noise_table, case.model, SEED, ids, case.start_year, case.years, country.last_observed + 1
        ),
        "simulation": _kernel_call(case, draws, "rk4", threads),
        "exact 5/25/50/75/95 % of what is kept": partial(_quantiles, case, draws),
    }
    measured = take_turns({n: (call, draws) for n, call in parts.items()}, 3)
    for name, result in measured.items():
        print(f"  {name:38s} {min(result.seconds):7.3f} s")
    graph, phases = Program(case.model).graph, Program(case.model).phases
    per_step = {"drive": 3, "stage": 4, "report": 1}
    print("  operations a run in millions, exp and log among them in thousands:")
    for phase, groups in phases.items():
        times = case.years * STEPS * per_step[phase] if phase in per_step else case.years
        if phase in ("start", "constant", "remember"):
            times = 1
        nodes = [graph.nodes[k].operation for group in groups for k in group.nodes]
        calls = sum(n in ("exp", "log") for n in nodes)
        print(f"    {phase:9s} {len(nodes) * times / 1e6:8.3f}   {calls * times / 1e3:8.1f}")


def _quantiles(case: Case, draws: int) -> None:
    values = np.random.default_rng(1).random((len(case.outputs), case.years, draws))
    values.sort(axis=-1)


if __name__ == "__main__":
    main()
