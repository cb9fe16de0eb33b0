"""The format of a scenario file: its pydantic models, their JSON Schema, and checked reading.

A value of a lever or assumption is one of: a number, ``baseline``, a ``path`` through years, a
``ramp``, or a ``change`` of what the parent set. The models below are the single description of
the format; editors complete from the schema they export.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from sim.errors import Problem, nearest
from sim.yamlfile import YamlFile

if TYPE_CHECKING:
    from sim.country import Country, Lever

FORMAT = 1
LARGEST = 1e12
LONGEST = 120
QUANTITY = "a number, or text such as '3 %'"
KINDS = ("path", "ramp", "change")
SETTING = "a number, 'baseline', or one of path, ramp, change"
# what stands for a setting of each kind in the places that pydantic reports
_TAG = "="
_STEPS = "{{path: {{{}}}, interpolate: step, after: hold}}"


def _plain_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _quantity(value: Any) -> float | str:
    if _plain_number(value) or isinstance(value, str):
        return value if isinstance(value, str) else float(value)
    raise PydanticCustomError("quantity", "not a number", {"expected": QUANTITY})


def _number(value: Any) -> float:
    if _plain_number(value):
        return float(value)
    raise PydanticCustomError("number", "not a number", {"expected": "a number"})


def _year(value: Any) -> float:
    if _plain_number(value) and float(value * 4).is_integer():
        return float(value)
    expected = "a year such as 2026, or a quarter of one such as 2026.25"
    raise PydanticCustomError("year", "not a year", {"expected": expected})


def _duration(value: Any) -> float:
    if _plain_number(value) and 0 <= value <= 100 and float(value * 4).is_integer():
        return float(value)
    expected = "a number of years from 0 to 100, in quarters such as 2 or 2.25"
    raise PydanticCustomError("duration", "not a number of years", {"expected": expected})


def _point(value: Any) -> float | str | tuple[float | str, float | str]:
    if not isinstance(value, list):
        return _quantity(value)
    if len(value) != 2:
        expected = "a value, or two: [just before, from then on]"
        raise PydanticCustomError("point", "not a point", {"expected": expected})
    return _quantity(value[0]), _quantity(value[1])


_QUANTITY_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string"}]}
Quantity = Annotated[float | str, PlainValidator(_quantity), WithJsonSchema(_QUANTITY_SCHEMA)]
Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Year = Annotated[float, PlainValidator(_year), WithJsonSchema({"type": "number", "multipleOf": 0.25})]
Duration = Annotated[
    float,
    PlainValidator(_duration),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.25}),
]
Point = Annotated[
    float | str | tuple[float | str, float | str],
    PlainValidator(_point),
    WithJsonSchema(
        {"anyOf": [*_QUANTITY_SCHEMA["anyOf"], {"type": "array", "minItems": 2, "maxItems": 2}]},
    ),
]
Text = Annotated[str, StringConstraints(strict=True, min_length=1, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]
Reference = Annotated[str, StringConstraints(strict=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Words(_Strict):
    """The same text in English and Vietnamese."""

    en: Text
    vi: Text | None = None


class PathSetting(_Strict):
    """Values at the beginning of years; `interpolate` says what holds between, `after` what follows."""

    path: dict[Year, Point] = Field(
        min_length=1, description="year: value, or year: [just before, from then on]"
    )
    interpolate: Literal["linear", "step"] = Field(
        description="linear: straight lines; step: until the next year"
    )
    after: Literal["hold", "baseline", "linear"] = Field(description="what follows the last year given")


class Ramp(_Strict):
    """A straight line to a value that then holds."""

    to: Quantity = Field(description="value at the end of the ramp and after it")
    start: Year | None = Field(None, description="beginning of the ramp; by default the scenario's start")
    years: Duration | None = Field(None, description="length; by default that of the lever")
    origin: Quantity | None = Field(
        None, alias="from", description="value at its beginning; by default the baseline"
    )


class RampSetting(_Strict):
    """A ramp from the baseline."""

    ramp: Ramp


class Change(_Strict):
    """A change of what the parent set: `add` to it, or multiply it by `factor`."""

    add: Quantity | None = None
    factor: Number | None = Field(None, ge=0)
    start: Year | None = Field(None, description="beginning of the change; by default the scenario's start")
    years: Duration | None = Field(
        None, description="years to the full change; by default the ramp of the lever"
    )


class ChangeSetting(_Strict):
    """A change relative to the parent."""

    change: Change


Setting = float | str | PathSetting | RampSetting | ChangeSetting


def _kind(value: Any) -> str | None:
    """Which kind of setting a value of a file is meant to be."""
    if not isinstance(value, dict):
        return f"{_TAG}number"
    keys = {"interpolate": "path", "after": "path", **{kind: kind for kind in KINDS}}
    kinds = [keys[key] for key in value if key in keys]
    return f"{_TAG}{min(kinds, key=KINDS.index)}" if kinds else None


SettingField = Annotated[
    Annotated[Quantity, Tag(f"{_TAG}number")]
    | Annotated[PathSetting, Tag(f"{_TAG}path")]
    | Annotated[RampSetting, Tag(f"{_TAG}ramp")]
    | Annotated[ChangeSetting, Tag(f"{_TAG}change")],
    Discriminator(_kind),
]


class Reporting(_Strict):
    """What reports of this scenario show first."""

    targets: list[Name] = Field(default_factory=list, description="ids of targets, in the order shown")


class ScenarioFile(_Strict):
    """A scenario: what government sets (levers), what it does not (assumptions), and how it is reported."""

    format: Literal[1] = Field(description="version of this format")
    id: Name = Field(description="lower-case letters, digits and underscores")
    code: Text | None = Field(None, description="short code for tables, such as S3")
    title: Words
    description: Words | None = None
    author: Text | None = None
    references: list[Text] = Field(
        default_factory=list, description="laws, decisions and literature relied on"
    )
    extends: Reference | None = Field(
        None, description="the one parent: id of a scenario, or a file beside this one"
    )
    layers: list[Reference] = Field(
        default_factory=list, description="fragments laid over the parent, in order"
    )
    start: Year | None = Field(None, description="when settings without a start of their own begin")
    complete: bool = Field(False, strict=True, description="states every lever and assumption")
    outside_range: Literal["error", "warn"] | None = Field(
        None, description="warn: let values outside a lever's range pass, for extreme-condition tests"
    )
    levers: dict[str, SettingField] = Field(default_factory=dict, description="what government sets")
    assumptions: dict[str, SettingField] = Field(default_factory=dict, description="what it does not set")
    parameters: dict[str, Number] = Field(default_factory=dict, description="parameters fixed at a value")
    structures: dict[str, Text] = Field(default_factory=dict, description="structural alternatives fixed")
    reporting: Reporting | None = None


_SETTING: TypeAdapter[Setting] = TypeAdapter(SettingField)
SECTIONS = ("levers", "assumptions")
_BOUNDS = {
    "string_type": "text",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "lower-case letters, digits and underscores, a letter first",
    "bool_type": "true or false",
    "greater_than_equal": "0 or more",
    "too_short": "at least one year",
}
_ALLOWED: dict[str, list[str]] = {
    "": list(ScenarioFile.model_fields),
    "title": list(Words.model_fields),
    "description": list(Words.model_fields),
    "reporting": list(Reporting.model_fields),
    "=path": list(PathSetting.model_fields),
    "=ramp": ["ramp"],
    "=change": ["change"],
    "ramp": [info.alias or name for name, info in Ramp.model_fields.items()],
    "change": list(Change.model_fields),
}


@dataclass
class Draft:
    """One scenario file as read: what of it is valid, the problems of the rest, and warnings."""

    yaml: YamlFile
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    settings: dict[str, dict[str, Setting]] = field(default_factory=dict)

    def add(self, message: str, place: Sequence[Any], **details: Any) -> None:
        """Note a problem at ``place``."""
        self.problems.append(self._problem(message, place, **details))

    def warn(self, message: str, place: Sequence[Any]) -> None:
        """Note what is valid but probably not meant."""
        self.warnings.append(self._problem(message, place))

    def _problem(self, message: str, place: Sequence[Any], **details: Any) -> Problem:
        where = ".".join(_shown(part) for part in place) or None
        if details.get("value") is not None:
            details["value"] = _short(details["value"])
        return Problem(message, self.yaml.file, self.yaml.position(place), where, **details)

    def top(self, key: str, kind: type | tuple[type, ...]) -> Any:
        """The value of a top-level key, None unless it is of ``kind``."""
        value = self.yaml.data.get(key)
        return value if isinstance(value, kind) and not isinstance(value, bool) else None

    def top_flag(self, key: str) -> bool:
        """Whether a top-level key is true."""
        return self.yaml.data.get(key) is True


def read_draft(yaml: YamlFile, problems: Iterable[Problem] = ()) -> Draft:
    """Check ``yaml`` against the format, without looking at any country.

    ``problems`` are those found in reading it; nothing more is said of values that could not be read.
    """
    draft = Draft(yaml, list(problems))
    empty = list(_without_value(yaml.data, ()))
    for place in empty:
        if place in yaml.unread:
            continue
        hint = "{}" if place[-1] in (*SECTIONS, "parameters", "structures") else None
        draft.add("no value", place, bound="a value, or the key left out", suggestion=hint)
    faulty: set[tuple[Any, ...]] = set()
    try:
        ScenarioFile.model_validate(yaml.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = _place(yaml.data, detail["loc"])
            faulty.add(place[:2])
            outer = place[:1] if _is_year(place[0]) else place[:2]
            if _is_year(outer[-1]) and (len(outer) == 1 or place[0] in SECTIONS):
                if place == outer and (detail["type"] == "invalid_key" or "[key]" in detail["loc"]):
                    _years_outside(draft, place)
                continue
            entries = (place, *((*place, number) for number in range(2)))  # a point is reported whole
            if not any(entry[: len(none)] == none for none in empty for entry in entries):
                _explain(draft, place, detail)
    for section in SECTIONS:
        given = yaml.data.get(section)
        draft.settings[section] = {
            code: _SETTING.validate_python(value)
            for code, value in (given.items() if isinstance(given, dict) else ())
            if isinstance(code, str) and (section, code) not in faulty
        }
        wrong = [
            code
            for code, setting in draft.settings[section].items()
            if not _consistent(draft, section, code, setting)
        ]
        for code in wrong:
            del draft.settings[section][code]
    draft.problems.sort(key=lambda problem: problem.line or 0)
    return draft


def export_schema(country: Country) -> str:
    """The JSON Schema of scenario files for ``country``, as text: its levers and assumptions by name."""
    schema = ScenarioFile.model_json_schema()
    schema["$defs"]["Setting"] = _SETTING.json_schema() | {"title": "Setting"}
    schema["$defs"]["Setting"].pop("$defs")
    for section, known in (("levers", country.levers), ("assumptions", country.assumptions)):
        schema["properties"][section]["additionalProperties"] = False
        schema["properties"][section]["properties"] = {
            code: {
                "title": lever.label,
                "description": _lever_text(lever),
                "$ref": "#/$defs/Setting",
            }
            for code, lever in known.items()
        }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "nq57 scenario",
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _lever_text(lever: Lever) -> str:
    return f"{lever.description} Unit: {lever.unit}. From {lever.low:g} to {lever.high:g}."


def _without_value(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Where a key or list entry has no value."""
    if value is None:
        yield place
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _without_value(inner, (*place, key))


