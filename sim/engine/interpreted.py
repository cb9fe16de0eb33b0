"""The same run as ordinary Python, one draw at a time, calling the equations as they were written.

Slow, and meant for debugging: breakpoints in the bodies of equations are met, every value is an ordinary
number in a dictionary. It is also the reference that compiled kernels must reproduce to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from sim.engine import functions
from sim.engine.declare import Element
from sim.engine.graph import Model
from sim.engine.program import Layout

END, WORST = 1, 2  # see sim.engine.kernel.reduction_codes

Array = NDArray[np.float64]


class Interpreter:
    """Runs ``model`` with the original bodies of its equations."""

    def __init__(self, model: Model):
        self.model = model
        self.layout = Layout.of(model)
        self._names = {k: n for n, k in self.layout.cell.items()}
        self._bodies = {n: _body(e) for n, e in model.elements.items() if e.code}
        self._stocks = model.of_kind("stock")
        self._lagged = model.of_kind("lagged")
        algebraic = [n for n in model.order if model.elements[n].kind != "initial"]
        self._present = [n for n in algebraic if model.elements[n].kind != "annual"]
        new = self._needed([*model.of_kind("annual"), *(str(model.elements[n].of) for n in self._lagged)])
        self._yearly = [n for n in algebraic if n in new]

    def _needed(self, targets: Iterable[str]) -> set[str]:
        """``targets`` and all that must be evaluated at the same instant to get them."""
        found: set[str] = set()
        queue = list(targets)
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                element = self.model.elements.get(name)
                queue += element.arguments if element and element.kind not in ("noise", "initial") else ()
        return found

    def run_blocks(
        self,
        first: int,
        last: int,
        inputs: Array,
        parameters: Array,
        noise: Array,
        years: int,
        steps: int,
        rk4: bool,
        cells: NDArray[np.int64],
        kinds: NDArray[np.int64],
        out: Array,
    ) -> None:
        """As :meth:`sim.engine.kernel.Kernel.run_blocks`, with one draw a block."""
        outputs = [(j, self._names[c], k) for j, (c, k) in enumerate(zip(cells.tolist(), kinds.tolist()))]
        for block in range(first, last):
            values = dict(zip(self.layout.parameters, parameters[:, block]))
            for y in range(years):
                values |= dict(zip(self.layout.noises, noise[:, y, block]))
                table = inputs[y * steps : (y + 1) * steps]
                self._year(values, table, y == 0, rk4, outputs, out[:, y, block])

    def _year(
        self,
        values: dict[str, float],
        table: Array,
        first_year: bool,
        rk4: bool,
        outputs: list[tuple[int, str, int]],
        out: Array,
    ) -> None:
        elements = self.model.elements
        self._set_inputs(values, table[0, 0])
        if first_year:
            self._start(values)
            self._evaluate(values, (n for n in self._yearly if elements[n].kind != "annual"))
        else:
            for name in self._lagged:
                values[name] = values[f"{name}@next"]
            self._evaluate(values, self._yearly)
        for name in self._lagged:
            values[f"{name}@next"] = values[str(elements[name].of)]
        for step, instants in enumerate(table):
            self._set_inputs(values, instants[0])
            self._evaluate(values, self._present)

            def reduce(step: int = step) -> None:
                for j, name, kind in outputs:
                    if kind == WORST:
                        worst, size = (0.0 if step == 0 else out[j]), abs(values[name])
                        # written so that a value that is not a number stays
                        out[j] = worst if size <= worst else size
                    elif kind != END:
                        out[j] = (0.0 if step == 0 else out[j]) + values[name]

            self._integrate(values, instants, 1.0 / len(table), rk4, reduce)
        for j, name, kind in outputs:
            if kind == END:
                out[j] = values[name]
            elif kind != WORST:
                out[j] = out[j] / len(table)

    def _set_inputs(self, values: dict[str, float], row: Array) -> None:
        for name, column in self.layout.row.items():
            values[name] = row[column]

    def _start(self, values: dict[str, float]) -> None:
        for name in self.model.initial_order:
            element = self.model.elements[name]
            if element.initial:
                values[name] = values[element.initial]
            elif element.kind != "noise":
                self._evaluate(values, [name])

    def _evaluate(self, values: dict[str, float], names: Iterable[str]) -> None:
        elements, bodies = self.model.elements, self._bodies
        for name in names:
            values[name] = np.float64(bodies[name](*(values[a] for a in elements[name].arguments)))

    def _slopes(self, values: Mapping[str, float]) -> dict[str, float]:
        slopes = {}
        for name in self._stocks:
            element = self.model.elements[name]
            total = values[element.inflows[0]] if element.inflows else 0.0
            for rate in element.inflows[1:]:
                total = total + values[rate]
            for rate in element.outflows:
                total = total - values[rate]
            slopes[name] = total
        return slopes

    def _integrate(
        self, values: dict[str, float], instants: Array, dt: float, rk4: bool, reduce: Callable[[], None]
    ) -> None:
        """One step: explicit Euler, or the classical Runge-Kutta method of fourth order.

        ``reduce`` reports the values that stand for the step: those of its middle, where there are any.
        """
        slopes = self._slopes(values)
        if not rk4:
            reduce()
            for name, slope in slopes.items():
                values[name] = values[name] + dt * slope
            return
        begin = {n: values[n] for n in self._stocks}
        total = dict(slopes)
        for stage, (instant, share) in enumerate(((1, dt * 0.5), (1, dt * 0.5), (2, dt))):
            for name, slope in slopes.items():
                values[name] = begin[name] + share * slope
            self._set_inputs(values, instants[instant])
            self._evaluate(values, self._present)
            if stage == 1:
                reduce()
            slopes = self._slopes(values)
            if instant == 1:
                for name, slope in slopes.items():
                    total[name] = total[name] + 2.0 * slope
        for name, slope in slopes.items():
            values[name] = begin[name] + dt / 6.0 * (total[name] + slope)


def _body(element: Element) -> Callable[..., float]:
    """The function of an equation: the one that was declared, or one made of its text."""
    if element.body is not None:
        return element.body
    scope = {n: getattr(functions, n) for n in ("exp", "log", "power", "clip")}
    exec(compile(element.code, f"<{element.name}>", "exec"), scope)
    return scope[element.name]
