"""Wire declared elements by argument name into a model that can be computed.

:func:`build` finds, all at once: names nobody declares (with the nearest known one), loops without a
stock (with their path), equations outside the language, numbers written into equations, units that do
not go together. The result, :class:`Model`, knows the order of evaluation and nothing of how it is run.
"""

from __future__ import annotations

import graphlib
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from sim.engine import functions
from sim.engine.declare import Element
from sim.engine.expression import Expression, UnsupportedSyntaxError, numbers, parse
from sim.errors import InputError, Problem, nearest

TIME = "t"
ALGEBRAIC = ("flow", "aux", "indicator", "identity", "lookup", "annual", "initial")
STATES = ("stock", "annual", "lagged")
REPORTED = ("indicator", "identity")


@dataclass(frozen=True)
class InputSpec:
    """A quantity that comes from outside the equations.

    ``kind`` is ``parameter`` (one value a draw), ``lever`` (a path set by a scenario) or ``series`` (a
    path given by the country). A lookup table is a parameter with ``points``, pairs of (x, y).
    """

    name: str
    kind: Literal["parameter", "lever", "series"]
    unit: str
    label: str = ""
    label_vi: str = ""
    source: str = ""
    points: tuple[tuple[float, float], ...] | None = None
    of_unit: str | None = None