def _place(data: Any, loc: Sequence[Any]) -> tuple[Any, ...]:
    """The place in the file of what pydantic reports, which has tags and fractions of years as text."""
    place: list[Any] = []
    for part in loc:
        if part == "[key]" or _is_tag(part):
            continue
        if isinstance(data, dict) and part not in data:
            part = next((key for key in data if isinstance(key, float) and str(key) == part), part)
        place.append(part)
        known = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        data = data[part] if known else None
    return tuple(place)


def _is_tag(part: Any) -> bool:
    return isinstance(part, str) and part.startswith(_TAG)


def _shown(part: Any) -> str:
    text = str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _explain(draft: Draft, place: tuple[Any, ...], detail: ErrorDetails) -> None:
    """Turn one of pydantic's errors into a problem that says what to write."""
    kind, value = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        options = {
            "format": str(FORMAT),
            "interpolate": "linear or step",
            "after": "hold, baseline or linear",
        }
        draft.add(f"'{place[-1]}' is missing", place[:-1], bound=options.get(str(place[-1])))
    elif kind == "extra_forbidden":
        _unknown_key(draft, place, detail)
    elif kind == "invalid_key":
        inside = len(place) == 3 and place[0] in SECTIONS
        draft.add("a year outside 'path'" if inside else "a key must be text", place)
    elif kind == "union_tag_not_found":
        _no_kind(draft, place)
    elif kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        draft.add("not one of the values allowed", place, value=value, bound=expected)
    elif "expected" in context:
        bound = SETTING if len(place) == 2 and place[0] in SECTIONS else context["expected"]
        draft.add(detail["msg"], place, value=value, bound=bound)
    else:
        bound = _BOUNDS.get(kind, detail["msg"])
        draft.add("not valid", place, value=value, bound=bound)


