"""From results to what a chart shows: what a target judges, its observations, its odds in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sim.charts.fan import Fan, Observed, OutsideRange
from sim.charts.words import (
    FLAGS,
    NBSP,
    Lang,
    choose,
    decimals,
    line_text,
    number,
    plain,
    say,
    span,
    unit_words,
)
from sim.odds import percent_text
from sim.summary import STATISTICS, statistics
from sim.targets import ALREADY_MET, LOW_CONFIDENCE

if TYPE_CHECKING:
    from sim.country import Country
    from sim.country_targets import Measurement, Target
    from sim.results import Results
    from sim.targets import TargetOdds

# year, value and the ends of its 90 % error bar
Point = tuple[float, float, float, float]

# 95 % point of Student's t with 4 degrees of freedom, the law of measurement errors
T4_95 = 2.131847
YEARS_BEYOND = 5


def fan_of(results: Results, country: Country, target: Target, lang: Lang = "en") -> Fan | None:
    """The fan chart of ``target``; None where it is not assessed or its year is not among those reported."""
    odds = results.probability(target.id)
    if odds.odds is None or target.value is None or target.year not in results.years:
        return None
    shown = results.years <= target.year + YEARS_BEYOND
    values = results.judged(target)[shown][:, ~results.failed]
    table = statistics(values)
    years = results.years[shown]
    observed = tuple(_observed(country, target, years, lang))
    unit = unit_words(target.unit, lang) or (say("rank", lang) if target.kind == "rank" else "")
    last = max((int(series.years[-1]) for series in observed), default=None)
    if target.kind == "rank":
        # competitors are simulated from their last published scores on: earlier ranks would mean nothing
        table[years < (last or country.last_observed)] = np.nan
    return Fan(
        id=target.id,
        title=f"{_what(results, target, lang)} \u2013 {results.titles.get(lang) or results.scenario}",
        subtitle=say(
            "target_line",
            lang,
            code=target.code,
            year=target.year,
            label=unbroken(choose(target.label, target.label_vi, lang)),
        ),
        unit=unit,
        years=years,
        quantiles={s: table[:, k] for k, s in enumerate(STATISTICS)},
        target_year=target.year,
        target=target.value,
        target_text=line_text(str(target.op), target.value, target.unit, lang),
        odds_text=unbroken(odds.text(lang)),
        odds_notes=tuple(_notes(odds, lang)),
        outside_odds=_outside_odds(odds, lang),
        outside_basis=_outside_basis(odds, lang),
        source=_source(country, target, lang),
        first_projected=country.last_observed + 1,
        last_observation=last,
        observed=observed,
        outside=_outside_range(odds),
        inverted=target.kind == "rank",
    )


def unbroken(text: str) -> str:
    """``text`` with its % signs held to their numbers."""
    return text.replace(" %", f"{NBSP}%")


def _what(results: Results, target: Target, lang: Lang) -> str:
    """What the chart's axis measures, in words."""
    name = str(target.variable)
    if target.kind == "rank":
        ranks = f"{name.removesuffix('_score')}_rank"
        if ranks in results.variables and not target.group:
            name = ranks
        else:
            return choose(target.label, target.label_vi, lang)
    variable = results.variables[name]
    words = choose(variable.label, variable.label_vi, lang)
    if target.kind == "growth" and target.window is not None:
        return say("average_growth", lang, what=words, years=target.window[1] - target.window[0])
    return words


def _notes(odds: TargetOdds, lang: Lang) -> Iterable[str]:
    assert odds.odds is not None
    yield say("interval_is", lang, interval=odds.odds.interval_text(lang))
    draws = plain(odds.odds.draws, lang)
    if odds.odds.failed:
        yield say("draws_failed", lang, draws=draws, failed=plain(odds.odds.failed, lang))
    else:
        yield say("draws_in_run", lang, draws=draws)
    if np.isfinite(odds.q50):
        median, low, high = (_value(value, odds, lang) for value in (odds.q50, odds.q05, odds.q95))
        yield say("median_is", lang, year=odds.year, median=median)
        yield say("between", lang, low=low, high=high)
    if odds.shortfall is not None and odds.shortfall.q50 > 0:
        short = _value(odds.shortfall.q50, odds, lang)
        if odds.unit.startswith("percent"):
            short += f"{NBSP}{say('points', lang)}"
        yield say("behind_by" if odds.kind == "rank" else "short_by", lang, median=short)
    if odds.late is not None:
        late = odds.year + YEARS_BEYOND
        yield say("by_year", lang, year=late, odds=odds.late.text(lang).replace(" ", NBSP))
    if odds.status in (LOW_CONFIDENCE, ALREADY_MET):
        yield choose(odds.confidence, odds.confidence_vi, lang)


