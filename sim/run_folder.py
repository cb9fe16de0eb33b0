"""Run folders: written whole or not at all, read back, and compared bit for bit."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem
from sim.record import RunRecord
from sim.results import Contents, Results, Variable
from sim.summary import STATISTICS
from sim.targets import StructureOdds, TargetOdds

RECORD, SCENARIO, VARIABLES = "record.json", "scenario.yaml", "variables.json"
SUMMARY, DRAWS = "summary.parquet", "draws.nc"
TARGETS, TARGETS_TABLE, STRUCTURES = "targets.json", "targets.csv", "structures.csv"

# fields of a target that are no single cell of a table
NESTED = ("outside_view", "shortfall", "reached_by", "members", "met_counts")

Array = NDArray[np.float64]


def _cannot_write(path: Path, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        reason = "the disk is full"
    return InputError(Problem(f"cannot write: {reason}; nothing was left behind", file=str(path)))


def _missing_parents(path: Path) -> list[Path]:
    """Folders that have to be made for ``path`` to be written, the outermost first."""
    missing = []
    for parent in path.parents:
        # os.path answers where pathlib raises: for names too long, too
        if os.path.lexists(parent):
            break
        missing.append(parent)
    return missing[::-1]


@contextlib.contextmanager
def replacing(path: Path, *, folder: bool = False) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well.

    Otherwise nothing is left behind, not even the parent folders made for it. An ``OSError`` becomes an
    :class:`~sim.errors.InputError`.
    """
    temporary = path.parent / f".{path.name[:100]}.{secrets.token_hex(4)}.part"
    made: list[Path] = []
    try:
        for parent in _missing_parents(path):
            parent.mkdir(exist_ok=True)
            made.append(parent)
        if folder:
            temporary.mkdir()
        yield temporary
        # a folder must not take the place of another one, not even of an empty one
        if folder and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "it exists already", str(path))
        temporary.rename(path) if folder else temporary.replace(path)
    except BaseException as error:
        if os.path.isdir(temporary):
            shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        for parent in made[::-1]:
            with contextlib.suppress(OSError):
                parent.rmdir()
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise


def write_run(
    results: Results, folder: Path, draws_of: Sequence[str], attach: Callable[[Path], object] | None
) -> Path:
    """Write ``results`` to ``folder``; see :meth:`sim.results.Results.write`."""
    if os.path.lexists(folder):
        raise InputError(Problem("the run folder exists already and is never overwritten", file=str(folder)))
    for name in draws_of:
        results.values(name)
    record = results.record.model_copy(update={"array_hashes": results.array_hashes()})
    with replacing(folder, folder=True) as temporary:
        _write_text(temporary / RECORD, record.to_json())
        _write_text(temporary / SCENARIO, results.scenario_yaml)
        _write_text(temporary / VARIABLES, _variables_json(results))
        _write_text(temporary / TARGETS, _json([t.to_json() for t in results.targets()]))
        _write_text(temporary / TARGETS_TABLE, targets_csv(results.targets()))
        _write_text(temporary / STRUCTURES, structures_csv(results.targets_by_structure()))
        _write_summary(results, temporary / SUMMARY)
        if draws_of:
            results.to_netcdf(temporary / DRAWS, draws_of)
        if attach is not None:
            attach(temporary)
    return folder


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _variables_json(results: Results) -> str:
    return _json(
        {
            "region": results.region,
            "titles": results.titles,
            "years": [int(results.years[0]), int(results.years[-1])],
            "variables": [asdict(v) for v in results.variables.values()],
        }
    )


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["id"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return text.getvalue()


def targets_csv(targets: Sequence[TargetOdds]) -> str:
    """The odds as a table: one row a target, one column a field; the outside view as its two ends."""
    rows = []
    for target in targets:
        content = target.to_json()
        view, missed = content["outside_view"] or {}, content["shortfall"] or {}
        row = {k: v for k, v in content.items() if k not in NESTED}
        row |= {f"outside_{end}": view.get(end) for end in ("low", "high")}
        row |= {"shortfall_mean": missed.get("mean"), "members": " ".join(content["members"])}
        rows.append(row)
    return _csv(rows)


def structures_csv(odds: Sequence[StructureOdds]) -> str:
    """The odds by structural alternative: one row for each structure, alternative and target."""
    return _csv(
        [
            {
                "structure": o.structure,
                "alternative": o.alternative,
                "id": o.target,
                "probability": o.odds.probability if o.odds.answered else None,
                "low": o.odds.low,
                "high": o.odds.high,
                "level": o.odds.level,
                "text": o.odds.text(),
                "successes": o.odds.successes,
                "draws": o.odds.draws,
                "failed_draws": o.odds.failed,
            }
            for o in odds
        ]
    )


def _write_summary(results: Results, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # columns from buffers: arrays and lists would make pyarrow load pandas, slower than all the rest
    def texts(items: Sequence[str], times: int) -> pa.Array:
        words = [item.encode() for item in items for _ in range(times)]
        ends = np.cumsum([0, *map(len, words)], dtype=np.int32)
        return pa.StringArray.from_buffers(len(words), pa.py_buffer(ends), pa.py_buffer(b"".join(words)))

    def numbers(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
        return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(np.ascontiguousarray(values))])

    names, years = list(results.variables), results.years
    table = np.concatenate([results.summary(n) for n in names]) if names else np.empty((0, len(STATISTICS)))
    answered = results.record.draws - results.record.failed_draws
    columns = {
        "variable": texts(names, years.size),
        "unit": texts([results.variables[n].unit for n in names], years.size),
        "year": numbers(np.tile(years.astype(np.int32), len(names)), pa.int32()),
        **{s: numbers(table[:, k], pa.float64()) for k, s in enumerate(STATISTICS)},
        "draws": numbers(np.full(table.shape[0], answered, dtype=np.int32), pa.int32()),
    }
    content = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    pq.write_table(content, path, compression="zstd")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(Problem(f"cannot read: {error.strerror}", file=str(path))) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(Problem(f"not JSON: {error}", file=str(path), line=line)) from None


def _read_summary(path: Path, names: Sequence[str], years: NDArray[np.int64]) -> dict[str, Array]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    kept = np.array(table["variable"].to_pylist())
    content = np.column_stack([table[s].to_numpy() for s in STATISTICS])
    found = {n: content[kept == n] for n in names}
    if any(f.shape[0] != years.size for f in found.values()):
        raise ValueError("years and variables do not match variables.json")
    return found


def _read_draws(
    path: Path, names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], dict[str, Array]]:
    """Addresses of the draws, which of them failed, and the values (year, draw) stored in ``path``."""
    if not path.exists():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), {}
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        values = {n: np.ascontiguousarray(dataset[n].values[0].T) for n in names if n in dataset}
        return dataset["draw"].values.astype(np.int64), dataset["failed"].values.astype(bool), values


