"""The declaration language: one scalar function per quantity, wired by argument name.

The function's name is the variable's name, its argument names are its dependencies and the first
line of its docstring is the label that charts print. A decorated function stays an ordinary
function: it can be called, stepped through and tested on its own.

Kinds
-----
``stock``      a state that integrates its inflows less its outflows; the body stays empty
``flow``       a rate that fills or drains a stock
``aux``        any other quantity that follows from stocks, inputs and other quantities
``indicator``  a reported quantity; nothing may depend on it but other indicators
``annual``     a state that changes once a year, at the start of the year; its own name among the
               arguments stands for its value in the previous year
``lagged``     last year's value of another quantity: at the start of a year, the value that
               quantity had at the start of the year before
``identity``   a relative residual that must be zero: the run record keeps its worst value
``initial``    a quantity evaluated once, at the start; stocks among its arguments stand for their
               initial values
``noise``      one addressed random number per draw and year
``lookup``     piecewise linear function of another quantity, its points given in the inputs
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Literal

Kind = Literal[
    "stock",
    "flow",
    "aux",
    "indicator",
    "annual",
    "lagged",
    "identity",
    "initial",
    "noise",
    "lookup",
]


@dataclass(frozen=True)
class Element:
    """One declared quantity.

    ``label`` and ``label_vi`` are what charts print; ``unit`` is read by the units library;
    ``sector`` is the module the element was declared in. ``code`` is the source text of the body.
    """

    name: str
    kind: Kind
    unit: str
    label: str
    label_vi: str
    source: str
    sector: str = ""
    arguments: tuple[str, ...] = ()
    code: str = ""
    body: Callable[..., float] | None = field(default=None, compare=False)
    variant: str | None = None
    initial: str | None = None
    inflows: tuple[str, ...] = ()
    outflows: tuple[str, ...] = ()
    of: str | None = None
    distribution: Literal["normal", "uniform"] | None = None
    neutral: float = 0.0
    table: str | None = None
    headline: bool = False
    file: str = ""
    line: int = 0


def _names(value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


@functools.cache
def _functions_in(file: str) -> tuple[list[str], dict[int, tuple[int, int]]]:
    """Lines of ``file``, and by the first line of each function (decorators included) its ``def`` and end."""
    lines = linecache.getlines(file)
    found = {}
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[first] = node.lineno, node.end_lineno or node.lineno
    return lines, found


def _body_source(function: Callable[..., float]) -> tuple[str, str, int]:
    """Source text of ``function`` without its decorators, the file and the line it stands on.

    The file is parsed once: asking ``inspect`` for each function takes as long as running the model.
    """
    file = function.__code__.co_filename
    lines, functions = _functions_in(file)
    first, last = functions[function.__code__.co_firstlineno]
    return textwrap.dedent("".join(lines[first - 1 : last])), file, first


def _declare(kind: Kind, **fixed: object) -> Callable:
    def decorate(function: Callable[..., float]) -> Callable[..., float]:
        code, file, line = _body_source(function)
        code_object = function.__code__
        options = dict(fixed)
        label = (inspect.getdoc(function) or "").split("\n")[0].strip().rstrip(".")
        element = Element(
            name=str(options.pop("name", None) or function.__name__),
            kind=kind,
            label=label,
            sector=function.__module__.rsplit(".", 1)[-1],
            arguments=code_object.co_varnames[: code_object.co_argcount] if kind != "stock" else (),
            code=code if kind != "stock" else "",
            body=function if kind != "stock" else None,
            file=file,
            line=line,
            **options,  # type: ignore[arg-type]
        )
        function.__elements__ = (element,)  # type: ignore[attr-defined]
        return function

    return decorate


def stock(
    *,
    unit: str,
    initial: str,
    inflow: str | Iterable[str] | None = None,
    outflow: str | Iterable[str] | None = None,
    vi: str = "",
    source: str = "",
    headline: bool = False,
) -> Callable:
    """Declare a stock; ``initial`` names the quantity that gives its value at the start."""
    return _declare(
        "stock",
        unit=unit,
        initial=initial,
        inflows=_names(inflow),
        outflows=_names(outflow),
        label_vi=vi,
        source=source,
        headline=headline,
    )


def flow(
    *, unit: str, vi: str = "", source: str = "", variant: str | None = None, name: str | None = None
) -> Callable:
    """Declare a rate of change of a stock."""
    return _declare("flow", unit=unit, label_vi=vi, source=source, variant=variant, name=name)


def aux(
    *, unit: str, vi: str = "", source: str = "", variant: str | None = None, name: str | None = None
) -> Callable:
    """Declare an auxiliary quantity."""
    return _declare("aux", unit=unit, label_vi=vi, source=source, variant=variant, name=name)


def indicator(
    *,
    unit: str,
    vi: str = "",
    source: str = "",
    headline: bool = False,
    variant: str | None = None,
    name: str | None = None,
) -> Callable:
    """Declare a reported quantity; ``headline`` ones are in every summary."""
    return _declare(
        "indicator", unit=unit, label_vi=vi, source=source, headline=headline, variant=variant, name=name
    )


def annual(
    *,
    unit: str,
    initial: str,
    vi: str = "",
    source: str = "",
    variant: str | None = None,
    name: str | None = None,
) -> Callable:
    """Declare a state that changes once a year, at the start of the year."""
    return _declare(
        "annual", unit=unit, initial=initial, label_vi=vi, source=source, variant=variant, name=name
    )


def identity(*, vi: str = "", source: str = "") -> Callable:
    """Declare a relative residual that must be zero in every run."""
    return _declare("identity", unit="1", label_vi=vi, source=source)


def initial(*, unit: str, vi: str = "", source: str = "") -> Callable:
    """Declare a quantity evaluated once, at the start of a run."""
    return _declare("initial", unit=unit, label_vi=vi, source=source)


class Declared:
    """Holder of elements that are declared without a body of their own."""

    def __init__(self, elements: Iterable[Element]):
        self.__elements__ = tuple(elements)


def _written(element: Element, expression: str, arguments: Iterable[str]) -> Element:
    """``element`` with a body made from ``expression``."""
    arguments = tuple(arguments)
    code = f"def {element.name}({', '.join(arguments)}):\n    return {expression}\n"
    scope: dict[str, Callable[..., float]] = {}
    exec(compile(code, f"<{element.name}>", "exec"), scope)
    return replace(element, arguments=arguments, code=code, body=scope[element.name])


def lagged(
    name: str, *, of: str, initial: str, unit: str, label: str, vi: str = "", source: str = "definition"
) -> Declared:
    """Last year's value of the quantity ``of``; ``initial`` names its value in the first year."""
    return Declared([Element(name, "lagged", unit, label, vi, source, of=of, initial=initial)])


