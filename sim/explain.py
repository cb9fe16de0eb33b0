"""Where numbers come from: every value of a scenario, every variable of the model.

:func:`explain_scenario` says for each lever, assumption and fixed parameter which line set it.
:func:`explain_variable` answers for one variable: equation, inputs with values, units, sources, which
lines of the scenario moved it and by how much, and what it feeds. :func:`causal_graph` and
:func:`draw_causal_graph` show what depends on what.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sim.assemble import SCENARIO_ONLY
from sim.causal_graph import causal_graph as causal_graph
from sim.causal_graph import draw_causal_graph as draw_causal_graph
from sim.causal_graph import sector_label
from sim.central_run import central_structures
from sim.charts.words import LANGS, Lang, choose
from sim.country import Country, Lever
from sim.country_tables import COMPOSITION
from sim.derived import DERIVED, REPORTING_FILE
from sim.documentation import equation_text, prior_text
from sim.errors import InputError, Problem
from sim.explain_quantities import BASE, VARIANT, Quantities
from sim.explain_words import difference, facts, kind_words, number, paragraph, say, table, translated
from sim.scenario import Scenario
from sim.yamlfile import YamlFile, display_path, read_yaml

if TYPE_CHECKING:
    from sim.scenario import Origin
    from sim.timepath import Knot, TimePath

MOST_PIECES = 6
MOST_CONSUMERS = 40


def explain_scenario(scenario: Scenario, country: Country, lang: str = "en") -> str:
    """Every lever, assumption and fixed value of ``scenario`` with its path and the line that set it.

    Raises InputError for a language it does not speak.
    """
    language = _language(lang)
    lines = _heading(scenario, language)
    lines += facts((say("files", language) if k == 0 else "", file) for k, file in enumerate(scenario.chain))
    lines += facts((say("warning", language), warning) for warning in scenario.warnings)
    before = str(scenario.first - 1)
    for section, paths, known in (
        ("levers", scenario.levers, country.levers),
        ("assumptions", scenario.assumptions, country.assumptions),
    ):
        head = (
            say("code", language),
            before,
            say("path", language),
            say("unit", language),
            say("set_by", language),
        )
        rows = [
            (
                code,
                number(path.value(scenario.first, "left"), language),
                _path_text(path, scenario.first, language),
                known[code].unit,
                _place(scenario.origin[code], language),
            )
            for code, path in paths.items()
        ]
        lines += ["", say(section, language), *table(rows, head, wrap=False)]
    fixed = [
        (
            name,
            number(value, language),
            country.parameters[name].unit,
            _place(scenario.origin[name], language),
        )
        for name, value in scenario.parameters.items()
    ]
    fixed += [
        (name, alternative, "", _place(scenario.origin[name], language))
        for name, alternative in scenario.structures.items()
    ]
    if fixed:
        lines += ["", say("fixed", language), *table(fixed, wrap=False)]
    return "\n".join(lines) + "\n"


def explain_variable(
    scenario: Scenario,
    country: Country,
    name: str,
    *,
    year: int = 2030,
    lang: str = "en",
    engine: str = "compiled",
) -> str:
    """How ``name`` is computed, from what, where its numbers come from and what moved it by ``year``.

    ``name`` is any element or input of the model, derived quantity, parameter, lever, exogenous series
    or structural question. Values are those of one run at the prior medians
    (:mod:`sim.central_run`), annual, in the unit of each quantity. The scenario takes one run, the hold
    scenario another and each line that moves ``name`` one more. Raises InputError for an unknown name, a
    year outside the horizon or a language it does not speak.
    """
    language = _language(lang)
    explainer = _Text(scenario, country, language, year, engine)
    explainer.check(name)
    return "\n".join([*_heading(scenario, language), "", *explainer.lines(name)]) + "\n"


def _language(lang: str) -> Lang:
    if lang not in LANGS:
        raise InputError(Problem("unknown language", where="lang", value=lang, bound=" or ".join(LANGS)))
    return lang


def _heading(scenario: Scenario, lang: Lang) -> list[str]:
    title = scenario.title.get(lang) or scenario.id
    return [f"{say('scenario', lang)} {scenario.id}: {title}"]


def _at(origin: Origin) -> str:
    return f"{origin.file}:{origin.line}" if origin.line is not None else origin.file


def _place(origin: Origin, lang: Lang) -> str:
    return _at(origin) if origin.line is not None else say("baseline", lang, file=origin.file)


def _time(time: float) -> str:
    return f"{time:g}"


def _path_text(path: TimePath, first: int, lang: Lang) -> str:
    """What a path does from ``first`` on, piece by piece."""
    value = path.value(first)
    pieces = [number(value, lang)]
    for time, before, after in _corners(path.from_then(first).knots):
        if before != value:
            pieces.append(say("ramp_to", lang, value=number(before, lang), year=_time(time)))
        elif len(pieces) == 1 and time > first:
            pieces[0] = say("until", lang, value=pieces[0], year=_time(time))
        if after != before:
            pieces.append(f"{number(after, lang)} {say('from', lang, year=_time(time))}")
        value = after
    if len(pieces) > MOST_PIECES:
        left_out = len(pieces) - MOST_PIECES
        pieces[MOST_PIECES - 1 : -1] = [f"... ({left_out} {say('points', lang)})"]
    return "; ".join(pieces)


def _corners(knots: list[Knot]) -> list[Knot]:
    """``knots`` without those on the straight line between their neighbours, but for rounding."""
    kept = knots[:1]
    for knot, (later, final, _) in pairwise(knots[1:]):
        time, before, after = knot
        start, _, origin = kept[-1]
        line = origin + (final - origin) * (time - start) / (later - start)
        if not all(math.isclose(v, line, rel_tol=1e-9, abs_tol=1e-12) for v in (before, after)):
            kept.append(knot)
    return kept + knots[1:][-1:]


@dataclass(frozen=True)
class _Move:
    """Something the scenario sets, with the lines that did: the parts of the budget move together."""

    names: tuple[str, ...]
    origins: tuple[tuple[Origin, ...], ...]


class _Text(Quantities):
    """The text of an explanation."""

    def __init__(self, scenario: Scenario, country: Country, lang: Lang, year: int, engine: str):
        super().__init__(scenario, country, lang, year, engine)
        self._files: dict[str, YamlFile] = {}

    def lines(self, name: str) -> list[str]:
        lines = [f"{name}: {self.label(name)}", *facts(self._about(name))]
        equation = self._equation(name)
        if equation:
            lines += ["", say("equation", self.lang), *equation]
        inputs = self._inputs(name)
        if inputs:
            lines += ["", *inputs]
        if name in self.country.structures:
            lines += ["", say("structure", self.lang).capitalize(), *self._alternatives(name)]
        year = self.year
        lines += ["", say("moved", self.lang, year=year), *self._moved(name)]
        lines += ["", say("feeds", self.lang), *self._feeds(name)]
        structures = central_structures(self.country, self.scenario.structures)
        listed = ", ".join(f"{k} {v}" for k, v in structures.items())
        lines += ["", *paragraph(say("central", self.lang, structures=listed))]
        return lines

    def _about(self, name: str) -> list[tuple[str, str]]:
        lang, kind = self.lang, self.kind(name)
        words = kind_words(kind, lang)
        if kind == "derived":
            words += f", {kind_words(DERIVED[name].kind, lang)}"
        pairs = [("kind", words), ("unit", self.unit(name))]
        element = self.model.elements.get(name)
        if element is not None:
            pairs = [("sector", sector_label(element.sector, lang)), *pairs, ("source", element.source)]
            # an element without a body stands on no line of its own
            line = f":{element.line}" if element.line else ""
            pairs.append(("declared", f"{display_path(element.file)}{line}" if element.file else ""))
        elif name in DERIVED:
            function = DERIVED[name].function.__code__
            place = f"{display_path(function.co_filename)}:{function.co_firstlineno}"
            pairs += [("source", DERIVED[name].source), ("declared", place)]
        elif kind in ("lever", "assumption"):
            pairs += self._about_lever(self.levers[name.removesuffix(BASE)])
        elif kind == "series":
            pairs += self._about_series(name)
        elif kind in ("parameter", "table"):
            pairs += self._about_parameter(name)
        elif kind == "structure":
            pairs.append(("source", self.country.structures[name].source))
            pairs.append(("declared", self._line("structures.yaml", (name,))))
        elif kind == "variant":
            labels = self.model.sampled[name.removeprefix(VARIANT)]
            pairs.append(("points", ", ".join(f"{k} = {label}" for k, label in enumerate(labels))))
        named = [(say(key, lang), text) for key, text in pairs]
        scenario, hold = self.value(name, self.settings), self.value(name, ())
        if kind not in ("table", "structure"):
            named.append(
                (say("value", lang, year=self.year), f"{number(scenario, lang)} {self._in_unit(name)}")
            )
        if kind not in ("table", "structure", "time", "variant"):
            named.append((say("at_hold", lang), number(hold, lang)))
            named.append((say("change", lang), difference(scenario, hold, lang)))
        return named

    def _in_unit(self, name: str) -> str:
        unit = self.unit(name)
        return "" if unit == "1" else unit

    def _about_lever(self, lever: Lever) -> list[tuple[str, str]]:
        lang, code = self.lang, lever.code
        group = choose(*self.country.task_groups[lever.task_group], lang) if lever.task_group else ""
        low, high = number(lever.low, lang), number(lever.high, lang)
        pairs = [
            ("description", choose(lever.description, lever.description_vi, lang)),
            ("task_group", f"{lever.task_group}, {group}" if group else ""),
            ("range", say("to", lang, low=low, high=high)),
            ("cost", choose(lever.cost, lever.cost_vi, lang)),
            ("delay", choose(lever.delay, lever.delay_vi, lang)),
            ("source", lever.source),
            ("declared", self._line("levers.yaml", (self._section(code), code))),
            ("path", _path_text(self.paths[code], self.scenario.first, lang)),
            ("set_by", _place(self.scenario.origin[code], lang)),
        ]
        return pairs + (self._about_series(code) if code in self.country.series else [])

    def _section(self, code: str) -> str:
        return "levers" if code in self.country.levers else "assumptions"

    def _about_series(self, name: str) -> list[tuple[str, str]]:
        series = self.country.series[name]
        file = display_path(self.country.folder / "exogenous.csv")
        years = say("to", self.lang, low=_time(min(series.years)), high=_time(max(series.years)))
        text = f"{file}, {name}, {years}, {series.interpolation}: {series.definition}; {series.source}"
        return [("series", text)]

    def _about_parameter(self, name: str) -> list[tuple[str, str]]:
        parameter = self.parameter(name)
        assert parameter is not None
        file = REPORTING_FILE if name in self.reporting else "priors.yaml"
        pairs = [
            ("prior_or_value", translated(prior_text(parameter), self.lang)),
            ("source", parameter.source),
            ("note", parameter.note),
            ("declared", self._line(file, (name,))),
        ]
        if name in self.scenario.parameters:
            value = number(self.scenario.parameters[name], self.lang)
            place = _at(self.scenario.origin[name])
            pairs.insert(1, ("setting", say("fixed_at", self.lang, value=value, place=place)))
        replaced = [
            f"{structure.name} = {option.name}: {translated(prior_text(option.parameters[name]), self.lang)}"
            for structure in self.country.structures.values()
            for option in structure.alternatives.values()
            if name in option.parameters
        ]
        return [*pairs[:1], ("structure", "; ".join(replaced)), *pairs[1:]]

    def _line(self, file: str, place: tuple[str, ...]) -> str:
        path = self.country.folder / file
        if file not in self._files:
            self._files[file] = read_yaml(path)
        return f"{display_path(path)}:{self._files[file].position(place)}"

    def _alternatives(self, name: str) -> list[str]:
        rows = []
        for option in self.country.structures[name].alternatives.values():
            changes = [f"{element} = {variant}" for element, variant in option.variants.items()]
            changes += [
                f"{target} ~ {translated(prior_text(p), self.lang)}"
                for target, p in option.parameters.items()
            ]
            label = choose(option.label, option.label_vi, self.lang)
            rows.append((option.name, f"{option.weight:g}", "; ".join([label, *changes])))
        head = (say("alternative", self.lang), say("weight", self.lang), say("what", self.lang))
        return table(rows, head)

    def _equation(self, name: str) -> list[str]:
        element = self.model.elements.get(name)
        code = DERIVED[name].code if name in DERIVED else element.code if element is not None else ""
        lines = []
        if element is not None and element.kind == "lookup":
            points = self.model.inputs[str(element.table)].points or ()
            lines = [f"  ({number(x, self.lang)}; {number(y, self.lang)})" for x, y in points]
            code = ""
        lines += [f"  {line}" for line in _without_docstring(code)]
        if element is None:
            return lines
        text = translated(equation_text(self.model, name), self.lang)
        sign = ": " if element.kind in ("stock", "noise", "lookup") else " = "
        return [*lines, *facts([(say("one_line", self.lang), f"{name}{sign}{text}")])]

    def _inputs(self, name: str) -> list[str]:
        lang = self.lang
        element = self.model.elements.get(name)
        kind = self.kind(name)
        causes = list(self.causes(name))
        if not causes:
            return []
        year = self.country.start_year if kind == "initial" else self.year
        rows = []
        for cause in causes:
            shown, source, when = cause, cause, year
            cause_element = self.model.elements.get(cause)
            if kind == "initial" and cause_element is not None and cause_element.kind == "stock":
                source = str(cause_element.initial)
            if kind == "lagged" and element is not None and cause == element.of:
                when = year - 1
                shown = say("year_before", lang, name=cause, year=when)
            value = number(self.value(source, self.settings, when), lang)
            rows.append((shown, value, self.unit(cause), self.label(cause)))
        if element is not None and element.kind == "annual" and name in element.arguments:
            before = number(self.value(name, self.settings, year - 1), lang)
            shown = say("year_before", lang, name=name, year=year - 1)
            rows.insert(0, (shown, before, self.unit(name), self.label(name)))
        when_text = say("at_start", lang, year=year) if kind == "initial" else str(year)
        lines = [say("inputs", lang, year=when_text), *table(rows)]
        tables = [element.table] if element is not None and element.table else []
        parameters = [(c, p) for c in (*causes, *tables) if (p := self.parameter(c)) is not None]
        if parameters:
            head = (say("code", lang), say("prior_or_value", lang), say("source", lang))
            described = [
                (c, translated(prior_text(p), lang) if not p.points else kind_words("table", lang), p.source)
                for c, p in parameters
            ]
            lines += ["", say("parameters_among", lang), *table(described, head)]
        return lines

    def _moves(self, reached: set[str]) -> list[_Move]:
        """What the scenario sets otherwise than hold among ``reached``."""
        scenario = self.scenario
        changed = [c for c in (*scenario.changed_levers(), *scenario.changed_assumptions()) if c in reached]
        parts = tuple(c for c in changed if c.startswith(COMPOSITION))
        groups = [parts] if parts else []
        groups += [(c,) for c in changed if c not in parts]
        groups += [(p,) for p in scenario.parameters if p in reached]
        groups += [(s,) for s in scenario.structures if self._touches(s, reached)]
        return [_Move(names, tuple(scenario.trace[n] for n in names)) for names in groups]

    def _touches(self, structure: str, reached: set[str]) -> bool:
        alternatives = self.country.structures[structure].alternatives.values()
        touched = {structure}
        for option in alternatives:
            touched |= {*option.parameters, *(f"{VARIANT}{element}" for element in option.variants)}
        return bool(touched & reached)

    def _moved(self, name: str) -> list[str]:
        lang, scenario = self.lang, self.scenario
        if name.removesuffix(BASE) in self.levers and name not in self.levers:
            return [f"  {say('hold_only', lang)}"]
        changed = [*scenario.changed_levers(), *scenario.changed_assumptions()]
        if not changed and not scenario.parameters and not scenario.structures:
            return [f"  {say('nothing_changed', lang)}"]
        moves = self._moves(self.ancestors(name))
        if not moves:
            return [f"  {say('nothing_moves', lang)}"]
        lines = []
        hold, whole = self.value(name, ()), self.value(name, self.settings)
        alone = 0.0
        for move in moves:
            value = self.value(name, move.names)
            alone += value - hold
            for code, origins in zip(move.names, move.origins):
                lines += self._line_of(code, origins)
            if name not in move.names:
                lines.append(f"      {say('alone', lang, change=difference(value, hold, lang))}")
        if self.year < scenario.first and not scenario.parameters and not scenario.structures:
            return [*lines, f"  {say('not_yet', lang, year=self.year, first=scenario.first)}"]
        if len(moves) > 1:
            rest = whole - hold - alone
            lines += facts(
                [
                    (say("total", lang), difference(whole, hold, lang)),
                    (say("interaction", lang), difference(hold + rest, hold, lang)),
                ]
            )
        ramps = [code for code in SCENARIO_ONLY if code in changed and code != name]
        for code in ramps:
            origin = scenario.origin[code]
            lines.append(f"  {say('ramp', lang, place=_at(origin), text=origin.text)}")
        return lines

    def _line_of(self, code: str, origins: tuple[Origin, ...]) -> list[str]:
        """One line of the scenario, what it set and what it stands in place of."""
        lang, last = self.lang, origins[-1]
        text = f"  {_at(last)}  {last.text}"
        if len(origins) > 1:
            text += f"  ({say('over', lang, places=', '.join(map(_at, origins[:-1])))})"
        if code in self.scenario.structures:
            likeliest = central_structures(self.country)[code]
            return [text, f"      {code}: {likeliest} → {self.scenario.structures[code]}"]
        before, after = (number(self.value(code, on), lang) for on in ((), self.settings))
        return [text, f"      {code}: {before} → {after} {self._in_unit(code)}".rstrip()]

    def _feeds(self, name: str) -> list[str]:
        lang = self.lang
        if name in self.country.structures:
            fed = sorted(
                {
                    target
                    for option in self.country.structures[name].alternatives.values()
                    for target in (*option.parameters, *option.variants)
                }
            )
        else:
            users = (*self.model.elements, *(d for d in DERIVED if d not in self.model.elements))
            fed = [user for user in users if self._uses(user, name)]
        rows = [(n, kind_words(self.kind(n), lang), self.label(n)) for n in fed[:MOST_CONSUMERS]]
        lines = table(rows)
        if len(fed) > MOST_CONSUMERS:
            lines.append(f"  {say('more', lang, count=len(fed) - MOST_CONSUMERS)}")
        for target in self.country.targets:
            if target.variable == name:
                label = choose(target.label, target.label_vi, lang)
                lines.append(f"  {say('judged_by', lang)} {target.code}: {label}")
        return lines or [f"  {say('nothing_feeds', lang)}"]

    def _uses(self, user: str, name: str) -> bool:
        element = self.model.elements.get(user)
        return name in self.causes(user) or (element is not None and element.table == name)


def _without_docstring(code: str) -> list[str]:
    """The lines of a function's source text without its docstring."""
    if not code:
        return []
    lines = code.splitlines()
    function = ast.parse(code).body[0]
    assert isinstance(function, ast.FunctionDef)
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1:
        del lines[first.lineno - 1 : first.end_lineno]
    return [line.rstrip() for line in lines]
