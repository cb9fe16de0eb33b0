"""Machine code for a program: its phases as LLVM IR, compiled to an object file.

The phases are straight lines of vector operations, so there is nothing for a compiler to discover: a
loop over the lanes takes ``width`` draws at a time through the nodes of a group. That is why the IR is
written here, directly. Compiled through numba the same equations give the same bits, but its front end
works statement by statement: 75 s of processor time for 390 equations, where LLVM itself needs 4 s.

Operations are plain IEEE-754: LLVM neither reorders nor fuses them unless told so by flags that are not
set here. ``exp`` and ``log`` are translated from the source of :mod:`sim.engine.functions`.
"""

from __future__ import annotations

import ast
import ctypes
import inspect
import struct
from collections.abc import Callable
from dataclasses import dataclass

import llvmlite.binding as llvm
import numpy as np

from sim.engine import functions
from sim.engine.driver import DRIVER, INTEGRATORS
from sim.engine.program import LOGICAL, Graph, Group, Program

ALIGNMENT = 64  # bytes: a cache line
_INTEGER = {ast.Add: "add", ast.Sub: "sub", ast.LShift: "shl", ast.RShift: "ashr", ast.BitAnd: "and"}
_FLOAT = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_COMPARE = {ast.Lt: "olt", ast.Gt: "ogt"}
_FUNCTIONS = {
    f.name: f for f in ast.parse(inspect.getsource(functions)).body if isinstance(f, ast.FunctionDef)
}


@dataclass(frozen=True)
class Shape:
    """``lanes`` draws a block, ``width`` of them at a time in a register."""

    lanes: int
    width: int


def _double(value: float) -> str:
    bits = struct.unpack("<Q", struct.pack("<d", float(value)))[0]
    return f"splat (double 0x{bits:016X})"


class _Lines:
    """IR of straight-line code on vectors; names of values start with ``prefix``."""

    def __init__(self, width: int, prefix: str):
        self.width = width
        self.double, self.integer, self.truth = (f"<{width} x {t}>" for t in ("double", "i64", "i1"))
        self.lines: list[str] = []
        self._prefix = prefix

    def new(self, text: str) -> str:
        name = f"%{self._prefix}{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def add(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def select(self, condition: str, then: str, otherwise: str) -> str:
        return self.new(f"select {self.truth} {condition}, {self.double} {then}, {self.double} {otherwise}")

    def compare(self, how: str, left: str, right: str) -> str:
        return self.new(f"fcmp {how} {self.double} {left}, {right}")

    def operation(self, operation: str, a: list[str]) -> str:
        """The value of a node from those of its operands; ``min`` and ``max`` are Python's."""
        match operation:
            case "fadd" | "fsub" | "fmul" | "fdiv":
                return self.new(f"{operation} {self.double} {a[0]}, {a[1]}")
            case "fneg":
                return self.new(f"fneg {self.double} {a[0]}")
            case "choice":
                return self.select(*a)
            case "min":
                return self.select(self.compare("olt", a[1], a[0]), a[1], a[0])
            case "max":
                return self.select(self.compare("ogt", a[1], a[0]), a[1], a[0])
            case "abs":
                return self.new(f"call {self.double} @llvm.fabs.v{self.width}f64({self.double} {a[0]})")
            case "and" | "or":
                return self.new(f"{operation} {self.truth} {a[0]}, {a[1]}")
            case "not":
                return self.new(f"xor {self.truth} {a[0]}, splat (i1 true)")
            case "exp" | "log":
                return _Translation(self).call(operation, a)
        return self.compare(operation, *a)


