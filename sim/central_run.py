"""One run at the middle of the priors: no sampling, no noise, the same answer every time.

Every uncertain parameter takes the median of its prior, every structural question its likeliest
alternative, every random number its neutral value. It is not the median of a run over many draws; it
is the run that can be followed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.derived import Run, reporting_parameters
from sim.draws import check_structures
from sim.engine.ensemble import PathFunction, input_table, noise_table, simulate

if TYPE_CHECKING:
    from sim.country import Country
    from sim.engine.graph import Model

STEPS = 4
# parameters of derived quantities that scale random numbers are standard deviations and called so
NOISE_SCALE = "_sd"


def central_structures(country: Country, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """The alternative every structural question takes: the one ``fixed``, else the likeliest.

    Raises InputError for a structure or alternative that does not exist.
    """
    check_structures(country, fixed or {})
    likeliest = {
        name: max(structure.alternatives.values(), key=lambda a: a.weight).name
        for name, structure in country.structures.items()
    }
    return {**likeliest, **(fixed or {})}


def central_parameters(
    country: Country,
    model: Model,
    *,
    parameters: Mapping[str, float] | None = None,
    structures: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """One value for every parameter of ``country`` and ``model``, in the parameter's unit.

    ``parameters`` and ``structures`` are fixed; everything else is at the median of its prior, under the
    alternatives of :func:`central_structures`. Raises InputError for an unknown structure.
    """
    values = {name: p.median for name, p in country.parameters.items() if p.points is None}
    for name, chosen in central_structures(country, structures).items():
        alternative = country.structures[name].alternatives[chosen]
        values |= {target: p.median for target, p in alternative.parameters.items()}
        for element, label in alternative.variants.items():
            if element in model.sampled:
                values[f"variant_of_{element}"] = float(model.sampled[element].index(label))
    # a variant that no alternative speaks of is the first declared
    values = {**{f"variant_of_{element}": 0.0 for element in model.sampled}, **values}
    return {**values, **(parameters or {})}


def central_run(
    country: Country,
    model: Model,
    paths: Mapping[str, PathFunction],
    parameters: Mapping[str, float],
    *,
    last_year: int | None = None,
    engine: str = "interpreted",
) -> Run:
    """Run ``model`` once, from the start to ``last_year`` (the horizon by default).

    ``paths`` gives every lever and series as a function of time, ``parameters`` is from
    :func:`central_parameters`. The result holds every element, lever and series as annual values of
    shape (year, 1), and gives derived quantities without their noise.
    """
    years = (last_year or country.horizon) - country.start_year + 1
    draw: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
    simulated = simulate(
        model,
        inputs=input_table(model, paths, country.start_year, years, STEPS),
        parameters=dict(parameters),
        noise=noise_table(model, 0, draw, country.start_year, years, None),
        outputs=[*model.elements, *model.input_names("lever", "series")],
        start_year=country.start_year,
        draws=1,
        engine=engine,
        threads=1,
    )
    reported = {
        name: 0.0 if name.endswith(NOISE_SCALE) else parameter.median
        for name, parameter in reporting_parameters(country).items()
    }
    known = {name: np.array([value]) for name, value in {**reported, **parameters}.items()}
    return Run(simulated.values, simulated.years, draw, 0, known, country)
