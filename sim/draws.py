"""Parameter draws: from the priors, kept where the model can have produced what was observed.

A candidate draw is addressed by its number: its parameters are a pure function of (seed, number). History
matching (Craig et al. 1997; McCulloch et al. 2022) runs the candidates through the observed years and
keeps those whose implausibility

    |observed - model| / sqrt(measurement variance + discrepancy variance)

is at most :data:`CUTOFF` for every observation of every fitted series. The numbers of the draws that pass
are kept in the cache folder under the hash of all they depend on. ``docs/history_matching.md`` says why
this cut-off, and what others would leave.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.engine import rng
from sim.engine.ensemble import PathFunction, input_table, kernel_for, noise_table, simulate
from sim.engine.graph import Model
from sim.engine.kernel import cache_folder
from sim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from sim.country import Country

# two standard errors: what is left then spreads about as wide as the last survey's own error
CUTOFF = 2.0
DISCREPANCY = 0.05  # what the structure may be wrong by, as a share of the observed value
BATCH = 8192
MOST_TRIED = 2_000_000
MOST_DRAWS = 50_000  # what that many candidates leave, and what a few gigabytes hold
HISTORY_STEPS = 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """A set of draws: ``ids`` are their numbers, ``parameters`` their values, one array a name.

    ``structures`` gives the index of the alternative in use, ``structure_labels`` the names behind the
    indices; ``tried`` is how many candidates were looked at for the ``ids.size`` kept.
    """

    ids: NDArray[np.int64]
    parameters: dict[str, Array]
    structures: dict[str, NDArray[np.int64]]
    structure_labels: dict[str, tuple[str, ...]]
    seed: int
    tried: int
    name: str
    description: str = field(default="", compare=False)

    @property
    def size(self) -> int:
        """Number of draws."""
        return int(self.ids.size)


def structure_problems(country: Country, structures: Mapping[str, str]) -> list[Problem]:
    """What is wrong with ``structures``: structures or alternatives that do not exist."""
    problems = []
    for name, alternative in structures.items():
        if name not in country.structures:
            problems.append(
                Problem("unknown structure", value=name, suggestion=nearest(name, country.structures))
            )
        elif alternative not in country.structures[name].alternatives:
            options = country.structures[name].alternatives
            problems.append(
                Problem(
                    "unknown alternative",
                    where=name,
                    value=alternative,
                    bound=f"one of {', '.join(options)}",
                    suggestion=nearest(alternative, options),
                )
            )
    return problems


def check_structures(country: Country, structures: Mapping[str, str]) -> None:
    """Raise InputError with all :func:`structure_problems`, if there are any."""
    problems = structure_problems(country, structures)
    if problems:
        raise InputError(problems)


def sample(
    country: Country, model: Model, seed: int, ids: NDArray[np.int64], structures: Mapping[str, str]
) -> tuple[dict[str, Array], dict[str, NDArray[np.int64]]]:
    """Parameters and structural alternatives of the candidates ``ids``: arrays of shape (draw,).

    An alternative replaces the priors it names; its parameters keep the address, hence the quantile,
    of the prior they replace. ``structures`` fixes alternatives.
    """
    values: dict[str, Array] = {}
    quantiles: dict[str, Array] = {}
    for name in model.input_names("parameter"):
        if name not in country.parameters:
            continue
        parameter = country.parameters[name]
        if parameter.prior is None:
            values[name] = np.full(ids.size, float(parameter.value))  # type: ignore[arg-type]
        else:
            values[name] = parameter.quantile(_quantile(quantiles, name, seed, ids))
    chosen: dict[str, NDArray[np.int64]] = {}
    for name, structure in country.structures.items():
        labels = list(structure.alternatives)
        if name in structures:
            index = np.full(ids.size, labels.index(structures[name]), dtype=np.int64)
        else:
            bounds = np.cumsum([a.weight for a in structure.alternatives.values()])[:-1]
            index = np.searchsorted(bounds, rng.uniform(seed, ids, f"structure:{name}"), side="right")
        chosen[name] = index
        for k, alternative in enumerate(structure.alternatives.values()):
            here = index == k
            for target, parameter in alternative.parameters.items():
                if target in values and here.any():
                    if parameter.prior is None:
                        values[target][here] = float(parameter.value)  # type: ignore[arg-type]
                    else:
                        values[target][here] = parameter.quantile(
                            _quantile(quantiles, target, seed, ids)[here]
                        )
            for element, label in alternative.variants.items():
                if element in model.sampled:
                    selector = values.setdefault(f"variant_of_{element}", np.zeros(ids.size))
                    selector[here] = model.sampled[element].index(label)
    return values, chosen


def _quantile(known: dict[str, Array], name: str, seed: int, ids: NDArray[np.int64]) -> Array:
    if name not in known:
        known[name] = rng.uniform(seed, ids, f"parameter:{name}")
    return known[name]


def implausibility(country: Country, values: Mapping[str, Array], start_year: int) -> dict[str, Array]:
    """Largest implausibility of each measured series: arrays of shape (draw,).

    ``values`` holds the annual values (year, draw) of the model's indicators from ``start_year`` on.
    """
    worst: dict[str, Array] = {}
    for rule in country.measurement:
        if not rule.used:
            continue
        model_values = values[rule.variable]
        for year, observed, sigma in rule.observations:
            modelled = model_values[year - start_year]
            if rule.error == "log":
                with np.errstate(divide="ignore", invalid="ignore"):
                    distance = np.abs(np.log(observed / modelled))
                spread = np.hypot(sigma, DISCREPANCY)
            else:
                distance = np.abs(observed - modelled)
                spread = np.hypot(sigma, DISCREPANCY * abs(observed))
            # a run that broke down is as implausible as can be
            score = np.where(np.isfinite(distance), distance / spread, np.inf)
            worst[rule.series] = np.maximum(worst.get(rule.series, np.zeros(score.size)), score)
    return worst


def measured_variables(country: Country) -> list[str]:
    """The model variables that have observations to be compared with."""
    return sorted({rule.variable for rule in country.measurement if rule.used})


def history_matched(
    country: Country,
    model: Model,
    history: Mapping[str, PathFunction],
    draws: int,
    seed: int,
    structures: Mapping[str, str] | None = None,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Draws:
    """The first ``draws`` candidates, in the order of their numbers, that history does not rule out.

    ``history`` gives the paths of levers and series over the observed years. ``structures`` fixes
    structural alternatives; the candidates are then matched under them. ``progress`` is called with
    the number of draws accepted since the last call. Raises InputError when fewer than ``draws`` pass
    among :data:`MOST_TRIED` candidates.
    """
    structures = dict(structures or {})
    check_structures(country, structures)
    years = country.last_observed - country.start_year + 1
    inputs = input_table(model, history, country.start_year, years, HISTORY_STEPS)
    kernel = kernel_for(model, BATCH)
    made_of = json.dumps([kernel.hash, country.hash, seed, sorted(structures.items()), CUTOFF, DISCREPANCY])
    digest = hashlib.sha256(made_of.encode() + inputs.tobytes()).hexdigest()
    store = cache_folder() / f"matched_{digest[:32]}.npz"
    accepted, tried = _recalled(store)
    outputs = measured_variables(country)
    if progress and accepted.size:
        progress(min(draws, accepted.size))
    while accepted.size < draws:
        if tried >= MOST_TRIED:
            raise InputError(
                Problem(
                    f"history rules out all but {accepted.size} of {tried} candidate draws",
                    where="draws",
                    value=draws,
                    bound=f"at most {accepted.size}",
                )
            )
        ids = np.arange(tried, tried + BATCH)
        parameters, _ = sample(country, model, seed, ids, structures)
        simulated = simulate(
            model,
            inputs=inputs,
            parameters=parameters,
            noise=noise_table(model, seed, ids, country.start_year, years, None),
            outputs=outputs,
            start_year=country.start_year,
            draws=ids.size,
            threads=threads,
        )
        scores = np.array(list(implausibility(country, simulated.values, country.start_year).values()))
        passed = ids[(scores <= CUTOFF).all(axis=0)]
        if progress:
            progress(int(min(passed.size, draws - accepted.size)))
        accepted, tried = np.concatenate([accepted, passed]), tried + BATCH
        _remember(store, accepted, tried)
    ids = accepted[:draws]
    parameters, chosen = sample(country, model, seed, ids, structures)
    share = accepted.size / tried
    return Draws(
        ids=ids,
        parameters=parameters,
        structures=chosen,
        structure_labels={n: tuple(s.alternatives) for n, s in country.structures.items()},
        seed=seed,
        tried=int(ids[-1]) + 1,
        name=f"prior-matched:{digest[:12]}",
        description=f"draws from the priors that history does not rule out ({share:.1%} of the candidates)",
    )


def _recalled(store: os.PathLike[str]) -> tuple[NDArray[np.int64], int]:
    try:
        with np.load(store) as saved:
            accepted, tried = saved["accepted"], int(saved["tried"])
            if str(saved["checksum"]) == _checksum(accepted, tried):
                return accepted, tried
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        pass
    # nothing there, or damaged: match again
    return np.empty(0, dtype=np.int64), 0


def _checksum(accepted: NDArray[np.int64], tried: int) -> str:
    return hashlib.sha256(accepted.astype("<i8").tobytes() + str(tried).encode()).hexdigest()


def _remember(store: os.PathLike[str], accepted: NDArray[np.int64], tried: int) -> None:
    """Keep the accepted numbers; a cache that cannot be written costs time only."""
    folder = os.path.dirname(store)
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".npz", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, accepted=accepted, tried=tried, checksum=_checksum(accepted, tried))
        os.replace(temporary, store)
    except OSError:
        return
