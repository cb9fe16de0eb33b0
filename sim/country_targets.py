"""Targets of a country, and how its observations are compared with the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sim.country_fields import Fields, Place
from sim.country_parameters import Prior, read_prior
from sim.country_tables import GRADES, Observation
from sim.errors import nearest

KINDS = ("threshold", "growth", "rank", "input", "not_assessed")
COMPARISONS = (">=", ">", "<=", "<")
ERRORS = ("log", "additive")
USES = ("fit", "check")
_ALWAYS = ("id", "code", "label", "kind", "year", "confidence", "definition", "source")
_OFTEN = (
    *("variable", "op", "value", "unit", "window", "variant_of", "moving_line", "group", "resolution_ids"),
    *("reason", "show", "outside_view", "source_url", "note"),
)
_MEASURED = ("variable", "op", "value", "unit")
_REQUIRED_BY_KIND = {"growth": (*_MEASURED, "window"), "not_assessed": ("reason",)}


@dataclass(frozen=True)
class OutsideView:
    """How often comparable countries, or the country before, did it: a probability from low to high.

    ``range_low`` and ``range_high``, where known, hold 90 % of what they reached by the target's year, in
    the unit of the target.
    """

    low: float
    high: float
    basis: str
    basis_vi: str
    source: str
    range_low: float | None = None
    range_high: float | None = None


@dataclass(frozen=True)
class MovingLine:
    """A line that moves: the target's value holds in ``base_year`` and grows by ``growth`` a year."""

    base_year: int
    growth: Prior
    unit: str


