"""What a kernel has to compute, and when: the equations as one graph of shared operations, cut in phases.

A modeller writes each equation by itself; together they repeat themselves (the same power in two
equations) and compute in every stage of integration what moves once a year or never. Here every
operation on the same operands becomes one node, and every node is put where its value can change:

==========  =======================================================================
start       states and initial quantities, once
constant    what depends on parameters and initial quantities only, once
recall      last year's values move in, at the start of a year but the first
year        annual quantities, at the start of a year but the first
remember    the values that will be last year's: in the first year (later: in ``year``)
hold        what depends on annual quantities, once a year
drive       what depends on time, levers and series, at each instant of a step
stage       what depends on stocks and moves a stock, at each stage of integration
report      the rest, once a step
==========  =======================================================================

Nothing is rearranged: a node has the operands its equation has, in their order, so that every value
keeps all its bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from sim.engine.expression import Call, Choice, Expression, Name, Number, Operation, parse
from sim.engine.graph import TIME, Model

GROUP_COST = 60  # operations in one loop over the lanes: with more, registers run out
COST = {"exp": 22, "log": 26}  # operations in one call; everything else is one
COMPARISONS = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
ARITHMETIC = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
LOGICAL = frozenset({*COMPARISONS.values(), "and", "or", "not"})
LEAVES = ("number", "cell", "row")


class Pace(IntEnum):
    """How often a value can change: never, once a year, with time, with the stocks."""

    CONSTANT = 0
    HELD = 1
    DRIVEN = 2
    MOVING = 3


class Node(NamedTuple):
    """An operation on other nodes, given by their positions; or a number, a cell or a column of inputs."""

    operation: str
    operands: tuple[int, ...] = ()
    name: str = ""
    number: float = 0.0


@dataclass(frozen=True)
class Group:
    """Nodes computed in one loop over the lanes.

    ``kept`` says in which cell a node computed elsewhere is found, ``stores`` what is kept of this loop.
    """

    nodes: tuple[int, ...]
    kept: dict[int, str]
    stores: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Layout:
    """Where each quantity lives: ``cell`` gives its place in the work array, counted in quantities.

    ``row`` gives the column of a lever, series or the time in the table of inputs.
    """

    cell: dict[str, int]
    row: dict[str, int]
    parameters: tuple[str, ...]
    noises: tuple[str, ...]

    @classmethod
    def of(cls, model: Model) -> Layout:
        """Parameters first, then noise, then stocks, then everything else."""
        parameters = model.input_names("parameter")
        noises, stocks = model.of_kind("noise"), model.of_kind("stock")
        apart = {*noises, *stocks}
        names = [*parameters, *noises, *stocks, *(n for n in model.elements if n not in apart)]
        row = {n: k for k, n in enumerate((TIME, *model.input_names("lever", "series")))}
        return cls({n: k for k, n in enumerate(names)}, row, parameters, noises)


class Graph:
    """Nodes without repetition, with the pace of each."""

    def __init__(self, model: Model, row: dict[str, int]):
        self.model = model
        self.nodes: list[Node] = []
        self.pace: list[Pace] = []
        self._known: dict[Node, int] = {}
        self._row = row
        self._trees = {n: parse(e.code) for n, e in model.elements.items() if e.code}
        self._cell_pace = dict.fromkeys(model.input_names("parameter"), Pace.CONSTANT)
        for name, element in model.elements.items():
            kinds = {"stock": Pace.MOVING, "initial": Pace.CONSTANT}
            self._cell_pace[name] = kinds.get(element.kind, Pace.HELD)

    def add(self, node: Node) -> int:
        """The position of ``node``, which is appended unless it is there."""
        if node not in self._known:
            match node.operation:
                case "number":
                    pace = Pace.CONSTANT
                case "cell":
                    pace = self._cell_pace.get(node.name, Pace.HELD)
                case "row":
                    pace = Pace.DRIVEN
                case _:
                    pace = max(self.pace[k] for k in node.operands)
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
            self.pace.append(pace)
        return self._known[node]

    def operation(self, operation: str, *operands: int) -> int:
        return self.add(Node(operation, operands))

    def number(self, value: float) -> int:
        return self.add(Node("number", number=value))

    def cell(self, name: str) -> int:
        return self.add(Node("cell", name=name))

    def equation(self, name: str, value_of: Callable[[str], int]) -> int:
        """The node of the equation of ``name``; ``value_of`` gives the nodes of its arguments."""
        return self._tree(self._trees[name], value_of)

    def _tree(self, tree: Expression, value_of: Callable[[str], int]) -> int:
        def node(part: Expression) -> int:
            return self._tree(part, value_of)

        match tree:
            case Number(value):
                return self.number(value)
            case Name(name):
                return value_of(name)
            case Call("power", (base, exponent)):
                return self._power(node(base), node(exponent))
            case Call("clip", (x, low, high)):
                return self.operation("min", self.operation("max", node(x), node(low)), node(high))
            case Call(function, arguments):
                return self.operation(function, *map(node, arguments))
            case Choice(condition, then, otherwise):
                return self.operation("choice", node(condition), node(then), node(otherwise))
            case Operation("negative", (operand,)):
                return self.operation("fneg", node(operand))
            case Operation("not", (operand,)):
                return self.operation("not", node(operand))
            case Operation("and" | "or" as operator, operands):
                result = node(operands[0])
                for operand in operands[1:]:
                    result = self.operation(operator, result, node(operand))
                return result
            case Operation(operator, (left, right)):
                return self.operation(
                    ARITHMETIC.get(operator) or COMPARISONS[operator], node(left), node(right)
                )
        raise TypeError(f"not an expression: {tree!r}")

    def _power(self, base: int, exponent: int) -> int:
        """As :func:`sim.engine.functions.power`, opened up so that powers of one base share its logarithm."""
        zero = self.number(0.0)
        nothing = self.operation(
            "and", self.operation("oeq", base, zero), self.operation("ogt", exponent, zero)
        )
        value = self.operation("exp", self.operation("fmul", exponent, self.operation("log", base)))
        return self.operation("choice", nothing, zero, value)

    def values(self, new_year: bool) -> Callable[[str], int]:
        """The node of every name, with all algebraic elements replaced by what they are computed from.

        Annual elements stand for the value they hold or, with ``new_year``, for the one they take.
        """
        computed: dict[str, int] = {}
        elements = self.model.elements

        def value_of(name: str) -> int:
            if name in self._row:
                return self.add(Node("row", name=name))
            return computed[name] if name in computed else self.cell(name)

        for name in self.model.order:
            kind = elements[name].kind
            if kind != "initial" and (kind != "annual" or new_year):
                # an element's own name, not yet in ``computed``, is the value it held before
                computed[name] = self.equation(name, value_of)
        return value_of

    def below(self, nodes: Iterable[int]) -> set[int]:
        """``nodes`` and all they are computed from."""
        found: set[int] = set()
        queue = list(nodes)
        while queue:
            k = queue.pop()
            if k not in found:
                found.add(k)
                queue += self.nodes[k].operands
        return found

    def is_leaf(self, node: int) -> bool:
        return self.nodes[node].operation in LEAVES

    def can_be_kept(self, node: int) -> bool:
        """Whether a cell can hold the value: leaves are at hand anyway, truth values do not fit."""
        return self.nodes[node].operation not in (*LEAVES, *LOGICAL)


class Program:
    """The phases of ``model`` as groups of nodes; ``layout`` has a cell for all that is kept."""

    def __init__(self, model: Model):
        self.model = model
        self.layout = Layout.of(model)
        self.graph = Graph(model, self.layout.row)
        self.stocks = model.of_kind("stock")
        for purpose in ("start", "sum", "slope"):
            for stock in self.stocks:
                self._new_cell(f"{stock}@{purpose}")
        for name in model.of_kind("lagged"):
            self._new_cell(f"{name}@next")
        self._available: dict[int, str] = {}
        self.phases: dict[str, list[Group]] = {}
        self._plan()

    def _new_cell(self, name: str) -> str:
        self.layout.cell.setdefault(name, len(self.layout.cell))
        return name

    def _plan(self) -> None:
        model, graph = self.model, self.graph
        elements = model.elements
        lagged, annual = model.of_kind("lagged"), model.of_kind("annual")
        now, new = graph.values(new_year=False), graph.values(new_year=True)
        algebraic = {n: now(n) for n in model.order if elements[n].kind not in ("annual", "initial")}
        slopes = [(f"{s}@slope", self._slope(s, now)) for s in self.stocks]
        first = [(f"{n}@next", now(str(elements[n].of))) for n in lagged]
        later = [(n, new(n)) for n in annual] + [(f"{n}@next", new(str(elements[n].of))) for n in lagged]
        feeding = graph.below(k for _, k in slopes)
        present = feeding | graph.below(algebraic.values())

        def at(pace: Pace, among: set[int] | None = None) -> list[tuple[str, int]]:
            return [
                (n, k)
                for n, k in algebraic.items()
                if graph.pace[k] == pace and (among is None or k in among)
            ]

        self._add("start", self._start())
        self._add("remember", first)
        used = present | graph.below(k for _, k in later)
        self._add("constant", self._with_parts(at(Pace.CONSTANT), Pace.CONSTANT, used), offer=True)
        self._add("recall", [(n, graph.cell(f"{n}@next")) for n in lagged])
        self._add("year", later)
        self._add("hold", self._with_parts(at(Pace.HELD), Pace.HELD, present), offer=True)
        self._add("drive", self._with_parts(at(Pace.DRIVEN, feeding), Pace.DRIVEN, feeding), offer=True)
        stage = [*at(Pace.MOVING, feeding), *slopes]
        report = [(n, k) for n, k in algebraic.items() if graph.pace[k] >= Pace.DRIVEN and k not in feeding]
        self._add("stage", self._with_shared(stage, report), offer=True)
        self._add("report", report)

    def _slope(self, stock: str, value_of: Callable[[str], int]) -> int:
        element = self.model.elements[stock]
        total = value_of(element.inflows[0]) if element.inflows else self.graph.number(0.0)
        for rate in element.inflows[1:]:
            total = self.graph.operation("fadd", total, value_of(rate))
        for rate in element.outflows:
            total = self.graph.operation("fsub", total, value_of(rate))
        return total

    def _start(self) -> list[tuple[str, int]]:
        computed: dict[str, int] = {}

        def value_of(name: str) -> int:
            if name in self.layout.row:
                return self.graph.add(Node("row", name=name))
            return computed[name] if name in computed else self.graph.cell(name)

        for name in self.model.initial_order:
            element = self.model.elements[name]
            if element.initial:
                computed[name] = value_of(element.initial)
            elif element.kind != "noise":
                computed[name] = self.graph.equation(name, value_of)
        return list(computed.items())

    def _with_parts(self, roots: list[tuple[str, int]], pace: Pace, users: set[int]) -> list[tuple[str, int]]:
        """``roots`` and the nodes of ``pace`` that faster nodes among ``users`` are computed from."""
        graph = self.graph
        known = {k for _, k in roots}
        parts = {
            part: None
            for k in sorted(users)
            if graph.pace[k] > pace
            for part in graph.nodes[k].operands
            if graph.pace[part] == pace and graph.can_be_kept(part) and part not in known
        }
        return roots + [(self._new_cell(f"@{k}"), k) for k in parts]

    def _with_shared(
        self, roots: list[tuple[str, int]], others: list[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        """``roots`` and the nodes below them that ``others`` need as well."""
        graph = self.graph
        here = graph.below(k for _, k in roots)
        known = {k for _, k in roots} | set(self._available)
        shared = {
            part
            for k in graph.below(k for _, k in others) - here
            for part in graph.nodes[k].operands
            if part in here and part not in known and graph.can_be_kept(part)
        }
        return roots + [(self._new_cell(f"@{k}"), k) for k in sorted(shared)]

    def _add(self, phase: str, roots: list[tuple[str, int]], *, offer: bool = False) -> None:
        """Plan ``phase``, which puts ``roots`` into the cells named; ``offer`` them to later ones."""
        self.phases[phase] = self._groups(phase, self._depth_first(roots))
        if offer:
            for name, k in roots:
                if self.graph.can_be_kept(k):
                    self._available.setdefault(k, name)

    def _depth_first(self, roots: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """``roots`` in an order in which values are used soon after they are computed.

        Every root follows what it is computed from; where the order of evaluation goes level by level
        through the model, this one follows each chain of causes to its end.
        """
        waiting: dict[int, list[tuple[str, int]]] = {}
        for name, k in roots:
            waiting.setdefault(k, []).append((name, k))
        inner = self.graph.below(operand for k in waiting for operand in self.graph.nodes[k].operands)
        order: list[tuple[str, int]] = []
        done: set[int] = set()
        for last in [k for k in waiting if k not in inner]:
            for k in self._order(last, done):
                order += waiting.pop(k, [])
            # leaves and values at hand have no place in an order of computation
            order += waiting.pop(last, [])
        return order + [root for rest in waiting.values() for root in rest]

    def _groups(self, phase: str, roots: list[tuple[str, int]]) -> list[Group]:
        batches = self._batches(roots)
        place = {k: number for number, (_, nodes) in enumerate(batches) for k in nodes}
        homes: dict[int, str] = {}
        for name, k in roots:
            if k in place:
                homes.setdefault(k, name)
        for number, (batch, nodes) in enumerate(batches):
            for part in (*(k for _, k in batch), *(p for k in nodes for p in self.graph.nodes[k].operands)):
                elsewhere = part in place and place[part] != number
                if elsewhere and part not in homes and self.graph.can_be_kept(part):
                    homes[part] = self._new_cell(f"{phase}@{part}")
        groups = []
        for number, (batch, nodes) in enumerate(batches):
            stores = [(homes[k], k) for k in nodes if k in homes]
            stores += [(name, k) for name, k in batch if homes.get(k) != name]
            kept = self._available | {k: name for k, name in homes.items() if place[k] != number}
            groups.append(Group(tuple(nodes), kept, tuple(stores)))
        return groups

    def _batches(self, roots: list[tuple[str, int]]) -> list[tuple[list[tuple[str, int]], list[int]]]:
        """Roots in batches of about :data:`GROUP_COST` operations, each with the nodes it has to compute."""
        batches: list[tuple[list[tuple[str, int]], list[int]]] = []
        done: set[int] = set()
        total = 0
        for root in roots:
            nodes = self._order(root[1], done)
            cost = 1 + sum(COST.get(self.graph.nodes[k].operation, 1) for k in nodes)
            if not batches or total + cost > GROUP_COST:
                batches.append(([], []))
                total = 0
            batches[-1][0].append(root)
            batches[-1][1].extend(nodes)
            total += cost
        return batches

    def _order(self, root: int, done: set[int]) -> list[int]:
        """The nodes ``root`` needs that are not at hand, operands first; from now on they are ``done``."""
        order: list[int] = []
        stack: list[tuple[int, Sequence[int]]] = [(root, self.graph.nodes[root].operands)]
        while stack:
            k, waiting = stack.pop()
            if k in done or k in self._available or self.graph.is_leaf(k):
                continue
            if waiting:
                stack.append((k, waiting[1:]))
                stack.append((waiting[0], self.graph.nodes[waiting[0]].operands))
            else:
                done.add(k)
                order.append(k)
        return order