class _Translation:
    """Writes a function of :mod:`sim.engine.functions` as vector code.

    Values carry a letter: ``d`` double, ``i`` integer of 64 bits, ``b`` truth value.
    """

    def __init__(self, lines: _Lines):
        self.lines = lines

    def call(self, name: str, arguments: list[str]) -> str:
        function = _FUNCTIONS[name]
        scope = {p.arg: ("d", a) for p, a in zip(function.args.args, arguments, strict=True)}
        for statement in function.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())):
                    continue
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    scope[target] = self.value(value, scope)
                case ast.If(test=test, body=[ast.Assign(targets=[ast.Name(id=t)], value=value)], orelse=[]):
                    condition, then = self.value(test, scope)[1], self.value(value, scope)[1]
                    scope[t] = ("d", self.lines.select(condition, then, scope[t][1]))
                case ast.Return(value=ast.expr() as value):
                    return self.value(value, scope)[1]
                case _:
                    raise TypeError(f"{name}: cannot translate {ast.unparse(statement)}")
        raise TypeError(f"{name} returns nothing")

    def value(self, node: ast.expr, scope: dict[str, tuple[str, str]]) -> tuple[str, str]:
        lines = self.lines
        match node:
            case ast.Constant(value=int() | float() as number):
                return "d", _double(number)
            case ast.Name(id=name) if name in scope:
                return scope[name]
            case ast.Name(id=name):
                constant = getattr(functions, name)
                if isinstance(constant, np.int64):
                    return "i", f"splat (i64 {int(constant)})"
                return "d", _double(constant)
            case ast.Attribute(value=ast.Name(id="np"), attr="nan"):
                return "d", _double(np.nan)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return "d", lines.new(f"fneg {lines.double} {self.value(operand, scope)[1]}")
            case ast.BinOp(left=left, op=op, right=right):
                kind, a = self.value(left, scope)
                b = self.value(right, scope)[1]
                if kind == "i":
                    return "i", lines.new(f"{_INTEGER[type(op)]} {lines.integer} {a}, {b}")
                return "d", lines.new(f"{_FLOAT[type(op)]} {lines.double} {a}, {b}")
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return "b", lines.compare(
                    _COMPARE[type(op)], self.value(left, scope)[1], self.value(right, scope)[1]
                )
            case ast.IfExp(test=test, body=body, orelse=orelse):
                parts = (self.value(part, scope)[1] for part in (test, body, orelse))
                return "d", lines.select(*parts)
            case ast.Call(
                func=ast.Attribute(value=ast.Call(args=[inner]), attr="view"), args=[ast.Attribute(attr=to)]
            ):
                # np.float64(x).view(np.int64) and back: the same bits, read another way
                value = self.value(inner, scope)[1]
                if to == "int64":
                    return "i", lines.new(f"bitcast {lines.double} {value} to {lines.integer}")
                return "d", lines.new(f"bitcast {lines.integer} {value} to {lines.double}")
        raise TypeError(f"cannot translate {ast.unparse(node)}")


class _GroupWriter:
    """The body of the loop of one group: loads, operations, stores."""

    def __init__(self, program: Program, shape: Shape, group: Group, number: int):
        self.program, self.shape, self.group = program, shape, group
        self.graph: Graph = program.graph
        self.lines = _Lines(shape.width, f"v{number}_")
        self.base = f"%w{number}"
        self._values: dict[int, str] = {}
        for k in group.nodes:
            self._values[k] = self._compute(k)
        for name, k in group.stores:
            value, place = self.value(k), self._place(name)
            self.lines.add(f"store {self.lines.double} {value}, ptr {place}, align {self._alignment}")

    @property
    def _alignment(self) -> int:
        return min(8 * self.shape.width, ALIGNMENT)

    def value(self, k: int) -> str:
        if k not in self._values:
            node = self.graph.nodes[k]
            match node.operation:
                case "number":
                    return _double(node.number)
                case "cell":
                    value = self._load(node.name)
                case "row":
                    value = self._broadcast(node.name)
                case _ if k in self.group.kept:
                    value = self._load(self.group.kept[k])
                case operation if operation in LOGICAL:
                    # truth values are not kept in cells: compared again where another group needs them
                    value = self._compute(k)
                case operation:
                    raise KeyError(f"{operation} is computed in no phase before")
            self._values[k] = value
        return self._values[k]

    def _compute(self, k: int) -> str:
        node = self.graph.nodes[k]
        return self.lines.operation(node.operation, [self.value(operand) for operand in node.operands])

    def _place(self, name: str) -> str:
        offset = self.program.layout.cell[name] * self.shape.lanes
        return self.lines.new(f"getelementptr inbounds double, ptr {self.base}, i64 {offset}")

    def _load(self, name: str) -> str:
        place = self._place(name)
        return self.lines.new(f"load {self.lines.double}, ptr {place}, align {self._alignment}")

    def _broadcast(self, name: str) -> str:
        """One value of the table of inputs for all lanes."""
        lines, vector = self.lines, self.lines.double
        place = lines.new(f"getelementptr inbounds double, ptr %row, i64 {self.program.layout.row[name]}")
        scalar = lines.new(f"load double, ptr {place}, align 8")
        first = lines.new(f"insertelement {vector} poison, double {scalar}, i64 0")
        zeros = f"<{lines.width} x i32> zeroinitializer"
        return lines.new(f"shufflevector {vector} {first}, {vector} poison, {zeros}")


