"""Parameters of a country with their priors, and the structural alternatives among which draws choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.country_fields import Fields, Place
from sim.errors import InputError, nearest
from sim.yamlfile import read_yaml

Prior = tuple[str, tuple[float, float]]

FAMILIES = {
    "normal": "[mean, standard deviation > 0]",
    "lognormal": "[median > 0, standard deviation of the log > 0]",
    "uniform": "[low, high > low]",
    "beta": "[a > 0, b > 0]",
}
_SUPPORT = {
    "normal": (-np.inf, np.inf),
    "lognormal": (0.0, np.inf),
    "beta": (0.0, 1.0),
}
WEIGHT_TOLERANCE = 1e-9
_PARAMETER_KEYS = ("prior", "value", "points", "bounds", "note")
_TABLE_KEYS = ("points", "prior", "value", "calibrated", "note")
_ALTERNATIVE_KEYS = ("variants", "parameters")


@dataclass(frozen=True)
class Parameter:
    """A constant of the model: fixed (``value``), uncertain (``prior``) or a table (``points``).

    ``prior`` is a family with its two arguments: normal (mean, sd), lognormal (median, sd of the log),
    uniform (low, high) or beta (a, b), truncated to ``bounds`` when given. ``points`` are (x, y) pairs of a
    piecewise linear function, x in ``of_unit`` and y in ``unit``.
    """

    name: str
    label: str
    label_vi: str
    unit: str
    value: float | None = None
    prior: Prior | None = None
    bounds: tuple[float, float] | None = None
    calibrated: bool = False
    source: str = ""
    note: str = ""
    points: tuple[tuple[float, float], ...] | None = None
    of_unit: str = ""

    def quantile(self, u: ArrayLike) -> NDArray[np.float64]:
        """Inverse of the distribution function, truncated to the bounds; same shape as ``u``.

        Raises ValueError for a parameter without a prior and for ``u`` outside 0 to 1.
        """
        probability = np.asarray(u, dtype=float)
        if self.prior is None:
            raise ValueError(f"{self.name} has no prior")
        if not np.all((probability >= 0) & (probability <= 1)):
            raise ValueError("a probability lies between 0 and 1")
        family, arguments = self.prior
        low, high = self.support
        if family == "uniform":
            return low + probability * (high - low)
        first, last = _distribution(family, arguments, low), _distribution(family, arguments, high)
        if first > 0.5:
            # far in the upper tail the distribution function rounds to 1: its mirror image does not
            first, last = _survival(family, arguments, low), _survival(family, arguments, high)
            value = _inverse_survival(family, arguments, first + probability * (last - first))
        else:
            value = _inverse(family, arguments, first + probability * (last - first))
        return np.clip(value, low, high)

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest possible value."""
        if self.prior is None:
            fixed = float("nan") if self.value is None else self.value
            return fixed, fixed
        family, arguments = self.prior
        low, high = _SUPPORT.get(family, arguments)
        if self.bounds is not None:
            low, high = max(low, self.bounds[0]), min(high, self.bounds[1])
        return low, high

    @property
    def median(self) -> float:
        """The value of a fixed parameter, the median of an uncertain one."""
        if self.value is not None:
            return self.value
        return float(self.quantile(0.5))


@dataclass(frozen=True)
class Alternative:
    """One answer to a structural question: ``variants`` of equations, ``parameters`` that replace priors."""

    name: str
    weight: float
    label: str
    label_vi: str
    variants: dict[str, str]
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class Structure:
    """A structural question with its alternatives; each draw takes one, with probability ``weight``."""

    name: str
    label: str
    label_vi: str
    source: str
    alternatives: dict[str, Alternative]


def _standardised(family: str, arguments: tuple[float, float], x: float) -> float:
    """``x`` on the scale of the standard normal."""
    location, spread = arguments
    if family == "normal":
        return (x - location) / spread
    return float((np.log(x) - np.log(location)) / spread) if x > 0 else float("-inf")


def _distribution(family: str, arguments: tuple[float, float], x: float) -> float:
    from scipy.special import betainc, ndtr

    if family == "beta":
        return float(betainc(*arguments, x))
    return float(ndtr(_standardised(family, arguments, x)))


