"""The model of a country: the declared equations wired to the country's parameters, levers and series."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sim.engine.declare import elements_of
from sim.engine.graph import InputSpec, Model, build
from sim.engine.kernel import cache_folder
from sim.model import SECTORS

if TYPE_CHECKING:
    from sim.country import Country

# levers that the scenario loader reads and the equations do not
SCENARIO_ONLY = ("ramp_len",)


def inputs_of(country: Country) -> list[InputSpec]:
    """Everything the country pack offers to the equations, with units, labels and sources."""
    found: dict[str, InputSpec] = {}
    for name, parameter in country.parameters.items():
        found[name] = InputSpec(
            name,
            "parameter",
            parameter.unit,
            parameter.label,
            parameter.label_vi,
            parameter.source,
            points=parameter.points,
            of_unit=parameter.of_unit,
        )
    for code, lever in {**country.levers, **country.assumptions}.items():
        if code not in SCENARIO_ONLY:
            found[code] = InputSpec(code, "lever", lever.unit, lever.label, lever.label_vi, lever.source)
    for code, lever in country.levers.items():
        if code not in SCENARIO_ONLY:
            base = f"{code}_base"
            found[base] = InputSpec(
                base,
                "lever",
                lever.unit,
                f"{lever.label}, in the hold scenario",
                lever.label_vi,
                lever.source,
            )
    for name, series in country.series.items():
        if name not in found:
            found[name] = InputSpec(name, "series", series.unit, series.definition, "", series.source)
    return list(found.values())


def model_of(country: Country, variants: dict[str, str] | None = None) -> Model:
    """The wired model of ``country``; ``variants`` fixes variants of equations by name.

    Raises InputError with every wiring or unit problem. Units are checked once for each content of
    equations and inputs: a mark in the cache folder, named by the model's hash, remembers it.
    """
    return _model(_Key(country), tuple(sorted((variants or {}).items())))


class _Key:
    """A country, compared by the hash of its files."""

    def __init__(self, country: Country):
        self.country = country

    def __hash__(self) -> int:
        return hash(self.country.hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.country.hash == self.country.hash


@lru_cache(maxsize=8)
def _model(key: _Key, variants: tuple[tuple[str, str], ...]) -> Model:
    elements = [e for sector in SECTORS for e in elements_of(sector)]
    inputs = inputs_of(key.country)
    model = build(elements, inputs, dict(variants), check=False)
    mark = cache_folder() / f"checked_{model.hash[:32]}"
    if not mark.exists():
        build(elements, inputs, dict(variants))
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError:
            # without a cache the units are checked in every process
            return model
    return model
