"""Kernels: a model made runnable for blocks of draws, compiled once and kept on disk.

A compiled kernel is made in three steps: :mod:`~sim.engine.program` finds what is to be computed when,
:mod:`~sim.engine.machine` turns that into machine code, and this module keeps the code in the cache
folder. A block holds ``lanes`` draws; every quantity owns that many neighbouring cells of one work array,
so that each operation is done on a register full of draws. The number of lanes, threads and blocks
cannot change a bit of the result, and :mod:`~sim.engine.interpreted` gives the same bits.

A kernel is named by the sha256 of all that decides what it does: the model, the sources of this package,
the compiler and the processor. It is never looked up by the time of a file, and a file whose content
does not have the checksum written in it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.graph import Model
from sim.engine.interpreted import Interpreter
from sim.engine.program import Layout, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.engine.machine import MachineCode

MEAN, END, WORST = 0, 1, 2  # how a stored quantity is reduced to one value a year
WIDTH = 8  # draws in one vector operation: two registers of AVX2, one of AVX-512
_SOURCES = ("declare", "driver", "expression", "functions", "graph", "kernel", "machine", "program")
_MAGIC = b"nq57 kernel 1\n"


class CacheWarning(UserWarning):
    """The cache folder cannot be written: the kernel is compiled again in every process."""


@dataclass(frozen=True)
class Kernel:
    """A runnable driver: ``lanes`` draws a block, ``hash`` of all it was made from.

    ``run_blocks(first, last, inputs, parameters, noise, years, steps, rk4, cells, kinds, out)`` runs the
    blocks ``first`` to ``last - 1``: inputs (year * step, 3 instants, input), parameters (name, column),
    noise (name, year, column), all contiguous; ``cells`` are the cells of the quantities to keep,
    ``kinds`` how each is reduced to one value a year, and their values go into ``out`` (quantity, year,
    column). A column is a draw; block k has the columns ``k * lanes`` to ``(k + 1) * lanes - 1``.
    """

    run_blocks: Callable[..., None]
    lanes: int
    hash: str
    engine: str
    layout: Layout


def make_kernel(model: Model, lanes: int, engine: str = "compiled") -> Kernel:
    """The kernel of ``model`` for blocks of ``lanes`` draws, a power of two.

    ``engine`` is "compiled" (machine code, made on the first use and kept in the cache folder) or
    "interpreted" (ordinary Python that calls the bodies of the equations, for debugging; one lane).
    """
    if engine == "interpreted":
        interpreter = Interpreter(model)
        digest = hashlib.sha256((model.hash + _sources()).encode()).hexdigest()
        return Kernel(interpreter.run_blocks, 1, digest, engine, interpreter.layout)
    from sim.engine.machine import MachineCode, compiler, processor

    made_of = json.dumps([model.hash, _sources(), lanes, WIDTH, compiler(), processor()])
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    path = cache_folder() / f"kernel_{digest[:32]}.bin"
    found = _read(path)
    if found is None:
        found = _compile(model, lanes)
        _write(path, *found)
    layout, code = found
    return Kernel(_Runner(MachineCode(code), layout, lanes).run_blocks, lanes, digest, engine, layout)


def _compile(model: Model, lanes: int) -> tuple[Layout, bytes]:
    from sim.engine.machine import Shape, compile_object, intermediate_code

    program = Program(model)
    return program.layout, compile_object(intermediate_code(program, Shape(lanes, min(WIDTH, lanes))))


class _Runner:
    """Hands arrays to machine code."""

    def __init__(self, code: MachineCode, layout: Layout, lanes: int):
        from sim.engine.machine import ALIGNMENT

        self._code = code
        self._alignment = ALIGNMENT // 8
        self._lanes = lanes
        self._size = len(layout.cell) * lanes

    def run_blocks(
        self,
        first: int,
        last: int,
        inputs: NDArray[np.float64],
        parameters: NDArray[np.float64],
        noise: NDArray[np.float64],
        years: int,
        steps: int,
        rk4: bool,
        cells: NDArray[np.int64],
        kinds: NDArray[np.int64],
        out: NDArray[np.float64],
    ) -> None:
        arrays = (inputs, parameters, noise, cells, kinds, out)
        if not all(a.flags.c_contiguous for a in arrays):
            raise ValueError("kernels take contiguous arrays only")
        columns = out.shape[-1]
        if columns < last * self._lanes or {parameters.shape[-1], noise.shape[-1]} != {columns}:
            raise ValueError("parameters, noise and results have one column for each lane of every block")
        memory = np.zeros(self._size + self._alignment)
        skipped = -(memory.ctypes.data // 8) % self._alignment
        self._code.run_blocks(
            first,
            last,
            inputs.ctypes.data,
            parameters.ctypes.data,
            noise.ctypes.data,
            years,
            steps,
            int(rk4),
            cells.ctypes.data,
            kinds.ctypes.data,
            cells.size,
            out.ctypes.data,
            columns,
            memory.ctypes.data + 8 * skipped,
        )


def cache_folder() -> Path:
    """Folder of compiled kernels: ``NQ57_CACHE`` where set, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("NQ57_CACHE") or platformdirs.user_cache_dir("nq57"))


@cache
def _sources() -> str:
    """The text of everything that turns a model into a kernel."""
    folder = Path(__file__).parent
    return "\n".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in _SOURCES)


def _read(path: Path) -> tuple[Layout, bytes] | None:
    """What :func:`_write` wrote to ``path``; None where there is no such file or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head, checksum, body = content[: len(_MAGIC)], content[len(_MAGIC) :][:32], content[len(_MAGIC) + 32 :]
    if head != _MAGIC or hashlib.sha256(body).digest() != checksum:
        return None
    size = int.from_bytes(body[:8], "little")
    cell, row, parameters, noises = json.loads(body[8 : 8 + size])
    return Layout(cell, row, tuple(parameters), tuple(noises)), body[8 + size :]


def _write(path: Path, layout: Layout, code: bytes) -> None:
    """Keep a kernel: checksum, layout, machine code, in one piece."""
    text = json.dumps([layout.cell, layout.row, layout.parameters, layout.noises]).encode()
    body = len(text).to_bytes(8, "little") + text + code
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=path.parent)
    except OSError as error:
        warnings.warn(_unwritable(path, error), CacheWarning, stacklevel=3)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest() + body)
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        warnings.warn(_unwritable(path, error), CacheWarning, stacklevel=3)


def _unwritable(path: Path, error: OSError) -> str:
    return f"the cache folder {path.parent} cannot be written ({error}): compiling in this process only"


def reduction_codes(model: Model, outputs: Sequence[str]) -> NDArray[np.int64]:
    """How each of ``outputs`` is reduced to one value a year, as int64 codes."""
    kinds = {"stock": END, "identity": WORST}
    return np.array([kinds.get(model.elements[n].kind, MEAN) for n in outputs], dtype=np.int64)
