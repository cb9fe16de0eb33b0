"""The same model as ordinary numpy code over draws, generated from the expression trees.

This is what a careful modeller would write by hand: one statement an equation, arrays over draws,
``np.where`` for conditions, nothing computed twice within an equation, constants hoisted out of the time
loop, quantities that no stock needs computed once a step. Draws are cut into blocks that fit the cache,
because numpy over 10,000 draws at once is slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sim.engine.expression import Call, Choice, Expression, Name, Number, Operation
from sim.engine.graph import Model
from sim.engine.kernel import END, MEAN, reduction_codes
from sim.engine.program import Layout

Array = NDArray[np.float64]

_FUNCTION = {"exp": "np.exp", "log": "np.log", "min": "np.minimum", "max": "np.maximum", "abs": "np.abs"}
_LOGIC = {"and": "&", "or": "|"}


class NumpyPeer:
    """``model`` as numpy code; ``text`` is the generated module."""

    def __init__(self, model: Model):
        self.model = model
        self.layout = Layout.of(model)
        self.constant, self.held, self.moving = self._by_pace()
        self.text = self._text()
        scope: dict[str, object] = {"np": np}
        exec(compile(self.text, "<numpy peer>", "exec"), scope)
        self._functions: dict[str, Callable[..., None]] = {
            n: scope[n]  # type: ignore[misc]
            for n in ("start", "first_year", "year", "hold", "stage", "report", "slopes")
        }

    def _text(self) -> str:
        model = self.model
        lagged = model.of_kind("lagged")
        stocks = model.of_kind("stock")
        yearly = self._needed([*model.of_kind("annual"), *(str(model.elements[n].of) for n in lagged)])
        phase = [n for n in model.order if n in yearly and n not in self.constant]
        feeding = self._needed(r for s in stocks for r in self._rates(s))
        keep = [f"v[{n + '@next'!r}] = {self._cell(str(model.elements[n].of))}" for n in lagged]
        shift = [f"v[{n!r}] = v[{n + '@next'!r}]" for n in lagged]
        return "\n".join(
            [
                _function("start", self._start()),
                _function("first_year", self._calls([n for n in phase if not self._is_annual(n)]) + keep),
                _function("year", shift + self._calls(phase) + keep),
                _function("hold", self._calls(self.held)),
                _function("stage", self._calls([n for n in self.moving if n in feeding])),
                _function("report", self._calls([n for n in self.moving if n not in feeding])),
                _function("slopes", [f"d[{s!r}] = {self._slope(s)}" for s in stocks], "v, row, d"),
            ]
        )

    def _needed(self, targets: Iterable[str]) -> set[str]:
        """``targets`` and all that must be evaluated at the same instant to get them."""
        found: set[str] = set()
        queue = list(targets)
        while queue:
            name = queue.pop()
            if name in self.model.order and name not in found:
                found.add(name)
                queue += self.model.elements[name].arguments
        return found

    def _by_pace(self) -> tuple[list[str], list[str], list[str]]:
        """The equations that hold for the whole run, for a year, for an instant."""
        pace = dict.fromkeys(self.layout.parameters, 0) | dict.fromkeys(self.layout.row, 2)
        for name, element in self.model.elements.items():
            pace[name] = {"stock": 2, "initial": 0}.get(element.kind, 1)
        lists: tuple[list[str], list[str], list[str]] = ([], [], [])
        for name in self.model.order:
            element = self.model.elements[name]
            if element.kind not in ("annual", "initial"):
                pace[name] = max((pace[a] for a in element.arguments), default=0)
                lists[pace[name]].append(name)
        return lists

    def _is_annual(self, name: str) -> bool:
        return self.model.elements[name].kind == "annual"

    def _rates(self, stock: str) -> tuple[str, ...]:
        element = self.model.elements[stock]
        return (*element.inflows, *element.outflows)

    def _slope(self, stock: str) -> str:
        element = self.model.elements[stock]
        inflow = " + ".join(self._cell(r) for r in element.inflows) or "0.0"
        return inflow + "".join(f" - {self._cell(r)}" for r in element.outflows)

    def _start(self) -> list[str]:
        lines = []
        for name in self.model.initial_order:
            element = self.model.elements[name]
            if element.initial:
                lines.append(f"v[{name!r}] = {self._cell(element.initial)}")
            elif element.kind != "noise":
                lines += self._calls([name])
        return lines + self._calls(self.constant)

    def _cell(self, name: str) -> str:
        row = self.layout.row
        return f"row[{row[name]}]" if name in row else f"v[{name!r}]"

    def _calls(self, names: Sequence[str]) -> list[str]:
        lines: list[str] = []
        for name in names:
            tree = self.model.expression(name)
            assert tree is not None
            equation = _Equation(tree, self._cell)
            result = equation.code(tree)
            lines += [*equation.lines, f"v[{name!r}] = {result}"]
        return lines

    def run(
        self,
        *,
        inputs: Array,
        parameters: Mapping[str, Array | float],
        noise: Array,
        outputs: Sequence[str],
        draws: int,
        method: str = "rk4",
        block: int = 1024,
        threads: int = 1,
    ) -> dict[str, Array]:
        """As :func:`sim.engine.ensemble.simulate`: annual values, shape (year, draw), by name.

        Blocks of ``block`` draws are shared out to ``threads`` threads; numpy computes outside the
        interpreter's lock.
        """
        years = noise.shape[1]
        values = {n: np.empty((years, draws)) for n in outputs}
        kinds = dict(zip(outputs, reduction_codes(self.model, outputs).tolist(), strict=True))

        def work(first: int) -> None:
            part = slice(first, min(first + block, draws))
            v = {
                n: np.asarray(parameters[n], float)[part] if np.ndim(parameters[n]) else parameters[n]
                for n in self.layout.parameters
            }
            out = {n: a[:, part] for n, a in values.items()}
            with np.errstate(all="ignore"):
                self._run_block(v, inputs, noise[:, :, part], out, kinds, method == "rk4")

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(0, draws, block)))
        return values

    def _run_block(
        self,
        v: dict[str, Array | float],
        inputs: Array,
        noise: Array,
        out: dict[str, Array],
        kinds: dict[str, int],
        rk4: bool,
    ) -> None:
        f = self._functions
        years = noise.shape[1]
        steps = inputs.shape[0] // years
        for y in range(years):
            for k, name in enumerate(self.layout.noises):
                v[name] = noise[k, y]
            row = inputs[y * steps, 0]
            if y == 0:
                f["start"](v, row)
                f["first_year"](v, row)
            else:
                f["year"](v, row)
            f["hold"](v, row)
            for step in range(steps):
                at = inputs[y * steps + step]

                def report(row: Array, y: int = y, step: int = step) -> None:
                    f["report"](v, row)
                    for name, values in out.items():
                        if kinds[name] == MEAN:
                            values[y] = (0.0 if step == 0 else values[y]) + v[name]
                        elif kinds[name] != END:
                            values[y] = np.maximum(0.0 if step == 0 else values[y], np.abs(v[name]))

                self._step(v, at, 1.0 / steps, rk4, report)
            for name, values in out.items():
                if kinds[name] == END:
                    values[y] = v[name]
                elif kinds[name] == MEAN:
                    values[y] /= steps

    def _step(
        self,
        v: dict[str, Array | float],
        at: Array,
        dt: float,
        rk4: bool,
        report: Callable[[Array], None],
    ) -> None:
        """One step; reported are the values at its start (Euler) or its middle (Runge-Kutta)."""
        stage, slopes = self._functions["stage"], self._functions["slopes"]
        stocks = self.model.of_kind("stock")
        k: list[dict[str, Array]] = [{}, {}, {}, {}]
        stage(v, at[0])
        slopes(v, at[0], k[0])
        if not rk4:
            report(at[0])
            for s in stocks:
                v[s] = v[s] + dt * k[0][s]
            return
        begin = {s: v[s] for s in stocks}
        for n, row, share in ((1, at[1], 0.5), (2, at[1], 0.5), (3, at[2], 1.0)):
            for s in stocks:
                v[s] = begin[s] + dt * share * k[n - 1][s]
            stage(v, row)
            slopes(v, row, k[n])
            if n == 2:
                report(row)
        for s in stocks:
            v[s] = begin[s] + dt / 6.0 * (k[0][s] + 2.0 * (k[1][s] + k[2][s]) + k[3][s])


def _function(name: str, lines: Sequence[str], arguments: str = "v, row") -> str:
    return "\n    ".join([f"def {name}({arguments}):", *(lines or ["pass"])]) + "\n"


class _Equation:
    """Writes one tree; what occurs in it more than once is computed once, in ``lines``."""

    def __init__(self, tree: Expression, cell: Callable[[str], str]):
        self.cell = cell
        self.lines: list[str] = []
        self._count: Counter[Expression] = Counter()
        self._known: dict[Expression, str] = {}
        self._tally(tree)

    def _tally(self, tree: Expression) -> None:
        if isinstance(tree, Number | Name):
            return
        self._count[tree] += 1
        if self._count[tree] == 1:
            for part in _parts(tree):
                self._tally(part)

    def code(self, tree: Expression) -> str:
        if tree in self._known:
            return self._known[tree]
        text = self._written(tree)
        if self._count[tree] > 1:
            self._known[tree] = f"s{len(self._known)}"
            self.lines.append(f"{self._known[tree]} = {text}")
            return self._known[tree]
        return text

    def _written(self, tree: Expression) -> str:
        match tree:
            case Number(value):
                return repr(value)
            case Name(name):
                return self.cell(name)
            case Call("power", (base, exponent)):
                return f"np.power({self.code(base)}, {self.code(exponent)})"
            case Call("clip", (x, low, high)):
                return f"np.minimum(np.maximum({self.code(x)}, {self.code(low)}), {self.code(high)})"
            case Call(function, arguments):
                return f"{_FUNCTION[function]}({', '.join(self.code(a) for a in arguments)})"
            case Choice(condition, then, otherwise):
                return f"np.where({self.code(condition)}, {self.code(then)}, {self.code(otherwise)})"
            case Operation("negative", (operand,)):
                return f"(-{self.code(operand)})"
            case Operation("not", (operand,)):
                return f"np.logical_not({self.code(operand)})"
            case Operation(operator, operands):
                sign = _LOGIC.get(operator, operator)
                return "(" + f" {sign} ".join(self.code(o) for o in operands) + ")"
        raise TypeError(f"not an expression: {tree!r}")


def _parts(tree: Expression) -> tuple[Expression, ...]:
    match tree:
        case Operation(_, parts) | Call(_, parts):
            return parts
        case Choice(condition, then, otherwise):
            return condition, then, otherwise
    return ()
