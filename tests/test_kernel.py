"""Compiled kernels: bit for bit what the equations say, in blocks of any shape; kept safely on disk."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from itertools import product

import numpy as np
import pytest

from sim.assemble import model_of
from sim.country import load_country
from sim.draws import sample
from sim.engine import functions, kernel
from sim.engine.declare import annual, aux, elements_of, flow, initial, lagged, noise, stock
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.engine.functions import clip, exp, log, power
from sim.engine.graph import InputSpec, build
from sim.engine.kernel import CacheWarning, make_kernel, reduction_codes
from sim.engine.machine import Shape, intermediate_code
from sim.engine.program import Graph, Program
from sim.scenario import load_scenario
from sim.simulation import paths_of
from tests import toy
from tests.test_engine import INPUTS, VALUES

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 700.5, -701.0, 1e-310, 1e300, math.inf, -math.inf, math.nan]


@aux(unit="1")
def extremes(x, y):
    """min, max, abs, clip"""
    return clip(x, -1, y) + min(x, y) - max(y, x) * min(abs(x), max(y, x))


@aux(unit="1")
def transcendental(x, y):
    """exp and log"""
    return exp(x) - log(y) + exp(-y) * log(abs(x))


@aux(unit="1")
def powers(x, y):
    """Powers"""
    return power(x, y) + power(x, -y) - power(abs(x), y) / power(y, 1)


@aux(unit="1")
def comparisons(x, y):
    """Every comparison, and, or, not"""
    if (x < y and not (x == 1 and y != 1)) or x != x:
        return (1 if x <= y else 0) - (1 if y >= x or y > x else 0) / x
    return -x if x > y else 0 * x


@aux(unit="1")
def repeats(x, y, comparisons, powers):
    """The same operations again, and a quantity through another"""
    z = power(x, y) if (x < y and not (x == 1 and y != 1)) or x != x else exp(x)
    return z * comparisons + powers


@aux(unit="1")
def same(repeats):
    """Another name for a quantity"""
    return repeats


@aux(unit="1")
def copied(x):
    """Another name for a parameter"""
    return x


ARITHMETIC = [extremes, transcendental, powers, comparisons, repeats, same, copied]


def elements(declared):
    return [e for d in declared for e in d.__elements__]


def same_bits(a, b):
    """Equal to the last bit; a value that is not a number equals another one, whatever its sign."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.array_equal(
        np.where(np.isnan(a), 0, a).view(np.int64), np.where(np.isnan(b), 0, b).view(np.int64)
    ) and (np.array_equal(np.isnan(a), np.isnan(b)))


def run_plain(model, parameters, draws, engine, paths=None, years=1, steps=1, noises=None, **options):
    names = [n for n, e in model.elements.items() if e.kind != "noise"]
    return simulate(
        model,
        inputs=input_table(model, paths or {}, 2010, years, steps),
        parameters=parameters,
        noise=np.zeros((len(model.of_kind("noise")), years, draws)) if noises is None else noises,
        outputs=names,
        start_year=2010,
        draws=draws,
        engine=engine,
        **options,
    ).values


def test_arithmetic_keeps_every_bit_also_of_infinities_and_of_what_is_not_a_number():
    """Minimum, maximum, comparison and conditions are Python's, also where an operand is not a number."""
    model = build(elements(ARITHMETIC), [InputSpec(n, "parameter", "1") for n in ("x", "y")], check=False)
    x, y = np.array(list(product(SPECIAL, SPECIAL))).T
    compiled = run_plain(model, {"x": x, "y": y}, x.size, "compiled")
    few = run_plain(model, {"x": x[:9], "y": y[:9]}, 9, "compiled")
    with np.errstate(all="ignore"):
        plain = run_plain(model, {"x": x, "y": y}, x.size, "interpreted")
    for name, values in plain.items():
        assert same_bits(compiled[name], values), name
        assert same_bits(few[name], values[:, :9]), name


