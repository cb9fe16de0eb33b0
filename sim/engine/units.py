"""Units of measure: parsed by pint, compared with their scale, checked through every equation.

Two units agree only when both dimension and scale agree: a trillion dong never passes for a billion.
Prices carry their base year in the name of the unit (``tn_VND2020``), so money of different years is
of different dimension.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pint

from sim.engine.expression import Call, Choice, Expression, Name, Number, Operation

_DEFINITIONS = """
year = [time]
percent = 0.01
per_10k = 0.0001
index = 1
person = [person]
thousand_person = 1000 * person
million_person = 1000000 * person
FTE = [full_time_equivalent]
thousand_FTE = 1000 * FTE
firm = [firm]
patent = [patent]
publication = [publication]
TWh = [electricity]
tn_VND2020 = [money_vnd_2020]
bn_VND2020 = 0.001 * tn_VND2020
mn_VND2020 = 0.000001 * tn_VND2020
tn_VND = [money_vnd_current]
bn_VND = 0.001 * tn_VND
mn_VND = 0.000001 * tn_VND
USD = [money_usd_current]
mn_USD = 1000000 * USD
bn_USD = 1000000000 * USD
USD2024 = [money_usd_2024]
USD2021_PPP = [money_usd_2021_ppp]
"""


@dataclass(frozen=True)
class Unit:
    """A unit as a scale times powers of base dimensions; ``dimensions`` is sorted by name."""

    scale: float
    dimensions: tuple[tuple[str, float], ...]

    def __mul__(self, other: Unit) -> Unit:
        return self._combined(other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return self._combined(other, -1)

    def _combined(self, other: Unit, sign: int) -> Unit:
        powers = dict(self.dimensions)
        for dimension, power in other.dimensions:
            powers[dimension] = powers.get(dimension, 0.0) + sign * power
        kept = tuple(sorted((d, p) for d, p in powers.items() if p != 0))
        return Unit(self.scale * other.scale**sign, kept)

    def matches(self, other: Unit) -> bool:
        """Whether dimension and scale agree."""
        return self.dimensions == other.dimensions and math.isclose(self.scale, other.scale, rel_tol=1e-9)

    def currency_power(self) -> float:
        """The power of dong of constant prices in this unit."""
        return dict(self.dimensions).get("[money_vnd_2020]", 0.0)

    def __str__(self) -> str:
        parts = [f"{d.strip('[]')}" + (f"^{p:g}" if p != 1 else "") for d, p in self.dimensions]
        text = " ".join(parts) or "1"
        return text if math.isclose(self.scale, 1.0) else f"{self.scale:g} {text}"


ONE = Unit(1.0, ())


@functools.cache
def _registry() -> pint.UnitRegistry:
    registry: pint.UnitRegistry = pint.UnitRegistry(None, cache_folder=None)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    return registry


@functools.cache
def parse_unit(text: str) -> Unit:
    """The unit that ``text`` names. Raises ValueError, with the reason, when it names none."""
    if text in ("1", ""):
        return ONE
    registry = _registry()
    try:
        quantity: Any = registry.Quantity(1.0, registry.parse_units(text.replace("^", "**"))).to_root_units()
    except (pint.errors.PintError, TypeError, ValueError, AssertionError) as error:
        raise ValueError(f"{text!r} is not a unit: {error}") from None
    dimensions = tuple(sorted((str(d), float(p)) for d, p in quantity.dimensionality.items()))
    return Unit(float(quantity.magnitude), dimensions)


class UnitMismatchError(ValueError):
    """Two parts of an equation whose units do not go together."""


def unit_of(expression: Expression, units: Mapping[str, Unit]) -> Unit | None:
    """The unit of ``expression``; None stands for a literal 0, which takes any unit.

    Sums, comparisons, branches and ``min``/``max``/``clip`` need equal units, ``exp``, ``log`` and
    ``power`` need dimensionless arguments. Raises :class:`UnitMismatchError`.
    """
    match expression:
        case Number(value):
            return None if value == 0 else ONE
        case Name(name):
            return units[name]
        case Operation("negative", (operand,)):
            return unit_of(operand, units)
        case Operation("*" | "/" as operator, (left, right)):
            a, b = unit_of(left, units), unit_of(right, units)
            if a is None:
                return None
            b = ONE if b is None else b
            return a * b if operator == "*" else a / b
        case Operation("and" | "or" | "not", operands):
            for operand in operands:
                unit_of(operand, units)
            return ONE
        case Operation(operator, operands):
            common = _common(operands, units, f"'{operator}'")
            return common if operator in "+-" else ONE
        case Call("exp" | "log" | "power" as function, arguments):
            for argument in arguments:
                unit = unit_of(argument, units)
                if unit is not None and not unit.matches(ONE):
                    raise UnitMismatchError(f"{function} of a quantity in {unit}")
            return ONE
        case Call(function, arguments):
            return _common(arguments, units, function)
        case Choice(condition, then, otherwise):
            unit_of(condition, units)
            return _common((then, otherwise), units, "the two branches of a condition")
    raise AssertionError(expression)


def _common(parts: tuple[Expression, ...], units: Mapping[str, Unit], where: str) -> Unit | None:
    found: Unit | None = None
    for part in parts:
        unit = unit_of(part, units)
        if found is None:
            found = unit
        elif unit is not None and not unit.matches(found):
            raise UnitMismatchError(f"{where} joins {found} and {unit}")
    return found
