"""Checked reading of one country's YAML files: each wrong value becomes a Problem with its line."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import Problem, nearest
from sim.yamlfile import YamlFile

Place = tuple[Any, ...]
NAME = re.compile(r"[a-z][a-z0-9_]*")


class Bilingual(NamedTuple):
    """One text in English and Vietnamese."""

    en: str
    vi: str


@dataclass
class Fields:
    """One YAML file and the problems found in it so far.

    Every reader returns the value when it is right and a harmless stand-in when it is not, so that
    reading goes on and all problems are found in one pass. A value that is missing or null gives the
    stand-in silently: :meth:`mapping` says which keys are required.
    """

    yaml: YamlFile
    problems: list[Problem] = field(default_factory=list)
    units: list[tuple[str, Place]] = field(default_factory=list)

    def add(self, message: str, place: Place, **details: Any) -> None:
        """Note a problem at ``place``."""
        where = ".".join(str(part) for part in place) or None
        self.problems.append(
            Problem(message, file=self.yaml.file, line=self.yaml.position(place), where=where, **details)
        )

    def get(self, place: Place) -> Any:
        """The value at ``place``, None when there is none."""
        value: Any = self.yaml.data
        for part in place:
            if isinstance(value, dict) or (isinstance(value, list) and isinstance(part, int)):
                try:
                    value = value[part]
                except (KeyError, IndexError):
                    return None
            else:
                return None
        return value

    def mapping(
        self, place: Place, known: Iterable[Any] | None = None, required: Iterable[Any] = ()
    ) -> dict[Any, Any]:
        """The mapping at ``place``; only keys among ``known`` (any when None), all of ``required``."""
        value = self.get(place)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add("a mapping is needed here", place, value=_short(value))
            return {}
        required = tuple(required)
        if known is not None:
            known = (*known, *required)
            for key in value:
                if key not in known:
                    self.add(
                        "unknown key", (*place, key), value=key, suggestion=nearest(str(key), map(str, known))
                    )
        for key in required:
            if value.get(key) is None:
                self.add(f"'{key}' is missing", place)
        return value

    def entries(self, place: Place) -> list[Any]:
        """The list at ``place``."""
        value = self.get(place)
        if value is None:
            return []
        if not isinstance(value, list):
            self.add("a list is needed here", place, value=_short(value))
            return []
        for k, entry in enumerate(value):
            if entry is None:
                self.add("an entry is missing", (*place, k))
        return value

    def text(self, place: Place) -> str:
        """The text at ``place``."""
        value = self.get(place)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is not None:
            self.add("text is needed here", place, value=_short(value))
        return ""

    def texts(self, place: Place) -> tuple[str, ...]:
        """The list of texts at ``place``."""
        return tuple(self.text((*place, k)) for k in range(len(self.entries(place))))

    def bilingual(self, place: Place) -> Bilingual:
        """English and Vietnamese text from a mapping with the keys ``en`` and ``vi``."""
        self.mapping(place, (), ("en", "vi"))
        return Bilingual(self.text((*place, "en")), self.text((*place, "vi")))

    def number(self, place: Place, *, low: float | None = None, high: float | None = None) -> float:
        """The number at ``place``, between ``low`` and ``high``."""
        value = self.get(place)
        if isinstance(value, bool) or not isinstance(value, int | float):
            if value is not None:
                self.add("a number is needed here", place, value=_short(value))
            return low if low is not None else 0.0
        if (low is not None and value < low) or (high is not None and value > high):
            ends = [f"at {word} {end:g}" for word, end in (("least", low), ("most", high)) if end is not None]
            self.add("the number is out of bounds", place, value=value, bound=" and ".join(ends))
        return float(value)

    def whole(self, place: Place, *, low: int | None = None, high: int | None = None) -> int:
        """The whole number at ``place``, between ``low`` and ``high``."""
        value = self.get(place)
        if isinstance(value, bool) or not isinstance(value, int):
            if value is not None:
                self.add("a whole number is needed here", place, value=_short(value))
            return low if low is not None else 0
        return int(self.number(place, low=low, high=high))

    def pair(self, place: Place) -> tuple[float, float] | None:
        """Two numbers ``[a, b]``; None, with a problem noted, when they are not."""
        before = len(self.problems)
        value = self.entries(place)
        if len(self.problems) == before and len(value) != 2:
            self.add("a pair of numbers [a, b] is needed here", place, value=_short(value))
        ends = [self.number((*place, k)) for k in range(len(value))]
        return (ends[0], ends[1]) if len(self.problems) == before else None

    def interval(self, place: Place) -> tuple[float, float] | None:
        """Two numbers ``[low, high]`` in rising order; None when missing or, with a problem noted, wrong."""
        pair = self.pair(place) if self.get(place) is not None else None
        if pair is not None and pair[0] >= pair[1]:
            self.add("the lower end must be below the upper end", place, value=list(pair))
            return None
        return pair

    def choice(self, place: Place, options: Sequence[str]) -> str:
        """One of ``options``."""
        value = self.get(place)
        if value in options:
            return str(value)
        if value is None:
            return options[0]
        bound = f"one of {', '.join(options)}"
        self.add(
            "unknown value", place, value=_short(value), bound=bound, suggestion=nearest(str(value), options)
        )
        return options[0]

    def flag(self, place: Place) -> bool:
        """true or false."""
        value = self.get(place)
        if value is not None and not isinstance(value, bool):
            self.add("true or false is needed here", place, value=_short(value))
        return value is True

    def unit(self, place: Place) -> str:
        """A unit of measure; it is parsed later, together with all others."""
        value = self.get(place)
        if isinstance(value, int) and not isinstance(value, bool) and value == 1:
            return "1"
        text = self.text(place)
        if text:
            self.units.append((text, place))
        return text or "1"

    def name(self, place: Place) -> str:
        """The last part of ``place`` as a name of lower-case letters, digits and underscores."""
        key = place[-1]
        if not isinstance(key, str) or not NAME.fullmatch(key):
            self.add("not a name", place, value=key, bound="lower-case letters, digits and underscores")
        return str(key)

    def check_units(self) -> None:
        """Note the units that cannot be parsed."""
        wrong = unparseable(text for text, _ in self.units)
        for text, place in self.units:
            if text in wrong:
                self.add("not a unit of measure", place, value=text)


def unparseable(units: Iterable[str]) -> set[str]:
    """Which of ``units`` name no unit of measure.

    Loading the units library takes longer than reading a country, so a set of units found good is
    remembered in the cache folder, under the hash of the set and of the definitions of units.
    """
    wanted = sorted({unit for unit in units if unit != "1"})
    if not wanted:
        return set()
    mark = _mark(wanted)
    if mark is not None and mark.exists():
        return set()
    from sim.engine.units import parse_unit

    wrong = set()
    for unit in wanted:
        try:
            parse_unit(unit)
        except ValueError:
            wrong.add(unit)
    if not wrong and mark is not None:
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError:
            # without a cache the units are parsed in every process
            return wrong
    return wrong


def _mark(units: Sequence[str]) -> Path | None:
    import platformdirs

    spec = importlib.util.find_spec("sim.engine.units")
    if spec is None or spec.origin is None:
        return None
    made_of = Path(spec.origin).read_bytes() + "\n".join(units).encode()
    folder = Path(os.environ.get("NQ57_CACHE") or platformdirs.user_cache_dir("nq57"))
    return folder / f"units_{hashlib.sha256(made_of).hexdigest()[:32]}"


def _short(value: Any) -> Any:
    """``value`` fit for a message."""
    if isinstance(value, str) and len(value) > 60:
        return value[:57] + "..."
    if isinstance(value, dict | list) and len(str(value)) > 60:
        return f"{type(value).__name__} of {len(value)} entries"
    return value