def test_exp_and_log_are_translated_to_the_last_bit():
    model = build(
        elements([transcendental]), [InputSpec(n, "parameter", "1") for n in ("x", "y")], check=False
    )
    generator = np.random.default_rng(1)
    x, y = generator.uniform(-750, 750, 4000), np.exp(generator.uniform(-700, 700, 4000))
    found = run_plain(model, {"x": x, "y": y}, x.size, "compiled")["transcendental"][0]
    for k in range(0, x.size, 7):
        a, b = np.float64(x[k]), np.float64(y[k])
        expected = functions.exp(a) - functions.log(b) + functions.exp(-b) * functions.log(abs(a))
        assert found[k] == expected
    assert found[y < 600] == pytest.approx(
        (np.exp(np.clip(x, -700, 700)) - np.log(y) + np.exp(-np.minimum(y, 700)) * np.log(np.abs(x)))[
            y < 600
        ],
        rel=1e-14,
        abs=1e-12,
    )


@stock(unit="1", initial="level_0", inflow=("gain", "pace"), outflow=("loss",))
def level():
    """Level"""


@stock(unit="1", initial="level_0")
def still():
    """A stock nothing moves"""


@stock(unit="1", initial="opening", outflow="pace")
def drained():
    """A stock that starts with a quantity of the first instant"""


@initial(unit="1")
def level_0(opening, mood, x):
    """Evaluated once, of quantities that move later"""
    return opening + mood + x


@aux(unit="1")
def opening(pace, x):
    """Moves with a lever"""
    return power(x, x) * (1 + pace)


@flow(unit="1/year")
def gain(level, mood, x, pace):
    """Gain"""
    return power(x, x) * mood / (1 + abs(level)) + exp(-pace * pace)


@flow(unit="1/year")
def loss(level, before, x):
    """Loss"""
    return level * x / (1 + before * before)


@annual(unit="1", initial="x")
def mood(mood, luck, loss, memory):
    """Looks at its own past, at noise, at a flow and at another annual quantity of the same year"""
    return mood / (1 + 1) + luck + loss * memory


@annual(unit="1", initial="x")
def memory(memory, before, level):
    """Another annual quantity"""
    return (memory + before) / (1 + abs(level))


@aux(unit="1")
def held(mood, memory, x):
    """Changes once a year"""
    return exp(-mood * mood) + memory * power(x, x)


@aux(unit="1")
def watched(held, level, pace, loss):
    """Uses slow, fast and driven quantities"""
    return held * exp(-pace * pace) + level * (held if level > 0 and pace > 1 else loss)


luck = noise("luck", label="Luck")
before = lagged("before", of="watched", initial="x", unit="1", label="Before")
DYNAMIC = [level, still, drained, level_0, opening, gain, loss, mood, memory, held, watched, luck, before]


@pytest.fixture(scope="module")
def dynamic():
    inputs = [InputSpec("x", "parameter", "1"), InputSpec("pace", "lever", "1")]
    return build(elements(DYNAMIC), inputs, check=False)


def pace(t, side):
    return 0.3 * (t - 2010) + np.where((t > 2013) | ((t == 2013) & (side == "right")), 0.7, 0.0)


@pytest.mark.parametrize("method", ["euler", "rk4"])
@pytest.mark.parametrize("steps", [1, 4])
def test_every_pace_of_change_gives_the_bits_of_the_equations(dynamic, method, steps):
    """Constants, annual, lagged, driven and moving quantities, each computed when it can change."""
    draws = 70
    parameters = {"x": np.linspace(0.1, 1.9, draws)}
    noises = noise_table(dynamic, 1, np.arange(draws), 2010, 6, 2012)
    options = {"paths": {"pace": pace}, "years": 6, "steps": steps, "method": method}
    wide = run_plain(dynamic, parameters, draws, "compiled", noises=noises, threads=2, **options)
    part = [0, 3, 69]
    few_parameters = {"x": parameters["x"][part]}
    for engine in ("compiled", "interpreted"):
        few = run_plain(dynamic, few_parameters, 3, engine, noises=noises[:, :, part], **options)
        for name, values in few.items():
            assert same_bits(wide[name][:, part], values), (engine, name)


