"""Run again what a run folder holds, and compare."""

from __future__ import annotations

from pathlib import Path

from sim.country import load_country
from sim.derived import DERIVED
from sim.results import Results
from sim.run_folder import SCENARIO, Difference, compare_runs
from sim.scenario import parse_scenario
from sim.simulation import run


def replay_run(folder: str | Path, *, threads: int | None = None) -> tuple[list[Difference], int]:
    """Repeat the run in ``folder`` from its resolved scenario and record.

    Returns what differs, and the number of variables compared bit for bit. Raises InputError when the
    folder is not a run or its country is not known here.
    """
    folder = Path(folder)
    stored = Results.read(folder)
    record = stored.record
    country = load_country(record.country_id)
    scenario = parse_scenario(stored.scenario_yaml, country, file=str(folder / SCENARIO))
    repeated = run(
        scenario,
        draws=record.draws,
        seed=record.seed,
        country=country,
        years=record.years,
        variables=[n for n in record.array_hashes if n not in DERIVED],
        engine=record.engine,
        method=record.method,
        dt=record.dt,
        structures=record.structures,
        threads=threads,
    )
    return compare_runs(stored, repeated), len(record.array_hashes)
