"""The one way to run a scenario: resolve, draw, simulate, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.assemble import model_of
from sim.country import Country, load_country
from sim.derived import DERIVED, model_inputs, reporting_parameters, required_variables
from sim.draws import MOST_DRAWS, Draws, history_matched, structure_problems
from sim.engine.ensemble import METHODS, PathFunction, input_table, noise_table, simulate
from sim.errors import InputError, Problem, nearest
from sim.record import RunRecord, new_run_id
from sim.results import Results
from sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from sim.engine.graph import Model

DEFAULT_DRAWS = 1000
DEFAULT_SEED = 57


@dataclass(frozen=True)
class Prepared:
    """A scenario with all it needs to be run: model and draws are shared by scenarios of one country.

    ``structures`` are the structural alternatives that are fixed, by the scenario or by the caller.
    """

    scenario: Scenario
    country: Country
    model: Model
    draws: Draws
    structures: dict[str, str]
    timings: dict[str, float]


def paths_of(scenario: Scenario, country: Country, model: Model) -> dict[str, PathFunction]:
    """A function of time for every lever and series the model reads."""
    paths: dict[str, PathFunction] = {}
    for name in model.input_names("lever", "series"):
        if name in scenario.inputs:
            paths[name] = scenario.inputs[name].at
        else:
            paths[name] = country.series[name].path().at
    return paths


def resolve_request(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    country: str | Path | Country = "vietnam",
    years: tuple[int, int] | None = None,
    variables: Sequence[str] | None = None,
    structures: Mapping[str, str] | None = None,
    method: str = "rk4",
    dt: float = 0.25,
) -> tuple[Country, Scenario | None, list[Problem]]:
    """What a run is asked to do, with every problem of it, before anything is computed.

    Returns the country, the scenario (None when it cannot be read) and the problems. Raises InputError
    when the country itself cannot be read.
    """
    problems = []
    if not isinstance(draws, int) or not 1 <= draws <= MOST_DRAWS:
        bound = f"a whole number from 1 to {MOST_DRAWS:,}"
        problems.append(Problem("the number of draws", where="draws", value=draws, bound=bound))
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        problems.append(
            Problem("the seed", where="seed", value=seed, bound="a whole number from 0 to 2^63 - 1")
        )
    if not isinstance(country, Country):
        country = load_country(country)
    resolved = scenario if isinstance(scenario, Scenario) else None
    if not isinstance(scenario, Scenario):
        try:
            resolved = load_scenario(scenario, country)
        except InputError as error:
            problems += error.problems
    if structures:
        problems += structure_problems(country, structures)
    problems += _option_problems(country, model_of(country), years, variables, method, dt)
    return country, resolved, problems


def prepare(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    country: str | Path | Country = "vietnam",
    years: tuple[int, int] | None = None,
    variables: Sequence[str] | None = None,
    structures: Mapping[str, str] | None = None,
    method: str = "rk4",
    dt: float = 0.25,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Prepared:
    """Resolve ``scenario`` and draw its parameters; raises InputError with every problem found.

    ``years``, ``variables``, ``method`` and ``dt`` are those of the run to come, checked before anything is
    computed.
    """
    clock = _Clock()
    country, resolved, problems = resolve_request(
        scenario,
        draws=draws,
        seed=seed,
        country=country,
        years=years,
        variables=variables,
        structures=structures,
        method=method,
        dt=dt,
    )
    if problems or resolved is None:
        raise InputError(problems)
    scenario = resolved
    model = model_of(country)
    clock.lap("load")
    fixed = {**scenario.structures, **(structures or {})}
    kept = history_matched(
        country,
        model,
        paths_of(scenario, country, model),
        draws,
        seed,
        fixed,
        threads=threads,
        progress=progress,
    )
    clock.lap("draws")
    return Prepared(scenario, country, model, kept, fixed, clock.laps)


def run(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    country: str | Path | Country = "vietnam",
    years: tuple[int, int] | None = None,
    variables: Sequence[str] | None = None,
    engine: str = "compiled",
    method: str = "rk4",
    dt: float = 0.25,
    structures: Mapping[str, str] | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    command: str = "",
) -> Results:
    """Run ``scenario`` over ``draws`` draws and judge its targets.

    ``scenario`` is a file, the id of a scenario that comes with the product, or a loaded
    :class:`~sim.scenario.Scenario`. ``variables`` are kept besides those that targets and headlines need.
    ``years`` (first, last) bounds what is reported; the run always covers the whole horizon. ``dt`` is
    the step of integration in years, 1 over a whole number. ``structures`` fixes structural
    alternatives that are otherwise sampled with their weights. Raises InputError for invalid input.
    """
    prepared = prepare(
        scenario,
        draws=draws,
        seed=seed,
        country=country,
        years=years,
        variables=variables,
        structures=structures,
        method=method,
        dt=dt,
        threads=threads,
        progress=progress,
    )
    return run_prepared(
        prepared,
        years=years,
        variables=variables,
        engine=engine,
        method=method,
        dt=dt,
        threads=threads,
        progress=progress,
        command=command,
    )


def run_prepared(
    prepared: Prepared,
    *,
    years: tuple[int, int] | None = None,
    variables: Sequence[str] | None = None,
    engine: str = "compiled",
    method: str = "rk4",
    dt: float = 0.25,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    command: str = "",
) -> Results:
    """As :func:`run`, for a scenario whose model and draws are at hand."""
    scenario, country, model, draws = prepared.scenario, prepared.country, prepared.model, prepared.draws
    if problems := _option_problems(country, model, years, variables, method, dt):
        raise InputError(problems)
    clock = _Clock(dict(prepared.timings))
    steps = round(1 / dt)
    span = country.horizon - country.start_year + 1
    parameters = dict(draws.parameters)
    for name, value in scenario.parameters.items():
        parameters[name] = np.full(draws.size, float(value))
    noise = noise_table(model, draws.seed, draws.ids, country.start_year, span, country.last_observed + 1)
    inputs = input_table(model, paths_of(scenario, country, model), country.start_year, span, steps)
    clock.lap("inputs")
    outputs = kept_variables(model, country, variables)
    simulated = simulate(
        model,
        inputs=inputs,
        parameters=parameters,
        noise=noise,
        outputs=outputs,
        start_year=country.start_year,
        draws=draws.size,
        method=method,
        engine=engine,
        threads=threads,
        progress=progress,
    )
    clock.lap("simulation")
    identities = model.of_kind("identity")
    created = datetime.now(UTC)
    record = RunRecord(
        run_id=new_run_id(created, scenario.hash, model.hash, country.hash, draws.seed, draws.size),
        created=created,
        command=command,
        scenario_id=scenario.id,
        scenario_hash=scenario.hash,
        model_hash=model.hash,
        kernel_hash=simulated.kernel_hash,
        country_id=country.id,
        country_hash=country.hash,
        engine=simulated.engine,
        method=method,
        dt=dt,
        seed=draws.seed,
        structures=prepared.structures,
        years=years,
        draws=draws.size,
        candidates_tried=draws.tried,
        draws_id=draws.name,
        timings=clock.laps,
        residuals={n: float(np.nanmax(simulated.values[n])) for n in identities},
        warnings=list(scenario.warnings),
    )
    return Results.from_arrays(
        {n: v for n, v in simulated.values.items() if n not in identities},
        simulated.years,
        scenario,
        country,
        model,
        Draws(**{**vars(draws), "parameters": parameters}),
        record,
        reported_years=years,
    )


def kept_variables(model: Model, country: Country, extra: Sequence[str] | None = None) -> list[str]:
    """What a run keeps: all indicators and identities, what derived quantities need, and ``extra``."""
    parameters = {**country.parameters, **reporting_parameters(country)}
    wanted = [
        *model.of_kind("indicator"),
        *required_variables(country),
        *model.of_kind("identity"),
        *model_inputs(extra or (), parameters),
        *(extra or ()),
    ]
    return list(dict.fromkeys(n for n in wanted if n in model.elements or n in model.inputs))


def _option_problems(
    country: Country,
    model: Model,
    years: tuple[int, int] | None,
    variables: Sequence[str] | None,
    method: str,
    dt: float,
) -> list[Problem]:
    problems = []
    first, last = country.start_year, country.horizon
    if years is not None and not first <= years[0] <= years[1] <= last:
        problems.append(
            Problem(
                "years outside the model's horizon",
                where="years",
                value=years,
                bound=f"within {first}-{last}",
            )
        )
    for name in variables or ():
        if name not in model.elements and name not in model.inputs and name not in DERIVED:
            known = [*model.elements, *model.inputs, *DERIVED]
            problems.append(Problem("unknown variable", value=name, suggestion=nearest(name, known)))
    if method not in METHODS:
        problems.append(Problem("unknown method", value=method, bound=" or ".join(METHODS)))
    if not 0 < dt <= 1 or abs(1 / dt - round(1 / dt)) > 1e-9:
        problems.append(
            Problem("the step", where="dt", value=dt, bound="1 divided by a whole number, in years")
        )
    return problems


class _Clock:
    """Seconds spent in each phase."""

    def __init__(self, laps: dict[str, float] | None = None):
        self.laps = laps or {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.laps[phase] = self.laps.get(phase, 0.0) + now - self._last
        self._last = now