def test_the_whole_model_gives_the_bits_of_its_equations():
    """Every quantity of the country, over history and the first noisy years, in blocks of any width."""
    country = load_country("vietnam")
    model = model_of(country)
    paths = paths_of(load_scenario("full", country), country, model)
    ids, years, some = np.arange(40), 20, [0, 7, 39]
    options = {
        "inputs": input_table(model, paths, 2010, years, 4),
        "outputs": list(model.elements),
        "start_year": 2010,
    }
    parameters, noises = (
        sample(country, model, 57, ids, {})[0],
        noise_table(model, 57, ids, 2010, years, 2026),
    )
    wide = simulate(model, parameters=parameters, noise=noises, draws=ids.size, **options).values
    few_parameters = {n: v[some] for n, v in parameters.items()}
    few = {"parameters": few_parameters, "noise": noises[:, :, some], "draws": len(some), **options}
    for engine in ("compiled", "interpreted"):
        for name, values in simulate(model, engine=engine, **few).values.items():
            assert same_bits(wide[name][:, some], values), (engine, name)


def test_nothing_is_computed_twice():
    """An operation on the same operands occurs once in the graph; powers of one base share its logarithm."""
    model = build(elements(ARITHMETIC), [InputSpec(n, "parameter", "1") for n in ("x", "y")], check=False)
    graph = Graph(model, {"t": 0})
    value = graph.values(new_year=False)
    below = graph.below(value(n) for n in model.elements)
    operations = [graph.nodes[k] for k in below]
    assert len(set(operations)) == len(operations)
    bases = [node.operands for node in operations if node.operation == "log"]
    assert len(bases) == len(set(bases)) == 3  # of x, of y, of |x|
    assert value("same") == value("repeats")


