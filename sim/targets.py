"""Odds of the targets: in the target's year, by five years later, by year of first success, all at once.

Every draw either meets a target or misses it; an undefined value (a share of growth when nothing grew)
misses it, a failed draw does neither and is bounded. A target the model cannot speak about is answered
"not assessed", never with a number.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.country_parameters import Parameter
from sim.derived import DERIVED, GROWTH_OF, RANKED, WINDOW, Run, average_growth, rank_in_index
from sim.engine import rng
from sim.odds import DEFAULT_LEVEL, Odds

if TYPE_CHECKING:
    from sim.country import JointTarget, Target

Array = NDArray[np.float64]

COMPARISONS: dict[str, Callable[[Array, Array], NDArray[np.bool_]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
GRACE_YEARS = 5
# how a country pack says, in a target's ``confidence``, that little stands behind the odds
DOUBTFUL = ("low confidence", "weakly measured", "rests on judgement")
OK, ALREADY_MET, LOW_CONFIDENCE, NOT_ASSESSED = "ok", "already_met", "low_confidence", "not_assessed"
NOT_ASSESSED_TEXT = {"en": "not assessed", "vi": "không đánh giá"}
PERCENT_PER_ONE = 100.0


@dataclass(frozen=True)
class Shortfall:
    """By how much a target is missed in the draws that miss it, in ``unit``: ``mean``, ``q50`` and ``q90``.

    ``draws`` counts the misses that have a value.
    """

    mean: float
    q50: float
    q90: float
    unit: str
    draws: int


@dataclass(frozen=True)
class TargetOdds:
    """What a run says about one target or one joint target (``kind`` "joint").

    ``odds`` is None where the target is not assessed. ``q05``, ``q50`` and ``q95`` are of the judged
    quantity in the target's year. ``reached_by`` gives by year the share of draws that met the target in
    that year or before, since the last observed year; ``late`` are the odds by :data:`GRACE_YEARS` years
    after the target's year (None beyond the horizon). Joint targets have ``members``, the mean number of
    members met (``expected_met``) and the probability of each number met (``met_counts``).
    """

    id: str
    code: str
    label: str
    label_vi: str
    kind: str
    variable: str | None
    op: str | None
    value: float | None
    unit: str
    year: int
    status: str
    odds: Odds | None = None
    outside_view: Mapping[str, Any] | None = None
    q05: float = math.nan
    q50: float = math.nan
    q95: float = math.nan
    shortfall: Shortfall | None = None
    reached_by: Mapping[int, float] = field(default_factory=dict)
    late: Odds | None = None
    members: tuple[str, ...] = ()
    expected_met: float | None = None
    met_counts: tuple[float, ...] = ()
    variant_of: str | None = None
    confidence: str = ""
    confidence_vi: str = ""
    note: str = ""
    note_vi: str = ""

    @property
    def probability(self) -> float | None:
        """Point estimate; None where not assessed or without an answer."""
        return _known(self.odds.probability) if self.odds else None

    @property
    def low(self) -> float | None:
        """Lower end of the sampling interval, failed draws counted as misses."""
        return self.odds.low if self.odds else None

    @property
    def high(self) -> float | None:
        """Upper end of the sampling interval, failed draws counted as hits."""
        return self.odds.high if self.odds else None

    @property
    def first_year(self) -> int | None:
        """The year by which half of the draws have met the target; None when fewer ever do."""
        return next((year for year, share in self.reached_by.items() if share >= 0.5), None)

    def text(self, lang: str = "en") -> str:
        """The probability as people read it, or that the target is not assessed."""
        return self.odds.text(lang) if self.odds else NOT_ASSESSED_TEXT[lang]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values; :meth:`from_json` reads it back."""
        odds, late, missed = self.odds, self.late, self.shortfall
        return {
            "id": self.id,
            "code": self.code,
            "label": self.label,
            "label_vi": self.label_vi,
            "kind": self.kind,
            "variable": self.variable,
            "op": self.op,
            "value": self.value,
            "unit": self.unit,
            "year": self.year,
            "status": self.status,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "level": odds.level if odds else None,
            "text": self.text("en"),
            "text_vi": self.text("vi"),
            "successes": odds.successes if odds else None,
            "draws": odds.draws if odds else None,
            "failed_draws": odds.failed if odds else None,
            "outside_view": dict(self.outside_view) if self.outside_view else None,
            "q05": _known(self.q05),
            "q50": _known(self.q50),
            "q95": _known(self.q95),
            "shortfall": {k: _known(v) for k, v in vars(missed).items()} if missed else None,
            "first_year": self.first_year,
            "reached_by": {str(y): p for y, p in self.reached_by.items()},
            "late_year": self.year + GRACE_YEARS if late else None,
            "late_probability": _known(late.probability) if late else None,
            "late_low": late.low if late else None,
            "late_high": late.high if late else None,
            "late_successes": late.successes if late else None,
            "members": list(self.members),
            "expected_met": self.expected_met,
            "met_counts": list(self.met_counts),
            "variant_of": self.variant_of,
            "confidence": self.confidence,
            "confidence_vi": self.confidence_vi,
            "note": self.note,
            "note_vi": self.note_vi,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TargetOdds:
        """What :meth:`to_json` gave. Raises KeyError, TypeError or InputError for anything else."""

        def odds(successes: int | None) -> Odds | None:
            if successes is None:
                return None
            return Odds(successes, content["draws"], content["failed_draws"], content["level"])

        missed = content["shortfall"]
        same = (
            "id code label label_vi kind variable op value unit year status outside_view expected_met "
            "variant_of confidence confidence_vi note note_vi"
        )
        fields: dict[str, Any] = {name: content[name] for name in same.split()}
        fields |= {q: math.nan if content[q] is None else content[q] for q in ("q05", "q50", "q95")}
        return cls(
            **fields,
            odds=odds(content["successes"]),
            late=odds(content["late_successes"]),
            shortfall=Shortfall(**missed) if missed else None,
            reached_by={int(y): p for y, p in content["reached_by"].items()},
            members=tuple(content["members"]),
            met_counts=tuple(content["met_counts"]),
        )


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def evaluate(run: Run, failed: NDArray[np.bool_], level: float = DEFAULT_LEVEL) -> list[TargetOdds]:
    """Odds of every target of the run's country, then of every joint target.

    ``failed`` marks the draws (draw,) that gave no answer.
    """
    judged = _judge(run)
    return [
        *(
            _assessed(run, judged[t.id], failed, level) if t.id in judged else _not_assessed(t)
            for t in run.country.targets
        ),
        *(_joint(run, joint, judged, failed, level) for joint in run.country.joint_targets),
    ]


@dataclass(frozen=True)
class StructureOdds:
    """Odds of a target (by id) among the draws that took one alternative of a structural question."""

    structure: str
    alternative: str
    target: str
    odds: Odds


def evaluate_by_structure(
    run: Run,
    failed: NDArray[np.bool_],
    structures: Mapping[str, NDArray[np.int64]],
    labels: Mapping[str, Sequence[str]],
    level: float = DEFAULT_LEVEL,
) -> list[StructureOdds]:
    """Odds of every assessed target under every structural alternative that some draw took.

    ``structures`` gives for each structural question the index of the alternative of every draw (draw,),
    ``labels`` the names of its alternatives. A probability pooled over structures hides that they disagree.
    """
    judged = _judge(run)
    met = {name: j.met[run.row(j.target.year)] for name, j in judged.items()}
    for joint in run.country.joint_targets:
        if all(m in judged for m in joint.members):
            met[joint.id] = np.logical_and.reduce([met[m] for m in joint.members])
    return [
        StructureOdds(structure, alternative, name, _odds(hits[index == k], failed[index == k], level))
        for structure, index in structures.items()
        for k, alternative in enumerate(labels[structure])
        if (index == k).any()
        for name, hits in met.items()
    ]


def _odds(met: NDArray[np.bool_], failed: NDArray[np.bool_], level: float) -> Odds:
    """Odds of an event that ``met`` tells for every draw, believed only where the draw did not fail."""
    return Odds(int((met & ~failed).sum()), failed.size, int(failed.sum()), level)


def _judge(run: Run) -> dict[str, _Judged]:
    judged = (_judged(run, target) for target in run.country.targets)
    return {j.target.id: j for j in judged if j is not None}


@dataclass(frozen=True)
class _Judged:
    """A target with what is judged and the line it is judged against, each (year, draw)."""

    target: Target
    values: Array
    line: Array

    @cached_property
    def met(self) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            return COMPARISONS[str(self.target.op)](self.values, self.line)

    def missing(self, row: int) -> Array:
        """Distance to the line in one year, positive on the wrong side."""
        short = self.line[row] - self.values[row]
        return short if str(self.target.op).startswith(">") else -short


def _judged(run: Run, target: Target) -> _Judged | None:
    if target.kind == NOT_ASSESSED or target.variable is None:
        return None
    values = judged_values(run, target)
    line = np.broadcast_to(line_of(run, target), values.shape)
    return _Judged(target, values, line)


def judged_values(run: Run, target: Target) -> Array:
    """The quantity that ``target`` judges, by year and draw.

    Ranks are among simulated peers. Growth is compound over as many years as the target's window spans,
    up to each year. A threshold with a window is judged by the mean over as many years as the window has,
    unless the quantity itself looks back over them.
    """
    name = str(target.variable)
    if target.kind == "rank":
        whole = f"{RANKED[name][0]}_rank" if name in RANKED else ""
        if not target.group and whole in DERIVED:
            return run.annual(whole)
        return rank_in_index(run, name, target.group or None)
    values = run.annual(name)
    if target.window is None:
        return values
    first, last = target.window
    if target.kind == "growth":
        if last - first == WINDOW and name in GROWTH_OF:
            return run.annual(GROWTH_OF[name])
        with np.errstate(divide="ignore", invalid="ignore"):
            return average_growth(values, last - first, PERCENT_PER_ONE)
    if name in DERIVED and DERIVED[name].looks_back == last - first + 1:
        return values
    return _trailing_mean(values, last - first + 1)


def _trailing_mean(values: Array, years: int) -> Array:
    mean = np.full(values.shape, np.nan)
    if years <= values.shape[0]:
        windows = np.lib.stride_tricks.sliding_window_view(values, years, axis=0)
        mean[years - 1 :] = windows.mean(axis=-1)
    return mean


def line_of(run: Run, target: Target) -> Array:
    """The value to be reached, (year, draw) or (1, 1); a moving line has its own growth rate in each draw."""
    value = np.array([[target.value]], dtype=float)
    if target.moving_line is None:
        return value
    line = target.moving_line
    name = f"target:{target.id}:line"
    prior = Parameter(name, "", "", line.unit, prior=line.growth)
    growth = prior.quantile(rng.uniform(run.seed, run.draw_ids, name))
    since = run.years.astype(float)[:, None] - line.base_year
    return value * (1 + growth) ** since


def _fields(target: Target) -> dict[str, Any]:
    view = target.outside_view
    return {
        "id": target.id,
        "code": target.code,
        "label": target.label,
        "label_vi": target.label_vi,
        "kind": target.kind,
        "variable": target.variable,
        "op": target.op,
        "value": target.value,
        "unit": target.unit,
        "year": target.year,
        "outside_view": asdict(view) if view is not None else None,
        "variant_of": target.variant_of,
        "confidence": target.confidence,
        "confidence_vi": target.confidence_vi,
        "note": target.reason,
        "note_vi": target.reason_vi,
    }


def _not_assessed(target: Target) -> TargetOdds:
    return TargetOdds(**_fields(target), status=NOT_ASSESSED)


def _assessed(run: Run, judged: _Judged, failed: NDArray[np.bool_], level: float) -> TargetOdds:
    target, row = judged.target, run.row(judged.target.year)
    answered = ~failed
    met = judged.met
    values = judged.values[row, answered]
    defined = values[np.isfinite(values)]
    q05, q50, q95 = np.quantile(defined, [0.05, 0.5, 0.95]).tolist() if defined.size else [math.nan] * 3
    first = run.row(run.last_observed) + 1
    ever = np.logical_or.accumulate(met[first:], axis=0)
    late = None
    if target.year + GRACE_YEARS <= run.years[-1]:
        late = _odds(ever[run.row(target.year + GRACE_YEARS) - first], failed, level)
    reached = ever[:, answered].mean(axis=1).tolist() if answered.any() else []
    return TargetOdds(
        **_fields(target),
        status=_status(judged, met[first - 1, answered]),
        odds=_odds(met[row], failed, level),
        q05=q05,
        q50=q50,
        q95=q95,
        shortfall=_shortfall(judged.missing(row)[answered & ~met[row]], target.unit),
        reached_by=dict(zip(run.years[first:].tolist(), reached, strict=False)),
        late=late,
    )


def _status(judged: _Judged, met_now: NDArray[np.bool_]) -> str:
    """Doubtful where the pack says that little stands behind the odds; already met when most draws meet it
    in the last observed year.
    """
    if any(words in judged.target.confidence for words in DOUBTFUL):
        return LOW_CONFIDENCE
    return ALREADY_MET if met_now.size and met_now.mean() > 0.5 else OK


def _shortfall(short: Array, unit: str) -> Shortfall | None:
    defined = short[np.isfinite(short)]
    if not defined.size:
        return None
    q50, q90 = np.quantile(defined, [0.5, 0.9]).tolist()
    return Shortfall(float(defined.mean()), q50, q90, unit, int(defined.size))


def _joint(
    run: Run, joint: JointTarget, judged: Mapping[str, _Judged], failed: NDArray[np.bool_], level: float
) -> TargetOdds:
    """All members met, each in its own year."""
    members: Sequence[str] = joint.members
    years = {t.id: t.year for t in run.country.targets}
    base: dict[str, Any] = {
        "id": joint.id,
        "code": "",
        "label": joint.label,
        "label_vi": joint.label_vi,
        "kind": "joint",
        "variable": None,
        "op": None,
        "value": None,
        "unit": "1",
        "year": max(years[m] for m in members),
        "members": tuple(members),
    }
    if any(m not in judged for m in members):
        return TargetOdds(**base, status=NOT_ASSESSED)
    hits = np.array([judged[m].met[run.row(years[m])] for m in members])
    number_met = hits.sum(axis=0)
    count = number_met[~failed]
    size = count.size
    return TargetOdds(
        **base,
        status=OK,
        odds=_odds(number_met == len(members), failed, level),
        expected_met=float(count.mean()) if size else None,
        met_counts=tuple((np.bincount(count, minlength=len(members) + 1) / size).tolist()) if size else (),
    )
