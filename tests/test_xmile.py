"""The exported file, read unchanged by an independent tool, gives the same numbers."""

from __future__ import annotations

import math
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pysd
import pytest

from sim.assemble import model_of
from sim.country import load_country
from sim.engine.declare import annual, aux, elements_of, flow, initial, lagged, stock
from sim.engine.ensemble import input_table, noise_table, simulate
from sim.engine.functions import clip, exp, log, power
from sim.engine.graph import InputSpec, build
from sim.errors import InputError
from sim.scenario import load_scenario
from sim.simulation import paths_of
from sim.xmile import NAMESPACE, identifiers, to_xmile
from tests import toy
from tests.test_engine import INPUTS, VALUES

START, YEARS, STEPS = 2010, 36, 4


def read(text, folder, digits=17):
    """The model as PySD reads it, which keeps as many digits of tabulated points as numpy prints: 8."""
    file = folder / "model.xmile"
    file.write_text(text, encoding="utf-8")
    with np.printoptions(precision=digits):
        return pysd.read_xmile(str(file))


def annual_values(frame, model, names):
    """Annual values out of a table with one row a step: stocks at year ends, means of all else."""
    values, called = {}, identifiers(model)
    for name in names:
        column = frame[called[name]].to_numpy(float)
        if model.elements[name].kind == "stock":
            values[name] = column[STEPS::STEPS]
        else:
            values[name] = column[:-1].reshape(YEARS, STEPS).mean(axis=1)
    return values


def compare(model, paths, parameters, noise, folder, **options):
    """Every variable of the file in PySD against the engine: largest relative difference by name."""
    names = [n for n in model.elements if model.elements[n].kind not in ("noise", "identity")]
    ours = simulate(
        model,
        inputs=input_table(model, paths, START, YEARS, STEPS),
        parameters=parameters,
        noise=noise[:, :, None],
        outputs=names,
        start_year=START,
        draws=1,
        method="euler",
        engine="interpreted",
    ).values
    text = to_xmile(
        model,
        paths=paths,
        parameters=parameters,
        start_year=START,
        years=YEARS,
        steps=STEPS,
        noise=noise,
    )
    theirs = annual_values(read(text, folder, **options).run(), model, names)
    worst = {}
    for name in names:
        mine = ours[name][:, 0]
        scale = np.maximum(np.abs(mine), 1e-9 * max(1.0, np.abs(mine).max()))
        worst[name] = np.max(np.abs(theirs[name] - mine) / scale)
    return worst


def rising(t, side):
    return 10.0 + 0.5 * np.maximum(t - 2020, 0)


def stepping(t, side):
    year = np.floor(t) if side == "right" else np.ceil(t) - 1
    return np.where(year < 2026, 10.0, 25.0)


@pytest.mark.parametrize("departures", [rising, stepping])
@pytest.mark.parametrize("shape", [0.0, 1.0])
def test_toy_model_in_pysd(departures, shape, tmp_path):
    model = build(elements_of(toy), INPUTS)
    noise = noise_table(model, 3, np.array([5]), START, YEARS, 2026)[:, :, 0]
    parameters = dict(VALUES, variant_of_shape=shape, frequency=0.3)
    worst = compare(model, {"lever_departures": departures}, parameters, noise, tmp_path)
    assert {n: w for n, w in worst.items() if not w < 1e-6} == {}


@aux(unit="1")
def signs(a, b, c):
    """Signs and brackets"""
    return -a * b - (b - c) + a / (b / c) - a / b * c + (a + b) * -c - -b


@aux(unit="1")
def powers(a, b, c, zero):
    """Powers, also of nothing"""
    return power(a, power(b, c)) + power(power(a, b), c) - power(a + b, -c) * power(zero, b) + power(zero, c)


@aux(unit="1")
def choices(a, b, c):
    """Conditions within conditions"""
    x = (a if a > b else b) * (1 if not (a < c and b < c) or c == a else 0)
    if a >= b or (b <= c and c != a and not a > c):
        return x + (b if x > 0 else c)
    elif x > a:
        return -x
    return 0


@aux(unit="1")
def bounds(a, b, c):
    """Every function"""
    return clip(a - b, -c, c) + min(max(a, b), abs(b - a * c)) + exp(-a) - log(b + c)


@aux(unit="1")
def notional_order(signs, a):
    """A name that begins like an operator"""
    return signs + a


@aux(unit="1")
def or_else(notional_order, t, a):
    """Another one; calendar time"""
    return -notional_order + (t if notional_order > a else 0)


@aux(unit="1")
def step(or_else):
    """A name that is a function elsewhere"""
    return or_else


@initial(unit="1")
def memory_0(mood_like, a):
    """Start of an annual element that looks at itself through another quantity"""
    return mood_like * a


@aux(unit="1")
def mood_like(anchor, pace):
    """Depends on an annual element"""
    return anchor + pace


@annual(unit="1", initial="a")
def anchor(anchor, memory_before, level):
    """Moves with what depends on it"""
    return (anchor + level) / (1 + abs(memory_before))


@annual(unit="1", initial="memory_0")
def memory(memory, mood_like, anchor_before):
    """Remembers"""
    return (memory + mood_like + anchor_before) / (1 + 1 + 1)


@stock(unit="1", initial="level_0", inflow="filling", outflow=("leak", "pace"))
def level():
    """Level"""


@initial(unit="1")
def level_0(memory_0, powers, b):
    """Evaluated once: powers and pace move afterwards"""
    return b + abs(memory_0) + 0 * powers


@flow(unit="1/year")
def filling(a, b):
    """Filling"""
    return a * b


