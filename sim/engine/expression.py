"""The body of an equation as an expression tree: read once, then printed, checked for units, exported.

A body is ordinary Python in a small subset: assignments to local names, ``if``/``elif``/``else``,
conditional expressions, arithmetic, comparisons, boolean operators and calls of :data:`FUNCTIONS`.
Local names are substituted, so that the tree of an equation mentions its arguments only.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FUNCTIONS = {"exp": 1, "log": 1, "power": 2, "clip": 3, "min": 2, "max": 2, "abs": 1}

_BINARY: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True)
class Number:
    """A literal number."""

    value: float


@dataclass(frozen=True)
class Name:
    """A reference to a quantity."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operator applied to operands.

    ``operator`` is one of ``+ - * /``, a comparison, ``and``, ``or``, ``not`` or ``negative``.
    """

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Call:
    """A call of one of :data:`FUNCTIONS`."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Choice:
    """``then`` where ``condition`` holds, else ``otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


Expression = Number | Name | Operation | Call | Choice


class UnsupportedSyntaxError(ValueError):
    """The body uses something outside the language of equations; ``line`` is its line in the body."""

    def __init__(self, message: str, line: int):
        super().__init__(message)
        self.line = line


def parse(code: str) -> Expression:
    """The expression tree of the function whose source text is ``code``.

    Raises :class:`UnsupportedSyntaxError` on anything outside the subset.
    """
    function = ast.parse(code).body[0]
    assert isinstance(function, ast.FunctionDef)
    scope: dict[str, Expression] = {a.arg: Name(a.arg) for a in function.args.args}
    result = _block(function.body, scope)
    if result is None:
        raise UnsupportedSyntaxError("the body does not return a value on every path", function.lineno)
    return result


def _block(statements: list[ast.stmt], scope: dict[str, Expression]) -> Expression | None:
    for position, statement in enumerate(statements):
        match statement:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                scope[name] = _expression(value, scope)
            case ast.Return(value=ast.expr() as value):
                return _expression(value, scope)
            case ast.If(test=test, body=body, orelse=orelse):
                rest = statements[position + 1 :]
                condition = _expression(test, scope)
                then = _block(body + rest, dict(scope))
                otherwise = _block(orelse + rest, dict(scope))
                if then is None or otherwise is None:
                    return None
                return Choice(condition, then, otherwise)
            case _:
                raise UnsupportedSyntaxError(
                    f"{type(statement).__name__.lower()} is not part of the language of equations",
                    statement.lineno,
                )
    return None


def _expression(node: ast.expr, scope: Mapping[str, Expression]) -> Expression:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return Number(float(value))
        case ast.Name(id=name):
            if name in scope:
                return scope[name]
            raise UnsupportedSyntaxError(f"{name} is neither an argument nor a local name", node.lineno)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return Operation(_BINARY[type(op)], (_expression(left, scope), _expression(right, scope)))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("negative", (_expression(operand, scope),))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Operation("not", (_expression(operand, scope),))
        case ast.BoolOp(op=op, values=values):
            word = "and" if isinstance(op, ast.And) else "or"
            return Operation(word, tuple(_expression(v, scope) for v in values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return Operation(_COMPARE[type(op)], (_expression(left, scope), _expression(right, scope)))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return Choice(_expression(test, scope), _expression(body, scope), _expression(orelse, scope))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            if len(args) != FUNCTIONS[name]:
                raise UnsupportedSyntaxError(
                    f"{name} takes {FUNCTIONS[name]} argument(s), got {len(args)}", node.lineno
                )
            return Call(name, tuple(_expression(a, scope) for a in args))
    raise UnsupportedSyntaxError(
        f"'{ast.unparse(node)}' is not part of the language of equations", node.lineno
    )


def numbers(expression: Expression) -> set[float]:
    """Every literal number in ``expression``."""
    match expression:
        case Number(value):
            return {value}
        case Name():
            return set()
        case Operation(_, parts) | Call(_, parts):
            return set().union(*(numbers(p) for p in parts))
        case Choice(condition, then, otherwise):
            return numbers(condition) | numbers(then) | numbers(otherwise)


_PRECEDENCE = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "negative": 7}


def render(
    expression: Expression, name: Callable[[str], str] = str, number: Callable[[float], str] = "{:g}".format
) -> str:
    """``expression`` as one line of Python; ``name`` writes quantities, ``number`` literals.

    Read back, the line has the same tree: operations keep their order.
    """
    return _render(expression, name, number, 0)


def _render(
    expression: Expression, name: Callable[[str], str], number: Callable[[float], str], outer: int
) -> str:
    def part(operand: Expression, inside: int) -> str:
        return _render(operand, name, number, inside)

    match expression:
        case Number(value):
            return number(value)
        case Name(identifier):
            return name(identifier)
        case Call(function, arguments):
            return f"{function}({', '.join(part(a, 0) for a in arguments)})"
        case Choice(condition, then, otherwise):
            text = f"{part(then, 1)} if {part(condition, 1)} else {part(otherwise, 0)}"
            return f"({text})" if outer else text
        case Operation(operator, operands):
            own = _PRECEDENCE.get(operator, 4)
            if operator in ("negative", "not"):
                text = ("-" if operator == "negative" else "not ") + part(operands[0], own)
            else:
                # operators of equal precedence are taken from the left
                text = f" {operator} ".join(
                    [part(operands[0], own), *(part(o, own + 1) for o in operands[1:])]
                )
            return f"({text})" if own < outer else text
