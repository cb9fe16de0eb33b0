"""A country: everything the model needs to know about one place, read from one folder.

    country.yaml       name, years, price base           targets.yaml       targets and joint targets
    observations.csv   what was published                measurement.yaml   how it is compared with the model
    exogenous.csv      paths the model does not explain  priors.yaml        parameters and their priors
    levers.yaml        levers and assumptions            structures.yaml    structural alternatives
    outside_view.csv   what happened elsewhere           events.csv         dated policy events
    peers/*.csv        other economies                   reporting.yaml     parameters of derived quantities

A second country is a second folder. Reading finds every problem of every file and raises them in one
:class:`~sim.errors.InputError`, each with file and line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.country_fields import Bilingual, Fields, Place
from sim.country_parameters import (
    Alternative,
    Parameter,
    Structure,
    parameters_of,
    read_parameters,
    structures_of,
)
from sim.country_tables import (
    COMPOSITION,
    COMPOSITION_TOLERANCE,
    EVENT_COLUMNS,
    EXOGENOUS_COLUMNS,
    FIRST_YEAR,
    LAST_YEAR,
    OBSERVATION_COLUMNS,
    OUTSIDE_VIEW_COLUMNS,
    SCORE_COLUMNS,
    VALUE_COLUMNS,
    Observation,
    Series,
    Table,
    events_of,
    observations_of,
    outside_view_of,
    peers_of,
    read_table,
    series_of,
)
from sim.country_targets import JointTarget, Measurement, OutsideView, Target, measurement_of, targets_of
from sim.errors import InputError, Problem, nearest
from sim.yamlfile import display_path, read_yaml

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Alternative",
    "Country",
    "JointTarget",
    "Lever",
    "Measurement",
    "OutsideView",
    "Parameter",
    "Series",
    "Structure",
    "Target",
    "countries",
    "load_country",
    "read_parameters",
]

YAML_FILES = ("country", "priors", "structures", "levers", "measurement", "targets")
TASK_GROUPS = tuple(range(1, 8))
_LEVER_KEYS = ("label", "description", "unit", "baseline", "range", "cost", "delay", "source")


@dataclass(frozen=True)
class Lever:
    """What a scenario may set: a lever of government (with its task group) or an assumption (without).

    ``baseline`` is the value in the hold scenario, ``low`` and ``high`` bound what is feasible;
    ``default_ramp_years`` is None where the lever acts at once.
    """

    code: str
    label: str
    label_vi: str
    description: str
    description_vi: str
    unit: str
    task_group: int | None
    baseline: float
    low: float
    high: float
    cost: str
    cost_vi: str
    delay: str
    delay_vi: str
    default_ramp_years: float | None
    source: str


@dataclass(frozen=True)
class Country:
    """One country, checked. Tables are data frames, made when first asked for; ``hash`` covers all files."""

    id: str
    label: str
    label_vi: str
    iso3: str
    start_year: int
    last_observed: int
    horizon: int
    price_base: int
    parameters: dict[str, Parameter]
    structures: dict[str, Structure]
    levers: dict[str, Lever]
    assumptions: dict[str, Lever]
    task_groups: dict[int, Bilingual]
    series: dict[str, Series]
    measurement: list[Measurement]
    targets: list[Target]
    joint_targets: list[JointTarget]
    folder: Path
    hash: str
    observation_list: tuple[Observation, ...] = field(repr=False)
    _events: list[dict[str, Any]] = field(repr=False)
    _outside_view: list[dict[str, Any]] = field(repr=False)
    _peers: dict[str, list[dict[str, Any]]] = field(repr=False)

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row an observation, columns as in observations.csv."""
        return _frame([asdict(o) for o in self.observation_list], OBSERVATION_COLUMNS)

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row a dated policy event."""
        return _frame(self._events, EVENT_COLUMNS)

    @cached_property
    def outside_view(self) -> pd.DataFrame:
        """One row a statistic of a reference class."""
        return _frame(self._outside_view, OUTSIDE_VIEW_COLUMNS)

    @cached_property
    def peers(self) -> dict[str, pd.DataFrame]:
        """Other economies, one table for each file in peers/."""
        return {name: _frame(rows, list(rows[0])) for name, rows in self._peers.items()}

    def observed(self, series: str) -> tuple[Observation, ...]:
        """The observations of one series in order of time. Raises InputError for an unknown one."""
        found = tuple(o for o in self.observation_list if o.series == series)
        if not found:
            known = {o.series for o in self.observation_list}
            raise InputError(Problem("unknown series", value=series, suggestion=nearest(series, known)))
        return found

    def measured(self, variable: str) -> tuple[Measurement, ...]:
        """The measurement rules that compare observations with ``variable``, fitted ones first."""
        rules = (m for m in self.measurement if m.variable == variable)
        return tuple(sorted(rules, key=lambda m: not m.used))


def _frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def countries() -> dict[str, Path]:
    """The countries that come with the product, by id: their folders."""
    package = Path(__file__).resolve().parent
    found: dict[str, Path] = {}
    for root in (package / "_data" / "calibration", package.parent / "calibration"):
        for file in sorted(root.glob("*/country.yaml")):
            found[file.parent.name] = file.parent
    return found


def load_country(name_or_path: str | Path = "vietnam") -> Country:
    """Read and check a country that comes with the product, by id, or any other, by the path of its folder.

    Raises InputError with every problem of every file.
    """
    known = countries()
    folder = known.get(str(name_or_path)) or Path(name_or_path)
    if not folder.is_dir():
        raise InputError(
            Problem(
                "no such country, nor a folder of that name",
                value=str(name_or_path),
                bound=f"one of {', '.join(known)}",
                suggestion=nearest(str(name_or_path), known),
            )
        )
    return _Reader(folder.resolve()).read()


def folder_hash(folder: Path) -> str:
    """sha256 over names and contents of the files of a country; posteriors and hidden files are left out."""
    made_of = hashlib.sha256()
    for file in sorted(folder.rglob("*"), key=lambda f: f.relative_to(folder).as_posix()):
        parts = file.relative_to(folder).parts
        if file.is_file() and parts[0] != "posterior" and not any(p.startswith((".", "__")) for p in parts):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            made_of.update(f"{'/'.join(parts)}\0{content}\n".encode())
    return made_of.hexdigest()


class _Reader:
    """Reads one folder, collecting problems on the way."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.problems: list[Problem] = []

    def read(self) -> Country:
        yamls = {name: fields for name in YAML_FILES if (fields := self._yaml(f"{name}.yaml")) is not None}
        start, horizon = FIRST_YEAR, LAST_YEAR
        identity: dict[str, Any] = {}
        if "country" in yamls:
            identity = _identity(yamls["country"], self.folder)
            start, horizon = identity["start_year"], identity["horizon"]
        parameters = parameters_of(yamls["priors"]) if "priors" in yamls else {}
        structures = structures_of(yamls["structures"], parameters) if "structures" in yamls else {}
        groups: dict[int, Bilingual] = {}
        levers: dict[str, Lever] = {}
        assumptions: dict[str, Lever] = {}
        if "levers" in yamls:
            groups, levers, assumptions = levers_of(yamls["levers"])
        observations = observations_of(table := self._table("observations.csv", OBSERVATION_COLUMNS))
        self._close(table)
        observed = {row["series"] for row in table.rows}
        exogenous = self._table("exogenous.csv", EXOGENOUS_COLUMNS)
        series = series_of(exogenous, start, horizon)
        self._check_names(exogenous, parameters, {**levers, **assumptions}, series)
        self._close(exogenous)
        measurement = (
            measurement_of(yamls["measurement"], observations, observed) if "measurement" in yamls else []
        )
        targets: list[Target] = []
        joint: list[JointTarget] = []
        if "targets" in yamls:
            targets, joint = targets_of(yamls["targets"], observed, start, horizon)
        events = events_of(table := self._table("events.csv", EVENT_COLUMNS))
        self._close(table)
        outside = outside_view_of(table := self._table("outside_view.csv", OUTSIDE_VIEW_COLUMNS))
        self._close(table)
        peers = {}
        for file in sorted((self.folder / "peers").glob("*.csv")):
            peers[file.stem] = peers_of(table := read_table(file, SCORE_COLUMNS, VALUE_COLUMNS))
            self._close(table)
        for yaml in yamls.values():
            yaml.check_units()
            self.problems += yaml.problems
        if self.problems:
            raise InputError(sorted(self.problems, key=lambda p: (p.file or "", p.line or 0)))
        return Country(
            **identity,
            parameters=parameters,
            structures=structures,
            levers=levers,
            assumptions=assumptions,
            task_groups=groups,
            series=series,
            measurement=measurement,
            targets=targets,
            joint_targets=joint,
            folder=self.folder,
            hash=folder_hash(self.folder),
            observation_list=tuple(observations),
            _events=events,
            _outside_view=outside,
            _peers=peers,
        )

    def _yaml(self, name: str) -> Fields | None:
        try:
            return Fields(read_yaml(self.folder / name))
        except InputError as error:
            self.problems += error.problems
            return None

    def _table(self, name: str, columns: Sequence[str]) -> Table:
        return read_table(self.folder / name, columns)

    def _close(self, table: Table) -> None:
        self.problems += table.problems

    def _check_names(
        self, table: Table, parameters: Container[str], levers: dict[str, Lever], series: dict[str, Series]
    ) -> None:
        """Names are unique among parameters, levers and series; a lever's history has the lever's unit."""
        taken = "the name is that of a parameter as well"
        for name, path in series.items():
            line = next(n for row, n in zip(table.rows, table.lines, strict=True) if row["name"] == name)
            if name in parameters:
                table.add(taken, line, where=name)
            if name in levers and levers[name].unit != path.unit:
                bound = levers[name].unit
                table.add("the lever is in another unit", line, where=name, value=path.unit, bound=bound)
        for name in levers:
            if name in parameters:
                self.problems.append(
                    Problem(taken, file=display_path(self.folder / "levers.yaml"), where=name)
                )


