"""Scenarios: files that say what differs from another scenario, resolved to the path of every lever.

A file may extend one parent and lay fragments over it; the settings of all files are put together,
later ones winning, and only then turned into paths, so that ``start`` and ``ramp_len`` of the last
file hold for inherited settings as well. docs/scenarios.md describes the format.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sim.country_tables import COMPOSITION
from sim.errors import InputError, Problem, nearest
from sim.scenario_chain import Chain, find_scenario, scenario_folder
from sim.scenario_file import FORMAT, SECTIONS, ChangeSetting, Draft, read_draft
from sim.scenario_paths import (
    RAMP_LENGTH,
    BadQuantity,
    Frame,
    Step,
    checked_settings,
    hold_path,
    quantity,
    resolve,
)
from sim.scenario_rules import check_composition, check_fixed, check_range
from sim.timepath import TimePath
from sim.yamlfile import display_path, in_order, inspect_text, inspect_yaml

if TYPE_CHECKING:
    from sim.country import Country


class Origin(NamedTuple):
    """The place that set a value: a scenario file, or the country where no scenario did."""

    file: str
    line: int | None
    text: str


@dataclass(frozen=True)
class Scenario:
    """A scenario with every lever and assumption resolved to a path over the whole time of a country.

    ``levers`` and ``assumptions`` hold the scenario's paths, ``hold`` those of both when nothing is
    decided, all in the unit of the lever. ``parameters`` are fixed at a value, ``structures`` at one
    alternative. ``chain`` lists the files it was made from, parents first; ``trace`` says for each
    name which of their lines set it, in the order in which they were applied. ``first`` is the first
    projected year: before it every path is history. ``strict_range`` is false when values outside a
    lever's range were let pass.
    """

    id: str
    code: str | None
    title: dict[str, str]
    description: dict[str, str]
    author: str | None
    references: tuple[str, ...]
    file: str
    chain: tuple[str, ...]
    first: int
    strict_range: bool
    levers: dict[str, TimePath]
    assumptions: dict[str, TimePath]
    hold: dict[str, TimePath] = field(repr=False)
    parameters: dict[str, float]
    structures: dict[str, str]
    reporting: dict[str, list[str]]
    trace: dict[str, tuple[Origin, ...]] = field(repr=False)
    warnings: tuple[str, ...]

    @property
    def inputs(self) -> dict[str, TimePath]:
        """The paths a model reads: levers, the same in the hold scenario (``<code>_base``), assumptions."""
        read = [code for code in self.levers if code != RAMP_LENGTH]
        return {
            **{code: self.levers[code] for code in read},
            **{f"{code}_base": self.hold[code] for code in read},
            **self.assumptions,
        }

    @property
    def origin(self) -> dict[str, Origin]:
        """For each lever, assumption, parameter and structure, the line that decided its value."""
        return {name: origins[-1] for name, origins in self.trace.items()}

    def changed_levers(self) -> list[str]:
        """The levers that differ from the hold scenario at any time."""
        return [code for code, path in self.levers.items() if path != self.hold[code]]

    def changed_assumptions(self) -> list[str]:
        """The assumptions that differ from the hold scenario at any time."""
        return [code for code, path in self.assumptions.items() if path != self.hold[code]]

    @cached_property
    def hash(self) -> str:
        """sha256 of all that can move a result: scenarios with the same hash have the same results."""
        paths = {
            code: path.from_then(self.first).knots
            for code, path in {**self.levers, **self.assumptions}.items()
            if code != RAMP_LENGTH
        }
        made_of = {"paths": paths, "parameters": self.parameters, "structures": self.structures}
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def resolved_yaml(self) -> str:
        """The scenario written out in full: a scenario file without parents that gives the same paths."""
        lines = [f"format: {FORMAT}", f"id: {self.id}"]
        lines += [f"code: {_text(self.code)}"] if self.code else []
        for key, words in (("title", self.title), ("description", self.description)):
            lines += (
                [f"{key}: {{{', '.join(f'{k}: {_text(v)}' for k, v in words.items())}}}"] if words else []
            )
        lines += [f"author: {_text(self.author)}"] if self.author else []
        lines += _block("references", [f"- {_text(reference)}" for reference in self.references])
        lines += ["complete: true"] if self.strict_range else ["complete: true", "outside_range: warn"]
        for section, paths in zip(SECTIONS, (self.levers, self.assumptions)):
            entries = []
            for code, path in sorted(paths.items()):
                value = repr(path.value(self.first)) if code == RAMP_LENGTH else _path_text(path, self.first)
                entries.append(f"{code}: {value}")
            lines += _block(section, entries)
        lines += _block("parameters", [f"{k}: {v!r}" for k, v in sorted(self.parameters.items())])
        lines += _block("structures", [f"{k}: {_text(v)}" for k, v in sorted(self.structures.items())])
        lines += _block("reporting", [f"{k}: [{', '.join(v)}]" for k, v in sorted(self.reporting.items())])
        return "\n".join(lines) + "\n"


class ScenarioInfo(NamedTuple):
    """What a list of scenarios shows of one."""

    id: str
    code: str | None
    title: dict[str, str]
    file: Path


def load_scenario(path_or_id: str | Path, country: Country | None = None) -> Scenario:
    """Read a scenario file, or a scenario that comes with the product by its id, and resolve it.

    ``country`` gives levers, assumptions, history and parameters; Viet Nam by default. Raises
    :class:`~sim.errors.InputError` with every problem of the file and of those it is made from.
    """
    file = find_scenario(path_or_id)
    return _resolved(read_draft(*inspect_yaml(file)), file, file.parent, country)


def parse_scenario(
    text: str, country: Country | None = None, *, file: str = "<text>", folder: Path | None = None
) -> Scenario:
    """As :func:`load_scenario`, from the text of a file; relative parents are looked for in ``folder``."""
    return _resolved(read_draft(*inspect_text(text, file)), None, folder or scenario_folder(), country)


def list_scenarios(folder: Path | None = None) -> list[ScenarioInfo]:
    """The scenarios of ``folder``, by default those that come with the product, in the order of their codes.

    Raises :class:`~sim.errors.InputError` with every problem of the headers.
    """
    found: list[ScenarioInfo] = []
    problems: list[Problem] = []
    for file in sorted((folder or scenario_folder()).glob("*.yaml")):
        try:
            draft = read_draft(*inspect_yaml(file))
        except InputError as error:
            problems += error.problems
            continue
        problems += in_order(draft.problems)
        if not draft.problems:
            data = draft.yaml.data
            found.append(ScenarioInfo(data["id"], data.get("code"), _words(draft, "title"), file))
    if problems:
        raise InputError(problems)
    return sorted(found, key=lambda info: (info.code is None, _natural(info.code or info.id)))


def _natural(text: str) -> list[tuple[int, str]]:
    """A sort key under which S2 comes before S10."""
    return [(int(number or 0), word) for number, word in re.findall(r"(\d+)|(\D+)", text)]


def _resolved(root: Draft, file: Path | None, folder: Path, country: Country | None) -> Scenario:
    if country is None:
        from sim.country import load_country

        country = load_country()
    chain = Chain(root, file, folder)
    resolver = _Resolver(country, chain)
    scenario = resolver.scenario()
    problems = list(chain.problems)
    for draft in chain.drafts:
        problems += in_order(draft.problems)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return scenario


class _Resolver:
    """Puts the files of one scenario together; what is wrong is noted in their drafts."""

    def __init__(self, country: Country, chain: Chain):
        self.country, self.chain, self.root = country, chain, chain.root
        self.known = {**country.levers, **country.assumptions}
        self.frame = self._frame()
        self.steps = self._steps()
        self.parameters, self.structures = check_fixed(chain.applied_drafts, country)

    def scenario(self) -> Scenario:
        """The scenario; of use only when no problem has been noted."""
        hold = {code: hold_path(lever, self.country, self.frame) for code, lever in self.known.items()}
        used: set[str] = set()
        idle: list[Step] = []
        paths = {}
        for code, lever in self.known.items():
            steps = self.steps.get(code, [])
            paths[code] = resolve(lever, hold[code], steps, self.frame, used)
            if steps:
                check_range(lever, paths[code], steps, self.frame)
                if paths[code] == resolve(lever, hold[code], steps[:-1], self.frame, set()):
                    idle.append(steps[-1])
        self._check_effect(idle)
        check_composition(paths, self.steps, self.frame)
        self._check_complete()
        self._check_used(used)
        reporting = self._reporting()
        root = self.root
        return Scenario(
            id=str(root.top("id", str)),
            code=root.top("code", str),
            title=_words(root, "title"),
            description=_words(root, "description"),
            author=root.top("author", str),
            references=tuple(map(str, root.top("references", list) or ())),
            file=root.yaml.file,
            chain=tuple(draft.yaml.file for draft in self.chain.drafts),
            first=self.frame.first,
            strict_range=self.frame.strict_range,
            levers={code: paths[code] for code in self.country.levers},
            assumptions={code: paths[code] for code in self.country.assumptions},
            hold=hold,
            parameters={name: float(value) for name, (_, value) in self.parameters.items()},
            structures={name: str(value) for name, (_, value) in self.structures.items()},
            reporting=reporting,
            trace=self._trace(),
            warnings=tuple(str(warning) for draft in self.chain.drafts for warning in draft.warnings),
        )

    def _frame(self) -> Frame:
        country = self.country
        first = country.last_observed + 1
        start, strict = float(first), True
        for draft in self.chain.drafts:
            year = draft.top("start", (int, float))
            if year is not None and not first <= year <= country.horizon:
                bound = f"{first} to {country.horizon}"
                draft.add("year outside the projection", ("start",), value=year, bound=bound)
        for draft in self.chain.applied_drafts:
            year = draft.top("start", (int, float))
            if year is not None and first <= year <= country.horizon:
                start = float(year)
            strict = {"warn": False, "error": True}.get(draft.top("outside_range", str), strict)
        return Frame(country.start_year, first, country.horizon, start, self._ramp_length(), strict)

    def _ramp_length(self) -> float | None:
        """The last ``ramp_len`` that is a number; whether it is in range is checked with the other levers."""
        found = None
        lever = self.country.levers.get(RAMP_LENGTH)
        for draft in self.chain.applied_drafts:
            setting = draft.settings["levers"].get(RAMP_LENGTH)
            if lever is not None and isinstance(setting, float | str):
                try:
                    found = quantity(setting, lever.unit)
                except BadQuantity:
                    found = None
        return found

    def _steps(self) -> dict[str, list[Step]]:
        """For each lever and assumption the settings that apply, parents first."""
        checked = {
            id(draft): checked_settings(draft, self.country, self.frame) for draft in self.chain.drafts
        }
        steps: dict[str, list[Step]] = {}
        for draft, layer in self.chain.applied:
            for section, code, setting in checked[id(draft)]:
                step = Step(draft, section, code, setting, layer)
                earlier = steps.setdefault(code, [])
                clash = next((s.layer for s in earlier if layer and s.layer and s.layer != layer), None)
                if clash and not isinstance(setting, ChangeSetting):
                    self.root.warn(f"layer '{layer}' overrides {code} of layer '{clash}'", ("layers",))
                earlier.append(step)
        return steps

    def _check_effect(self, idle: list[Step]) -> None:
        """Warn of settings of the file itself that change nothing.

        The parts of the budget go together: those that stay are worth stating beside those that change.
        """
        own = {step.code for step in idle if step.draft is self.root}
        parts = {code for code in self.root.settings["levers"] if code.startswith(COMPOSITION)}
        if not parts <= own:
            own -= parts
        for step in idle:
            if step.code in own - {RAMP_LENGTH} and not self.root.top_flag("complete"):
                where = "inherited" if len(self.steps[step.code]) > 1 else "the baseline"
                step.draft.warn(f"has no effect: same as {where}", step.place)

    def _check_complete(self) -> None:
        """A complete scenario leaves nothing to the country."""
        if not self.root.top_flag("complete"):
            return
        for section, known in (("levers", self.country.levers), ("assumptions", self.country.assumptions)):
            given = self.root.top(section, dict) or {}
            missing = [code for code in known if code not in given]
            if missing:
                message = f"a complete scenario states all {section}; missing: {', '.join(missing)}"
                self.root.add(message, (section,))

    def _check_used(self, used: set[str]) -> None:
        """Warn of a start or ramp length of the file itself that no setting makes use of."""
        if self.root.top_flag("complete"):
            return
        if "start" not in used and "start" in self.root.yaml.data:
            self.root.warn("has no effect: every setting has a start of its own", ("start",))
        if RAMP_LENGTH not in used and RAMP_LENGTH in self.root.settings["levers"]:
            self.root.warn("has no effect: every setting has a length of its own", ("levers", RAMP_LENGTH))

    def _reporting(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        targets = [target.id for target in self.country.targets]
        for draft in self.chain.applied_drafts:
            wanted = (draft.top("reporting", dict) or {}).get("targets")
            if not isinstance(wanted, list):
                continue
            for number, target in enumerate(wanted):
                if isinstance(target, str) and target not in targets:
                    place = ("reporting", "targets", number)
                    draft.add("unknown target", place, value=target, suggestion=nearest(target, targets))
            found["targets"] = [str(target) for target in wanted]
        return found

    def _trace(self) -> dict[str, tuple[Origin, ...]]:
        """The lines that set each name; the country's baseline where no file does."""
        trace: dict[str, tuple[Origin, ...]] = {}
        levers, series_table = (
            display_path(self.country.folder / f) for f in ("levers.yaml", "exogenous.csv")
        )
        for code, lever in self.known.items():
            series = self.country.series.get(code)
            follows = series is not None and max(series.years) >= self.frame.first
            text = f"rows of {code}" if follows else f"{code}: baseline {lever.baseline:g}"
            baseline = Origin(series_table if follows else levers, None, text)
            origins = (_origin(step.draft, step.place) for step in self.steps.get(code, ()))
            trace[code] = tuple(origins) or (baseline,)
        for section, fixed in (("parameters", self.parameters), ("structures", self.structures)):
            for name, (draft, _) in fixed.items():
                trace[name] = (_origin(draft, (section, name)),)
        return trace