def _phase(program: Program, shape: Shape, name: str, groups: list[Group]) -> str:
    text = [f"define internal void @{name}(ptr noalias %w, ptr noalias readonly %row) noinline {{"]
    text += ["entry:", "  br label %start0"]
    for k, group in enumerate(groups):
        text += [
            f"start{k}:",
            f"  br label %loop{k}",
            f"loop{k}:",
            f"  %i{k} = phi i64 [0, %start{k}], [%j{k}, %loop{k}]",
            f"  %w{k} = getelementptr inbounds double, ptr %w, i64 %i{k}",
            *_GroupWriter(program, shape, group, k).lines.lines,
            f"  %j{k} = add i64 %i{k}, {shape.width}",
            f"  %more{k} = icmp ult i64 %j{k}, {shape.lanes}",
            f"  br i1 %more{k}, label %loop{k}, label %start{k + 1}",
        ]
    return "\n".join([*text, f"start{len(groups)}:", "  ret void", "}"])


def intermediate_code(program: Program, shape: Shape) -> str:
    """The whole module as LLVM IR."""
    layout, stocks = program.layout, program.stocks

    def place(purpose: str) -> int:
        return layout.cell[stocks[0] + purpose] * shape.lanes if stocks else 0

    numbers = {
        "LANES": shape.lanes,
        "PARAMETERS": len(layout.parameters),
        "NOISES": len(layout.noises),
        "COLUMNS": 3 * len(layout.row),
        "COLUMN": len(layout.row),
        "STATES": len(stocks) * shape.lanes,
        "X": place(""),
        "BEGIN": place("@start"),
        "SUM": place("@sum"),
        "SLOPE": place("@slope"),
        "V": f"<{shape.width} x double>",
        "WIDTH": shape.width,
        "ALIGN": min(8 * shape.width, ALIGNMENT),
    }
    driver = INTEGRATORS + DRIVER
    # longest names first: one name may begin another
    for name in sorted(numbers, key=len, reverse=True):
        driver = driver.replace(f"${name}", str(numbers[name]))
    vector = f"<{shape.width} x double>"
    return "\n\n".join(
        [
            f'target triple = "{llvm.get_process_triple()}"',
            f"declare {vector} @llvm.fabs.v{shape.width}f64({vector})",
            *(_phase(program, shape, name, groups) for name, groups in program.phases.items()),
            driver,
        ]
    )


def processor() -> str:
    """Name and features of this processor: machine code runs on its like only."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def compiler() -> str:
    """Versions of the compiler."""
    from llvmlite import __version__

    return f"llvmlite {__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"


def _target() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        jit=True,
        codemodel="jitdefault",
    )


def compile_object(text: str) -> bytes:
    """The IR ``text`` as an object file for this processor."""
    target = _target()
    module = llvm.parse_assembly(text)
    module.verify()
    module.data_layout = str(target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_unrolling = False  # the loops are as wide as they should be
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(target.emit_object(module))


class MachineCode:
    """An object file, loaded: ``run_blocks`` and ``run_years`` are its two entries.

    Both give up the interpreter's lock while they run and may be called from several threads, each
    with a work array of its own.
    """

    def __init__(self, code: bytes):
        target = _target()
        empty = llvm.parse_assembly(f'target triple = "{llvm.get_process_triple()}"')
        self._engine = llvm.create_mcjit_compiler(empty, target)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.run_blocks = self._entry("run_blocks", "iipppiiippipip")
        self.run_years = self._entry("run_years", "iippiiippipip")

    def _entry(self, name: str, signature: str) -> Callable[..., None]:
        kinds = {"i": ctypes.c_int64, "p": ctypes.c_void_p}
        address = self._engine.get_function_address(name)
        return ctypes.CFUNCTYPE(None, *(kinds[s] for s in signature))(address)