def _identity(yaml: Fields, folder: Path) -> dict[str, Any]:
    years = ("start_year", "last_observed", "horizon", "price_base")
    yaml.mapping((), (), ("id", "names", "iso3", *years))
    label, label_vi = yaml.bilingual(("names",))
    identity: dict[str, Any] = {
        "id": yaml.text(("id",)),
        "label": label,
        "label_vi": label_vi,
        "iso3": yaml.text(("iso3",)),
        **{key: yaml.whole((key,), low=FIRST_YEAR, high=LAST_YEAR) for key in years},
    }
    ordered = [identity[key] for key in years[:3]]
    if not yaml.problems and not ordered[0] < ordered[1] < ordered[2]:
        yaml.add("start_year, last_observed and horizon must rise", ("start_year",), value=ordered)
    if identity["id"] and identity["id"] != folder.name:
        yaml.add("the id is not the name of the folder", ("id",), value=identity["id"], bound=folder.name)
    return identity


def levers_of(yaml: Fields) -> tuple[dict[int, Bilingual], dict[str, Lever], dict[str, Lever]]:
    """Task groups, levers and assumptions of a file already read; problems are noted in ``yaml``."""
    yaml.mapping((), (), ("task_groups", "levers", "assumptions"))
    yaml.mapping(("task_groups",), (), TASK_GROUPS)
    groups = {group: yaml.bilingual(("task_groups", group)) for group in TASK_GROUPS}
    levers, assumptions = (
        {str(code): _lever(yaml, (section, code)) for code in yaml.mapping((section,))}
        for section in ("levers", "assumptions")
    )
    for code in assumptions:
        if code in levers:
            yaml.add("both a lever and an assumption", ("assumptions", code), value=code)
    parts = {code: lever.baseline for code, lever in levers.items() if code.startswith(COMPOSITION)}
    total = round(sum(parts.values()), 12)
    if parts and abs(total - 1) > COMPOSITION_TOLERANCE:
        message = f"the baselines of {', '.join(parts)} do not sum to 1"
        yaml.add(message, ("levers", next(iter(parts)), "baseline"), value=total, bound="1")
    return groups, levers, assumptions