def _origin(draft: Draft, place: tuple[str, str]) -> Origin:
    return Origin(draft.yaml.file, draft.yaml.position(place), draft.yaml.text(place))


def _words(draft: Draft, key: str) -> dict[str, str]:
    """A text in both languages; English where there is no Vietnamese."""
    words = draft.top(key, dict) or {}
    english = words.get("en")
    return {"en": str(english), "vi": str(words.get("vi", english))} if english else {}


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _block(key: str, entries: list[str]) -> list[str]:
    return [f"{key}:", *(f"  {entry}" for entry in entries)] if entries else []


def _time_text(time: float) -> str:
    return str(int(time)) if time.is_integer() else repr(time)


def _path_text(path: TimePath, first: int) -> str:
    """``path`` from ``first`` on as a setting from which it can be read again bit for bit."""
    later = {time: (before, after) for time, before, after in path.from_then(first).points() if time > first}
    points = {float(first): (path.value(first), path.value(first)), **later}
    steps = _piecewise_constant(list(points.values()))
    entries = []
    for time, (before, after) in points.items():
        value = repr(after) if steps or before == after else f"[{before!r}, {after!r}]"
        entries.append(f"{_time_text(time)}: {value}")
    kind = "step" if steps else "linear"
    return f"{{path: {{{', '.join(entries)}}}, interpolate: {kind}, after: hold}}"


def _piecewise_constant(values: list[tuple[float, float]]) -> bool:
    return all(first[1] == second[0] for first, second in pairwise(values))