@dataclass(frozen=True)
class Target:
    """One target: ``variable`` ``op`` ``value`` in ``year``.

    ``kind`` says how it is judged: threshold (the value of the year), growth (average growth a year
    between the years of ``window``), rank (among the peers, or those of them in ``group``), input (set by
    the scenario) or not_assessed (the model cannot speak about it: ``reason``, and the observed series to
    ``show``). ``resolution_ids`` name the lines of the resolution; ``variant_of`` is the target of which
    this is another reading.
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
    window: tuple[int, int] | None
    confidence: str
    confidence_vi: str
    definition: str
    outside_view: OutsideView | None
    source: str
    source_url: str
    note: str
    resolution_ids: tuple[str, ...] = ()
    variant_of: str | None = None
    group: tuple[str, ...] = ()
    moving_line: MovingLine | None = None
    reason: str = ""
    reason_vi: str = ""
    show: tuple[str, ...] = ()

    @property
    def assessed(self) -> bool:
        """Whether the model can speak about the target."""
        return self.kind != "not_assessed"


@dataclass(frozen=True)
class JointTarget:
    """Several targets met together, by id."""

    id: str
    label: str
    label_vi: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Measurement:
    """How one observed series is compared with one variable of the model.

    ``error`` is log (observed = model times exp(bias + e)) or additive (observed = model + bias + e),
    ``sigma`` the scale of e in the series' unit, or as a share for log. ``observations`` holds
    (year, value, sigma), the last with the factor of the value's quality grade. ``used`` is true where
    the series is fitted.
    """

    series: str
    variable: str
    error: str
    sigma: float
    unit: str
    first_year: int
    last_year: int
    quality_factor: Mapping[str, float]
    bias: Prior | None
    used: bool
    flag: str
    note: str
    observations: tuple[tuple[int, float, float], ...]


def measurement_of(
    fields: Fields, observations: Sequence[Observation], observed: Collection[str]
) -> list[Measurement]:
    """The measurement rules of a file already read; problems are noted in ``fields``.

    ``observed`` names all series of the observations, those with faulty rows too; when it is empty the
    observations could not be read, and references to them are not checked.
    """
    fields.mapping((), (), ("grade_factors", "measurements"))
    factors = {}
    fields.mapping(("grade_factors",), (), GRADES)
    for grade in GRADES:
        factors[grade] = fields.number(("grade_factors", grade), low=1)
    by_series: dict[str, list[Observation]] = {}
    for observation in observations:
        by_series.setdefault(observation.series, []).append(observation)
    return [
        _measurement(fields, ("measurements", k), by_series, observed, factors)
        for k in range(len(fields.entries(("measurements",))))
    ]


def _measurement(
    fields: Fields,
    place: Place,
    by_series: Mapping[str, list[Observation]],
    observed: Collection[str],
    factors: Mapping[str, float],
) -> Measurement:
    required = ("series", "variable", "error", "sigma", "unit", "from", "to", "use")
    fields.mapping(place, ("bias", "flag", "note"), required)
    series = fields.text((*place, "series"))
    error = fields.choice((*place, "error"), ERRORS)
    sigma = fields.number((*place, "sigma"))
    if fields.get((*place, "sigma")) is not None and sigma <= 0:
        fields.add("must be above 0", (*place, "sigma"), value=sigma)
    first = fields.whole((*place, "from"))
    last = fields.whole((*place, "to"), low=first)
    unit = fields.unit((*place, "unit"))
    members = by_series.get(series, [])
    inside = [o for o in members if first <= o.year <= last]
    if series and observed and series not in observed:
        message, suggestion = "no such series in the observations", nearest(series, observed)
        fields.add(message, (*place, "series"), value=series, suggestion=suggestion)
    elif members and not inside:
        have = f"{members[0].year} to {members[-1].year}"
        fields.add("no observation of the series in these years", place, value=[first, last], bound=have)
    if inside and unit != inside[0].unit:
        fields.add("the series is in another unit", (*place, "unit"), value=unit, bound=inside[0].unit)
    if error == "log":
        for o in inside:
            if o.value <= 0:
                message, bound = "a log error needs positive values", "above 0"
                fields.add(message, (*place, "error"), value=o.value, bound=bound)
    return Measurement(
        series=series,
        variable=fields.text((*place, "variable")),
        error=error,
        sigma=sigma,
        unit=unit,
        first_year=first,
        last_year=last,
        quality_factor=factors,
        bias=read_prior(fields, (*place, "bias")) if fields.get((*place, "bias")) is not None else None,
        used=fields.choice((*place, "use"), USES) == "fit",
        flag=fields.text((*place, "flag")),
        note=fields.text((*place, "note")),
        observations=tuple((o.year, o.value, sigma * factors[o.quality]) for o in inside),
    )


def targets_of(
    fields: Fields, observed: Collection[str], start_year: int, horizon: int
) -> tuple[list[Target], list[JointTarget]]:
    """Targets and joint targets of a file already read; problems are noted in ``fields``."""
    fields.mapping((), ("groups", "joint"), ("targets",))
    groups = {str(name): fields.texts(("groups", name)) for name in fields.mapping(("groups",))}
    reader = _TargetReader(fields, groups, observed, start_year, horizon)
    targets = [reader.read(("targets", k)) for k in range(len(fields.entries(("targets",))))]
    ids = [t.id for t in targets]
    for k, target in enumerate(targets):
        for key, others in (("id", ids[:k]), ("code", [t.code for t in targets[:k]])):
            if getattr(target, key) in others:
                fields.add(f"{key} given twice", ("targets", k, key), value=getattr(target, key))
        other = target.variant_of
        if other is not None and other not in ids:
            place = ("targets", k, "variant_of")
            fields.add("unknown target", place, value=other, suggestion=nearest(other, ids))
    joint = [_joint(fields, ("joint", k), targets) for k in range(len(fields.entries(("joint",))))]
    for k, one in enumerate(joint):
        if one.id in [*ids, *(j.id for j in joint[:k])]:
            fields.add("id given twice", ("joint", k, "id"), value=one.id)
    return targets, joint


def _joint(fields: Fields, place: Place, targets: Sequence[Target]) -> JointTarget:
    fields.mapping(place, (), ("id", "label", "members"))
    label, label_vi = fields.bilingual((*place, "label"))
    members = fields.texts((*place, "members"))
    assessed = [t.id for t in targets if t.assessed]
    for k, member in enumerate(members):
        if member not in assessed:
            known = member in [t.id for t in targets]
            message = "the target is not assessed" if known else "unknown target"
            fields.add(message, (*place, "members", k), value=member, suggestion=nearest(member, assessed))
    if len(set(members)) < 2:
        fields.add("a joint target has two different members or more", place, value=list(members))
    return JointTarget(fields.text((*place, "id")), label, label_vi, members)


@dataclass(frozen=True)
class _TargetReader:
    """Reads single targets of one file."""

    fields: Fields
    groups: dict[str, tuple[str, ...]]
    observed: Collection[str]
    start_year: int
    horizon: int

    def read(self, place: Place) -> Target:
        fields = self.fields
        required = (*_ALWAYS, *_REQUIRED_BY_KIND.get(str(fields.get((*place, "kind"))), _MEASURED))
        given = fields.mapping(place, _OFTEN, required)
        label, confidence, reason = (
            fields.bilingual((*place, key)) for key in ("label", "confidence", "reason")
        )
        return Target(
            id=fields.text((*place, "id")),
            code=fields.text((*place, "code")),
            label=label[0],
            label_vi=label[1],
            kind=fields.choice((*place, "kind"), KINDS),
            variable=fields.text((*place, "variable")) or None,
            op=fields.choice((*place, "op"), COMPARISONS) if given.get("op") is not None else None,
            value=fields.number((*place, "value")) if given.get("value") is not None else None,
            unit=fields.unit((*place, "unit")),
            year=fields.whole((*place, "year"), low=self.start_year, high=self.horizon),
            window=self._window((*place, "window")),
            confidence=confidence[0],
            confidence_vi=confidence[1],
            definition=fields.text((*place, "definition")),
            outside_view=_outside_view(fields, (*place, "outside_view")),
            source=fields.text((*place, "source")),
            source_url=fields.text((*place, "source_url")),
            note=fields.text((*place, "note")),
            resolution_ids=fields.texts((*place, "resolution_ids")),
            variant_of=fields.text((*place, "variant_of")) or None,
            group=self._group((*place, "group")),
            moving_line=_moving_line(fields, (*place, "moving_line")),
            reason=reason[0],
            reason_vi=reason[1],
            show=self._show((*place, "show")),
        )

    def _window(self, place: Place) -> tuple[int, int] | None:
        before = len(self.fields.problems)
        if self.fields.interval(place) is None:
            return None
        first, last = (self.fields.whole((*place, k), low=self.start_year, high=self.horizon) for k in (0, 1))
        return (first, last) if len(self.fields.problems) == before else None

    def _group(self, place: Place) -> tuple[str, ...]:
        name = self.fields.text(place)
        if name and name not in self.groups:
            self.fields.add("unknown group", place, value=name, suggestion=nearest(name, self.groups))
        return self.groups.get(name, ())

    def _show(self, place: Place) -> tuple[str, ...]:
        show = self.fields.texts(place)
        for k, series in enumerate(show):
            if self.observed and series not in self.observed:
                message, suggestion = "no such series in the observations", nearest(series, self.observed)
                self.fields.add(message, (*place, k), value=series, suggestion=suggestion)
        return show


def _moving_line(fields: Fields, place: Place) -> MovingLine | None:
    if fields.get(place) is None:
        return None
    fields.mapping(place, (), ("base_year", "growth", "unit"))
    growth = read_prior(fields, (*place, "growth"))
    year, unit = fields.whole((*place, "base_year")), fields.unit((*place, "unit"))
    return None if growth is None else MovingLine(year, growth, unit)


def _outside_view(fields: Fields, place: Place) -> OutsideView | None:
    given = fields.mapping(place, ("value", "low", "high", "range"), ("basis", "source"))
    if not given:
        return None
    ends = [key for key in ("value", "low", "high") if given.get(key) is not None]
    if ends not in (["value"], ["low", "high"]):
        fields.add("give either 'value', or 'low' and 'high'", place, value=ends)
        return None
    low, high = (fields.number((*place, key), low=0, high=1) for key in (ends[0], ends[-1]))
    if low > high:
        fields.add("'low' must not be above 'high'", place, value=[low, high])
    basis, basis_vi = fields.bilingual((*place, "basis"))
    reached = fields.interval((*place, "range")) if given.get("range") is not None else None
    return OutsideView(low, high, basis, basis_vi, fields.text((*place, "source")), *(reached or ()))