def _lever(yaml: Fields, place: Place) -> Lever:
    code = yaml.name(place)
    grouped = place[0] == "levers"
    required = (*_LEVER_KEYS, "task_group") if grouped else _LEVER_KEYS
    yaml.mapping(place, ("default_ramp_years",), required)
    texts = {key: yaml.bilingual((*place, key)) for key in ("label", "description", "cost", "delay")}
    span, baseline = yaml.interval((*place, "range")), yaml.number((*place, "baseline"))
    if span is not None and not span[0] <= baseline <= span[1]:
        bound = f"{span[0]:g} to {span[1]:g}"
        yaml.add("the baseline is outside the range", (*place, "baseline"), value=baseline, bound=bound)
    low, high = span or (baseline, baseline)
    ramp = (*place, "default_ramp_years")
    return Lever(
        code=code,
        **{key: text[0] for key, text in texts.items()},
        **{f"{key}_vi": text[1] for key, text in texts.items()},
        unit=yaml.unit((*place, "unit")),
        task_group=yaml.whole((*place, "task_group"), low=1, high=7) if grouped else None,
        baseline=baseline,
        low=low,
        high=high,
        default_ramp_years=None if yaml.get(ramp) is None else yaml.number(ramp, low=0),
        source=yaml.text((*place, "source")),
    )