@flow(unit="1/year")
def leak(level, c):
    """Leak"""
    return level * c * c


anchor_before = lagged("anchor_before", of="anchor", initial="c", unit="1", label="Anchor a year ago")
level_before = lagged("level_before", of="level", initial="level_0", unit="1", label="Level a year ago")
memory_before = lagged("memory_before", of="memory", initial="memory_0", unit="1", label="Memory a year ago")

DECLARED = [
    *(signs, powers, choices, bounds, notional_order, or_else, step, memory_0, mood_like, anchor, memory),
    *(level, level_0, filling, leak, anchor_before, level_before, memory_before),
]


@pytest.mark.parametrize("a", [0.4, 0.9, 1.3])
def test_every_form_of_equation_in_pysd(a, tmp_path):
    """Brackets, powers, conditions, names like operators, initial values that look at annual elements."""
    inputs = [InputSpec(n, "parameter", "1") for n in ("a", "b", "c", "zero")]
    elements = [e for d in DECLARED for e in d.__elements__]
    model = build(elements, [*inputs, InputSpec("pace", "lever", "1")], check=False)
    parameters = {"a": a, "b": 0.7, "c": 0.9, "zero": 0.0}
    noise = np.empty((0, YEARS))
    worst = compare(model, {"pace": lambda t, side: 0.01 * (t - START)}, parameters, noise, tmp_path)
    assert {n: w for n, w in worst.items() if not w < 1e-9} == {}


def export(parameters=VALUES, departures=rising, **options):
    model = build(elements_of(toy), INPUTS)
    paths = {"lever_departures": departures}
    return to_xmile(model, paths=paths, parameters=parameters, start_year=START, years=YEARS, **options)


@pytest.mark.parametrize(
    ("scenario", "variant", "noisy", "digits"), [("hold", 0, False, 8), ("full", 1, True, 17)]
)
def test_the_whole_model_in_pysd(scenario, variant, noisy, digits, tmp_path):
    """Every variable over 2010-2045 with the medians of the priors, the first or the last variants in use."""
    country = load_country("vietnam")
    model = model_of(country)
    median = np.array([0.5])
    parameters = {f"variant_of_{n}": float(variant * (len(v) - 1)) for n, v in model.sampled.items()}
    for name in model.input_names("parameter"):
        if name in country.parameters:
            given = country.parameters[name]
            parameters[name] = float(given.value if given.prior is None else given.quantile(median)[0])
    noise = noise_table(model, 57, np.array([0]), START, YEARS, 2026 if noisy else None)[:, :, 0]
    paths = paths_of(load_scenario(scenario, country), country, model)
    worst = compare(model, paths, parameters, noise, tmp_path, digits=digits)
    assert len(worst) > 300
    assert {n: w for n, w in worst.items() if not w < 1e-6} == {}


def test_the_file_holds_labels_units_and_times():
    model = build(elements_of(toy), INPUTS)
    ns = {"x": NAMESPACE}
    root = ElementTree.fromstring(export(title="Toy <1> & co", version="1.2.3"))
    assert root.findtext("x:header/x:name", namespaces=ns) == "Toy <1> & co"
    specs = {
        tag: float(root.findtext(f"x:sim_specs/x:{tag}", namespaces=ns)) for tag in ("start", "stop", "dt")
    }
    assert specs == {"start": START, "stop": START + YEARS, "dt": STEPS}
    found = {v.get("name"): v for v in root.find("x:model/x:variables", ns) if v.get("name")}
    called = identifiers(model)
    kinds = {"stock": "stock", "flow": "flow"}
    for name, element in model.elements.items():
        variable = found[called[name]]
        assert variable.tag == f"{{{NAMESPACE}}}{kinds.get(element.kind, 'aux')}"
        assert element.label in variable.findtext("x:doc", namespaces=ns)
        assert variable.findtext("x:units", namespaces=ns) == (
            "Dimensionless" if element.unit == "1" else element.unit
        )
    assert "Của cải" in found["wealth"].findtext("x:doc", namespaces=ns)
    grouped = [v.get("name") for v in root.iter(f"{{{NAMESPACE}}}var")]
    assert sorted(grouped) == sorted(
        v.get("name") for v in root.find("x:model/x:variables", ns) if not v.tag.endswith("group")
    )


def test_a_path_keeps_its_value_at_every_step():
    """A path that jumps at a new year takes one point a year, any other one point a step."""
    for path in (rising, stepping):
        root = ElementTree.fromstring(export(departures=path))
        lever = next(v for v in root.iter(f"{{{NAMESPACE}}}aux") if v.get("name") == "lever_departures")
        x, y = (
            np.array([float(v) for v in lever.findtext(f".//{{{NAMESPACE}}}{tag}").split(",")])
            for tag in ("xpts", "ypts")
        )
        assert all(left < right for left, right in pairwise(x))
        t = START + np.arange(YEARS * STEPS) / STEPS
        seen = np.floor(t) if lever.findtext(f"{{{NAMESPACE}}}eqn") != "TIME" else t
        assert np.array_equal(np.interp(seen, x, y), path(t, "right"))


def test_what_cannot_be_exported_is_named_all_at_once():
    values = {n: v for n, v in VALUES.items() if n != "persistence"} | {"frequency": math.nan}
    with pytest.raises(InputError) as caught:
        export(values, departures=lambda t, side: np.where(t > 2030, np.inf, 1.0), noise=np.zeros((2, 3)))
    text = str(caught.value)
    for part in ("persistence", "frequency", "lever_departures", "noise"):
        assert part in text