def read_run(folder: Path) -> Results:
    """Results from a run folder; see :meth:`sim.results.Results.read`."""
    if not folder.is_dir():
        raise InputError(Problem("no such run folder", file=str(folder)))
    missing = [
        folder / n for n in (RECORD, SCENARIO, VARIABLES, SUMMARY, TARGETS) if not (folder / n).is_file()
    ]
    if missing:
        raise InputError(Problem("not a run folder: a file is missing", file=str(path)) for path in missing)
    record = RunRecord.read(folder / RECORD)
    about, stored = _read_json(folder / VARIABLES), _read_json(folder / TARGETS)
    reading = folder / VARIABLES
    try:
        contents = Contents(
            dict(about["titles"]),
            str(about["region"]),
            np.arange(about["years"][0], about["years"][1] + 1),
            {v["name"]: Variable(**v) for v in about["variables"]},
        )
        reading = folder / TARGETS
        targets = [TargetOdds.from_json(t) for t in stored]
        reading = folder / SUMMARY
        summaries = _read_summary(reading, list(contents.variables), contents.years)
        reading = folder / DRAWS
        draw_ids, failed, values = _read_draws(reading, list(contents.variables))
        reading = folder / SCENARIO
        scenario = reading.read_text(encoding="utf-8")
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(Problem(f"not as a run writes it: {error}", file=str(reading))) from None
    return Results(
        record, scenario, contents, draw_ids, failed, stored=values, summaries=summaries, targets=targets
    )


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ: ``kind`` is value, input or environment."""

    kind: str
    what: str
    first: object
    second: object

    def __str__(self) -> str:
        return f"{self.what}: {self.first} against {self.second}"


INPUTS = (
    "scenario_hash",
    "model_hash",
    "kernel_hash",
    "country_hash",
    "engine",
    "method",
    "dt",
    "seed",
    "draws",
    "draws_id",
)


def compare_runs(first: Results, second: Results) -> list[Difference]:
    """Everything in which two runs differ, bit for bit; none when one replays the other.

    Compares the sha256 of every variable's values (with the first year whose summary differs), the
    targets' odds and the failed draws. Where these agree, differences of inputs and versions are left
    out: they made no difference. Otherwise they are listed as well, to say why.
    """
    found = _value_differences(first, second)
    if not found:
        return []
    a, b = first.record, second.record
    for name in INPUTS:
        if getattr(a, name) != getattr(b, name):
            found.append(Difference("input", name, getattr(a, name), getattr(b, name)))
    found += _mapping_differences("environment", "version of ", a.versions, b.versions)
    return found


def _mapping_differences(
    kind: str, what: str, first: Mapping[str, object], second: Mapping[str, object]
) -> list[Difference]:
    names = dict.fromkeys([*first, *second])
    return [
        Difference(kind, f"{what}{n}", first.get(n, "absent"), second.get(n, "absent"))
        for n in names
        if first.get(n) != second.get(n)
    ]


def _value_differences(first: Results, second: Results) -> list[Difference]:
    found = []
    if first.record.failed_draws != second.record.failed_draws:
        found.append(
            Difference("value", "failed draws", first.record.failed_draws, second.record.failed_draws)
        )
    hashes, others = first.array_hashes(), second.array_hashes()
    for difference in _mapping_differences("value", "", hashes, others):
        name = difference.what
        where = ""
        if name in first.variables and name in second.variables:
            year = _first_year_apart(first, second, name)
            where = f" from {year}" if year is not None else " within draws, not in the summary"
        short = str(difference.first)[:12], str(difference.second)[:12]
        found.append(Difference("value", name + where, *short))
    theirs = {t.id: t for t in second.targets()}
    for target in first.targets():
        other = theirs.pop(target.id, None)
        if other is None or target.to_json() != other.to_json():
            text = other.text() if other is not None else "absent"
            found.append(Difference("value", f"odds of {target.id}", target.text(), text))
    found += [Difference("value", f"odds of {n}", "absent", t.text()) for n, t in theirs.items()]
    return found


def _first_year_apart(first: Results, second: Results, name: str) -> int | None:
    years = np.intersect1d(first.years, second.years)
    a = first.summary(name)[np.isin(first.years, years)]
    b = second.summary(name)[np.isin(second.years, years)]
    apart = ~((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1)
    return int(years[apart][0]) if apart.any() else None