@dataclass(frozen=True)
class Model:
    """A wired model: ``elements`` and ``inputs`` by name, ``order`` of evaluation.

    ``order`` lists every algebraic element after all it depends on; ``initial_order`` does so for the
    evaluation at the start, where a state stands for its initial value.
    """

    elements: dict[str, Element]
    inputs: dict[str, InputSpec]
    order: tuple[str, ...]
    initial_order: tuple[str, ...]
    sampled: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Names of the elements of the given kinds, in the order of declaration."""
        return tuple(n for n, e in self.elements.items() if e.kind in kinds)

    def input_names(self, *kinds: str) -> tuple[str, ...]:
        """Names of the inputs of the given kinds, sorted; lookup tables are left out."""
        return tuple(sorted(n for n, i in self.inputs.items() if i.kind in kinds and i.points is None))

    def unit(self, name: str) -> str:
        """The unit of an element or input, as declared."""
        if name == TIME:
            return "year"
        return self.elements[name].unit if name in self.elements else self.inputs[name].unit

    def label(self, name: str, lang: str = "en") -> str:
        """The label of an element or input in ``lang`` ("en" or "vi"); English where there is no other."""
        item = self.elements.get(name) or self.inputs.get(name)
        if item is None:
            return name
        return (item.label_vi if lang == "vi" else "") or item.label or name

    def dependencies(self, name: str) -> tuple[str, ...]:
        """Direct causes of ``name``: arguments, and for a stock its flows and initial value."""
        if name not in self.elements:
            return ()
        return _causes(self.elements[name])

    def ancestors(self, name: str) -> set[str]:
        """Everything ``name`` depends on, directly or not, through stocks as well."""
        found: set[str] = set()
        queue = list(self.dependencies(name))
        while queue:
            item = queue.pop()
            if item not in found:
                found.add(item)
                queue.extend(self.dependencies(item))
        return found

    def expression(self, name: str) -> Expression | None:
        """The expression tree of the equation of ``name``; None where there is no equation."""
        code = self.elements[name].code if name in self.elements else ""
        return parse(code) if code else None

    @cached_property
    def hash(self) -> str:
        """sha256 over all that decides what the model computes: equations, wiring, units, functions."""
        content: list[list[object]] = [
            [
                e.name,
                e.kind,
                e.unit,
                e.arguments,
                e.code,
                e.initial,
                e.inflows,
                e.outflows,
                e.of,
                e.distribution,
                e.neutral,
            ]
            for e in self.elements.values()
        ]
        content += [
            [i.name, i.kind, i.unit, i.points] for i in sorted(self.inputs.values(), key=lambda i: i.name)
        ]
        with open(functions.__file__, encoding="utf-8") as file:
            text = json.dumps(content) + file.read()
        return hashlib.sha256(text.encode()).hexdigest()


def _causes(element: Element) -> tuple[str, ...]:
    extra = (element.initial, element.of, *element.inflows, *element.outflows)
    own = element.name if element.kind == "annual" else None
    return tuple(dict.fromkeys([a for a in element.arguments if a != own] + [x for x in extra if x]))


def build(
    elements: Iterable[Element],
    inputs: Iterable[InputSpec],
    variants: Mapping[str, str] | None = None,
    *,
    check: bool = True,
) -> Model:
    """Wire ``elements`` and ``inputs`` into a :class:`Model`.

    Where several elements share a name they are variants: ``variants`` picks one label a name; a name
    it does not mention keeps all of them, and a parameter ``variant_of_<name>`` (0, 1, ... in the order
    of declaration) chooses among them draw by draw. Inputs nothing uses are left out.
    With ``check`` false the units and the language of the bodies are not looked at (they were, when the
    compiled kernel of the same content was made). Raises :class:`~sim.errors.InputError`.
    """
    problems: list[Problem] = []
    chosen, sampled = _choose_variants(list(elements), dict(variants or {}), problems)
    given = {i.name: i for i in inputs}
    for name in sampled:
        selector = f"variant_of_{name}"
        given[selector] = InputSpec(selector, "parameter", "1", f"Variant of {name} in use")
    wired: dict[str, Element] = {}
    for element in chosen:
        if element.name in wired or element.name in given or element.name == TIME:
            problems.append(_problem(element, "the name is declared twice"))
        if element.kind == "lookup":
            element = _tabulated(element, given, problems)
        wired[element.name] = element

    known = set(wired) | set(given) | {TIME}
    for element in wired.values():
        problems += _wiring_problems(element, wired, known)
    if problems:
        raise InputError(problems)

    used = {c for e in wired.values() for c in (*_causes(e), e.table)}
    model_inputs = {n: i for n, i in given.items() if n in used}
    instant = {n for n, e in wired.items() if e.kind in ALGEBRAIC and e.kind != "initial"}
    order = _sorted(
        {n: [a for a in _now(wired[n]) if a in instant] for n in wired if n in instant},
        wired,
        problems,
        "the equations loop without a stock",
    )
    initial_order = _sorted(_initial_graph(wired), wired, problems, "the initial values loop")
    if check:
        problems += _equation_problems(wired, model_inputs)
    if problems:
        raise InputError(problems)
    return Model(wired, model_inputs, order, initial_order, sampled)


def _problem(element: Element, message: str, **details: object) -> Problem:
    return Problem(message, element.file or None, element.line or None, element.name, **details)  # type: ignore[arg-type]


def _choose_variants(
    elements: list[Element], variants: dict[str, str], problems: list[Problem]
) -> tuple[list[Element], dict[str, tuple[str, ...]]]:
    groups: dict[str, list[Element]] = {}
    for element in elements:
        groups.setdefault(element.name, []).append(element)
    for name, label in variants.items():
        labels = [e.variant for e in groups.get(name, []) if e.variant]
        if label not in labels:
            problems.append(
                Problem(
                    "unknown variant",
                    where=name,
                    value=label,
                    bound=f"one of {', '.join(labels)}" if labels else "a quantity with variants",
                    suggestion=nearest(label, labels) if labels else nearest(name, groups),
                )
            )
    chosen: list[Element] = []
    sampled: dict[str, tuple[str, ...]] = {}
    for name, group in groups.items():
        if len(group) == 1 or not all(e.variant for e in group):
            chosen += group
        elif name in variants:
            chosen += [e for e in group if e.variant == variants[name]]
        else:
            sampled[name] = tuple(str(e.variant) for e in group)
            chosen += [
                replace(e, name=f"{name}__{e.variant}", code=_renamed(e.code, f"{name}__{e.variant}"))
                for e in group
            ]
            chosen.append(_selector(name, group))
    return [replace(e, code=_renamed(e.code, e.name)) if e.variant else e for e in chosen], sampled


def _renamed(code: str, name: str) -> str:
    return f"def {name}{code[code.index('(') :]}" if code else code


def _selector(name: str, group: list[Element]) -> Element:
    choice = f"variant_of_{name}"
    options = [f"{name}__{e.variant}" for e in group]
    lines = [f"def {name}({', '.join([choice, *options])}):"]
    for k, option in enumerate(options[:-1]):
        lines.append(f"    if {choice} < {' + '.join(['1'] * (k + 1))}:")
        lines.append(f"        return {option}")
    lines.append(f"    return {options[-1]}")
    first = group[0]
    return replace(first, variant=None, arguments=(choice, *options), code="\n".join(lines) + "\n", body=None)


def _tabulated(element: Element, inputs: Mapping[str, InputSpec], problems: list[Problem]) -> Element:
    """A lookup as an equation: a chain of conditions over the segments of its table."""
    table = inputs.get(element.table or "")
    if table is None or not table.points:
        problems.append(
            _problem(
                element,
                f"the table {element.table} has no points",
                suggestion=nearest(str(element.table), inputs),
            )
        )
        return element
    points = table.points
    x = str(element.of)
    lines = [
        f"def {element.name}({x}):",
        f"    if {x} <= {points[0][0]!r}:",
        f"        return {points[0][1]!r}",
    ]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        slope = (y1 - y0) / (x1 - x0)
        lines += [f"    if {x} <= {x1!r}:", f"        return {y0!r} + ({x} - {x0!r}) * {slope!r}"]
    lines.append(f"    return {points[-1][1]!r}")
    return replace(element, arguments=(x,), code="\n".join(lines) + "\n")


def _now(element: Element) -> tuple[str, ...]:
    own = element.name if element.kind == "annual" else None
    return tuple(a for a in element.arguments if a != own)


def _wiring_problems(element: Element, wired: Mapping[str, Element], known: set[str]) -> list[Problem]:
    problems = []
    for cause in _causes(element):
        if cause not in known:
            problems.append(_problem(element, f"nothing is called {cause}", suggestion=nearest(cause, known)))
            continue
        kind = wired[cause].kind if cause in wired else "input"
        if kind in REPORTED and element.kind not in REPORTED:
            problems.append(
                _problem(element, f"{cause} is an {kind}: only reported quantities may depend on it")
            )
    for rate in (*element.inflows, *element.outflows):
        if rate in wired and wired[rate].kind not in ("flow", "aux", "lookup"):
            problems.append(_problem(element, f"{rate} is a {wired[rate].kind}, not a flow"))
    return problems


def _initial_graph(wired: Mapping[str, Element]) -> dict[str, list[str]]:
    """What must be evaluated at the start, with the names each item needs."""
    graph: dict[str, list[str]] = {}
    queue = [n for n, e in wired.items() if e.kind in STATES or e.kind == "initial"]
    while queue:
        name = queue.pop()
        if name in graph or name not in wired:
            continue
        element = wired[name]
        needs = [element.initial] if element.kind in STATES and element.initial else list(element.arguments)
        graph[name] = [n for n in needs if n in wired and wired[n].kind != "noise"]
        queue += graph[name]
    return graph


def _sorted(
    graph: Mapping[str, Iterable[str]], wired: Mapping[str, Element], problems: list[Problem], message: str
) -> tuple[str, ...]:
    try:
        return tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        path = list(reversed(error.args[1]))
        problems.append(_problem(wired[path[0]], f"{message}: {' -> '.join(path)}"))
        return ()


def _equation_problems(wired: Mapping[str, Element], inputs: Mapping[str, InputSpec]) -> list[Problem]:
    # the units library takes longer to import than a warm run takes to answer: loaded only to check
    from sim.engine.units import ONE, Unit, UnitMismatchError, parse_unit, unit_of

    problems: list[Problem] = []
    units: dict[str, Unit] = {TIME: parse_unit("year")}
    declared = {n: (e.unit, e.file) for n, e in wired.items()} | {n: (i.unit, "") for n, i in inputs.items()}
    for name, (unit, file) in declared.items():
        try:
            units[name] = parse_unit(unit)
        except ValueError as error:
            problems.append(Problem(str(error), file or None, None, name))
            units[name] = ONE
    per_year = ONE / units[TIME]
    for element in wired.values():
        own = units[element.name]
        for related, expected in (
            *((r, own * per_year) for r in (*element.inflows, *element.outflows)),
            *((r, own) for r in (element.initial, element.of if element.kind == "lagged" else None) if r),
        ):
            if not units[related].matches(expected):
                problems.append(_problem(element, f"{related} is in {units[related]}", bound=str(expected)))
        if not element.code:
            continue
        try:
            tree = parse(element.code)
        except UnsupportedSyntaxError as error:
            problems.append(replace(_problem(element, str(error)), line=element.line + error.line - 1))
            continue
        if element.kind == "lookup":
            table = inputs[str(element.table)]
            if not units[str(element.of)].matches(parse_unit(table.of_unit or "1")):
                problems.append(
                    _problem(element, f"{element.of} is in {units[str(element.of)]}", bound=table.of_unit)
                )
            if not own.matches(units[str(element.table)]):
                problems.append(
                    _problem(element, f"its table is in {units[str(element.table)]}", bound=str(own))
                )
            continue
        literals = numbers(tree) - {0.0, 1.0}
        if literals:
            listed = ", ".join(f"{v:g}" for v in sorted(literals))
            problems.append(_problem(element, f"numbers belong in the parameters, found {listed}"))
        try:
            found = unit_of(tree, units)
        except UnitMismatchError as error:
            problems.append(_problem(element, f"units do not go together: {error}"))
            continue
        if found is not None and not found.matches(own):
            problems.append(
                _problem(element, f"the equation gives {found}", bound=f"{element.unit}, as declared")
            )
    return problems