def _value(value: float, odds: TargetOdds, lang: Lang) -> str:
    digits = 0 if odds.kind == "rank" else decimals(odds.q05, odds.q50, odds.q95)
    return number(value, lang, digits)


def _outside_odds(odds: TargetOdds, lang: Lang) -> str:
    view = odds.outside_view
    if view is None:
        return say("outside_none", lang)
    return outside_text(view["low"], view["high"], lang)


def outside_text(low: float, high: float, lang: Lang) -> str:
    """A range of probabilities: "0–7 %"."""
    ends = [percent_text(share, lang).removesuffix(" %") for share in (low, high)]
    return f"{span(*ends)}{NBSP}%"


def _outside_basis(odds: TargetOdds, lang: Lang) -> str:
    view = odds.outside_view
    if view is None:
        return ""
    return f"{say('outside_view', lang)}: {unbroken(choose(view['basis'], view['basis_vi'], lang))}."


def _outside_range(odds: TargetOdds) -> OutsideRange | None:
    view = odds.outside_view or {}
    low, high = view.get("range_low"), view.get("range_high")
    return None if low is None or high is None else OutsideRange(low, high)


def _observed(country: Country, target: Target, years: np.ndarray, lang: Lang) -> Iterable[Observed]:
    """The observed series behind ``target``: fitted ones first, others by what sets them apart."""
    if target.kind == "rank":
        yield from _published_rank(country, target, years, lang)
        return
    rules = country.measured(str(target.variable))
    for (series, flag), group in groupby(rules, key=lambda rule: (rule.series, rule.flag)):
        points = sorted(point for rule in group for point in _points(rule))
        if target.kind == "growth" and target.window is not None:
            points = _growth(points, target.window[1] - target.window[0])
        points = [point for point in points if years[0] <= point[0] <= years[-1]]
        if points:
            columns = np.array(points, dtype=float).T
            known = bool(np.isfinite(columns[2]).any())
            words = (
                choose(*FLAGS[flag], lang)
                if flag in FLAGS
                else say("observed_error" if known else "observed", lang)
            )
            name = f"{series}_{flag}" if flag else series
            yield Observed(name, words, columns[0].astype(int), *columns[1:])


def _points(rule: Measurement) -> Iterable[Point]:
    """Year, value and the ends of the 90 % error bar of each observation of ``rule``."""
    for year, value, sigma in rule.observations:
        half = T4_95 * sigma
        if rule.error == "log":
            yield year, value, value * np.exp(-half), value * np.exp(half)
        else:
            yield year, value, value - half, value + half


def _growth(points: list[Point], span_years: int) -> list[Point]:
    """Compound growth in percent over ``span_years``; the error of a growth rate is not known."""
    levels = {year: value for year, value, *_ in points}
    return [
        (year, 100 * ((value / levels[year - span_years]) ** (1 / span_years) - 1), np.nan, np.nan)
        for year, value in levels.items()
        if year - span_years in levels
    ]


def _published_rank(country: Country, target: Target, years: np.ndarray, lang: Lang) -> Iterable[Observed]:
    name = f"{str(target.variable).removesuffix('_score')}_rank"
    points = [o for o in country.observation_list if o.series == name and years[0] <= o.year <= years[-1]]
    if points and not target.group:
        unknown = np.full(len(points), np.nan)
        ranks = np.array([o.value for o in points])
        yield Observed(
            name, say("observed", lang), np.array([o.year for o in points]), ranks, unknown, unknown
        )


def _source(country: Country, target: Target, lang: Lang) -> str:
    """Who published the observations, and who the projection."""
    if target.kind == "rank":
        series = {f"{str(target.variable).removesuffix('_score')}_rank"}
    else:
        series = {rule.series for rule in country.measured(str(target.variable))}
    names = [_publisher(o.source) for o in country.observation_list if o.series in series]
    return "; ".join([*dict.fromkeys(names), say("model", lang)])


def _publisher(source: str) -> str:
    """Who published a number, without how it was worked out or through whom it was read."""
    source = re.sub(r"\s*\(.*?\)|^derived(:| from) ", "", source)
    return re.split(r" via | / |; ", source)[0].rstrip(", ")