def test_the_code_is_the_same_in_every_process():
    """A kernel is named by what it is made from, so the same model must always make the same text."""
    program = (
        "import hashlib\n"
        "from sim.engine.declare import elements_of\n"
        "from sim.engine.graph import build\n"
        "from sim.engine.machine import Shape, intermediate_code\n"
        "from sim.engine.program import Program\n"
        "from tests import toy\n"
        "from tests.test_engine import INPUTS\n"
        "text = intermediate_code(Program(build(elements_of(toy), INPUTS)), Shape(8, 8))\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def toy_run(**options):
    model = build(elements_of(toy), INPUTS)
    parameters = dict(VALUES, interest_rate=np.linspace(0.01, 0.1, 20))
    return simulate(
        model,
        inputs=input_table(model, {"lever_departures": lambda t, side: 10.0 + 0 * t}, 2010, 5, 4),
        parameters=parameters,
        noise=noise_table(model, 1, np.arange(20), 2010, 5, 2012),
        outputs=["wealth", "mood", "wealth_report", "wealth_identity"],
        start_year=2010,
        draws=20,
        **options,
    ).values


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder and no kernel in memory."""
    from sim.engine import ensemble

    monkeypatch.setenv("NQ57_CACHE", str(tmp_path / "cache"))
    ensemble._kernel.cache_clear()
    yield tmp_path / "cache"
    ensemble._kernel.cache_clear()


def kernels(folder):
    return sorted(folder.glob("kernel_*.bin"))


def damage_cut(content):
    return content[: len(content) // 2]


def damage_bit(content):
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


def damage_all(content):
    return b""


@pytest.mark.parametrize("damage", [damage_cut, damage_bit, damage_all])
def test_a_damaged_kernel_is_made_anew(cache, damage):
    from sim.engine import ensemble

    good = toy_run()
    [file] = kernels(cache)
    content = file.read_bytes()
    file.write_bytes(damage(content))
    ensemble._kernel.cache_clear()
    again = toy_run()
    assert all(np.array_equal(again[n], good[n]) for n in good)
    assert kernels(cache) == [file]
    assert file.read_bytes() == content
    assert not list(cache.glob("*.part"))


def test_a_kept_kernel_is_used_and_not_compiled_again(cache, monkeypatch):
    from sim.engine import ensemble

    good = toy_run()
    ensemble._kernel.cache_clear()

    def refuse(*_):
        raise AssertionError("compiled a second time")

    monkeypatch.setattr(kernel, "_compile", refuse)
    again = toy_run()
    assert all(np.array_equal(again[n], good[n]) for n in good)


def test_a_changed_equation_makes_another_kernel(cache):
    model = build(elements_of(toy), INPUTS)
    other = build(elements_of(toy), INPUTS, {"shape": "bell"})
    assert make_kernel(model, 4).hash != make_kernel(other, 4).hash
    assert make_kernel(model, 4).hash != make_kernel(model, 8).hash
    assert make_kernel(model, 4).hash == make_kernel(build(elements_of(toy), INPUTS), 4).hash
    assert len(kernels(cache)) == 3


def test_without_a_cache_folder_a_run_says_so_and_gives_the_same(cache, monkeypatch, tmp_path):
    from sim.engine import ensemble

    good = toy_run()
    ensemble._kernel.cache_clear()
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NQ57_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(CacheWarning, match="cannot be written"):
        again = toy_run()
    assert all(np.array_equal(again[n], good[n]) for n in good)


def test_a_run_leaves_the_interpreter_to_other_threads():
    """While machine code runs, another thread of Python gets on."""
    model = build(elements_of(toy), INPUTS)
    made = make_kernel(model, 64)
    layout, blocks, years = made.layout, 50, 12
    values = np.array([VALUES[n] for n in layout.parameters])
    parameters = np.ascontiguousarray(np.broadcast_to(values[:, None], (values.size, blocks * 64)))
    inputs = input_table(model, {"lever_departures": lambda t, side: 10.0 + 0 * t}, 2010, years, 4)
    noises, out = np.zeros((1, years, blocks * 64)), np.empty((1, years, blocks * 64))
    cells, kinds = np.array([layout.cell["wealth"]]), reduction_codes(model, ["wealth"])
    go, seen = threading.Event(), []

    def other():
        go.wait()
        seen.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    interval = sys.getswitchinterval()
    # nobody takes the lock from this thread: the other one runs only if it is given up
    sys.setswitchinterval(1000)
    try:
        go.set()
        for _ in range(200):
            made.run_blocks(0, blocks, inputs, parameters, noises, years, 4, True, cells, kinds, out)
            if seen:
                break
        got_on = bool(seen)
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert got_on
    assert out[0, -1] == pytest.approx(3.0 * np.exp(0.07 * years), rel=1e-6)


def test_years_can_be_run_one_at_a_time(dynamic):
    """What happens between two years may look at the state and change it."""
    from sim.engine.machine import MachineCode, compile_object

    program, shape = Program(dynamic), Shape(8, 8)
    code = MachineCode(compile_object(intermediate_code(program, shape)))
    years, steps, cell = 5, 4, program.layout.cell
    inputs = input_table(dynamic, {"pace": pace}, 2010, years, steps)
    noises = np.ascontiguousarray(noise_table(dynamic, 3, np.arange(8), 2010, years, 2012))
    outputs = ["level", "mood", "watched"]
    cells, kinds = np.array([cell[n] for n in outputs]), reduction_codes(dynamic, outputs)
    results = []
    for parts in ([(0, 5)], [(0, 1), (1, 4), (4, 5)]):
        memory = np.zeros(len(cell) * shape.lanes + 8)
        work = memory[(-(memory.ctypes.data // 8)) % 8 :]
        work[cell["x"] * shape.lanes :][:8] = np.linspace(0.2, 1.2, 8)
        out = np.empty((len(outputs), years, 8))
        for first, last in parts:
            code.run_years(
                first,
                last,
                inputs.ctypes.data,
                noises.ctypes.data,
                years,
                steps,
                1,
                cells.ctypes.data,
                kinds.ctypes.data,
                len(outputs),
                out.ctypes.data,
                8,
                work.ctypes.data,
            )
        results.append(out)
        assert np.array_equal(work[cell["level"] * shape.lanes :][:8], out[0, -1])
    assert np.array_equal(*results)
    whole = run_plain(
        dynamic,
        {"x": np.linspace(0.2, 1.2, 8)},
        8,
        "interpreted",
        noises=noises,
        paths={"pace": pace},
        years=years,
        steps=steps,
    )
    for k, name in enumerate(outputs):
        assert same_bits(results[0][k], whole[name])