def _survival(family: str, arguments: tuple[float, float], x: float) -> float:
    from scipy.special import betainc, ndtr

    if family == "beta":
        return float(betainc(arguments[1], arguments[0], 1 - x))
    return float(ndtr(-_standardised(family, arguments, x)))


def _inverse(family: str, arguments: tuple[float, float], p: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import betaincinv, ndtri

    if family == "beta":
        return np.asarray(betaincinv(*arguments, p))
    location, spread = arguments
    z = ndtri(p)
    return np.asarray(location + spread * z if family == "normal" else location * np.exp(spread * z))


def _inverse_survival(
    family: str, arguments: tuple[float, float], p: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.special import betaincinv, ndtri

    if family == "beta":
        return np.asarray(1 - betaincinv(arguments[1], arguments[0], p))
    location, spread = arguments
    z = -ndtri(p)
    return np.asarray(location + spread * z if family == "normal" else location * np.exp(spread * z))


def read_parameters(path: str | Path) -> dict[str, Parameter]:
    """The parameters of one file, by name. Raises InputError with every problem found."""
    fields = Fields(read_yaml(path))
    found = parameters_of(fields)
    fields.check_units()
    if fields.problems:
        raise InputError(fields.problems)
    return found


def parameters_of(fields: Fields) -> dict[str, Parameter]:
    """The parameters of a file already read; problems are noted in ``fields``."""
    return {str(name): _parameter(fields, (name,)) for name in fields.yaml.data}


def _parameter(fields: Fields, place: Place) -> Parameter:
    name = fields.name(place)
    given = fields.get(place)
    table = isinstance(given, dict) and "points" in given
    required = ("label", "unit", "source", "of_unit" if table else "calibrated")
    entry = fields.mapping(place, _TABLE_KEYS if table else _PARAMETER_KEYS, required)
    if not entry:
        return Parameter(name, "", "", "1", value=0.0)
    label, label_vi = fields.bilingual((*place, "label"))
    value, prior, bounds = prior_of(fields, place)
    points = _points(fields, (*place, "points")) if table else None
    return Parameter(
        name=name,
        label=label,
        label_vi=label_vi,
        unit=fields.unit((*place, "unit")),
        value=value,
        prior=prior,
        bounds=bounds,
        calibrated=fields.flag((*place, "calibrated")),
        source=fields.text((*place, "source")),
        note=fields.text((*place, "note")),
        points=points,
        of_unit=fields.unit((*place, "of_unit")) if table else "",
    )


def prior_of(
    fields: Fields, place: Place, inherited: tuple[float, float] | None = None
) -> tuple[float | None, Prior | None, tuple[float, float] | None]:
    """Value, prior and bounds of the entry at ``place``; ``inherited`` bounds hold where it gives none."""
    entry = fields.mapping(place)
    given = [key for key in ("prior", "value", "points") if entry.get(key) is not None]
    if len(given) != 1:
        bound = "one of prior, value, points"
        fields.add("exactly one way to give the parameter", place, value=given or None, bound=bound)
        return 0.0, None, inherited
    bounds = fields.interval((*place, "bounds")) or inherited
    if given == ["value"]:
        value = fields.number((*place, "value"))
        if bounds is not None and not bounds[0] <= value <= bounds[1]:
            fields.add("the value is outside the bounds", (*place, "value"), value=value, bound=_span(bounds))
        return value, None, bounds
    if given == ["points"]:
        return None, None, bounds
    prior = read_prior(fields, (*place, "prior"))
    if prior is not None and bounds is not None and not _has_mass(prior, bounds):
        fields.add(
            "the prior has no mass inside the bounds",
            (*place, "prior"),
            value=_text(prior),
            bound=_span(bounds),
        )
        return 0.0, None, bounds
    return None, prior, bounds


def read_prior(fields: Fields, place: Place) -> Prior | None:
    """The distribution ``{family: [a, b]}`` at ``place``; None, with a problem noted, when it is none."""
    entry = fields.get(place)
    if not isinstance(entry, dict) or len(entry) != 1:
        fields.add("a prior is one family with its arguments", place, value=entry, bound=_families())
        return None
    family = next(iter(entry))
    if family not in FAMILIES:
        suggestion = nearest(str(family), FAMILIES)
        fields.add(
            "unknown family of distributions", place, value=family, bound=_families(), suggestion=suggestion
        )
        return None
    pair = fields.pair((*place, family))
    if pair is None:
        return None
    a, b = pair
    legal = {"normal": b > 0, "lognormal": a > 0 and b > 0, "uniform": b > a, "beta": a > 0 and b > 0}
    if not legal[family]:
        fields.add(f"arguments of the {family} distribution", place, value=[a, b], bound=FAMILIES[family])
        return None
    return str(family), pair


def _has_mass(prior: Prior, bounds: tuple[float, float]) -> bool:
    """Whether draws inside the bounds can be told from 0; without scipy, which takes long to import."""
    family, arguments = prior
    low, high = _SUPPORT.get(family, arguments)
    low, high = max(low, bounds[0]), min(high, bounds[1])
    if low >= high or family in ("uniform", "beta"):
        return low < high
    ends = [_standardised(family, arguments, x) for x in (low, high)]
    # both ends on one side of the middle: use the tail of that side, which does not round to 1
    below, above = (-end if ends[0] > 0 else end for end in ends)
    return math.erfc(-below / math.sqrt(2)) != math.erfc(-above / math.sqrt(2))


def _points(fields: Fields, place: Place) -> tuple[tuple[float, float], ...]:
    pairs = [fields.pair((*place, k)) for k in range(len(fields.entries(place)))]
    points = [pair for pair in pairs if pair is not None]
    if len(pairs) < 2:
        fields.add("a table needs two points or more", place, value=len(pairs))
    for k, (here, after) in enumerate(pairwise(points), 1):
        if after[0] <= here[0]:
            fields.add(
                "x must rise from point to point", (*place, k), value=after[0], bound=f"above {here[0]:g}"
            )
    return tuple(points)


def structures_of(fields: Fields, parameters: dict[str, Parameter]) -> dict[str, Structure]:
    """The structural questions of a file already read; problems are noted in ``fields``.

    Without ``parameters`` (they could not be read) references to them are not checked.
    """
    found = {}
    for key in fields.yaml.data:
        place = (key,)
        name = fields.name(place)
        fields.mapping(place, (), ("label", "source", "alternatives"))
        options = fields.mapping((*place, "alternatives"))
        label, label_vi = fields.bilingual((*place, "label"))
        alternatives = {
            str(o): _alternative(fields, (*place, "alternatives", o), parameters) for o in options
        }
        if len(options) < 2:
            fields.add("two alternatives or more are needed", (*place, "alternatives"), value=len(options))
        total = sum(a.weight for a in alternatives.values())
        if alternatives and abs(total - 1) > WEIGHT_TOLERANCE:
            fields.add(
                "the weights do not sum to 1", (*place, "alternatives"), value=round(total, 12), bound="1"
            )
        source = fields.text((*place, "source"))
        found[name] = Structure(name, label, label_vi, source, alternatives)
    return found


def _alternative(fields: Fields, place: Place, parameters: dict[str, Parameter]) -> Alternative:
    name = fields.name(place)
    fields.mapping(place, _ALTERNATIVE_KEYS, ("weight", "label"))
    weight = fields.number((*place, "weight"), low=0, high=1)
    label, label_vi = fields.bilingual((*place, "label"))
    variants = {
        str(element): fields.text((*place, "variants", element))
        for element in fields.mapping((*place, "variants"))
    }
    replaced = {}
    for target in fields.mapping((*place, "parameters")):
        here = (*place, "parameters", target)
        if target in parameters:
            fields.mapping(here, ("prior", "value", "bounds"))
            replaced[str(target)] = _replacement(fields, here, parameters[target])
        elif parameters:
            fields.add("unknown parameter", here, value=target, suggestion=nearest(str(target), parameters))
    return Alternative(name, weight, label, label_vi, variants, replaced)


def _replacement(fields: Fields, place: Place, base: Parameter) -> Parameter:
    value, prior, bounds = prior_of(fields, place, base.bounds)
    return Parameter(
        name=base.name,
        label=base.label,
        label_vi=base.label_vi,
        unit=base.unit,
        value=value,
        prior=prior,
        bounds=bounds,
        calibrated=base.calibrated,
        source=base.source,
        note=base.note,
    )


def _families() -> str:
    return "; ".join(f"{family}: {arguments}" for family, arguments in FAMILIES.items())


def _span(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


def _text(prior: Prior) -> str:
    return f"{prior[0]} {list(prior[1])}"