def _unknown_key(draft: Draft, place: tuple[Any, ...], detail: ErrorDetails) -> None:
    key = str(place[-1])
    parents = [str(part) for part in detail["loc"][:-1]]
    allowed = next((_ALLOWED[part] for part in reversed(parents) if part in _ALLOWED), _ALLOWED[""])
    if key in KINDS:
        draft.add("only one of path, ramp and change can stand here", place)
    else:
        suggestion = nearest(key, allowed)
        bound = None if suggestion else f"one of {', '.join(allowed)}"
        draft.add("unknown key", place, bound=bound, suggestion=suggestion)


def _is_year(key: Any) -> bool:
    return _plain_number(key) and 1900 <= key <= 2200


def _years_outside(draft: Draft, place: tuple[Any, ...]) -> None:
    """Years where names belong, such as ``levers: {2026: 3}``: say once how to write all of them."""
    parent = draft.yaml.data if len(place) == 1 else draft.yaml.data[place[0]]
    years = [key for key in parent if _is_year(key)]
    if place[-1] != years[0]:
        return
    section = place[0] if len(place) == 2 else SECTIONS[0]
    bare = [key for key, value in parent.items() if value is None and isinstance(key, str)]
    unnamed = bare[0] if len(bare) == 1 and len(place) == 2 else "<code>"
    points: dict[str, list[str]] = {}
    for year in years:
        value = parent[year]
        if isinstance(value, dict) and isinstance(value.get(section), dict):
            value = value[section]
        for code, point in value.items() if isinstance(value, dict) else [(unnamed, value)]:
            points.setdefault(_shown(code), []).append(f"{_shown(year)}: {_shown(point)}")
    settings = [f"{code}: {_STEPS.format(', '.join(entries))}" for code, entries in points.items()]
    written = ", ".join(settings)
    if not settings or len(written) > 3 * LONGEST:
        written = f"<code>: {_STEPS.format(f'{_shown(years[0])}: <value>')}"
    name = "an assumption" if section == SECTIONS[1] else "a lever"
    draft.add(
        "a year outside 'path'",
        place,
        bound=f"the code of {name}, with the years inside its 'path'",
        suggestion=f"{section}: {{{written}}}",
    )


