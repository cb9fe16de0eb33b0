"""Every name one can ask about, in one scenario: what it is, what it depends on, its value in a year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sim.assemble import model_of
from sim.central_run import central_parameters, central_run
from sim.charts.words import Lang, choose
from sim.country import Country, Lever, Parameter
from sim.derived import DERIVED, Run, reporting_parameters
from sim.engine.graph import TIME
from sim.errors import InputError, Problem, nearest
from sim.explain_words import kind_words, say
from sim.scenario import Scenario

BASE = "_base"  # ending of the input that holds a lever's path in the hold scenario
VARIANT = "variant_of_"


class Quantities:
    """Everything ``scenario`` can be asked about in ``year``: model, derived quantities, inputs, structures.

    ``settings`` names all a scenario can set. Where values are asked for, ``on`` names those settings
    that are as in the scenario; all others are as in the hold scenario.
    """

    def __init__(self, scenario: Scenario, country: Country, lang: Lang, year: int, engine: str):
        self.scenario, self.country, self.lang, self.year = scenario, country, lang, year
        self.engine = engine
        self.model = model_of(country)
        self.reporting = reporting_parameters(country)
        self.levers: dict[str, Lever] = {**country.levers, **country.assumptions}
        self.paths = {**scenario.levers, **scenario.assumptions}
        self.settings = {*self.paths, *scenario.parameters, *scenario.structures}
        self._runs: dict[frozenset[str], Run] = {}
        self._central: dict[frozenset[str], dict[str, float]] = {}

    def names(self) -> list[str]:
        """Every name that can be explained."""
        model, country = self.model, self.country
        groups: tuple[Iterable[str], ...] = (
            model.elements,
            DERIVED,
            self.levers,
            model.inputs,
            country.parameters,
            self.reporting,
            country.series,
            country.structures,
            (TIME,),
        )
        return list(dict.fromkeys(name for group in groups for name in group))

    def check(self, name: str) -> None:
        """Raise InputError for an unknown name and for a year outside the horizon."""
        country, problems = self.country, []
        known = self.names()
        if name not in known:
            target = next((t for t in country.targets if name in (t.id, t.code)), None)
            suggestion = target.variable if target is not None else nearest(name, known)
            problems.append(Problem("unknown variable", value=name, suggestion=suggestion))
        if not isinstance(self.year, int) or not country.start_year <= self.year <= country.horizon:
            problems.append(
                Problem(
                    "year outside the model's horizon",
                    where="year",
                    value=self.year,
                    bound=f"a year from {country.start_year} to {country.horizon}",
                )
            )
        if problems:
            raise InputError(problems)

    def kind(self, name: str) -> str:
        """What kind of quantity ``name`` is, a key of :data:`sim.explain_words.KINDS`."""
        if name in self.model.elements:
            return self.model.elements[name].kind
        if name in DERIVED:
            return "derived"
        if name in self.levers or name.removesuffix(BASE) in self.levers:
            return "lever" if name.removesuffix(BASE) in self.country.levers else "assumption"
        parameter = self.parameter(name)
        if parameter is not None:
            return "table" if parameter.points else "parameter"
        if name == TIME:
            return "time"
        if name in self.country.structures:
            return "structure"
        return "series" if name in self.country.series else "variant"

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, of the model or of derived quantities."""
        return self.country.parameters.get(name) or self.reporting.get(name)

    def label(self, name: str) -> str:
        """What ``name`` is, in words."""
        item: Any = (
            DERIVED.get(name)
            or self.levers.get(name)
            or self.parameter(name)
            or self.country.structures.get(name)
        )
        if item is not None and name not in self.model.elements:
            return choose(item.label, item.label_vi, self.lang)
        if name == TIME:
            return kind_words("time", self.lang)
        if name in self.country.series and name not in self.model.inputs:
            return self.country.series[name].definition
        text = self.model.label(name, self.lang)
        if self.lang == "vi" and name.endswith(BASE) and name not in self.model.elements:
            return f"{text}, {say('at_hold', self.lang)}"
        return text

    def unit(self, name: str) -> str:
        """The unit of ``name``; empty for a structural question."""
        item: Any = DERIVED.get(name) or self.levers.get(name) or self.parameter(name)
        if item is None and name not in self.model.elements and name not in self.model.inputs:
            item = self.country.series.get(name)
        if item is not None:
            return str(item.unit)
        return "" if name in self.country.structures else self.model.unit(name)

    def causes(self, name: str) -> tuple[str, ...]:
        """What ``name`` depends on directly."""
        return DERIVED[name].inputs if name in DERIVED else self.model.dependencies(name)

    def ancestors(self, name: str) -> set[str]:
        """``name`` and everything it depends on, directly or not."""
        found, queue = {name}, [name]
        while queue:
            for cause in self.causes(queue.pop()):
                if cause not in found:
                    found.add(cause)
                    queue.append(cause)
        return found

    def run(self, on: Iterable[str]) -> Run:
        """The central run with the settings ``on`` as in the scenario and all others as in hold."""
        taken = frozenset(on)
        if taken not in self._runs:
            scenario, country = self.scenario, self.country
            paths = {}
            for name in self.model.input_names("lever", "series"):
                code = name.removesuffix(BASE) if name not in self.paths else name
                if code not in self.paths:
                    paths[name] = country.series[name].path().at
                else:
                    path = self.paths[code] if name in taken else scenario.hold[code]
                    paths[name] = path.at
            self._runs[taken] = central_run(
                country,
                self.model,
                paths,
                self._parameters(taken),
                last_year=max(self.year, country.last_observed),
                engine=self.engine,
            )
        return self._runs[taken]

    def _parameters(self, on: Iterable[str]) -> dict[str, float]:
        scenario, fixed = (
            self.scenario,
            frozenset(on) & {*self.scenario.parameters, *self.scenario.structures},
        )
        if fixed not in self._central:
            self._central[fixed] = central_parameters(
                self.country,
                self.model,
                parameters={n: v for n, v in scenario.parameters.items() if n in fixed},
                structures={n: v for n, v in scenario.structures.items() if n in fixed},
            )
        return self._central[fixed]

    def value(self, name: str, on: Iterable[str], year: int | None = None) -> float:
        """The annual value of ``name``, a median for a parameter; NaN where there is none."""
        year = self.year if year is None else year
        kind = self.kind(name)
        if name in self.reporting:
            return self.reporting[name].median
        if kind in ("parameter", "variant"):
            return self._parameters(on)[name]
        if kind in ("table", "structure") or year < self.country.start_year:
            return float("nan")
        if kind == "time":
            return year + 0.5
        if kind in ("lever", "assumption", "series"):
            return self._path_value(name, on, year)
        run = self.run(on)
        return float(run.annual(name)[run.row(year), 0])

    def _path_value(self, name: str, on: Iterable[str], year: int) -> float:
        """The mean of a path over the steps of ``year``."""
        if name in self.paths:
            path = self.paths[name] if name in on else self.scenario.hold[name]
        elif name.removesuffix(BASE) in self.paths:
            path = self.scenario.hold[name.removesuffix(BASE)]
        else:
            path = self.country.series[name].path()
        return float(path.at([year + k / 4 for k in range(4)]).mean())
