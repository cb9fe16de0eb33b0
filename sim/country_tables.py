"""The tables of a country (CSV): observations, exogenous series, events, outside view and peers."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.country_fields import unparseable
from sim.errors import Problem, nearest
from sim.timepath import TimePath
from sim.yamlfile import display_path

GRADES = ("A", "B", "C")  # official statistic, international agency, press quoting official or derived
INTERPOLATIONS = ("linear", "step")
_PROVENANCE = ("source", "source_url", "vintage", "quality", "notes")
OBSERVATION_COLUMNS = ("series", "year", "value", "unit", "definition", *_PROVENANCE)
EXOGENOUS_COLUMNS = ("name", "year", "value", "unit", "interpolation", "definition", *_PROVENANCE)
EVENT_COLUMNS = ("date", "event", "area", "magnitude", "source_url")
OUTSIDE_VIEW_COLUMNS = (
    *("measure", "reference_class", "horizon_years", "n_windows", "n_countries", "statistic", "value"),
    *("source", "vintage"),
)
SCORE_COLUMNS = ("economy", "iso3", "score", "rank", "edition", "source", "url", "quality")
VALUE_COLUMNS = ("economy", "iso3", "value", "year", "unit", "source", "url", "quality")
FIRST_YEAR, LAST_YEAR = 1900, 2100
COMPOSITION = "comp_"  # shares of one total: series of this prefix add up to 1 at all times
COMPOSITION_TOLERANCE = 1e-9
MAX_BYTES = 20_000_000
MOST_RANKED = 500

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?|-Q[1-4])?")
_ISO3 = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Observation:
    """One published number; ``line`` is where it stands in observations.csv."""

    series: str
    year: int
    value: float
    unit: str
    definition: str
    source: str
    source_url: str
    vintage: str
    quality: str
    notes: str
    line: int = field(compare=False)


@dataclass(frozen=True)
class Series:
    """One exogenous path: ``values`` in ``unit`` at ``years`` (a year's average stands at its middle)."""

    name: str
    unit: str
    years: NDArray[np.float64]
    values: NDArray[np.float64]
    interpolation: str
    definition: str
    sources: tuple[str, ...]

    @property
    def source(self) -> str:
        """All sources in one line."""
        return "; ".join(self.sources)

    def path(self) -> TimePath:
        """The series as a function of time, held at the ends."""
        points = zip(self.years.tolist(), self.values.tolist(), strict=True)
        return TimePath.step(points) if self.interpolation == "step" else TimePath.linear(points)


@dataclass
class Table:
    """One CSV file with its rows as text, the line of each row, and the problems found so far."""

    file: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, message: str, line: int | None = None, **details: Any) -> None:
        """Note a problem in ``line``."""
        self.problems.append(Problem(message, file=self.file, line=line, **details))

    def number(self, k: int, column: str) -> float:
        """The finite number in ``column`` of row ``k``; 0 with a problem noted when it is none."""
        text = self.rows[k][column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in text:
            self.add("a finite number is needed here", self.lines[k], where=column, value=text)
            return 0.0
        return value

    def whole(self, k: int, column: str, low: int, high: int) -> int:
        """The whole number in ``column`` of row ``k``, between ``low`` and ``high``."""
        value = self.number(k, column)
        if value != int(value) or not low <= value <= high:
            bound = f"a whole number from {low} to {high}"
            self.add("out of bounds", self.lines[k], where=column, value=self.rows[k][column], bound=bound)
            return low
        return int(value)

    def choice(self, k: int, column: str, options: Sequence[str]) -> str:
        """The text in ``column`` of row ``k``, one of ``options``."""
        text = self.rows[k][column]
        if text not in options:
            bound = f"one of {', '.join(options)}"
            suggestion = nearest(text, options)
            self.add(
                "unknown value", self.lines[k], where=column, value=text, bound=bound, suggestion=suggestion
            )
            return options[0]
        return text

    def need(self, k: int, columns: Iterable[str]) -> None:
        """Note which of ``columns`` row ``k`` leaves blank."""
        for column in columns:
            if not self.rows[k][column]:
                self.add("must not be blank", self.lines[k], where=column)

    def check_units(self) -> None:
        """Note the units that cannot be parsed."""
        wrong = unparseable(row["unit"] for row in self.rows)
        for row, line in zip(self.rows, self.lines, strict=True):
            if row["unit"] in wrong:
                self.add("not a unit of measure", line, where="unit", value=row["unit"])


def read_table(path: Path, columns: Sequence[str], *layouts: Sequence[str]) -> Table:
    """The rows of a CSV file (UTF-8, comma, header line) whose header holds exactly ``columns``.

    With further ``layouts``, the one that shares most columns with the header counts.
    """
    table = Table(display_path(path), tuple(columns))
    try:
        if path.stat().st_size > MAX_BYTES:
            table.add("the file is too long", bound=f"at most {MAX_BYTES:,} bytes")
            return table
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        table.add("there is no such file")
        return table
    except UnicodeDecodeError:
        table.add("not UTF-8 text: save it as UTF-8")
        return table
    except OSError as error:
        table.add(f"cannot be read: {error.strerror}")
        return table
    if "\0" in text:
        table.add("control character: this is not a text file")
        return table
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        _fill(table, reader, layouts)
    except csv.Error as error:
        table.add(f"not a CSV file: {error}", reader.line_num)
    return table


def _fill(table: Table, reader: Any, layouts: Sequence[Sequence[str]]) -> None:
    header = next(reader, None)
    if not header:
        table.add("the file is empty", 1, bound=f"the columns {', '.join(table.columns)}")
        return
    table.columns = max((table.columns, *map(tuple, layouts)), key=lambda layout: len({*layout} & {*header}))
    for column in header:
        if column not in table.columns:
            table.add("unknown column", 1, value=column, suggestion=nearest(column, table.columns))
        if header.count(column) > 1:
            table.add("column given twice", 1, value=column)
    for column in table.columns:
        if column not in header:
            table.add("column is missing", 1, value=column)
    if table.problems:
        return
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            table.add("wrong number of cells in the row", line, value=len(cells), bound=str(len(header)))
            continue
        table.rows.append({c: cell.strip() for c, cell in zip(header, cells, strict=True)})
        table.lines.append(line)
    if not table.rows:
        table.add("the table has no rows", 1)


def observations_of(table: Table) -> list[Observation]:
    """The observations of a table: one unit for a series, its years rising without repetition."""
    found: list[Observation] = []
    last: dict[str, Observation] = {}
    for k, row in enumerate(table.rows):
        faults = len(table.problems)
        table.need(k, ("series", "unit", "definition", "source", "vintage"))
        here = Observation(
            series=row["series"],
            year=table.whole(k, "year", FIRST_YEAR, LAST_YEAR),
            value=table.number(k, "value"),
            unit=row["unit"],
            definition=row["definition"],
            source=row["source"],
            source_url=row["source_url"],
            vintage=row["vintage"],
            quality=table.choice(k, "quality", GRADES),
            notes=row["notes"],
            line=table.lines[k],
        )
        if len(table.problems) > faults:
            continue
        before = last.get(here.series)
        if before is not None:
            _check_order(table, here.series, before.year, here.year, here.line, before.line)
            if before.unit != here.unit:
                where = f"{here.series}.unit"
                table.add("a series has one unit", here.line, where=where, value=here.unit, bound=before.unit)
        last[here.series] = here
        found.append(here)
    table.check_units()
    return found


def _check_order(table: Table, name: str, before: float, year: float, line: int, earlier_line: int) -> None:
    if year == before:
        table.add(f"year given twice, first in line {earlier_line}", line, where=name, value=year)
    elif year < before:
        table.add("years must rise", line, where=name, value=year, bound=f"after {before:g}")


def series_of(table: Table, start_year: int, horizon: int) -> dict[str, Series]:
    """The exogenous series of a table; compositions must add up to 1."""
    rows: dict[str, list[int]] = {}
    for k, row in enumerate(table.rows):
        faults = len(table.problems)
        table.need(k, ("name", "unit", "definition", "source", "vintage"))
        table.choice(k, "quality", GRADES)
        table.choice(k, "interpolation", INTERPOLATIONS)
        for column in ("year", "value"):
            table.number(k, column)
        if len(table.problems) == faults:
            rows.setdefault(row["name"], []).append(k)
    found = {}
    for name, members in rows.items():
        years = [table.number(k, "year") for k in members]
        for (j, k), (year, following) in zip(pairwise(members), pairwise(years)):
            _check_order(table, name, year, following, table.lines[k], table.lines[j])
        for k, year in zip(members, years):
            if not start_year <= year <= horizon + 1:
                bound = f"{start_year} to {horizon + 1}"
                message = "the year is outside the span of the model"
                table.add(message, table.lines[k], where=name, value=year, bound=bound)
        for column in ("unit", "interpolation", "definition"):
            bound = table.rows[members[0]][column]
            for k in members[1:]:
                if (value := table.rows[k][column]) != bound:
                    message = f"a series has one {column}"
                    table.add(message, table.lines[k], where=name, value=value, bound=bound)
        found[name] = Series(
            name=name,
            unit=table.rows[members[0]]["unit"],
            years=np.array(years),
            values=np.array([table.number(k, "value") for k in members]),
            interpolation=table.rows[members[0]]["interpolation"],
            definition=table.rows[members[0]]["definition"],
            sources=tuple(dict.fromkeys(table.rows[k]["source"] for k in members)),
        )
    table.check_units()
    if not table.problems:
        _check_composition(table, found, {name: table.lines[members[0]] for name, members in rows.items()})
    return found


def _check_composition(table: Table, series: dict[str, Series], lines: dict[str, int]) -> None:
    parts = [s for name, s in series.items() if name.startswith(COMPOSITION)]
    if not parts:
        return
    times = sorted({t for s in parts for t in s.years.tolist()})
    for side in ("left", "right"):
        total = np.sum([s.path().at(times, side) for s in parts], axis=0)
        for t, value in zip(times, total):
            if abs(value - 1) > COMPOSITION_TOLERANCE:
                names = ", ".join(s.name for s in parts)
                message = f"the shares {names} do not sum to 1 in {t:g}"
                table.add(message, lines[parts[0].name], value=round(float(value), 12), bound="1")
                return


def events_of(table: Table) -> list[dict[str, Any]]:
    """Dated policy events, in the order of the file."""
    for k, row in enumerate(table.rows):
        table.need(k, ("date", "event", "area"))
        if row["date"] and not _DATE.fullmatch(row["date"]):
            bound = "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-Qn"
            table.add("not a date", table.lines[k], where="date", value=row["date"], bound=bound)
    return [dict(row) for row in table.rows]


def outside_view_of(table: Table) -> list[dict[str, Any]]:
    """What happened elsewhere, or before: one statistic a row."""
    found = []
    for k, row in enumerate(table.rows):
        table.need(k, ("measure", "reference_class", "statistic", "source", "vintage"))
        numbers = {c: table.whole(k, c, 0, 10**6) for c in ("horizon_years", "n_windows", "n_countries")}
        found.append({**row, **numbers, "value": table.number(k, "value")})
    return found


def peers_of(table: Table) -> list[dict[str, Any]]:
    """Other economies: published scores of one edition of an index, or values of one quantity."""
    found: list[dict[str, Any]] = []
    first: dict[str, int] = {}
    for k, row in enumerate(table.rows):
        table.need(k, ("economy", "source"))
        code, line = row["iso3"], table.lines[k]
        if not _ISO3.fullmatch(code):
            table.add("not an ISO 3166 code", line, where="iso3", value=code, bound="three capital letters")
        elif code in first:
            table.add(f"economy given twice, first in line {first[code]}", line, where="iso3", value=code)
        first.setdefault(code, line)
        entry: dict[str, Any] = {**row, "quality": table.choice(k, "quality", GRADES)}
        for column in ("score", "value"):
            if column in row:
                entry[column] = table.number(k, column)
        for column in ("edition", "year"):
            if column in row:
                entry[column] = table.whole(k, column, FIRST_YEAR, LAST_YEAR)
        if "rank" in row:
            entry["rank"] = table.whole(k, "rank", 1, MOST_RANKED)
        found.append(entry)
    if "unit" in table.columns:
        table.check_units()
    return found
