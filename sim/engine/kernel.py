"""Generate, compile and cache the driver that runs a model over time for blocks of draws.

What is generated is loops over draws, time and the stages of integration around the equations in order
of dependence. A block holds ``lanes`` draws; every quantity owns that many consecutive cells of one work
array, so a loop over the lanes of a handful of equations becomes vector code. Arithmetic is plain IEEE-754
(no reordering, no fused operations): the number of lanes, threads and blocks cannot change a bit of the
result.

The compiled driver holds each equation as one expression, printed from its tree (one function a body
costs the compiler four times as long); the interpreted driver calls the bodies themselves, as ordinary
Python. The two must agree to the last bit, which the tests hold them to.

A kernel is named by the sha256 of all it was made from: generated text, hence equations and driver,
compiler versions and processor. It is never looked up by the time of a file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np

from sim.engine import functions
from sim.engine.expression import parse, render
from sim.engine.graph import TIME, Model

GROUP = 8  # equations called in one loop over the lanes: more run out of registers
MEAN, END, WORST = 0, 1, 2  # how a stored quantity is reduced to one value a year


class CacheWarning(UserWarning):
    """The cache folder cannot be written: the kernel is compiled again in every process."""


@dataclass(frozen=True)
class Layout:
    """Where each quantity lives: ``cell`` gives its position in the work array, in lanes.

    ``row`` gives the column of a lever, series or the time in the table of inputs.
    """

    cell: dict[str, int]
    row: dict[str, int]
    parameters: tuple[str, ...]
    noises: tuple[str, ...]
    size: int

    @classmethod
    def of(cls, model: Model) -> Layout:
        """The layout of ``model``: parameters first, then noise, then everything else."""
        parameters = model.input_names("parameter")
        noises = model.of_kind("noise")
        names = [*parameters, *noises, *(n for n in model.elements if n not in noises)]
        names += [f"{n}@start" for n in model.of_kind("stock")] + [
            f"{n}@slope" for n in model.of_kind("stock")
        ]
        names += [f"{n}@next" for n in model.of_kind("lagged")]
        row = {n: k for k, n in enumerate((TIME, *model.input_names("lever", "series")))}
        return cls({n: k for k, n in enumerate(names)}, row, parameters, noises, len(names))


class Generator:
    """Writes the text of a kernel for ``model`` with ``lanes`` draws a block.

    With ``calls`` true the text calls the bodies of the equations instead of holding their expressions.
    """

    def __init__(self, model: Model, lanes: int, *, calls: bool = False):
        self.model = model
        self.lanes = lanes
        self.calls = calls
        self.layout = Layout.of(model)
        self.constant, self.held, self.moving = self._by_pace()

    def _by_pace(self) -> tuple[list[str], list[str], list[str]]:
        """The evaluation order split by how often a value can change: never, yearly, every stage."""
        pace: dict[str, int] = dict.fromkeys(self.model.input_names("parameter"), 0)
        pace |= dict.fromkeys(self.layout.row, 2)
        for name, element in self.model.elements.items():
            pace[name] = {"stock": 2, "initial": 0}.get(element.kind, 1)
        lists: tuple[list[str], list[str], list[str]] = ([], [], [])
        for name in self.model.order:
            element = self.model.elements[name]
            if element.kind != "annual":
                pace[name] = max((pace[a] for a in element.arguments), default=0)
                lists[pace[name]].append(name)
        return lists

    def _needed(self, targets: Iterable[str]) -> set[str]:
        """``targets`` and all they depend on at the same instant."""
        found: set[str] = set()
        queue = [t for t in targets if t in self.model.elements]
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += [a for a in self.model.elements[name].arguments if a in self._positions]
        return found

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {n: k for k, n in enumerate(self.model.order)}

    def text(self) -> str:
        """The whole module: functions, equations, driver."""
        elements = self.model.elements
        lagged = self.model.of_kind("lagged")
        stocks = self.model.of_kind("stock")
        yearly = self._needed([*self.model.of_kind("annual"), *(str(elements[n].of) for n in lagged)])
        feeding = self._needed(r for s in stocks for r in (*elements[s].inflows, *elements[s].outflows))
        moving = set(self.moving)
        parts = [_HEADER.format(lanes=self.lanes), self._preamble()]
        parts.append(self._function("start", self._starting()))
        parts.append(self._function("hold", [self._assign(n) for n in self.held]))
        phases: dict[str, list[str]] = {"year": [], "stage": [], "report": []}
        for number, (used_in, names) in enumerate(self._segments(yearly, feeding & moving, moving - feeding)):
            segment = f"segment_{number}"
            parts.append(self._function(segment, [self._assign(n) for n in names]))
            for phase in used_in:
                phases[phase].append(f"    {segment}(w, row, first)")
        for phase, calls in phases.items():
            parts.append("\n".join([f"@PLAIN\ndef {phase}(w, row, first):", *(calls or ["    pass"])]))
        parts.append(self._function("recall", [self._copy(n, f"{n}@next") for n in lagged]))
        parts.append(
            self._function("remember", [self._copy(f"{n}@next", str(elements[n].of)) for n in lagged])
        )
        parts += self._integrators(stocks)
        parts.append(
            _DRIVER.format(
                size=self.layout.size * self.lanes,
                parameters=len(self.layout.parameters),
                noises=len(self.layout.noises),
                noise_cell=len(self.layout.parameters),
            )
        )
        return "\n\n".join(parts)

    def _segments(
        self, yearly: set[str], feeding: set[str], reported: set[str]
    ) -> list[tuple[tuple[str, ...], list[str]]]:
        """Equations in an order of dependence that keeps together those that the same phases evaluate.

        Each equation is then compiled once, however many phases need it.
        """
        phases = {
            n: tuple(
                p
                for p, members in (("year", yearly), ("stage", feeding), ("report", reported))
                if n in members
            )
            for n in self.model.order
            if n not in self.constant
        }
        waiting = {
            n: {a for a in self.model.elements[n].arguments if a in phases and a != n}
            for n in phases
            if phases[n]
        }
        done = {n for n in phases if not phases[n]}
        segments: list[tuple[tuple[str, ...], list[str]]] = []
        while waiting:
            ready = [n for n, needs in waiting.items() if needs <= done]
            same = [n for n in ready if segments and phases[n] == segments[-1][0]]
            if not same:
                segments.append((phases[ready[0]], []))
                same = [n for n in ready if phases[n] == segments[-1][0]]
            segments[-1][1].extend(same)
            done.update(same)
            for n in same:
                del waiting[n]
        return segments

    def _preamble(self) -> str:
        source = Path(functions.__file__).read_text(encoding="utf-8")
        source = source.replace("from __future__ import annotations\n", "").replace(
            "\ndef ", "\n@INLINE\ndef "
        )
        if not self.calls:
            return source
        bodies = [
            element.code.replace(f"def {name}(", f"def equation_{name}(", 1)
            for name, element in self.model.elements.items()
            if element.code
        ]
        return "\n\n".join([source, *bodies])

    def _cell(self, name: str) -> str:
        if name in self.layout.row:
            return f"r{self.layout.row[name]}"
        return f"w[{self.layout.cell[name] * self.lanes} + l]"

    def _copy(self, to: str, source: str) -> str:
        return f"{self._cell(to)} = {self._cell(source)}"

    def _assign(self, name: str) -> str:
        element = self.model.elements[name]
        if self.calls:
            value = f"equation_{name}({', '.join(self._cell(a) for a in element.arguments)})"
        else:
            value = render(parse(element.code), self._cell, repr)
        if element.kind == "annual":
            value = f"{self._cell(name)} if first else {value}"
        return f"{self._cell(name)} = {value}"

    def _starting(self) -> list[str]:
        lines = []
        for name in self.model.initial_order:
            element = self.model.elements[name]
            if element.initial:
                lines.append(self._copy(name, element.initial))
            elif element.kind != "noise":
                lines.append(self._assign(name))
        return lines + [self._assign(n) for n in self.constant]

    def _function(self, name: str, lines: Sequence[str]) -> str:
        """A function whose ``lines`` run over the lanes, a few lines a loop."""
        used = sorted({int(k) for k in re.findall(r"\br(\d+)\b", "\n".join(lines))})
        text = [f"@PLAIN\ndef {name}(w, row, first):", *(f"    r{k} = row[{k}]" for k in used)]
        for k in range(0, len(lines), GROUP):
            text.append(f"    for l in range({self.lanes}):")
            text += [f"        {line}" for line in lines[k : k + GROUP]]
        return "\n".join(text if lines else [*text, "    pass"])

    def _slope(self, stock: str) -> str:
        element = self.model.elements[stock]
        inflow = " + ".join(self._cell(r) for r in element.inflows) or "0.0"
        return inflow + "".join(f" - {self._cell(r)}" for r in element.outflows)

    def _integrators(self, stocks: Sequence[str]) -> list[str]:
        def function(name: str, lines: Callable[[str, str, str, str], list[str]]) -> str:
            text = [f"@PLAIN\ndef {name}(w, row, dt):"]
            rows = {
                r for s in stocks for r in (*self.model.elements[s].inflows, *self.model.elements[s].outflows)
            }
            text += [
                f"    r{self.layout.row[r]} = row[{self.layout.row[r]}]"
                for r in sorted(rows)
                if r in self.layout.row
            ]
            for k in range(0, len(stocks), GROUP):
                text.append(f"    for l in range({self.lanes}):")
                for s in stocks[k : k + GROUP]:
                    cells = self._cell(s), self._cell(f"{s}@start"), self._cell(f"{s}@slope"), self._slope(s)
                    text += [f"        {line}" for line in lines(*cells)]
            return "\n".join(text if stocks else [*text, "    pass"])

        return [
            function("euler", lambda x, x0, k, d: [f"{x} = {x} + dt * ({d})"]),
            function(
                "first_stage",
                lambda x, x0, k, d: [f"d = {d}", f"{x0} = {x}", f"{k} = d", f"{x} = {x0} + dt * 0.5 * d"],
            ),
            function(
                "second_stage",
                lambda x, x0, k, d: [f"d = {d}", f"{k} = {k} + 2.0 * d", f"{x} = {x0} + dt * 0.5 * d"],
            ),
            function(
                "third_stage",
                lambda x, x0, k, d: [f"d = {d}", f"{k} = {k} + 2.0 * d", f"{x} = {x0} + dt * d"],
            ),
            function("last_stage", lambda x, x0, k, d: [f"{x} = {x0} + dt / 6.0 * ({k} + ({d}))"]),
        ]


_HEADER = '''"""Generated driver. Do not edit: the file is named by the hash of its content."""

import numpy as np

LANES = {lanes}'''

_DRIVER = '''@PLAIN
def reduce_years(w, cells, kinds, out, y, block, step, steps):
    for j in range(cells.size):
        base = cells[j] * LANES
        if kinds[j] == 0:
            for l in range(LANES):
                out[block, j, y, l] = (0.0 if step == 0 else out[block, j, y, l]) + w[base + l] / steps
        elif kinds[j] == 2:
            for l in range(LANES):
                worst = 0.0 if step == 0 else out[block, j, y, l]
                size = abs(w[base + l])
                # written so that a value that is not a number stays
                out[block, j, y, l] = worst if size <= worst else size


@PLAIN
def year_end(w, cells, kinds, out, y, block):
    for j in range(cells.size):
        if kinds[j] == 1:
            for l in range(LANES):
                out[block, j, y, l] = w[cells[j] * LANES + l]


@DRIVER
def run_blocks(first, last, inputs, parameters, noise, years, steps, rk4, cells, kinds, out):
    """Blocks first..last-1; inputs (year*steps, 3, columns), parameters (block, name, lane),
    noise (block, name, year, lane), out (block, quantity, year, lane)."""
    w = np.zeros({size})
    dt = 1.0 / steps
    for block in range(first, last):
        for p in range({parameters}):
            for l in range(LANES):
                w[p * LANES + l] = parameters[block, p, l]
        for y in range(years):
            for p in range({noises}):
                for l in range(LANES):
                    w[({noise_cell} + p) * LANES + l] = noise[block, p, y, l]
            row = inputs[y * steps, 0]
            first = y == 0
            if first:
                start(w, row, first)
            else:
                recall(w, row, first)
            year(w, row, first)
            remember(w, row, first)
            hold(w, row, first)
            for step in range(steps):
                at = inputs[y * steps + step]
                stage(w, at[0], first)
                report(w, at[0], first)
                reduce_years(w, cells, kinds, out, y, block, step, steps)
                if rk4:
                    first_stage(w, at[0], dt)
                    stage(w, at[1], first)
                    second_stage(w, at[1], dt)
                    stage(w, at[1], first)
                    third_stage(w, at[1], dt)
                    stage(w, at[2], first)
                    last_stage(w, at[2], dt)
                else:
                    euler(w, at[0], dt)
            year_end(w, cells, kinds, out, y, block)
'''

_COMPILED = """
from numba import njit

