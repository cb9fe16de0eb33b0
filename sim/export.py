"""Results in the formats other tools read: CSV, Excel, the IAMC layout, netCDF, XMILE."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, Problem, nearest
from sim.results import Results
from sim.run_folder import replacing
from sim.summary import STATISTICS
from sim.yamlfile import display_path

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from sim.country import Country

# sheets of the workbook: the headline variables, by what they are about
HEADLINE_GROUPS: dict[str, tuple[str, ...]] = {
    "research spending": ("gerd_gdp", "nonstate_rd_share", "st_disbursed_share"),
    "researchers": ("researchers_per_10k", "researchers_headcount_per_10k"),
    "innovation": (
        "innovative_firms_share",
        "patent_apps",
        "publications",
        "commercial_rate",
        "hightech_export_share",
        "gii_score",
    ),
    "digital": ("digital_share_nso", "digital_share_mic", "egdi", "electricity_use"),
    "cost": ("cost_total", "cost_gdp"),
    "growth": ("gdp", "gdp_growth", "tfp_contribution", "gni_pc_usd"),
}
OTHER_SHEET = "other variables"

_TARGET_COLUMNS = (
    *("id", "code", "label", "label_vi", "kind", "variable", "op", "value", "unit", "year", "status"),
    *("text", "probability", "low", "high", "level", "draws", "failed_draws"),
    *("outside_low", "outside_high", "q05", "q50", "q95", "shortfall_mean", "first_year"),
    *("late_year", "late_probability", "late_low", "late_high", "members", "expected_met"),
    *("variant_of", "confidence", "confidence_vi", "note", "note_vi"),
)
_NOTES = (
    "Each row of a sheet of quantiles is one year of one variable; q05 to q95 are quantiles over the draws.",
    "Probabilities are shares of draws; low and high are their sampling interval at the level given.",
    "Outside view: how often comparable countries did it. It is not part of the model.",
    "Stocks are values at year end; everything else is the mean over the year.",
)


def export(
    results: Results,
    format: str,
    path: str | Path,
    *,
    overwrite: bool = False,
    country: Country | None = None,
) -> Path:
    """Write ``results`` to the file ``path`` in one of :data:`FORMATS`; returns the path.

    ``csv``: the summary, one row a variable and year. ``xlsx``: a workbook with definitions, run record,
    targets and quantiles. ``iamc``: the summary in the wide layout of the IAMC. ``netcdf``: the values of
    every draw. ``xmile``: the model with the numbers of the run's scenario, parameters at the medians of
    their priors. ``country`` is needed for XMILE when the run's country does not come with the product.

    The file appears whole or not at all. Raises InputError for an unknown format, a file that exists
    (unless ``overwrite``), one that cannot be written, and for netCDF when the run has no draws.
    """
    path = Path(path)
    problems = []
    if format not in _WRITERS:
        problems.append(
            Problem(
                "unknown format",
                where="format",
                value=format,
                bound=f"one of {', '.join(FORMATS)}",
                suggestion=nearest(format, FORMATS),
            )
        )
    if path.is_dir():
        problems.append(Problem("cannot write: it is a folder, a file is needed", file=display_path(path)))
    elif os.path.lexists(path) and not overwrite:
        problems.append(Problem("the file exists already and is not overwritten", file=display_path(path)))
    if problems:
        raise InputError(problems)
    _WRITERS[format](results, path, country)
    return path


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _csv(results: Results, path: Path, country: Country | None) -> None:
    table = results.to_dataframe()
    table.insert(0, "scenario", results.scenario)
    _write_text(path, table.to_csv(index=False, lineterminator="\n"))


def _iamc(results: Results, path: Path, country: Country | None) -> None:
    _write_text(path, results.to_iamc().to_csv(index=False, lineterminator="\n"))


def _netcdf(results: Results, path: Path, country: Country | None) -> None:
    if not any(results.has_draws(name) for name in results.variables):
        raise InputError(
            Problem(
                "the values of single draws were not stored; run again with --save-draws",
                file=results.record.run_id,
            )
        )
    results.to_netcdf(path)


def _xmile(results: Results, path: Path, country: Country | None) -> None:
    from sim.assemble import model_of
    from sim.central_run import central_parameters
    from sim.country import load_country
    from sim.scenario import parse_scenario
    from sim.simulation import paths_of
    from sim.xmile import to_xmile

    record = results.record
    country = country or load_country(record.country_id)
    model = model_of(country)
    changed = [
        Problem(
            f"the {what} is not the one this run was made with; run again to export it",
            file=record.run_id,
            value=now[:12],
            bound=then[:12],
        )
        for what, now, then in (
            ("country data", country.hash, record.country_hash),
            ("model", model.hash, record.model_hash),
        )
        if now != then
    ]
    if changed:
        raise InputError(changed)
    scenario = parse_scenario(results.scenario_yaml, country, file=f"{record.run_id}/scenario.yaml")
    try:
        program = version("nq57")
    except PackageNotFoundError:
        program = ""
    text = to_xmile(
        model,
        paths=paths_of(scenario, country, model),
        parameters=central_parameters(
            country,
            model,
            parameters=scenario.parameters,
            structures={**scenario.structures, **record.structures},
        ),
        start_year=country.start_year,
        years=country.horizon - country.start_year + 1,
        steps=round(1 / record.dt),
        title=results.titles.get("en", results.scenario),
        version=program,
    )
    _write_text(path, text)


def _xlsx(results: Results, path: Path, country: Country | None) -> None:
    from openpyxl import Workbook

    book = Workbook()
    readme = book.active
    assert readme is not None
    readme.title = "README"
    _rows(readme, _readme(results), widths=(26, 44, 44, 24, 22, 90))
    for cell in readme["A"]:
        cell.font = _bold()
    targets = ([_target_cell(t.to_json(), c) for c in _TARGET_COLUMNS] for t in results.targets())
    _table(book, "targets", _TARGET_COLUMNS, targets)
    grouped = {n for names in HEADLINE_GROUPS.values() for n in names}
    sheets = {
        **{title: [n for n in names if n in results.variables] for title, names in HEADLINE_GROUPS.items()},
        OTHER_SHEET: [n for n in results.variables if n not in grouped],
    }
    for title, names in sheets.items():
        if names:
            _table(book, title, ("variable", "unit", "year", *STATISTICS), _quantiles(results, names))
    _table(book, "scenario", ("resolved scenario",), ([line] for line in results.scenario_yaml.splitlines()))
    with replacing(path) as temporary:
        book.save(temporary)


def _readme(results: Results) -> Iterable[Sequence[Any]]:
    record = results.record
    yield "nq57", results.titles.get("en", results.scenario), results.titles.get("vi", "")
    yield ("region", results.region)
    yield from (("note", note) for note in _NOTES)
    yield from (("warning", warning) for warning in record.warnings)
    yield ()
    yield ("run record",)
    for name, value in record.model_dump(mode="json", exclude={"array_hashes", "warnings"}).items():
        if isinstance(value, dict):
            yield from ((f"{name}: {key}", item) for key, item in value.items())
        else:
            yield name, " to ".join(map(str, value)) if isinstance(value, list) else value
    yield ()
    yield "variable", "definition", "định nghĩa", "unit", "kind", "source"
    for v in results.variables.values():
        yield v.name, v.label, v.label_vi, v.unit, v.kind, v.source


def _target_cell(target: dict[str, Any], column: str) -> Any:
    match column:
        case "outside_low" | "outside_high":
            return (target["outside_view"] or {}).get(column.removeprefix("outside_"))
        case "shortfall_mean":
            return (target["shortfall"] or {}).get("mean")
        case "members":
            return " ".join(target["members"])
    return target[column]


def _quantiles(results: Results, names: Iterable[str]) -> Iterable[Sequence[Any]]:
    for name in names:
        unit = results.variables[name].unit
        for year, row in zip(results.years.tolist(), results.summary(name).tolist(), strict=True):
            yield name, unit, year, *row


def _table(book: Workbook, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title)
    widths = [10 + 2 * (c in ("unit", "id", "label", "variable", "text")) * len(c) for c in head]
    _rows(sheet, [head, *rows], widths=(100,) if len(head) == 1 else widths)
    for cell in sheet[1]:
        cell.font = _bold()
    sheet.freeze_panes = "A2"


def _rows(sheet: Worksheet, rows: Iterable[Sequence[Any]], widths: Sequence[float]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.utils import get_column_letter

    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                continue
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                # text stays text: a title that begins with "=" is no formula
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = "s"
            else:
                cell.value = value
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _bold() -> Any:
    from openpyxl.styles import Font

    return Font(bold=True)


_WRITERS: dict[str, Callable[[Results, Path, Country | None], None]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "iamc": _iamc,
    "netcdf": _netcdf,
    "xmile": _xmile,
}
FORMATS = tuple(_WRITERS)
