"""Write a model as XMILE 1.0 (OASIS, 2015), the exchange format of system dynamics tools.

The file holds the whole model with the numbers of one run: equations, units, labels, one value a
parameter, one path a lever and series. It is meant for Euler integration at the step given; a stock at
``TIME`` in the file is the stock at that time here.

What XMILE has no word for is written out:

* an annual element becomes an auxiliary that is computed at the start of a year and otherwise repeats
  a stock, ``<name>_held``, that remembers it;
* a lagged element has a second such stock, ``<name>_coming``, with the value seen at the last start of
  a year;
* an element evaluated once at the start is wrapped in ``INIT`` unless it is constant anyway;
* a path is a graphical function: of the calendar year where it moves at the start of a year only,
  otherwise of ``TIME`` with one point a step, exact at every step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from sim.engine.declare import Element
from sim.engine.ensemble import PathFunction, input_table
from sim.engine.expression import Call, Choice, Expression, Name, Number, Operation
from sim.engine.graph import ALGEBRAIC, STATES, TIME, Model
from sim.errors import InputError, Problem, nearest

NAMESPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"

Array = NDArray[np.float64]

# operators, functions and constants of the standard: no variable may be called like one of them
_RESERVED = frozenset(
    """
    and or not if then else mod time dt starttime stoptime initial_time final_time time_step saveper
    abs arccos arcsin arctan cos sin tan exp inf int ln log10 max min pi sqrt
    exprnd lognormal normal poisson random delay delay1 delay3 delayn forcst smth1 smth3 smthn trend
    pulse ramp step init previous self safediv size sum mean prod rank stddev
    """.split()  # noqa: SIM905
)
# variables the export adds: an "@" keeps them apart from the model's own
_STEP, _YEAR, _NEW_YEAR = "@step_length", "@calendar_year", "@year_start"
_COMPARISON = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>"}
_PRECEDENCE = {"+": 5, "-": 5, "*": 6, "/": 6}
_FUNCTION = {"exp": "EXP", "log": "LN", "min": "MIN", "max": "MAX", "abs": "ABS"}


def to_xmile(
    model: Model,
    *,
    paths: Mapping[str, PathFunction],
    parameters: Mapping[str, float],
    start_year: int,
    years: int,
    steps: int = 4,
    noise: Array | None = None,
    title: str = "nq57",
    version: str = "",
) -> str:
    """``model`` as the text of an XMILE file that runs from ``start_year`` for ``years`` years.

    ``paths`` gives every lever and series as in :func:`sim.engine.ensemble.input_table`, ``parameters``
    one value each. ``steps`` is the number of Euler steps a year. ``noise`` holds one value per noise
    element and year, shape (noise, year), in the order of ``model.of_kind("noise")``; without it every
    noise element is neutral. ``version`` is that of the program, for the header.

    Raises :class:`~sim.errors.InputError` for a parameter or path that is missing or not finite.
    """
    table = input_table(model, paths, start_year, years, steps)[:, 0, :]
    noises = model.of_kind("noise")
    if noise is None:
        noise = np.array([[model.elements[n].neutral] * years for n in noises]).reshape(-1, years)
    _check(model, table, parameters, noise, years)
    writer = _Writer(model, start_year, steps)
    writer.clock()
    for name in model.input_names("parameter"):
        writer.constant(name, float(parameters[name]))
    for column, name in enumerate(model.input_names("lever", "series"), start=1):
        writer.path(name, table[:, column], steps)
    for name, values in zip(noises, noise, strict=True):
        writer.path(name, values, 1)
    writer.equations()
    return _document(writer, start_year, years, steps, title, version)


def _check(model: Model, table: Array, parameters: Mapping[str, float], noise: Array, years: int) -> None:
    problems = []
    for name in model.input_names("parameter"):
        if name not in parameters:
            problems.append(
                Problem("the parameter has no value", where=name, suggestion=nearest(name, parameters))
            )
        elif not math.isfinite(parameters[name]):
            problems.append(
                Problem("not a finite number", where=name, value=parameters[name], bound="a finite number")
            )
    for column, name in enumerate(model.input_names("lever", "series"), start=1):
        if not np.isfinite(table[:, column]).all():
            problems.append(Problem("the path is not finite everywhere", where=name))
    expected = (len(model.of_kind("noise")), years)
    if noise.shape != expected or not np.isfinite(noise).all():
        problems.append(
            Problem("noise of the wrong shape or not finite", value=noise.shape, bound=str(expected))
        )
    if problems:
        raise InputError(problems)


def _exported(model: Model) -> tuple[str, ...]:
    return (*model.elements, *model.input_names("parameter", "lever", "series"))


def identifiers(model: Model) -> dict[str, str]:
    """The name every element and input of ``model`` has in the file."""
    names = _Identifiers(model)
    return {n: names.of(n) for n in _exported(model)}


class _Identifiers:
    """Names that are legal and distinct in XMILE, where case and runs of underscores do not count."""

    def __init__(self, model: Model) -> None:
        self._taken: set[str] = set(_RESERVED)
        self._known: dict[str, str] = {}
        for name in _exported(model):
            self.of(name)

    def of(self, name: str) -> str:
        if name not in self._known:
            wanted = re.sub(r"[_@]+", "_", name).strip("_") or "v"
            free, count = wanted, 1
            while free.lower() in self._taken:
                count += 1
                free = f"{wanted}_{count}"
            self._taken.add(free.lower())
            self._known[name] = free
        return self._known[name]

    def used(self, name: str) -> str:
        """The name as it stands in an equation; quoted where a reader could see an operator in it."""
        identifier = self.of(name)
        return f'"{identifier}"' if identifier.lower().startswith(("not", "and", "or")) else identifier


class _Writer:
    """Collects the variables of the file, by sector."""

    def __init__(self, model: Model, start_year: int, steps: int):
        self.model = model
        self.start_year = start_year
        self.steps = steps
        self.names = _Identifiers(model)
        self.nodes: list[ElementTree.Element] = []
        self.sectors: dict[str, list[str]] = {}
        self.rates = {r for e in model.elements.values() for r in (*e.inflows, *e.outflows)}
        self.twins = self._need_twins()
        self.constants = self._constants()

    def _need_twins(self) -> set[str]:
        """Quantities evaluated at the start that look at an annual or lagged element.

        Tools order initial values by who mentions whom: an annual element mentions what moves it in
        later years and would seem to need its own initial value. These quantities are written a
        second time, with the initial values in place of such elements.
        """
        found: set[str] = set()
        for name in self.model.initial_order:
            element = self.model.elements[name]
            if element.kind in STATES:
                continue
            looks_at = [self.model.elements[a] for a in element.arguments if a in self.model.elements]
            if any(a.kind in ("annual", "lagged") or a.name in found for a in looks_at):
                found.add(name)
        return {n for n in found if self.model.elements[n].kind != "initial"}

    def _constants(self) -> set[str]:
        found = set(self.model.input_names("parameter"))
        for name in (*self.model.initial_order, *self.model.order):
            element = self.model.elements[name]
            if element.kind in ALGEBRAIC and element.kind != "annual" and found.issuperset(element.arguments):
                found.add(name)
        return found

    def variable(
        self, kind: str, key: str, equation: str, unit: str, doc: str, sector: str
    ) -> ElementTree.Element:
        """Append one variable; ``key`` is its name before it is made legal."""
        name = self.names.of(key)
        node = ElementTree.Element(kind, name=name)
        ElementTree.SubElement(node, "doc").text = doc or name
        ElementTree.SubElement(node, "eqn").text = equation
        ElementTree.SubElement(node, "units").text = _unit(unit)
        self.nodes.append(node)
        self.sectors.setdefault(sector, []).append(name)
        return node

    def _input(self, name: str, equation: str) -> ElementTree.Element:
        model = self.model
        if name in model.elements:
            return self._element(model.elements[name], equation)
        item = model.inputs[name]
        kind = "flow" if name in self.rates else "aux"
        return self.variable(
            kind, name, equation, item.unit, _doc(item.label, item.label_vi, item.source), f"{item.kind}s"
        )

    def _element(self, element: Element, equation: str) -> ElementTree.Element:
        kind = "flow" if element.kind == "flow" or element.name in self.rates else "aux"
        return self.variable(kind, element.name, equation, element.unit, _describe(element), element.sector)

    def clock(self) -> None:
        """Append the variables that tell the calendar year and its first step."""
        used = self.names.used
        doc = "Length of a step: keep it equal to that of the run"
        self.variable("aux", _STEP, repr(1.0 / self.steps), "year", doc, "time")
        # half a step keeps a clock that adds up steps with rounding errors from missing the new year
        middle = f"TIME + {used(_STEP)} / 2.0"
        self.variable("aux", _YEAR, f"INT({middle})", "year", "Calendar year", "time")
        self.variable(
            "aux",
            _NEW_YEAR,
            f"IF ({middle} - {used(_YEAR)} < {used(_STEP)}) AND (TIME > {self.start_year + 0.5!r}) "
            "THEN 1.0 ELSE 0.0",
            "1",
            "1 in the first step of every year but the first",
            "time",
        )

    def constant(self, name: str, value: float) -> None:
        self._input(name, repr(value))

    def path(self, name: str, values: Array, steps: int) -> None:
        """A path over the run, ``steps`` values a year from its first instant on."""
        yearly = values.reshape(-1, steps)
        if (values == values[0]).all():
            self._input(name, repr(float(values[0])))
            return
        clock = "TIME"
        if (yearly == yearly[:, :1]).all():
            # interpolated over whole years only: some tools read a held function as an interpolated one
            values, steps, clock = yearly[:, 0], 1, self.names.used(_YEAR)
        times = self.start_year + np.arange(values.size + 1) / steps
        values = np.append(values, values[-1])
        # no points within a stretch that stays the same
        inside = np.zeros(values.size, bool)
        inside[1:-1] = (values[:-2] == values[1:-1]) & (values[1:-1] == values[2:])
        _graph(self._input(name, clock), times[~inside], values[~inside])

    def equations(self) -> None:
        """Append everything the model declares but noise."""
        model = self.model
        used = self.names.used
        for name, element in model.elements.items():
            if element.kind == "noise":
                continue
            if element.kind == "stock":
                self._stock(name, element.unit, element, element.inflows, element.outflows, element.initial)
            elif element.kind == "annual":
                new = self.formula(name, {name: f"{name}@held"})
                held = self._held(element)
                self._element(element, f"IF {used(_NEW_YEAR)} > 0.0 THEN ({new}) ELSE {held}")
            elif element.kind == "lagged":
                self._lagged(element)
            elif element.kind == "lookup":
                points = np.array(model.inputs[str(element.table)].points)
                of = used(str(element.of)) if element.of != TIME else "TIME"
                _graph(self._element(element, of), points[:, 0], points[:, 1])
            elif element.kind == "initial" and name not in self.constants:
                self._element(element, f"INIT({self.formula(name, self._at_start(element))})")
            else:
                self._element(element, self.formula(name))
        for name in sorted(self.twins):
            element = model.elements[name]
            self.variable(
                "aux",
                f"{name}@start",
                f"INIT({self.formula(name, self._at_start(element))})",
                element.unit,
                f"{element.label}, at the start",
                element.sector,
            )

    def _at_start(self, element: Element) -> dict[str, str]:
        """What stands for the arguments of ``element`` where it is evaluated at the start."""
        return {a: self._start_key(a) for a in element.arguments}

    def _start_key(self, name: str) -> str:
        element = self.model.elements.get(name)
        if element is not None and element.kind in ("annual", "lagged"):
            return self._start_key(str(element.initial))
        return f"{name}@start" if name in self.twins else name

    def _stock(
        self,
        key: str,
        unit: str,
        element: Element,
        inflows: Iterable[str],
        outflows: Iterable[str],
        initial: str | None,
        doc: str = "",
    ) -> str:
        start = self.names.used(self._start_key(str(initial)))
        node = self.variable("stock", key, start, unit, doc or _describe(element), element.sector)
        units = node.find("units")
        assert units is not None
        position = list(node).index(units)
        for tag, rates in (("outflow", outflows), ("inflow", inflows)):
            for rate in reversed(tuple(rates)):
                child = ElementTree.Element(tag)
                child.text = self.names.used(rate)
                node.insert(position, child)
        return self.names.used(key)

    def _remember(self, element: Element, suffix: str, source: str, condition: str, doc: str) -> str:
        """A stock that takes over the value of ``source`` at the end of a step; gives its name."""
        key, rate = f"{element.name}@{suffix}", f"{element.name}@{suffix}_change"
        unit = f"{element.unit}/year"
        stock = self._stock(key, element.unit, element, [rate], [], element.initial, doc)
        change = f"({source} - {stock}) / {self.names.used(_STEP)}"
        self.variable(
            "flow",
            rate,
            f"IF {condition} THEN {change} ELSE 0.0" if condition else change,
            unit,
            f"{doc}: change",
            element.sector,
        )
        return stock

    def _held(self, element: Element) -> str:
        return self._remember(
            element, "held", self.names.used(element.name), "", f"{element.label}, remembered"
        )

    def _lagged(self, element: Element) -> None:
        held = self._held(element)
        start = self.names.used(_NEW_YEAR)
        first = f"TIME < {float(self.start_year)!r} + {self.names.used(_STEP)} / 2.0"
        coming = self._remember(
            element,
            "coming",
            self.names.used(str(element.of)),
            f"({start} > 0.0) OR ({first})",
            f"{element.label}, of next year",
        )
        self._element(element, f"IF {start} > 0.0 THEN {coming} ELSE {held}")

    def formula(self, name: str, instead: Mapping[str, str] | None = None) -> str:
        """The equation of ``name``; ``instead`` puts other quantities in place of its arguments."""
        tree = self.model.expression(name)
        assert tree is not None
        return self._formula(tree, instead or {}, 0)

    def _formula(self, tree: Expression, instead: Mapping[str, str], outer: int) -> str:
        match tree:
            case Number(value):
                text = repr(value)
                return f"({text})" if value < 0 and outer else text
            case Name(name):
                return "TIME" if name == TIME else self.names.used(instead.get(name, name))
            case Call("power", (base, exponent)):
                text = f"{self._formula(base, instead, 9)} ^ {self._formula(exponent, instead, 9)}"
                return f"({text})" if outer > 6 else text
            case Call("clip", (x, low, high)):
                x_text, low_text, high_text = (self._formula(a, instead, 0) for a in (x, low, high))
                return f"MIN(MAX({x_text}, {low_text}), {high_text})"
            case Call(function, arguments):
                inner = ", ".join(self._formula(a, instead, 0) for a in arguments)
                return f"{_FUNCTION[function]}({inner})"
            case Choice(condition, then, otherwise):
                parts = [self._formula(condition, instead, 1)]
                parts += [self._formula(branch, instead, 1) for branch in (then, otherwise)]
                text = "IF {} THEN {} ELSE {}".format(*parts)
                return f"({text})" if outer else text
            case Operation("negative", (operand,)):
                return f"(-{self._formula(operand, instead, 9)})"
            case Operation("not", (operand,)):
                return f"(NOT {self._formula(operand, instead, 9)})"
            case Operation("and" | "or" as operator, operands):
                # brackets all over: tools differ in how tightly these bind
                inner = f" {operator.upper()} ".join(self._formula(o, instead, 9) for o in operands)
                return f"({inner})"
            case Operation(operator, (left, right)) if operator in _COMPARISON:
                sides = self._formula(left, instead, 5), self._formula(right, instead, 5)
                text = f"{sides[0]} {_COMPARISON[operator]} {sides[1]}"
                return f"({text})" if outer > 1 else text
            case Operation(operator, (left, right)):
                own = _PRECEDENCE[operator]
                text = (
                    f"{self._formula(left, instead, own)} {operator} {self._formula(right, instead, own + 1)}"
                )
                return f"({text})" if own < outer else text
        raise TypeError(f"not an expression: {tree!r}")


def _unit(unit: str) -> str:
    return "Dimensionless" if unit == "1" else unit.replace("**", "^")


def _doc(label: str, label_vi: str, source: str) -> str:
    lines = [line for line in (label, label_vi) if line]
    return "\n".join([*lines, f"Source: {source}"] if source else lines)


def _describe(element: Element) -> str:
    return _doc(element.label, element.label_vi, element.source)


def _graph(node: ElementTree.Element, x: Array, y: Array) -> None:
    """Turn the variable ``node`` into a graphical function of its equation."""
    graph = ElementTree.SubElement(node, "gf", type="continuous")
    ElementTree.SubElement(graph, "xpts").text = ",".join(repr(float(v)) for v in x)
    ElementTree.SubElement(graph, "ypts").text = ",".join(repr(float(v)) for v in y)


def _document(writer: _Writer, start_year: int, years: int, steps: int, title: str, version: str) -> str:
    root = ElementTree.Element("xmile", version="1.0", xmlns=NAMESPACE)
    header = ElementTree.SubElement(root, "header")
    ElementTree.SubElement(header, "vendor").text = "nq57"
    ElementTree.SubElement(header, "product", version=version or "1.0", lang="en").text = "nq57"
    ElementTree.SubElement(header, "name").text = title
    ElementTree.SubElement(header, "smile", version="1.0", namespace="std")
    specs = ElementTree.SubElement(root, "sim_specs", method="Euler", time_units="year")
    ElementTree.SubElement(specs, "start").text = repr(float(start_year))
    ElementTree.SubElement(specs, "stop").text = repr(float(start_year + years))
    ElementTree.SubElement(specs, "dt", reciprocal="true").text = repr(float(steps))
    model = ElementTree.SubElement(root, "model")
    variables = ElementTree.SubElement(model, "variables")
    variables.extend(writer.nodes)
    for sector, names in writer.sectors.items():
        group = ElementTree.SubElement(variables, "group", name=sector or "model")
        for name in names:
            ElementTree.SubElement(group, "var", name=name)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
