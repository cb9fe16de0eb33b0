"""From the settings of scenario files to the path of each lever and assumption.

Two steps. :func:`checked_settings` turns the quantities of one file into numbers in the unit of
their lever and checks values and years. :func:`resolve` applies the settings of a chain of files
to the hold path of one lever, parents first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sim.errors import nearest
from sim.scenario_file import (
    LARGEST,
    LONGEST,
    SECTIONS,
    ChangeSetting,
    Draft,
    PathSetting,
    RampSetting,
    Setting,
)
from sim.timepath import TimePath

if TYPE_CHECKING:
    from sim.country import Country, Lever

BASELINE = "baseline"
SMALL_PERCENT = 0.02  # a bare number below this is more likely a share than percent
RAMP_LENGTH = "ramp_len"

_NUMBER = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*(?P<unit>.*)")
_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)(.*)")
# what may follow a number, and the power of ten it stands for in the unit of the lever
_UNIT_WORDS: dict[str, dict[str, int]] = {
    "percent": {"%": 0, "percent": 0},
    "percent/year": {"%/year": 0, "%/yr": 0, "percent/year": 0},
    "1": {"%": -2, "percent": -2},
    "year": {"year": 0, "years": 0},
    "million_person": {"million": 0, "million_person": 0},
}
_EXAMPLES = {
    "percent": "a number in percent, such as 3 or '3 %'",
    "percent/year": "a number in percent a year, such as 9 or '9 %/year'",
    "1": "a number without unit, such as 0.3 or '30 %'",
    "year": "a number of years, such as 4 or '4 years'",
    "million_person": "a number in million persons, such as 105 or '105 million'",
}


class BadQuantity(ValueError):
    """A quantity that cannot be read; ``suggestion`` is what was probably meant."""

    def __init__(self, message: str, suggestion: str | None = None):
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class Frame:
    """The years of a country, and what a scenario lays down for all its settings."""

    first_observed: int
    first: int
    horizon: int
    start: float
    ramp_length: float | None = None
    strict_range: bool = True

    @property
    def end(self) -> int:
        """The end of the last year."""
        return self.horizon + 1


@dataclass(frozen=True)
class Step:
    """One setting of one lever, ready to apply, and the file it comes from."""

    draft: Draft
    section: str
    code: str
    setting: Setting
    layer: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in its file."""
        return self.section, self.code