def _no_kind(draft: Draft, place: tuple[Any, ...]) -> None:
    """A mapping that is none of path, ramp and change: say what was probably meant."""
    value = draft.yaml.data[place[0]][place[1]]
    inner = ", ".join(f"{_shown(key)}: {_shown(entry)}" for key, entry in value.items())
    if value and all(_plain_number(key) for key in value):
        draft.add(
            "years without 'path'",
            place,
            bound="how to interpolate and what follows",
            suggestion=_STEPS.format(inner),
        )
        return
    for kind in ("ramp", "change"):
        if value and set(value) <= set(_ALLOWED[kind]):
            draft.add(f"keys of a {kind} without '{kind}'", place, suggestion=f"{{{kind}: {{{inner}}}}}")
            return
    found = next((name for key in value if (name := nearest(str(key), KINDS))), None)
    draft.add("not a setting", place, value=value, bound=SETTING, suggestion=found)


def _consistent(draft: Draft, section: str, code: str, setting: Setting) -> bool:
    """Whether the keys of one setting fit together; what does not is noted."""
    before = len(draft.problems)
    place = (section, code)
    if isinstance(setting, ChangeSetting) and (setting.change.add is None) == (setting.change.factor is None):
        draft.add("a change needs one of 'add' and 'factor'", (*place, "change"))
    elif isinstance(setting, PathSetting):
        if setting.after == "linear" and (setting.interpolate != "linear" or len(setting.path) < 2):
            bound = "interpolate: linear and at least two years"
            draft.add("after: linear continues a slope, and there is none", (*place, "after"), bound=bound)
        for year, point in setting.path.items():
            if isinstance(point, tuple) and setting.interpolate == "step":
                bound = "one value; [just before, from then on] belongs to interpolate: linear"
                draft.add("two values", (*place, "path", year), bound=bound)
    return len(draft.problems) == before


def _short(value: Any) -> Any:
    """``value`` fit for a message."""
    shown = _shown(value)
    return shown if isinstance(value, Mapping | list) or len(str(value)) > LONGEST else value
