"""Results of a run: annual quantities of every draw, their quantiles, the odds of the targets, exports.

Values stay plain arrays of shape (year, draw); pandas, xarray and pyarrow are loaded only by what needs
them. Failed draws (any value not finite) are left out of quantiles and means, counted in the record, and
bounded in every probability.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.derived import DERIVED, Run
from sim.errors import InputError, Problem, nearest
from sim.record import RunRecord
from sim.summary import QUANTILES, REPORTED_STATISTICS, STATISTICS, hash_of, statistics

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.country import Country
    from sim.country_targets import Target
    from sim.draws import Draws
    from sim.engine.graph import Model
    from sim.scenario import Scenario
    from sim.targets import StructureOdds, TargetOdds

Array = NDArray[np.float64]

HEADLINES = (
    "gerd_gdp",
    "nonstate_rd_share",
    "st_disbursed_share",
    "researchers_per_10k",
    "researchers_headcount_per_10k",
    "tfp_contribution",
    "hightech_export_share",
    "digital_share_nso",
    "digital_share_mic",
    "innovative_firms_share",
    "gni_pc_usd",
    "gdp",
    "gdp_growth",
    "electricity_use",
    "patent_apps",
    "publications",
    "commercial_rate",
    "egdi",
    "gii_score",
    "cost_total",
    "cost_gdp",
)


@dataclass(frozen=True)
class Variable:
    """What a variable is: unit, labels, ``kind`` (what a year's value stands for) and source."""

    name: str
    unit: str
    label: str
    label_vi: str
    kind: str
    source: str

    def attributes(self) -> dict[str, str]:
        """The attributes of the variable in a data set."""
        return {
            "units": self.unit,
            "long_name": self.label,
            "long_name_en": self.label,
            "long_name_vi": self.label_vi,
            "kind": self.kind,
            "source": self.source,
        }


def variable_of(name: str, model: Model) -> Variable:
    """Description of ``name``, a derived quantity or one of the model's elements and inputs."""
    if name in DERIVED:
        derived = DERIVED[name]
        return Variable(name, derived.unit, derived.label, derived.label_vi, derived.kind, derived.source)
    element = model.elements.get(name)
    source = element.source if element is not None else model.inputs[name].source
    unit = model.unit(name)
    if element is not None and element.kind == "stock":
        kind = "stock at year end"
    elif "/year" in unit:
        kind = "flow over the year"
    else:
        kind = "mean over the year"
    return Variable(name, unit, model.label(name, "en"), model.label(name, "vi"), kind, source)


@dataclass(frozen=True)
class Contents:
    """What results are about: scenario titles by language, region, reported years and variables by name."""

    titles: dict[str, str]
    region: str
    years: NDArray[np.int64]
    variables: dict[str, Variable]


class Results:
    """What a run gave. Made by :func:`sim.simulation.run` or read from a run folder by :meth:`read`.

    ``record`` says what the run was made from, ``scenario_yaml`` is the resolved scenario, ``years`` and
    ``variables`` what is reported, ``draw_ids`` and ``failed`` the address of every draw and whether it
    failed. A run read from its folder knows its summary, targets and record; it has the values of single
    draws only for the variables that were stored with them.
    """

    def __init__(
        self,
        record: RunRecord,
        scenario_yaml: str,
        contents: Contents,
        draw_ids: NDArray[np.int64],
        failed: NDArray[np.bool_],
        *,
        run: Run | None = None,
        draws: Draws | None = None,
        stored: Mapping[str, Array] | None = None,
        summaries: Mapping[str, Array] | None = None,
        targets: Sequence[TargetOdds] | None = None,
    ):
        self.record = record
        self.scenario_yaml = scenario_yaml
        self.titles = contents.titles
        self.region = contents.region
        self.years = contents.years
        self.variables = contents.variables
        self.draw_ids = draw_ids
        self.failed = failed
        self._run = run
        self._draws = draws
        self._stored = dict(stored or {})
        self._summaries = dict(summaries or {})
        self._targets = list(targets) if targets is not None else None
        self._dataset: xr.Dataset | None = None

    @classmethod
    def from_arrays(
        cls,
        values: Mapping[str, Array],
        years: NDArray[np.int64],
        scenario: Scenario,
        country: Country,
        model: Model,
        draws: Draws,
        record: RunRecord,
        *,
        reported_years: tuple[int, int] | None = None,
    ) -> Results:
        """Results of a finished simulation.

        ``values`` holds annual values of shape (year, draw) over all simulated ``years``;
        ``reported_years`` (first, last) bounds what is reported. A draw fails when any of its values is
        not finite.
        """
        failed = np.zeros(draws.ids.size, dtype=bool)
        for array in values.values():
            failed |= ~np.isfinite(array).all(axis=0)
        run = Run(values, years, draws.ids, draws.seed, draws.parameters, country)
        first, last = reported_years or (int(years[0]), int(years[-1]))
        names = [*values, *(n for n in DERIVED if run.has(n))]
        contents = Contents(
            dict(scenario.title),
            country.label,
            years[(years >= first) & (years <= last)],
            {n: variable_of(n, model) for n in names},
        )
        count = int(failed.sum())
        warnings = list(record.warnings)
        if count:
            warnings.append(
                f"{count} of {failed.size} draws failed: left out of quantiles and means, and counted as "
                "missed in the lower and as met in the upper bound of every probability"
            )
        record = record.model_copy(update={"failed_draws": count, "warnings": warnings})
        return cls(record, scenario.resolved_yaml(), contents, draws.ids, failed, run=run, draws=draws)

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """Results as written by :meth:`write`. Raises InputError when ``folder`` is not a run folder."""
        from sim.run_folder import read_run

        return read_run(Path(folder))

    @property
    def scenario(self) -> str:
        """The id of the scenario."""
        return self.record.scenario_id

    @property
    def country(self) -> Country:
        """The country the run is about. Raises InputError for a run read from its folder."""
        if self._run is None:
            raise InputError(Problem("the country is not stored with a run", file=self.record.run_id))
        return self._run.country

    @property
    def headlines(self) -> list[str]:
        """The headline variables these results hold, in their fixed order."""
        return [n for n in HEADLINES if n in self.variables]

    def _check(self, name: str) -> None:
        if name not in self.variables:
            bound = "a variable this run kept"
            suggestion = nearest(name, self.variables)
            raise InputError(Problem("unknown variable", value=name, bound=bound, suggestion=suggestion))

    def has_draws(self, name: str) -> bool:
        """Whether the values of single draws of ``name`` are at hand."""
        return name in self._stored or (name in self.variables and self._run is not None)

    def values(self, name: str) -> Array:
        """Values of ``name`` over the reported years, shape (year, draw), failed draws included.

        Raises InputError for an unknown name and for one whose draws were not stored.
        """
        self._check(name)
        if name in self._stored:
            return self._stored[name]
        if self._run is None:
            message = "draws of this variable were not stored; run again and keep it"
            raise InputError(Problem(message, file=self.record.run_id, value=name))
        first = int(self.years[0] - self._run.years[0])
        return self._run.annual(name)[first : first + self.years.size]

    def summary(self, name: str) -> Array:
        """Quantiles and mean by year, shape (year, statistic); columns :data:`STATISTICS`."""
        self._check(name)
        if name not in self._summaries:
            self._summaries[name] = statistics(self.values(name)[:, ~self.failed])
        return self._summaries[name]

    def quantiles(self, name: str) -> pd.DataFrame:
        """Quantiles and mean of ``name``: one row a year, columns q05 ... q95 and mean."""
        import pandas as pd

        index = pd.Index(self.years, name="year")
        return pd.DataFrame(self.summary(name), index=index, columns=list(STATISTICS))

    def targets(self) -> list[TargetOdds]:
        """Odds of every target of the country, then of every joint target."""
        if self._targets is None:
            from sim.targets import evaluate

            if self._run is None:
                raise InputError(Problem("no draws to judge targets by", file=self.record.run_id))
            self._targets = evaluate(self._run, self.failed)
        return self._targets

    def targets_by_structure(self) -> list[StructureOdds]:
        """Odds of every target under every structural alternative, from the draws that took it.

        Raises InputError for a run read from its folder, which holds them in structures.csv.
        """
        if self._run is None or self._draws is None:
            raise InputError(Problem("no draws to judge targets by", file=self.record.run_id))
        from sim.targets import evaluate_by_structure

        return evaluate_by_structure(
            self._run, self.failed, self._draws.structures, self._draws.structure_labels
        )

    def judged(self, target: Target) -> Array:
        """What ``target`` judges, over the reported years, shape (year, draw), failed draws included.

        A rank, an average growth or a mean over years where the target asks for one. Raises InputError
        for a run read from its folder.
        """
        from sim.targets import judged_values

        if self._run is None:
            raise InputError(Problem("no draws to judge targets by", file=self.record.run_id))
        first = int(self.years[0] - self._run.years[0])
        return judged_values(self._run, target)[first : first + self.years.size]

    def probability(self, target: str) -> TargetOdds:
        """Odds of the target with this id. Raises InputError for an unknown one."""
        by_id = {t.id: t for t in self.targets()}
        if target not in by_id:
            suggestion = nearest(target, by_id)
            raise InputError(
                Problem("unknown target", value=target, bound="a target's id", suggestion=suggestion)
            )
        return by_id[target]

    @property
    def dataset(self) -> xr.Dataset:
        """All variables with draws as a data set with dimensions scenario, draw, year.

        Every variable carries units, long_name (English), long_name_vi, kind and source. ``failed`` marks
        the draws that gave no answer.
        """
        if self._dataset is None:
            self._dataset = self._make_dataset([n for n in self.variables if self.has_draws(n)])
        return self._dataset

    def _make_dataset(self, names: Sequence[str]) -> xr.Dataset:
        import xarray as xr

        dims = ("scenario", "draw", "year")
        return xr.Dataset(
            {n: (dims, self.values(n).T[None], self.variables[n].attributes()) for n in names},
            coords={
                "scenario": [self.scenario],
                "draw": ("draw", self.draw_ids, {"long_name": "address of the draw"}),
                "year": ("year", self.years, {"units": "year", "long_name": "calendar year"}),
                "failed": ("draw", self.failed, {"long_name": "the draw gave no answer"}),
            },
            attrs={
                "title": self.titles.get("en", self.scenario),
                "run_id": self.record.run_id,
                "scenario_hash": self.record.scenario_hash,
                "model_hash": self.record.model_hash,
                "country_hash": self.record.country_hash,
                "draws_id": self.record.draws_id,
                "seed": self.record.seed,
                "engine": self.record.engine,
            },
        )

    def array_hashes(self) -> dict[str, str]:
        """sha256 of the values of every variable over the reported years, failed draws included."""
        if self.record.array_hashes:
            return dict(self.record.array_hashes)
        return {n: hash_of(self.values(n)) for n in self.variables if self.has_draws(n)}

    def to_netcdf(self, path: str | Path, variables: Iterable[str] | None = None) -> None:
        """Write the draws of ``variables`` (all by default) to a netCDF file, whole or not at all."""
        from sim.run_folder import replacing

        names = list(variables) if variables is not None else [n for n in self.variables if self.has_draws(n)]
        dataset = self._make_dataset(names)
        with replacing(Path(path)) as temporary:
            dataset.to_netcdf(temporary, engine="h5netcdf")

    def to_dataframe(self) -> pd.DataFrame:
        """The summary, long and tidy: one row per variable and year, columns q05 ... mean."""
        import pandas as pd

        names = list(self.variables)
        table = pd.DataFrame(
            {
                "variable": np.repeat(names, self.years.size),
                "unit": np.repeat([self.variables[n].unit for n in names], self.years.size),
                "year": np.tile(self.years, len(names)),
            }
        )
        if names:
            table[list(STATISTICS)] = np.concatenate([self.summary(n) for n in names])
        return table

    def to_iamc(self) -> pd.DataFrame:
        """The summary in the wide layout of the IAMC: model, scenario, region, variable, unit, then years.

        The statistic is the last part of the variable's name (``gerd_gdp|5th Percentile``), as in the
        scenario databases of the IPCC.
        """
        import pandas as pd

        suffixes = [f"{round(100 * q)}th Percentile" for q in QUANTILES.values()] + ["Mean"]
        keys, rows = [], []
        for name, variable in self.variables.items():
            table = self.summary(name)
            for column, suffix in enumerate(suffixes):
                keys.append(("nq57", self.scenario, self.region, f"{name}|{suffix}", variable.unit))
                rows.append(table[:, column])
        index = pd.DataFrame(keys, columns=["model", "scenario", "region", "variable", "unit"])
        years = pd.DataFrame(np.array(rows).reshape(len(keys), -1), columns=self.years.tolist())
        return pd.concat([index, years], axis=1)

    def diff(self, other: Results, variables: Iterable[str] | None = None) -> pd.DataFrame:
        """Differences from ``other``, draw by draw: their quantiles by variable and year.

        Columns: variable, unit, year, q05 ... mean of (this - other), ``share_above`` (share of draws in
        which this is higher) and ``draws`` (pairs without failure). Raises InputError unless both runs
        used the same draws: differences between unpaired draws would only show their noise.
        """
        import pandas as pd

        mine, theirs = self.record, other.record
        problems = [
            Problem(f"runs differ in {what}: they cannot be paired draw by draw", value=b, bound=str(a))
            for what, a, b in (
                ("seed", mine.seed, theirs.seed),
                ("draws", mine.draws_id, theirs.draws_id),
                ("number of draws", mine.draws, theirs.draws),
            )
            if a != b
        ]
        if not problems and not np.array_equal(self.draw_ids, other.draw_ids):
            problems.append(Problem("runs used different draws: they cannot be paired"))
        if problems:
            raise InputError(problems)
        shared = [n for n in self.variables if self.has_draws(n) and other.has_draws(n)]
        names = list(variables) if variables is not None else shared
        years = np.intersect1d(self.years, other.years)
        kept = ~(self.failed | other.failed)
        parts = []
        for name in names:
            here = self.values(name)[np.isin(self.years, years)]
            change = (here - other.values(name)[np.isin(other.years, years)])[:, kept]
            defined = np.isfinite(change)
            part = pd.DataFrame(statistics(change), columns=list(STATISTICS))
            part.insert(0, "variable", name)
            part.insert(1, "unit", self.variables[name].unit)
            part.insert(2, "year", years)
            with np.errstate(invalid="ignore", divide="ignore"):
                part["share_above"] = (change > 0).sum(axis=1) / defined.sum(axis=1)
            part["draws"] = defined.sum(axis=1)
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def write(
        self,
        folder: str | Path,
        *,
        draws_of: Iterable[str] = (),
        attach: Any = None,
    ) -> Path:
        """Write the run to ``folder``, which must not exist; returns it.

        Holds record.json, scenario.yaml (resolved), variables.json, summary.parquet, targets.csv,
        targets.json, structures.csv and, for the variables ``draws_of``, draws.nc; ``attach(path)``, when
        given, may add files (charts). Everything is written beside ``folder`` and renamed at the end:
        whatever goes wrong, nothing is left behind. Raises InputError when the folder exists or cannot be
        written.
        """
        from sim.run_folder import write_run

        return write_run(self, Path(folder), list(draws_of), attach)


def _number(value: float) -> float | None:
    """``value`` for JSON, which knows no NaN."""
    return float(value) if math.isfinite(value) else None


def summary_json(results: Results) -> dict[str, Any]:
    """What ``nq57 run --json`` prints: run, odds of the targets, headline variables by year, residuals.

    ``variables`` maps a name to its ``unit``, ``label`` and ``years``: by year q05 q25 q50 q75 q95 mean,
    null where the quantity is not defined.
    """
    record = results.record
    columns = [STATISTICS.index(s) for s in REPORTED_STATISTICS]
    variables = {}
    for name in results.headlines:
        table = results.summary(name)[:, columns].tolist()
        variables[name] = {
            "unit": results.variables[name].unit,
            "label": results.variables[name].label,
            "years": {
                str(year): {s: _number(v) for s, v in zip(REPORTED_STATISTICS, row, strict=True)}
                for year, row in zip(results.years.tolist(), table, strict=True)
            },
        }
    return {
        "run_id": record.run_id,
        "scenario": record.scenario_id,
        "engine": record.engine,
        "draws": record.draws,
        "failed_draws": record.failed_draws,
        "seed": record.seed,
        "draws_id": record.draws_id,
        "targets": [t.to_json() for t in results.targets()],
        "variables": variables,
        "residuals": {n: _number(v) for n, v in record.residuals.items()},
        "warnings": list(record.warnings),
    }