def quantity(value: float | str, unit: str) -> float:
    """``value`` as a number in ``unit``. Raises :class:`BadQuantity`."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if len(text) > LONGEST:
        raise BadQuantity("not a number")
    comma = _DECIMAL_COMMA.fullmatch(text)
    if comma:
        raise BadQuantity("a decimal point is needed, not a comma", ".".join(comma.groups()[:2]) + comma[3])
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadQuantity("not a number")
    words = _UNIT_WORDS.get(unit, {unit: 0})
    if not match["unit"]:
        raise BadQuantity("a number in quotes", match["number"])
    if match["unit"] not in words:
        raise BadQuantity(f"wrong unit '{match['unit'][:20]}'", nearest(match["unit"], words))
    number = float(Decimal(match["number"]).scaleb(words[match["unit"]]))
    if abs(number) > LARGEST:
        raise BadQuantity("number too large")
    return number


def hold_path(lever: Lever, country: Country, frame: Frame) -> TimePath:
    """What ``lever`` does when nothing is decided: its history, then its baseline.

    The baseline is constant, or follows the series of the same name where that goes beyond the last
    observed year. A lever without history stands at its baseline before, too.
    """
    baseline = TimePath.constant(lever.baseline)
    series = country.series.get(lever.code)
    if series is None:
        return baseline
    history = series.path()
    follows = max(series.years) >= frame.first
    return _ended(history if follows else history.until_then(frame.first, baseline), frame)


def _ended(path: TimePath, frame: Frame) -> TimePath:
    """``path`` without what lies beyond the last year."""
    return path.until_then(frame.end, TimePath.constant(path.value(frame.end, "left")))


def checked_settings(draft: Draft, country: Country, frame: Frame) -> list[tuple[str, str, Setting]]:
    """The settings of one file as (section, code, setting) with numbers in the units of the levers.

    What is wrong is noted in ``draft`` and left out.
    """
    found = []
    known = {"levers": country.levers, "assumptions": country.assumptions}
    for section in SECTIONS:
        for code, setting in draft.settings[section].items():
            lever = known[section].get(code)
            if lever is not None:
                check = _Check(draft, (section, code), lever, frame)
                numeric = check.setting(setting)
                if not check.failed:
                    found.append((section, code, numeric))
        _unknown_names(draft, section, known)
        _say_what_fits(draft, section, known[section])
    return found


def _say_what_fits(draft: Draft, section: str, known: Mapping[str, Lever]) -> None:
    """Say the unit and range of the lever where a value of it could not be read as a number."""
    for place, problem in draft.yaml.unread.items():
        lever = known.get(str(place[1])) if len(place) > 1 and place[0] == section else None
        inside = place[2:]
        quantity_meant = not inside or inside[0] == "path" or inside in (("ramp", "to"), ("ramp", "from"))
        if lever is not None and quantity_meant and problem.bound and problem in draft.problems:
            draft.problems[draft.problems.index(problem)] = replace(problem, bound=range_text(lever))


def _unknown_names(draft: Draft, section: str, known: Mapping[str, Mapping[str, Lever]]) -> None:
    given = draft.yaml.data.get(section)
    for code in given if isinstance(given, dict) else ():
        if not isinstance(code, str) or code in known[section]:
            continue
        other = next((name for name in SECTIONS if code in known[name]), None)
        if other:
            noun = "a lever" if other == "levers" else "an assumption"
            draft.add(f"this is {noun}: it belongs under '{other}'", (section, code))
        else:
            draft.add(f"unknown {section[:-1]}", (section, code), suggestion=nearest(code, known[section]))


class _Check:
    """Turns the quantities of one setting into numbers; notes what is wrong."""

    def __init__(self, draft: Draft, place: tuple[str, str], lever: Lever, frame: Frame):
        self.draft, self.place, self.lever, self.frame = draft, place, lever, frame
        self.failed = False

    def problem(self, message: str, place: Iterable[Any], **details: Any) -> None:
        self.failed = True
        self.draft.add(message, (*self.place, *place), **details)

    def setting(self, setting: Setting) -> Setting:
        if self.lever.code == RAMP_LENGTH and not isinstance(setting, float | str):
            self.problem("this lever is one number for the whole scenario", (), bound=_EXAMPLES["year"])
            return setting
        if isinstance(setting, PathSetting):
            return self.path(setting)
        if isinstance(setting, RampSetting):
            return self.ramp(setting)
        if isinstance(setting, ChangeSetting):
            return self.change(setting)
        return setting if setting == BASELINE else self.value(setting, ())

    def path(self, setting: PathSetting) -> PathSetting:
        points: dict[float, Any] = {}
        for year, point in setting.path.items():
            where = ("path", year)
            self.year(year, where, self.frame.first_observed, self.frame.end)
            if isinstance(point, tuple):
                points[year] = (self.value(point[0], (*where, 0)), self.value(point[1], (*where, 1)))
            else:
                points[year] = self.value(point, where)
        if not self.failed and max(points) < self.frame.first:
            message = f"points before {self.frame.first} only anchor the interpolation; history stands"
            self.draft.warn(message, (*self.place, "path"))
        return setting.model_copy(update={"path": points})

    def ramp(self, setting: RampSetting) -> RampSetting:
        ramp = setting.ramp
        self.year(ramp.start, ("ramp", "start"), self.frame.first)
        if ramp.years is None and self.lever.default_ramp_years is None:
            message = "'years' is missing: this lever acts at once unless a length is stated"
            self.problem(message, ("ramp",), bound="a number of years")
        values = {
            "to": self.value(ramp.to, ("ramp", "to")),
            "origin": None if ramp.origin is None else self.value(ramp.origin, ("ramp", "from")),
        }
        return setting.model_copy(update={"ramp": ramp.model_copy(update=values)})

    def change(self, setting: ChangeSetting) -> ChangeSetting:
        change = setting.change
        self.year(change.start, ("change", "start"), self.frame.first)
        if change.add is None:
            return setting
        added = self.number(change.add, ("change", "add"))
        return setting.model_copy(update={"change": change.model_copy(update={"add": added})})

    def year(
        self, year: float | None, where: Iterable[Any], earliest: int, latest: int | None = None
    ) -> None:
        """A year between ``earliest`` and ``latest``, by default the horizon."""
        latest = self.frame.horizon if latest is None else latest
        if year is None or earliest <= year <= latest:
            return
        past = earliest > year >= self.frame.first_observed
        message = "history cannot be changed" if past else "year outside the data"
        shown = int(year) if year.is_integer() else year
        self.problem(message, where, value=shown, bound=f"{earliest} to {latest}")

    def number(self, value: float | str, where: Iterable[Any]) -> float:
        try:
            return quantity(value, self.lever.unit)
        except BadQuantity as error:
            bound = _EXAMPLES.get(self.lever.unit, f"a number in {self.lever.unit}")
            self.problem(str(error), where, value=value, bound=bound, suggestion=error.suggestion)
            return self.lever.baseline

    def value(self, value: float | str, where: Iterable[Any]) -> float:
        """A number within the range of the lever."""
        if value == BASELINE:
            message = "'baseline' stands for a whole setting"
            self.problem(message, where, value=value, bound=_EXAMPLES.get(self.lever.unit, "a number"))
            return self.lever.baseline
        where = tuple(where)
        number = self.number(value, where)
        if self.lever.unit == "percent" and not isinstance(value, str) and 0 < abs(number) <= SMALL_PERCENT:
            self.draft.warn(
                f"{number:g} percent: write '{100 * number:g} %' if a share was meant", (*self.place, *where)
            )
        if not self.frame.strict_range or self.lever.low <= number <= self.lever.high:
            return number
        suggestion = _rescaled(number, self.lever)
        bound = range_text(self.lever)
        self.problem("value out of range", where, value=value, bound=bound, suggestion=suggestion)
        return number


def range_text(lever: Lever) -> str:
    """The range of ``lever`` in words."""
    unit = "" if lever.unit == "1" else f" {lever.unit}"
    return f"{lever.low:g} to {lever.high:g}{unit}"


def _rescaled(number: float, lever: Lever) -> str | None:
    """The same digits as a share or as percent, when that lies within the range."""
    if lever.unit in ("percent", "percent/year") and lever.low <= 100 * number <= lever.high:
        return f"{100 * number:g} %" + lever.unit.removeprefix("percent")
    if lever.unit == "1" and lever.low <= number / 100 <= lever.high:
        return f"{number:g} %"
    return None


def resolve(lever: Lever, hold: TimePath, steps: Iterable[Step], frame: Frame, used: set[str]) -> TimePath:
    """Apply ``steps`` to the hold path of ``lever``, in order.

    A number, ``path`` or ``ramp`` starts again from the hold path; a ``change`` builds on what the
    steps before it gave. What the scenario lays down and some setting makes use of is added to ``used``.
    """
    path = hold
    for step in steps:
        setting = step.setting
        if isinstance(setting, ChangeSetting):
            path = _changed(path, setting, lever, frame, used)
        elif isinstance(setting, PathSetting):
            path = _through(hold, setting, frame)
        elif isinstance(setting, RampSetting):
            ramp = setting.ramp
            origin = None if ramp.origin is None else float(ramp.origin)
            start, years = _timing(ramp.start, ramp.years, lever, frame, used)
            path = hold.ramp_to(float(ramp.to), start, years, origin)
        elif setting == BASELINE:
            path = hold
        else:
            path = hold.ramp_to(float(setting), *_timing(None, None, lever, frame, used))
    return _ended(path, frame)


def _timing(
    start: float | None, years: float | None, lever: Lever, frame: Frame, used: set[str]
) -> tuple[float, float]:
    """Start and length of a ramp, with what the scenario and the lever lay down where it is silent."""
    if start is None:
        used.add("start")
        start = frame.start
    if years is None:
        if lever.default_ramp_years is None:
            years = 0.0
        else:
            used.add(RAMP_LENGTH)
            years = lever.default_ramp_years if frame.ramp_length is None else frame.ramp_length
    return start, years


def _changed(path: TimePath, setting: ChangeSetting, lever: Lever, frame: Frame, used: set[str]) -> TimePath:
    change = setting.change
    start, years = _timing(change.start, change.years, lever, frame, used)
    if change.add is not None:
        return path + TimePath.constant(0).ramp_to(float(change.add), start, years)
    assert change.factor is not None
    return path * TimePath.constant(1).ramp_to(change.factor, start, years)


def _sides(point: Any) -> tuple[float, float]:
    """The value just before and from then on of one point of a path."""
    return (float(point[0]), float(point[1])) if isinstance(point, tuple) else (float(point), float(point))


def _through(hold: TimePath, setting: PathSetting, frame: Frame) -> TimePath:
    """The path through the points of ``setting``, between history and what follows.

    A point stands at the beginning of its year. Before the first point, and after the calendar year
    of the last one when ``after: baseline``, the lever is at its hold path.
    """
    knots = sorted((year, *_sides(point)) for year, point in setting.path.items())
    last = knots[-1][0]
    if setting.interpolate == "step":
        path = TimePath.step((year, value) for year, _, value in knots)
    else:
        if setting.after == "linear":
            (earlier, _, value_then), (last, value_last, _) = knots[-2:]
            slope = (value_last - value_then) / (last - earlier)
            final = knots[-1][2] + slope * (frame.end - last)
            knots.append((float(frame.end), final, final))
        path = TimePath.through(knots)
    path = hold.until_then(max(knots[0][0], float(frame.first)), path)
    if setting.after == BASELINE:
        path = path.until_then(max(int(last) + 1.0, float(frame.first)), hold)
    return path