def noise(
    name: str,
    *,
    label: str,
    vi: str = "",
    source: str = "",
    distribution: Literal["normal", "uniform"] = "normal",
    neutral: float = 0.0,
) -> Declared:
    """One addressed random number per draw and year: standard normal, or uniform on (0, 1).

    Before the first projected year, and when noise is switched off, it equals ``neutral``.
    """
    return Declared(
        [Element(name, "noise", "1", label, vi, source, distribution=distribution, neutral=neutral)]
    )


def lookup(
    name: str, *, of: str, table: str, unit: str, label: str, vi: str = "", source: str = ""
) -> Declared:
    """Piecewise linear function of ``of``, constant beyond its ends; ``table`` names its points."""
    return Declared([Element(name, "lookup", unit, label, vi, source, of=of, table=table)])


def _delay(
    order: int,
    name: str,
    input: str,
    delay: str,
    initial: str,
    unit: str,
    stock_unit: str,
    label: str,
    vi: str,
    source: str,
) -> Declared:
    stages = [f"{name}_stage_{k}" for k in range(1, order + 1)]
    rates = [f"{name}_rate_{k}" for k in range(1, order)] + [name]
    count = " + ".join(["1"] * order)
    elements = []
    for k in range(order):
        stage_label, stage_vi = f"{label}, stage {k + 1}", f"{vi}, bậc {k + 1}" if vi else ""
        elements.append(
            Element(
                stages[k],
                "stock",
                stock_unit,
                stage_label,
                stage_vi,
                source,
                initial=initial,
                inflows=(input if k == 0 else rates[k - 1],),
                outflows=(rates[k],),
            )
        )
        rate = Element(
            rates[k], "flow", unit, label if k == order - 1 else f"{stage_label}, rate", vi, source
        )
        elements.append(_written(rate, f"{stages[k]} * ({count}) / {delay}", (stages[k], delay)))
    return Declared(elements)


def delay1(
    name: str,
    *,
    input: str,
    delay: str,
    initial: str,
    unit: str,
    stock_unit: str,
    label: str,
    vi: str = "",
    source: str = "",
) -> Declared:
    """First-order material delay of the rate ``input`` with mean ``delay``.

    ``initial`` names the content of each stage at the start, in ``stock_unit``; ``name`` is the rate
    that leaves the last stage.
    """
    return _delay(1, name, input, delay, initial, unit, stock_unit, label, vi, source)


def delay3(
    name: str,
    *,
    input: str,
    delay: str,
    initial: str,
    unit: str,
    stock_unit: str,
    label: str,
    vi: str = "",
    source: str = "",
) -> Declared:
    """Third-order material delay of the rate ``input`` with mean ``delay`` (Erlang distributed).

    As :func:`delay1`, with three stages called ``<name>_stage_1`` to ``<name>_stage_3``.
    """
    return _delay(3, name, input, delay, initial, unit, stock_unit, label, vi, source)


def elements_of(module: ModuleType) -> list[Element]:
    """Every element declared in ``module``, in the order of declaration."""
    sector = module.__name__.rsplit(".", 1)[-1]
    found: list[Element] = []
    for value in vars(module).values():
        if isinstance(value, Declared):
            found.extend(
                replace(e, sector=sector, file=e.file or module.__file__ or "") for e in value.__elements__
            )
        elif callable(value) and getattr(value, "__module__", None) == module.__name__:
            found.extend(getattr(value, "__elements__", ()))
    return found