INLINE = njit(forceinline=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
PLAIN = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
DRIVER = njit(nogil=True, cache=True, error_model="numpy")
"""

_INTERPRETED = """


def INLINE(function):
    return function


PLAIN = DRIVER = INLINE
"""


def cache_folder() -> Path:
    """Folder of compiled kernels: ``NQ57_CACHE`` where set, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("NQ57_CACHE") or platformdirs.user_cache_dir("nq57"))


@dataclass(frozen=True)
class Kernel:
    """A runnable driver: ``lanes`` draws a block, ``hash`` of all it was made from."""

    module: ModuleType
    lanes: int
    hash: str
    engine: str
    layout: Layout

    @cached_property
    def run_blocks(self) -> Callable[..., None]:
        """``run_blocks(first, last, inputs, parameters, noise, years, steps, rk4, cells, kinds, out)``."""
        return self.module.run_blocks


def make_kernel(model: Model, lanes: int, engine: str = "compiled") -> Kernel:
    """The driver of ``model`` for blocks of ``lanes`` draws.

    ``engine`` is "compiled" (numba) or "interpreted" (the same driver as ordinary Python that calls
    the bodies of the equations, for debugging). Compilation happens on the first call, with an empty cache.
    """
    generator = Generator(model, lanes, calls=engine == "interpreted")
    body = generator.text()
    if engine == "interpreted":
        text = body.replace(f"LANES = {lanes}", f"LANES = {lanes}\n{_INTERPRETED}", 1)
        digest = hashlib.sha256(text.encode()).hexdigest()
        name = f"nq57_interpreted_{digest[:16]}"
        module = ModuleType(name)
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)
        return Kernel(module, lanes, digest, engine, generator.layout)
    text = body.replace(f"LANES = {lanes}", f"LANES = {lanes}\n{_COMPILED}", 1)
    versions = [version(p) for p in ("numba", "llvmlite", "numpy")]
    made_of = "\n".join([text, *versions, platform.machine(), _processor(), sys.version])
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    return Kernel(_load(text, digest), lanes, digest, engine, generator.layout)


def _processor() -> str:
    """What the compiler takes the processor for: a cached kernel runs only on its like."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return llvm.get_host_cpu_name() + features.flatten()


def _load(text: str, digest: str) -> ModuleType:
    name = f"nq57_kernel_{digest[:32]}"
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        path = _write(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _write(path: Path, text: str) -> Path:
    """Write ``text`` to ``path`` in one piece; to a temporary folder when the cache cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".py", dir=path.parent)
    except OSError as error:
        warnings.warn(
            f"the cache folder {path.parent} cannot be written ({error}): compiling in this process only",
            CacheWarning,
            stacklevel=2,
        )
        folder = Path(tempfile.mkdtemp(prefix="nq57_"))
        (folder / path.name).write_text(text, encoding="utf-8")
        return folder / path.name
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        # a file another process wrote first is kept: numba ties its machine code to the file it saw
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return path


def reduction_codes(model: Model, outputs: Sequence[str]) -> np.ndarray:
    """How each of ``outputs`` is reduced to one value a year, as int64 codes."""
    kinds = {"stock": END, "identity": WORST}
    return np.array([kinds.get(model.elements[n].kind, MEAN) for n in outputs], dtype=np.int64)
