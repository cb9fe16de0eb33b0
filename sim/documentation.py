"""The documentation of the model, written from the declarations so that it cannot drift from them.

``python -m sim.documentation`` prints it; ``docs/model.md`` is its committed copy.
"""

from __future__ import annotations

import inspect
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from sim.assemble import model_of
from sim.country import Country, Parameter, load_country
from sim.engine.declare import Element
from sim.engine.expression import render
from sim.engine.graph import Model
from sim.model import SECTORS

if TYPE_CHECKING:
    from collections.abc import Iterable

INTRODUCTION = """# The model, equation by equation

Written from the declarations in `sim/model/` and the country pack `calibration/{country}/` by
`python -m sim.documentation`. Kinds: a *stock* integrates flows; an *annual* state changes at the start of
a year; *lagged* is last year's value; *noise* is one random number a draw and year; an *identity* is an
accounting residual that must be zero; everything else follows from these at once.
"""


def model_document(model: Model, country: Country) -> str:
    """Markdown with every equation by sector, then every parameter, lever and structural alternative."""
    parts = [INTRODUCTION.format(country=country.id)]
    sectors = {s.__name__.rsplit(".", 1)[-1]: inspect.getdoc(s) or "" for s in SECTORS}
    by_sector: dict[str, list[Element]] = {name: [] for name in sectors}
    for element in model.elements.values():
        by_sector.setdefault(element.sector, []).append(element)
    for name, elements in by_sector.items():
        if not elements:
            continue
        parts.append(f"## {name.replace('_', ' ').capitalize()}\n\n{sectors.get(name, '')}\n")
        parts.append(
            _table(("name", "what", "kind", "unit", "equation", "source"), (_row(model, e) for e in elements))
        )
    parts.append("## Parameters\n\nA prior is drawn once for each draw; a single number is fixed.\n")
    parts.append(
        _table(
            ("name", "what", "unit", "prior or value", "source", "note"),
            (
                (f"`{p.name}`", p.label, p.unit, prior_text(p), p.source, p.note)
                for p in sorted(country.parameters.values(), key=lambda p: p.name)
            ),
        )
    )
    parts.append("## Levers\n")
    levers = sorted(country.levers.values(), key=lambda lever: (lever.task_group or 0, lever.code))
    for group, members in groupby(levers, key=lambda lever: lever.task_group):
        parts.append(f"### Task group {group}: {country.task_groups[group or 0][0]}\n")
        parts.append(
            _table(
                ("code", "what", "unit", "baseline", "range", "cost", "delay"),
                (
                    (
                        f"`{m.code}`",
                        m.label,
                        m.unit,
                        f"{m.baseline:g}",
                        f"{m.low:g} to {m.high:g}",
                        m.cost,
                        m.delay,
                    )
                    for m in members
                ),
            )
        )
    parts.append("## Structural alternatives\n\nSampled draw by draw with these weights.\n")
    parts.append(
        _table(
            ("structure", "alternative", "weight", "what it changes"),
            (
                (
                    f"`{s}`",
                    f"`{a}`",
                    f"{alternative.weight:g}",
                    _changes(alternative.variants, alternative.parameters),
                )
                for s, structure in country.structures.items()
                for a, alternative in structure.alternatives.items()
            ),
        )
    )
    return "\n".join(parts)


def prior_text(parameter: Parameter) -> str:
    """The prior of ``parameter`` in words, or its value."""
    if parameter.points is not None:
        return "; ".join(f"({x:g}, {y:g})" for x, y in parameter.points)
    if parameter.prior is None:
        return f"{parameter.value:g}"
    family, arguments = parameter.prior
    text = f"{family}({', '.join(f'{a:g}' for a in arguments)})"
    if parameter.bounds is not None:
        text += f" within {parameter.bounds[0]:g} to {parameter.bounds[1]:g}"
    return text


def equation_text(model: Model, name: str) -> str:
    """The equation of ``name`` on one line."""
    element = model.elements[name]
    if element.kind == "stock":
        rates = " + ".join(element.inflows) + "".join(f" - {r}" for r in element.outflows)
        return f"d/dt = {rates.strip(' +') or '0'}; at the start {element.initial}"
    if element.kind == "lagged":
        return f"{element.of} of the year before; at first {element.initial}"
    if element.kind == "noise":
        law = "standard normal" if element.distribution == "normal" else "uniform on (0, 1)"
        return f"{law}; {element.neutral:g} before the first projected year"
    if element.kind == "lookup":
        return f"table {element.table} of {element.of}"
    expression = model.expression(name)
    text = render(expression) if expression is not None else ""
    return f"{text}; at first {element.initial}" if element.kind == "annual" else text


def _row(model: Model, element: Element) -> tuple[str, ...]:
    equation = equation_text(model, element.name)
    return f"`{element.name}`", element.label, element.kind, element.unit, f"`{equation}`", element.source


def _changes(variants: dict[str, str], parameters: dict[str, Parameter]) -> str:
    changes = [f"{name} = {label}" for name, label in variants.items()]
    changes += [f"{name} ~ {prior_text(p)}" for name, p in parameters.items()]
    return "; ".join(changes) or "nothing: the reference"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|"]
    lines += [
        f"| {' | '.join(' '.join(str(c or '').split()).replace('|', '/') for c in row)} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    pack = load_country("vietnam")
    sys.stdout.write(model_document(model_of(pack), pack))
